"""Random schemas with rules, and values for them, for the batteries of the kernel.

Values are wire values: what Avro writes, before logical types make dates and decimals of it. A date is its days, a decimal its bytes, an enum
its index, a union the pair of branch and value. So nothing of the code under test has touched them. Most values fulfil the rules that stand
beside them; one in ten comes from elsewhere.
"""

import struct
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from stdnum.cn import ric, uscc

from tests.avro.expressions import expression
from tests.avro.ruling import NOW_MS

TODAY = 20_454
DIVISIONS = ["440000", "440100", "445100", "445102", "445103", "441900"]

Draw = Callable[[Random], Any]
Rules = list[dict[str, Any]]


class Leaf(msgspec.Struct):
    """A type without others in it: its form, its rules, what fulfils them and what may not."""

    node: Any
    rules: list[dict[str, Any]]
    good: Draw
    other: Draw


class Shape(msgspec.Struct):
    """A schema and the drawing of its wire values."""

    schema: dict[str, Any]
    draw: Draw


def resident_id(rng: Random) -> str:
    """Return a valid identity number of a place that python-stdnum knows."""
    born = f"{rng.randrange(1930, 2024)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}"
    bare = f"{rng.choice(['445102', '440106', '110101'])}{born}{rng.randrange(1000):03}"
    return bare + ric.calc_check_digit(bare + "0")


def credit_code(rng: Random) -> str:
    """Return a valid unified social credit code."""
    bare = rng.choice(["91", "12", "51"]) + rng.choice(DIVISIONS) + "".join(rng.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(9))
    return bare + uscc.calc_check_digit(bare + "0")


def phone(rng: Random) -> str:
    """Return a mainland telephone number."""
    digits = "".join(rng.choices("0123456789", k=9))
    return rng.choice(
        [f"13{digits}", f"19{digits}", f"010-8{digits[:7]}", f"0768{'2' + digits[:6]}", f"0755-2{digits[:7]}", f"0218{digits[:7]}"]
    )


def _spoiled(make: Callable[[Random], str]) -> Draw:
    """Return what makes such texts with one character changed, lost or added."""

    def spoil(rng: Random) -> str:
        text, at = make(rng), rng.randrange(10)
        return rng.choice(
            [text[:at] + rng.choice("019X甲a") + text[at + 1 :], text[:at] + text[at + 1 :], text + rng.choice("0 "), text.lower()]
        )

    return spoil


def words(rng: Random) -> str:
    """Return any text: nothing, ASCII, Chinese, characters of every length in UTF-8."""
    return "".join(rng.choices("abcXYZ019 -_张三李四广东é߿ࠀ￿𝄞😀\x00\x1f\x7f", k=rng.choice([0, 1, 2, 3, 5, 8, 13, 70])))


def _strings(rng: Random) -> Leaf:
    codes = [words(rng) or "x" for _ in range(rng.choice([1, 3, 40]))]
    listed = {"values": list(dict.fromkeys(codes))}
    low, high = sorted((rng.randrange(9), rng.randrange(9)))
    makers: list[tuple[dict[str, Any] | None, Draw, Draw]] = [
        (None, words, words),
        ({"rule": "cn-resident-id"}, resident_id, _spoiled(resident_id)),
        ({"rule": "cn-uscc"}, credit_code, _spoiled(credit_code)),
        ({"rule": "cn-phone"}, phone, _spoiled(phone)),
        ({"rule": "set", **listed}, lambda rng: rng.choice(codes), words),
        ({"rule": "code-list", "name": "GB", **listed}, lambda rng: rng.choice(codes), words),
        ({"rule": "prefix", **listed}, lambda rng: rng.choice(codes) + words(rng), words),
        ({"rule": "length", "min": low, "max": high}, lambda rng: (words(rng) + "xxxxxxxxx")[: rng.randint(low, high)], words),
        ({"rule": "digits", "min": low, "max": high}, lambda rng: str(10**9 + rng.randrange(10**9))[: rng.randint(low, high)], words),
        (
            {"rule": "cn-division", "digits": rng.choice([[6], [6, 9, 12], [9]]), "values": DIVISIONS},
            lambda rng: rng.choice([*DIVISIONS, "430100", "110000"]) + rng.choice(["", "", "001", "001002"]),
            _spoiled(lambda rng: rng.choice(["445102", "449999", "990000", "445102001", "445102001001"])),
        ),
    ]
    rule, good, other = rng.choice(makers)
    return Leaf("string", [rule] if rule else [], good, other)


def _integers(kind: str) -> Callable[[Random], Leaf]:
    greatest = 2**31 - 1 if kind == "int" else 2**63 - 1
    edges = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, greatest, -greatest - 1]

    def make(rng: Random) -> Leaf:
        low, high = sorted((rng.choice([*edges, -5, 18]), rng.choice([*edges, 150])))
        values = rng.sample(edges, 4)
        rules: Rules = rng.choice(
            [[], [{"rule": "minimum", "value": low}, {"rule": "maximum", "value": high}], [{"rule": "set", "values": values}]]
        )

        def good(rng: Random) -> int:
            return rng.choice(values) if rules and rules[0]["rule"] == "set" else rng.randint(low, high)

        return Leaf(kind, rules, good, lambda rng: rng.choice([*edges, low - (low > -greatest), high + (high < greatest)]))

    return make


def _reals(kind: str) -> Callable[[Random], Leaf]:
    def make(rng: Random) -> Leaf:
        low, high = sorted((rng.choice([-1.5, 0.0, 2.25]), rng.choice([0.5, 100.0, 1e30])))
        rules: Rules = rng.choice([[], [{"rule": "minimum", "value": low}], [{"rule": "maximum", "value": high}]])
        odd = [0.0, -0.0, 1.5, -1e30, float("inf"), float("-inf"), float("nan"), low, high]
        return Leaf(kind, rules, lambda rng: rng.choice([low, high, (low + high) / 2]), lambda rng: rng.choice(odd))

    return make


def _dates(rng: Random) -> Leaf:
    rules: Rules = rng.choice(
        [
            [],
            [{"rule": "not-future"}],
            [{"rule": "not-future", "days": 3}],
            [{"rule": "date-window", "from": "1949-10-01", "to": "2030-12-31"}],
        ]
    )
    edges = [-719_162, 2_932_896, -719_163, 2_932_897, 0, TODAY, TODAY + 1, TODAY + 3, TODAY + 4, 2**31 - 1]
    return Leaf({"type": "int", "logicalType": "date"}, rules, lambda rng: rng.randint(-7000, TODAY), lambda rng: rng.choice(edges))


def _moments(logical: str, per_second: int) -> Callable[[Random], Leaf]:
    local = logical.startswith("local")
    now, zone = NOW_MS // 1000 * per_second, "" if local else "+08:00"

    def make(rng: Random) -> Leaf:
        window = {"rule": "date-window", "from": f"1990-01-01T00:00:00{zone}", "to": f"2027-01-01T12:30:00{zone}"}
        rules: Rules = rng.choice([[], [{"rule": "not-future"}], [{"rule": "not-future", "days": 1}], [window]])
        day = 86_400 * per_second
        edges = [
            now,
            now + 1,
            now + day // 3,
            now + day // 3 + 1,
            now + day + 1,
            -719_162 * day,
            -719_162 * day - 1,
            2_932_897 * day,
            2_932_897 * day - 1,
            2**63 - 1,
        ]
        node = {"type": "long", "logicalType": logical}
        return Leaf(node, rules, lambda rng: rng.randint(now - 10**4 * day, now), lambda rng: rng.choice(edges))

    return make


def _times(kind: str, logical: str, per_day: int) -> Callable[[Random], Leaf]:
    node = {"type": kind, "logicalType": logical}
    return lambda _rng: Leaf(node, [], lambda rng: rng.randrange(per_day), lambda rng: rng.choice([0, per_day - 1, per_day, -1]))


def two_complement(number: int, size: int | None = None) -> bytes:
    """Return a number's bytes as Avro writes decimals, padded to `size` if that is given."""
    return number.to_bytes(size or (number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True)


def _decimals(rng: Random) -> Leaf:
    precision = rng.choice([1, 4, 9, 18, 25])
    scale, size = rng.randint(0, min(precision, 4)), rng.choice([None, 12, 16])
    node: dict[str, Any] = {"type": "bytes"} if size is None else {"type": "fixed", "name": f"D{rng.randrange(10**9)}", "size": size}
    node |= {"logicalType": "decimal", "precision": precision, "scale": scale}
    bounds = sorted(rng.randint(-(10**precision) + 1, 10**precision - 1) for _ in range(2))
    low, high = (f"{Decimal(one).scaleb(-scale):f}" for one in bounds)
    rules: Rules = rng.choice(
        [[], [{"rule": "minimum", "value": low}], [{"rule": "minimum", "value": low}, {"rule": "maximum", "value": high}]]
    )

    def other(rng: Random) -> bytes:
        number = rng.choice([*bounds, bounds[0] - 1, bounds[1] + 1, 10**precision, -(10**precision), 0, -1, 127, 128, -128, -129])
        return rng.choice([two_complement(number, size), two_complement(number, size or 14)]) if size or rng.random() < 0.9 else b""

    return Leaf(node, rules, lambda rng: two_complement(rng.randint(*bounds), size), other)


def _bytes(rng: Random) -> Leaf:
    rules: Rules = rng.choice([[], [{"rule": "length", "min": 2, "max": 5}]])
    return Leaf("bytes", rules, lambda rng: rng.randbytes(rng.randint(2, 5)), lambda rng: rng.randbytes(rng.choice([0, 1, 6, 200])))


def _fixed(rng: Random) -> Leaf:
    size = rng.choice([1, 2, 12, 300])
    node = {"type": "fixed", "name": f"F{rng.randrange(10**9)}", "size": size}
    return Leaf(node, [], lambda rng: rng.randbytes(size), lambda _rng: bytes(size))


def _enum(rng: Random) -> Leaf:
    symbols = [f"S{index}" for index in range(rng.choice([1, 3, 70]))]
    allowed = rng.sample(symbols, (len(symbols) + 1) // 2)
    rules: Rules = rng.choice([[], [{"rule": "set", "values": allowed}]])
    node = {"type": "enum", "name": f"E{rng.randrange(10**9)}", "symbols": symbols}
    return Leaf(node, rules, lambda rng: symbols.index(rng.choice(allowed)), lambda rng: rng.randrange(len(symbols)))


def _uuid(_rng: Random) -> Leaf:
    def good(rng: Random) -> str:
        digits = rng.randbytes(16).hex()
        text = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        return text.upper() if rng.random() < 0.2 else text

    return Leaf({"type": "string", "logicalType": "uuid"}, [], good, _spoiled(good))


LEAVES: list[Callable[[Random], Leaf]] = [
    *[_strings] * 8,
    _integers("int"),
    _integers("long"),
    _integers("long"),
    _reals("double"),
    _reals("float"),
    _dates,
    _dates,
    _moments("timestamp-millis", 1000),
    _moments("timestamp-micros", 1_000_000),
    _moments("local-timestamp-millis", 1000),
    _moments("local-timestamp-micros", 1_000_000),
    _times("int", "time-millis", 86_400_000),
    _times("long", "time-micros", 86_400_000_000),
    _decimals,
    _decimals,
    _bytes,
    _fixed,
    _enum,
    _uuid,
    lambda _rng: Leaf("boolean", [], lambda rng: rng.random() < 0.5, lambda rng: rng.random() < 0.5),
]


def _leaf(rng: Random) -> tuple[Any, list[Any], Draw]:
    leaf = rng.choice(LEAVES)(rng)
    rules = [rule | {"severity": "warn"} if rng.random() < 0.1 else rule for rule in leaf.rules]
    return leaf.node, rules, lambda rng: (leaf.other if rng.random() < 0.1 else leaf.good)(rng)


def _typed(rng: Random, depth: int) -> tuple[Any, list[Any], Draw]:
    """Return a type with the rules of its field and the drawing of values."""
    roll = rng.random()
    if depth == 0 or roll < 0.55:
        return _leaf(rng)
    if roll < 0.7:
        return _nullable(rng, depth)
    if roll < 0.78:
        return _array(rng, depth)
    if roll < 0.84:
        return _map(rng, depth)
    return _union(rng, depth) if roll < 0.9 else (*_record(rng, depth),)


def _nullable(rng: Random, depth: int) -> tuple[Any, list[Any], Draw]:
    node, rules, draw = _typed(rng, depth - 1)
    if isinstance(node, list):
        return node, rules, draw
    null = rng.randrange(2)
    if rng.random() < 0.15:
        rules = [*rules, {"rule": "not-null"}]
    union = ["null", node] if null == 0 else [node, "null"]
    return union, rules, lambda rng: (null, None) if rng.random() < 0.3 else (1 - null, draw(rng))


def _inner(node: Any, rules: list[Any]) -> Any:
    """Put rules into a type's own object; a union has none, and null is refused by fields alone."""
    own = [rule for rule in rules if rule["rule"] != "not-null"]
    if not own or isinstance(node, list):
        return node
    return (node if isinstance(node, dict) else {"type": node}) | {"rules": own}


def _array(rng: Random, depth: int) -> tuple[Any, list[Any], Draw]:
    node, rules, draw = _typed(rng, depth - 1)
    most = rng.choice([1, 3, 60])
    own = rng.choice([[], [{"rule": "length", "min": 1, "max": most}]])
    return {"type": "array", "items": _inner(node, rules)}, own, lambda rng: [draw(rng) for _ in range(rng.choice([0, 1, 2, 3, most]))]


def _map(rng: Random, depth: int) -> tuple[Any, list[Any], Draw]:
    node, rules, draw = _typed(rng, depth - 1)
    return {"type": "map", "values": _inner(node, rules)}, [], lambda rng: {words(rng): draw(rng) for _ in range(rng.choice([0, 1, 2, 5]))}


def _union(rng: Random, depth: int) -> tuple[Any, list[Any], Draw]:
    branches: dict[str, tuple[Any, Draw]] = {"null": ("null", lambda _rng: None)} if rng.random() < 0.5 else {}
    for _ in range(rng.randint(1, 3)):
        node, rules, draw = _typed(rng, depth - 1)
        if not isinstance(node, list):
            kind = node if isinstance(node, str) else node.get("name", node["type"])
            branches.setdefault(kind, (_inner(node, rules), draw))
    listed = list(branches.values())
    if not listed or (len(listed) == 2 and "null" in branches):
        return _leaf(rng)

    def draw_branch(rng: Random) -> tuple[int, Any]:
        index = rng.randrange(len(listed))
        return index, listed[index][1](rng)

    own = [{"rule": "not-null"}] if "null" in branches and len(listed) > 2 and rng.random() < 0.3 else []
    return [node for node, _draw in listed], own, draw_branch


def _record(rng: Random, depth: int) -> tuple[Any, list[Any], Draw]:
    fields, draws = [], []
    for index in range(rng.choice([0, 1, 2, 3, 4])):
        node, rules, draw = _typed(rng, depth - 1)
        fields.append({"name": f"f{index}", "type": node} | ({"rules": rules} if rules else {}))
        draws.append((f"f{index}", draw))
    node = {"type": "record", "name": f"R{rng.randrange(10**9)}", "fields": fields}
    return node, [], lambda rng: {name: draw(rng) for name, draw in draws}


def shape(rng: Random) -> Shape:
    """Return a schema of a few fields of all kinds, often with rules across them."""
    fields, draws = [], []
    for index in range(rng.randint(1, 9)):
        node, rules, draw = _typed(rng, 3)
        fields.append({"name": f"f{index}", "type": node} | ({"rules": rules} if rules else {}))
        draws.append((f"f{index}", draw))
    schema: dict[str, Any] = {"type": "record", "name": "Root", "namespace": "t", "fields": fields}
    own = [rule for rule in (expression(rng, schema) for _ in range(rng.choice([0, 1, 2]))) if rule]
    if own:
        schema["rules"] = [{"rule": "cel", "expression": one} | ({"severity": "warn"} if rng.random() < 0.1 else {}) for one in own]
    return Shape(schema, lambda rng: {name: draw(rng) for name, draw in draws})


def real_bytes(kind: str, value: float) -> bytes:
    """Return a float or double as Avro writes it."""
    return struct.pack("<f" if kind == "float" else "<d", value)
