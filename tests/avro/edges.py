"""Cases of what chance seldom finds: the boundaries of UTF-8, varints, decimals, identifiers and dates, and CEL's logic of null and error."""

import json
from itertools import product
from random import Random
from typing import Any

from stdnum.cn import uscc

from node.avro.schema import parse
from tests.avro.corpus import Case, named
from tests.avro.ruling import NOW_MS
from tests.avro.shapes import TODAY, two_complement
from tests.avro.writer import Writer, zigzag

_EMPTY = {"type": "record", "name": "None", "fields": []}


def edges() -> list[Case]:
    """Return the cases, those with few values first."""
    return sorted([*_bytes(), *_codes(), _dates(), _expressions()], key=lambda one: len(one.values))


def _alone(kind: Any, values: list[bytes], **more: Any) -> Case:
    return Case(json.dumps(named({"type": "record", "name": "Root", "fields": [{"name": "f0", "type": kind, **more}]})), values)


def _pair(one: Any, other: Any, value: bytes) -> Case:
    fields = [{"name": "f0", "type": one}, {"name": "f1", "type": other}]
    return Case(json.dumps(named({"type": "record", "name": "Root", "fields": fields})), [value])


def _text(text: str | bytes) -> bytes:
    content = text.encode() if isinstance(text, str) else text
    return zigzag(len(content)) + content


def _bytes() -> list[Case]:
    numbers = [one + step for power in range(66) for one in (1 << power, -(1 << power)) for step in (-1, 0, 1)]
    varints = [zigzag(number) for number in numbers]
    longer = [one[:-1] + bytes((one[-1] | 0x80,)) + b"\x80" * more + b"\x00" for one in varints[:20] for more in range(10)]
    decimals = [
        two_complement(number, size) for number in (-32769, -32768, -129, -128, -1, 0, 1, 127, 128, 32767, 32768) for size in (3, 4, 9)
    ]
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}
    bounded = {"rules": [{"rule": "minimum", "value": "-1.29"}, {"rule": "maximum", "value": "327.67"}]}
    blocks = [
        zigzag(-(2**63)) + b"\x00\x00",
        b"\x01\x00\x02\x00",
        b"\x01\x02\x02\x00",
        b"\x01\x04\x02\x00",
        b"\x02\x02\x02\x04\x00",
        b"\x08\x02\x02\x02",
    ]
    warned = {"type": "int", "rules": [{"rule": "minimum", "value": 0, "severity": "warn"}]}
    return [
        _alone({"type": "array", "items": warned}, [b"\x06\x01\x02\x01\x00", b"\x02\x01\x00", b"\x02\x00\x00"]),
        _pair({"type": "string", "rules": [{"rule": "prefix", "values": ["ab"]}]}, "string", b"\x02a" + _text("b" * 49)),
        _alone("string", [_text(text) for text in _utf8()]),
        _alone("long", varints + longer),
        _alone("int", varints + longer),
        _alone("boolean", [bytes((one,)) for one in range(256)]),
        _alone(decimal, [_text(one) for one in [*decimals, b"", b"\x00"]], **bounded),
        _alone({"type": "array", "items": "long"}, blocks, rules=[{"rule": "length", "max": 1}]),
        _alone({"type": "array", "items": _EMPTY}, [zigzag(one) + b"\x02\x00" for one in (1, 4095, 4096, 4097)]),
    ]


def _utf8() -> list[bytes]:
    """Return sequences around every boundary of RFC 3629, alone, behind eight characters of ASCII, and before some."""
    firsts = (0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF)
    seconds, later = (0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0), (0x7F, 0x80, 0xBF, 0xC0)
    found = sorted({bytes(one[:length]) for one in product(firsts, seconds, later, (0x80, 0xC0)) for length in range(1, 5)})
    return [*found, *(one + b"xyz" for one in found), *(b"abcdefgh" + one for one in found[::9])]


def _codes() -> list[Case]:
    births = (
        "18000101",
        "17991231",
        "19000229",
        "20000229",
        "20230229",
        "20240430",
        "20240431",
        "20240001",
        "20241301",
        "20240100",
        "20260101",
        "20260102",
    )
    bare = [f"445102{born}{number:03}" for born in births for number in range(5)]
    residents = [one + last for one in bare for last in "0123456789Xx"]
    letters = ["91445102MA4W1ABC1", "N2445102MA4W1ABC1", "9144A102MA4W1ABC1", "91445102MA4W1ABI1", "1144000000694123Q"]
    credit_codes = [one + last for one in letters for last in "0123456789ABCDEFGHJKLMNPQRTUWXYIOSVZa"]
    credit_codes += [one[:17] + uscc.calc_check_digit(one[:17] + "0") for one in ("9A445102MA4W1ABC1", "9100000A000000000")]
    phones = [area + hyphen + first + "234567" + rest for area, hyphen, first, rest in product(_AREAS, ("", "-"), "1289", ("", "8", "89"))]
    phones += ["13800138000", "12800138000", "1380013800", "138001380001", "1380013800x", "", "010", "19900000000"]
    return [
        _alone("string", [_text(one) for one in residents], rules=[{"rule": "cn-resident-id"}]),
        _alone("string", [_text(one) for one in credit_codes], rules=[{"rule": "cn-uscc"}]),
        _alone("string", [_text(one) for one in phones], rules=[{"rule": "cn-phone"}]),
    ]


_AREAS = ("010", "021", "0768", "0268", "011", "0110", "000", "0068", "110", "0755")


def _dates() -> Case:
    """Return dates and moments around now, and around what exists."""
    day_ms = 86_400_000
    kinds: list[tuple[Any, list[int]]] = [
        ({"type": "int", "logicalType": "date"}, [TODAY]),
        ({"type": "long", "logicalType": "timestamp-millis"}, [NOW_MS]),
        ({"type": "long", "logicalType": "timestamp-micros"}, [NOW_MS * 1000]),
        ({"type": "long", "logicalType": "local-timestamp-millis"}, [NOW_MS + day_ms // 3]),
        ({"type": "long", "logicalType": "local-timestamp-micros"}, [(NOW_MS + day_ms // 3) * 1000]),
    ]
    warn = [{"rule": "not-future", "severity": "warn"}]
    fields = [{"name": f"f{index}", "type": kind, "rules": warn} for index, (kind, _edges) in enumerate(kinds)]
    values = [b"".join(zigzag(edge + step) for _kind, (edge,) in kinds) for step in (-1, 0, 1)]
    return Case(json.dumps(named({"type": "record", "name": "Root", "fields": fields})), values)


def _expressions() -> Case:
    """Return every comparison of what may be null or no number, and every pair of outcomes under && and ||, each as a rule that warns."""
    moment = {"type": "long", "logicalType": "timestamp-millis"}
    kinds: list[tuple[str, Any, list[Any]]] = [
        ("i", "long", [0, 1]),
        ("j", "int", [0, 1]),
        ("d", "double", [float("nan"), 1.0]),
        ("e", "float", [float("nan"), 1.0, 2.0]),
        ("m", moment, [0, 1]),
        ("u", {**moment, "logicalType": "timestamp-micros"}, [0, 999, 1000, 1001]),
        ("b", "boolean", [True, False]),
        ("s", "string", ["", "ab", "b"]),
        ("t", "string", ["ab", "abc"]),
        ("r", {"type": "record", "name": "In", "fields": [{"name": "x", "type": ["null", "long"]}]}, [{"x": (0, None)}, {"x": (1, 0)}]),
    ]
    pairs = [("i", "j"), ("d", "e"), ("m", "u"), ("u", "m"), ("s", "t"), ("r.x", "i")]
    orders = ("==", "!=", "<", "<=", ">", ">=")
    tests = [f"{left} {order} {right}" for left, right in pairs for order in orders]
    tests += [f"!({left} < {right})" for left, right in pairs] + [
        "b",
        "!b",
        "i in [1]",
        "!(i in [1])",
        's.startsWith("a")',
        "size(s) == 0",
        "!(size(s) == 0)",
    ]
    tests += [f"{name} == null" for name in "idmbsr"] + [
        "r.x != null",
        "has(r.x)",
        "!has(r)",
        "d == 1.0",
        "d != 1.0",
        "!(d >= 1.0)",
        "1.0 > e",
    ]
    tests += [f"{left} {word} {right}" for left in ("b", "!b", "i < j") for right in ("s < t", "b", "d < e") for word in ("&&", "||")]
    tests += [
        "!(i < j && b)",
        "!(i < j || b)",
        "(i < j || b) && s < t",
        "(i < j && b) || s < t",
        "i < j && (b || s < t)",
        "i < j || (b && s < t)",
    ]
    fields = [{"name": name, "type": ["null", kind]} for name, kind, _values in kinds]
    rules = [{"rule": "cel", "expression": test, "severity": "warn"} for test in tests]
    avro = parse({"type": "record", "name": "Root", "fields": fields}).avro
    rng, values = Random(0), []
    for _ in range(60):
        writer = Writer(avro["__named_schemas"], rng)
        writer.write(avro, {name: rng.choice([(0, None), *((1, one) for one in found)]) for name, _kind, found in kinds})
        values.append(bytes(writer.out))
    return Case(json.dumps(named({"type": "record", "name": "Root", "fields": fields, "rules": rules})), values)
