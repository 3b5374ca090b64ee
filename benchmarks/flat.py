"""What the gate's benchmark checks: records of eight flat fields with three rules, some 131 bytes each, and the same rules in plain Python."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import msgspec

from node.avro import ParsedSchema, encode, frame, key_of, parse, schema_id

SEED = 445102
_DISTINCT = 50_000
_EPOCH = date(1970, 1, 1)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_NAMES = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
_STREETS = ("太平街道", "湘桥街道", "西新街道", "桥东街道", "城西街道", "凤新街道", "磷溪镇", "官塘镇", "意溪镇", "铁铺镇")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
"""GB 11643: weights of the first 17 digits, and the check character by the weighted sum modulo 11."""

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Person",
    "namespace": "benchmarks",
    "key": ["id"],
    "fields": [
        {"name": "id", "type": "string", "rules": [{"rule": "cn-resident-id"}]},
        {"name": "name", "type": "string", "rules": [{"rule": "length", "min": 2, "max": 50}]},
        {"name": "born_on", "type": {"type": "int", "logicalType": "date"}, "rules": [{"rule": "not-future"}]},
        {"name": "sex", "type": {"type": "enum", "name": "Sex", "symbols": ["MALE", "FEMALE", "UNKNOWN"]}},
        {"name": "division", "type": "string"},
        {"name": "address", "type": "string"},
        {"name": "phone", "type": ["null", "string"], "default": None},
        {"name": "changed_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}


class Flat(msgspec.Struct, frozen=True):
    """The schema ready for use, and its id."""

    schema: ParsedSchema
    number: int


def flat() -> Flat:
    """Return the schema ready for use."""
    return Flat(parse(SCHEMA), schema_id(SCHEMA))


def resident_id(dice: Random, born: date) -> str:
    """Return a valid identity number of the demo's district."""
    head = f"445102{born:%Y%m%d}{dice.randrange(1, 1000):03d}"
    return head + _CHECK[sum(int(digit) * weight for digit, weight in zip(head, _WEIGHTS, strict=True)) % 11]


def people(wrong_every: int, distinct: int = _DISTINCT) -> list[tuple[bytes, bytes]]:
    """Return key and value of distinct people; of every so many (0: of none) one has a wrong check digit."""
    return list(itertools.islice(_people(Random(SEED), wrong_every), distinct))


def _people(dice: Random, wrong_every: int) -> Iterator[tuple[bytes, bytes]]:
    ready = flat()
    for number in itertools.count(1):
        born = date(1940, 1, 1) + timedelta(days=dice.randrange(30_000))
        identity = resident_id(dice, born)
        if wrong_every and number % wrong_every == 0:
            identity = identity[:16] + str((int(identity[16]) + 1) % 10) + identity[17]
        datum = {
            "id": identity,
            "name": dice.choice(_SURNAMES) + "".join(dice.choices(_NAMES, k=dice.choice((1, 2)))),
            "born_on": born,
            "sex": dice.choice(("MALE", "FEMALE")),
            "division": "445102",
            "address": f"广东省潮州市湘桥区{dice.choice(_STREETS)}枫春社区春晓路东侧{dice.randrange(1, 400)}号",
            "phone": f"1{dice.randrange(30, 99)}{dice.randrange(10**8):08d}" if dice.random() < 0.7 else None,
            "changed_at": _moment(dice),
        }
        key = key_of(ready.schema, datum)
        assert key is not None
        yield key, frame(ready.number, encode(ready.schema, datum))


def _moment(dice: Random) -> datetime:
    return datetime.fromtimestamp(dice.randrange(1_600_000_000, 1_760_000_000), UTC)


def checks() -> Callable[[dict[str, Any], int], str]:
    """Return the rules in plain Python: from a decoded datum and today's day number to the broken rule's name, empty if all hold."""

    def check(datum: dict[str, Any], today: int) -> str:
        identity = datum["id"]
        if len(identity) != 18 or not identity[:17].isdigit():
            return "cn-resident-id"
        if _CHECK[sum(int(digit) * weight for digit, weight in zip(identity, _WEIGHTS, strict=False)) % 11] != identity[17]:
            return "cn-resident-id"
        try:
            date(int(identity[6:10]), int(identity[10:12]), int(identity[12:14]))
        except ValueError:
            return "cn-resident-id"
        if not 2 <= len(datum["name"]) <= 50:
            return "length"
        return "not-future" if (datum["born_on"] - _EPOCH).days > today else ""

    return check
