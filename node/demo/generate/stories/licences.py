"""Electronic licences: issued once, then changed, and revoked at last or not."""

from datetime import date, timedelta
from typing import Any
from zlib import crc32

from node.demo.generate import words
from node.demo.generate.dice import Dice
from node.demo.generate.identity import AUTHORITY, COMPANY, INDIVIDUAL, credit_code, resident_id
from node.demo.generate.makers import Draw
from node.demo.generate.places import HOME, streets

_TERMS_YEARS = (3, 5, 5, 10, None)
_REVOKED_SHARE = 0.25
"""Of licences with more than one event, so many end revoked."""
_PERSONS_SHARE = 0.3
"""Three in ten licences are a person's."""
_COMPANIES_SHARE = 0.5
"""As many companies as individual businesses."""
_PASSPORT_SHARE = 0.004
_ADULT_DAYS = (18 * 366, 70 * 365)

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

_ISSUERS = {
    f"潮州市湘桥区{office}": credit_code(Dice(crc32(f"潮州市湘桥区{office}".encode())), AUTHORITY, HOME)
    for _, _, office in (*_BODIES, *_PERSONS)
}
"""Codes of the issuing authorities, by name: the same in every run."""


def begin(draw: Draw) -> dict[str, Any]:
    """Return the issue of a licence."""
    dice = draw.dice
    person = dice.chance(_PERSONS_SHARE)
    kind, letters, office = dice.pick(_PERSONS if person else _BODIES)
    issuer = f"潮州市湘桥区{office}"
    return {
        "licence_no": f"{letters}{HOME}{draw.day.year}{draw.number:07d}",
        "event": "ISSUED",
        "version": 1,
        "licence_type": kind,
        **(_person(draw) if person else _body(dice)),
        "street": dice.pick(streets()),
        "issuer_name": issuer,
        "issuer_uscc": _ISSUERS[issuer],
        "issued_on": draw.day,
        "valid_from": draw.day,
        "valid_to": _term(dice, draw.day),
        "remark": None,
        "recorded_at": draw.at,
    }


def follow(draw: Draw, former: dict[str, Any], last: bool) -> dict[str, Any]:  # noqa: FBT001  # every story's form
    """Return the next event of a licence, its version one higher."""
    dice = draw.dice
    event = {**former, "version": former["version"] + 1, "recorded_at": draw.at}
    if last and dice.chance(_REVOKED_SHARE):
        return {**event, "event": "REVOKED", "remark": dice.pick(_REVOCATIONS)}
    body = former["holder_kind"] == "LEGAL_PERSON"
    event["event"], event["remark"] = "CHANGED", dice.pick(_CHANGES if body else _PERSON_CHANGES)
    match event["remark"]:
        case "名称变更":
            event["holder_name"] = words.company(dice)
        case "住所变更":
            event["street"] = dice.pick([street for street in streets() if street != former["street"]])
        case "法定代表人变更":
            event["legal_person"] = words.person(dice)
        case "延续":
            event["valid_from"] = draw.day
            event["valid_to"] = _term(dice, draw.day)
    return event


def _person(draw: Draw) -> dict[str, Any]:
    dice = draw.dice
    foreign = dice.chance(_PASSPORT_SHARE)
    number = None if foreign else resident_id(dice, draw.day - timedelta(days=dice.between(*_ADULT_DAYS)))
    return {
        "holder_kind": "NATURAL_PERSON",
        "holder_name": words.person_of(dice, number),
        "holder_id_number": number,
        "holder_uscc": None,
        "holder_other_id": f"E{dice.digits(8)}" if foreign else None,
        "legal_person": None,
    }


def _body(dice: Dice) -> dict[str, Any]:
    company = dice.chance(_COMPANIES_SHARE)
    return {
        "holder_kind": "LEGAL_PERSON",
        "holder_name": words.company(dice) if company else words.shop(dice),
        "holder_id_number": None,
        "holder_uscc": credit_code(dice, COMPANY if company else INDIVIDUAL, HOME),
        "holder_other_id": None,
        "legal_person": words.person(dice),
    }


def _term(dice: Dice, start: date) -> date | None:
    """Return the last day of a term that begins on `start`; a term that would begin on 29 February ends on the 28th."""
    years = dice.pick(_TERMS_YEARS)
    return None if years is None else start.replace(year=start.year + years, day=min(start.day, 28)) - timedelta(days=1)
