"""The demo's events of electronic licences: invented, from a seed, the same for the same seed."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from node.avro import readable
from node.demo.identity import AUTHORITY, COMPANY, INDIVIDUAL, credit_code, resident_id

DIVISION = "445102"
_START = datetime(2025, 1, 2, 1, 0, tzinfo=UTC)
_STEP_MS_MAX = 500_000
"""Between two events lie 250 s on average, so 100,000 of them fill 289 days."""
_BEIJING = timedelta(hours=8)
_TERMS_YEARS = (3, 5, 5, 10, None)
_REVOKED_SHARE = 0.25
"""Of licences with more than one event, so many end revoked."""

_SURNAMES = "王李张刘陈杨黄吴赵周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢钟姜崔谭陆范汪廖"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文辉建国志海燕红春梅佳怡浩宇轩梓涵晓琳丹婷雪峰鹏飞斌波宁晨阳思远嘉欣雨泽"
_SIGNS = "潮韩湘凤祥瑞丰泰隆兴盛恒达源昌和顺永嘉利康福茂宏信诚德仁聚合鼎新华美锦绣金玉龙江海天"
_TRADES = ("陶瓷", "食品", "茶叶", "药业", "餐饮管理", "服饰", "电子科技", "物流", "医疗器械", "文化传播")
_SHOPS = ("商行", "餐饮店", "茶庄", "药店", "百货店", "小吃店")

_BODIES = (
    ("食品经营许可证", "JY", "市场监督管理局"),
    ("公共场所卫生许可证", "WS", "卫生健康局"),
    ("药品经营许可证", "YP", "市场监督管理局"),
    ("医疗机构执业许可证", "YL", "卫生健康局"),
    ("人力资源服务许可证", "RL", "人力资源和社会保障局"),
    ("特种设备使用登记证", "TS", "市场监督管理局"),
)
_PERSONS = (
    ("护士执业证书", "HS", "卫生健康局"),
    ("教师资格证书", "JS", "教育局"),
    ("残疾人证", "CJ", "残疾人联合会"),
    ("农作物种子生产经营许可证", "ZZ", "农业农村局"),
)
_CHANGES = ("名称变更", "住所变更", "法定代表人变更", "经营范围变更", "延续", "遗失补发")
_PERSON_CHANGES = ("信息更正", "延续", "遗失补发")
_REVOCATIONS = ("申请注销", "有效期届满未延续", "依法撤销")


def events(seed: int, *, count: int = 100_000, licences: int = 40_000) -> Iterator[dict[str, Any]]:
    """Yield `count` data of schemas/licences/licences.avsc about `licences` licences, in the order of `recorded_at`.

    Each licence has at least one event. Its first is ISSUED, version 1; each later one is CHANGED, or REVOKED at last,
    with a version one higher. ValueError when there are fewer events than licences.
    """
    if not 0 < licences <= count:
        raise ValueError(f"{count} events cannot tell of {licences} licences: each has at least one")
    dice = Random(seed)  # noqa: S311  # a demo's dice, not a secret's
    order = [*range(licences), *(dice.randrange(licences) for _ in range(count - licences))]
    dice.shuffle(order)
    left = Counter(order)
    issuers = {name: credit_code(dice, AUTHORITY, DIVISION) for _, _, name in (*_BODIES, *_PERSONS)}
    standing: dict[int, dict[str, Any]] = {}
    at = _START
    for number in order:
        at += timedelta(milliseconds=dice.randrange(1, _STEP_MS_MAX))
        left[number] -= 1
        former = standing.pop(number, None)
        event = _issued(dice, number, at, issuers) if former is None else _next(dice, former, at, last=not left[number])
        if left[number]:
            standing[number] = event
        yield event


def write(path: Path, data: Iterator[dict[str, Any]]) -> int:
    """Write data as NDJSON (UTF-8, one a line) and return their number."""
    encoder = msgspec.json.Encoder()
    rows = 0
    with path.open("wb") as file:
        for datum in data:
            file.write(encoder.encode(readable(datum)) + b"\n")
            rows += 1
    return rows


def _issued(dice: Random, number: int, at: datetime, issuers: dict[str, str]) -> dict[str, Any]:
    person = dice.random() < 0.3  # three in ten licences are a person's
    kind, letters, office = dice.choice(_PERSONS if person else _BODIES)
    day = (at + _BEIJING).date()
    return {
        "licence_no": f"{letters}{DIVISION}{day.year}{number:07d}",
        "event": "ISSUED",
        "version": 1,
        "licence_type": kind,
        **(_person(dice) if person else _body(dice)),
        "issuer_name": f"潮州市湘桥区{office}",
        "issuer_uscc": issuers[office],
        "issued_on": day,
        "valid_from": day,
        "valid_to": _term(dice, day),
        "remark": None,
        "recorded_at": at,
    }


def _next(dice: Random, former: dict[str, Any], at: datetime, *, last: bool) -> dict[str, Any]:
    event = {**former, "version": former["version"] + 1, "recorded_at": at}
    if last and dice.random() < _REVOKED_SHARE:
        return {**event, "event": "REVOKED", "remark": dice.choice(_REVOCATIONS)}
    body = former["holder_kind"] == "LEGAL_PERSON"
    event["event"], event["remark"] = "CHANGED", dice.choice(_CHANGES if body else _PERSON_CHANGES)
    match event["remark"]:
        case "名称变更":
            event["holder_name"] = _company(dice)
        case "法定代表人变更":
            event["legal_person"] = _name(dice)
        case "延续":
            event["valid_from"] = (at + _BEIJING).date()
            event["valid_to"] = _term(dice, event["valid_from"])
    return event


def _person(dice: Random) -> dict[str, Any]:
    return {"holder_kind": "NATURAL_PERSON", "holder_name": _name(dice), "holder_id": resident_id(dice), "legal_person": None}


def _body(dice: Random) -> dict[str, Any]:
    company = dice.random() < 0.5  # as many companies as individual businesses
    return {
        "holder_kind": "LEGAL_PERSON",
        "holder_name": _company(dice) if company else f"潮州市湘桥区{''.join(dice.choices(_SIGNS, k=2))}{dice.choice(_SHOPS)}",
        "holder_id": credit_code(dice, COMPANY if company else INDIVIDUAL, DIVISION),
        "legal_person": _name(dice),
    }


def _company(dice: Random) -> str:
    return f"潮州市{''.join(dice.choices(_SIGNS, k=2))}{dice.choice(_TRADES)}有限公司"


def _name(dice: Random) -> str:
    return dice.choice(_SURNAMES) + "".join(dice.choices(_GIVEN, k=dice.choice((1, 2, 2))))


def _term(dice: Random, start: date) -> date | None:
    """Return the last day of a term that begins on `start`; a term that would begin on 29 February ends on the 28th."""
    years = dice.choice(_TERMS_YEARS)
    return None if years is None else start.replace(year=start.year + years, day=min(start.day, 28)) - timedelta(days=1)
