"""What the kernel's benchmark checks beside flat records: thirty fields, nested in records, arrays, a map and unions, some 400 bytes."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from benchmarks.flat import SEED, resident_id
from node.avro import decode, encode, frame, key_of, parse, schema_id

_DISTINCT = 20_000
"""Some eight megabytes, far more than a batch holds or lz4 looks back."""
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100, table 1: the place of a character is its value."""
_SURNAMES, _NAMES = "王李张刘陈杨黄赵吴周", "伟芳娜敏静丽强磊军洋"
_DAY = {"type": "int", "logicalType": "date"}
_MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}
_TRADES = ("食品销售", "餐饮服务", "危险化学品经营", "医疗器械经营", "道路运输")


def _field(name: str, kind: Any, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "type": kind} | ({"rules": list(rules)} if rules else {})


def _record(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields)}


def _enum(name: str, *symbols: str) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols)}


SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Enterprise",
    "namespace": "benchmarks",
    "key": ["uscc"],
    "rules": [{"rule": "cel", "expression": "term_to == null || term_to >= term_from"}],
    "fields": [
        _field("uscc", "string", {"rule": "cn-uscc"}),
        _field("name", "string", {"rule": "length", "min": 2, "max": 100}),
        _field("kind", _enum("Kind", "COMPANY", "PARTNERSHIP", "SOLE_TRADER", "COOPERATIVE")),
        _field("status", _enum("Status", "OPEN", "SUSPENDED", "CLOSED")),
        _field("registered_on", _DAY, {"rule": "not-future"}),
        _field("capital", _MONEY, {"rule": "minimum", "value": "0"}),
        _field("currency", _enum("Currency", "CNY", "HKD", "USD")),
        _field("term_from", _DAY),
        _field("term_to", ["null", _DAY]),
        _field(
            "address",
            _record(
                "Address",
                _field("division", "string", {"rule": "digits", "min": 6, "max": 6}),
                _field("street", "string"),
                _field("detail", ["null", "string"]),
                _field("postcode", ["null", "string"]),
            ),
        ),
        _field(
            "legal_person",
            _record(
                "Person", _field("name", "string"), _field("id", "string", {"rule": "cn-resident-id"}), _field("phone", ["null", "string"])
            ),
        ),
        _field(
            "shareholders",
            {
                "type": "array",
                "items": _record(
                    "Shareholder",
                    _field("name", "string"),
                    _field("natural", "boolean"),
                    _field("id", ["null", "string"]),
                    _field("share", "double", {"rule": "minimum", "value": 0}, {"rule": "maximum", "value": 100}),
                    _field("since", _DAY),
                ),
            },
        ),
        _field("licences", {"type": "map", "values": _record("Licence", _field("number", "string"), _field("until", ["null", _DAY]))}),
        _field("contact", ["null", "string", _record("Contact", _field("phone", "string"), _field("email", ["null", "string"]))]),
        _field("tags", {"type": "array", "items": "string"}),
        _field("version", "int", {"rule": "minimum", "value": 1}),
        _field("changed_at", {"type": "long", "logicalType": "timestamp-millis"}),
    ],
}


def enterprises(distinct: int) -> list[bytes]:
    """Return the Avro binary of distinct enterprises, all of them right."""
    dice, schema = Random(SEED), parse(SCHEMA)
    return [encode(schema, _enterprise(dice)) for _ in range(distinct)]


def keyed(distinct: int = _DISTINCT) -> list[tuple[bytes, bytes]]:
    """Return key and framed value of distinct enterprises."""
    schema, number = parse(SCHEMA), schema_id(SCHEMA)
    found = []
    for value in enterprises(distinct):
        key = key_of(schema, decode(schema, value))
        assert key is not None
        found.append((key, frame(number, value)))
    return found


def _enterprise(dice: Random) -> dict[str, Any]:
    name, since = _name(dice), _day(dice)
    return {
        "uscc": _credit_code(dice),
        "name": f"广东省潮州市{''.join(dice.choices(_NAMES, k=2))}陶瓷实业有限公司",
        "kind": dice.choice(("COMPANY", "PARTNERSHIP", "SOLE_TRADER")),
        "status": "OPEN",
        "registered_on": since,
        "capital": Decimal(dice.randrange(10**9)).scaleb(-2),
        "currency": "CNY",
        "term_from": since,
        "term_to": since + timedelta(days=7300) if dice.random() < 0.5 else None,
        "address": {
            "division": "445102",
            "street": "湘桥街道办事处",
            "detail": f"枫春社区枫春路{dice.randrange(1, 400)}号陶瓷产业园二期",
            "postcode": "521000" if dice.random() < 0.5 else None,
        },
        "legal_person": {"name": name, "id": _resident(dice), "phone": _phone(dice)},
        "shareholders": [_shareholder(dice, since) for _ in range(2)],
        "licences": {dice.choice(_TRADES): {"number": f"JY{dice.randrange(10**12):016d}", "until": _day(dice)}},
        "contact": dice.choice((None, name, {"phone": _phone(dice), "email": f"company{dice.randrange(10**6)}@example.cn"})),
        "tags": dice.sample(("小微企业", "高新技术企业", "规模以上工业企业"), 2),
        "version": dice.randrange(1, 30),
        "changed_at": datetime.fromtimestamp(dice.randrange(1_600_000_000, 1_760_000_000), UTC),
    }


def _shareholder(dice: Random, since: date) -> dict[str, Any]:
    return {"name": _name(dice), "natural": True, "id": _resident(dice), "share": 50.0, "since": since}


def _name(dice: Random) -> str:
    return dice.choice(_SURNAMES) + "".join(dice.choices(_NAMES, k=2))


def _day(dice: Random) -> date:
    return date(1990, 1, 1) + timedelta(days=dice.randrange(12_000))


def _resident(dice: Random) -> str:
    return resident_id(dice, date(1950, 1, 1) + timedelta(days=dice.randrange(20_000)))


def _phone(dice: Random) -> str:
    return f"13{dice.randrange(10**9):09d}"


def _credit_code(dice: Random) -> str:
    head = f"91445102{''.join(dice.choices(_CREDIT, k=9))}"
    return head + _CREDIT[-sum(_CREDIT.index(character) * 3**place for place, character in enumerate(head)) % 31]
