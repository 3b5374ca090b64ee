"""Answers for node/avro/never.py; cel-python, asked of every record of a small world, is the judge."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

import pytest

from node.avro.cel import compile_expression
from node.avro.cel_tree import read
from node.avro.compiler import Compiler
from node.avro.never import ALTERNATIVES_MAX, never
from node.avro.schema import parse
from tests.avro.ruling import Rulings, cel_value

NAN, ENDLESS = float("nan"), float("inf")
HOLDER = {"type": "record", "name": "H", "fields": [{"name": "n", "type": "int"}, {"name": "t", "type": ["null", "string"]}]}
TYPES: dict[str, Any] = {
    "a": ["null", "int"],
    "b": "int",
    "t": ["string", "null"],
    "k": {"type": "enum", "name": "K", "symbols": ["A", "B", "C"]},
    "f": "boolean",
    "r": ["null", "double"],
    "d": {"type": "int", "logicalType": "date"},
    "m": {"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 1},
    "h": ["null", HOLDER],
    "l": {"type": "array", "items": "int"},
    "x": {"type": "fixed", "name": "X", "size": 2},
    "at": {"type": "long", "logicalType": "timestamp-millis"},
    "bit": "bytes",
    "real": "float",
    "u": ["null", {"type": "string", "logicalType": "uuid"}],
    "o": {"type": "record", "name": "O", "fields": [{"name": "h", "type": ["null", "H"]}]},
}
SCHEMA = parse({"type": "record", "name": "R", "fields": [{"name": name, "type": kind} for name, kind in TYPES.items()]})


def found(expression: str) -> str | None:
    """What is said of an expression."""
    compiler = Compiler(SCHEMA.named)
    compiler.compile(SCHEMA.avro)
    compile_expression(expression, compiler)
    return never(read(expression), compiler.leaves)


@pytest.mark.parametrize(
    ("expression", "column", "field"),
    [
        ("b > 10 && b < 5", 11, "b"),
        ("b > 1 && b < 2", 10, "b"),
        ("b >= 2 && b != 2 && b <= 2", 21, "b"),
        ("f == true && !f", 15, "f"),
        ('t == "a" && t == "b"', 13, "t"),
        ('t.startsWith("ab") && t.startsWith("b")', 23, "t"),
        ('t.startsWith("ab") && !t.startsWith("a")', 24, "t"),
        ('t.startsWith("b") && t < "b"', 22, "t"),
        ('t.startsWith("b") && t >= "c"', 22, "t"),
        ('t < ""', 1, "t"),
        ('t > "a" && t < "a\\u0000"', 12, "t"),
        ('t == "a" && size(t) > 1', 18, "t"),
        ('size(t) == 0 && t != ""', 17, "t"),
        ('t.startsWith("张三") && size(t) < 2', 28, "t"),
        ("size(t) < 0", 6, "t"),
        ('t in ["a", "b"] && t in ["c"]', 20, "t"),
        ('t in ["a", "b"] && t != "a" && t != "b"', 32, "t"),
        ("!has(a) && a == 1", 12, "a"),
        ("a == null && a == 1", 14, "a"),
        ("a == null && a < 5", 14, "a"),
        ("a == null && a != null", 14, "a"),
        ("has(a) && a == null", 11, "a"),
        ("b == null", 1, "b"),
        ("!has(b)", 6, "b"),
        ("u == null && has(u)", 18, "u"),
        ('d in [date("2020-01-01")] && d in [date("2020-01-02")]', 30, "d"),
        ('d >= date("2020-01-02") && d < date("2020-01-02")', 28, "d"),
        ('at > timestamp("2020-01-01T00:00:00Z") && at < timestamp("2020-01-01T00:00:00.001Z")', 43, "at"),
        ("m > 5.0 && m < 5.1", 12, "m"),
        ("m > 99.9", 1, "m"),
        ("m < -99.9", 1, "m"),
        ("r < -2.0 && r > -1.0", 13, "r"),
        ("!(a < 5) && a == null", 13, "a"),
        ("b > 2147483647", 1, "b"),
        ('k != "A" && k != "B" && k != "C"', 25, "k"),
        ('!(k in ["A", "B"]) && k != "C"', 23, "k"),
        ("f != true && f != false", 14, "f"),
        ("r > 1.5 && !(r > 1.0)", 14, "r"),
        ("r == 0.0 && r < -0.0", 13, "r"),
        ("real == 1.0 && real != 1.0", 16, "real"),
        ("h == null && h.n == 1", 14, "h"),
        ("!has(h) && has(h.t)", 16, "h"),
        ("has(h) && !has(h.n)", 16, "h.n"),
        ("h != null && h.n == 1 && !has(h.n)", 31, "h.n"),
        ("o.h.n < 1 && o.h == null", 14, "o.h"),
        ("size(l) == 1 && size(l) == 2", 22, "l"),
        ("size(x) != 2", 6, "x"),
        ("size(bit) > 3 && size(bit) < 3", 23, "bit"),
        ("a < b && b <= a", 10, "a and b"),
        ("b < b", 1, "b and b"),
        ("a == b && a == null", 11, "a"),
        ("a == null && b >= a", 14, "a"),
        ("(b == 1 || b == 2) && (b == 3 || b == 4)", 24, "b"),
        ("!(b != 1 || b != 2)", 13, "b"),
    ],
)
def test_what_can_never_hold_is_told(expression: str, column: int, field: str) -> None:
    """With the column of the first test after which nothing is left, and the field."""
    assert found(expression) == f"column {column}: can never hold: with the tests beside it, no value of {field} is left"


@pytest.mark.parametrize(
    "expression",
    [
        "!(r > 1.5) && !(r <= 1.5)",  # not a number
        "r != r",
        "r < -1.0 && r > -2.0",
        "r == 0.0 && r == -0.0",
        "!(a in [1]) && a == null",
        "m >= -99.9 && m < -99.8",
        "a != 1 && !has(a)",
        "!(a in [1])",
        "!has(h.n)",
        "h == null",
        "has(h) && h.t == null && h.n != 1",
        't.startsWith("a") && !t.startsWith("ab") && t > "a"',
        't > "a" && t < "a\\u0001"',
        "b > 1 && b < 3",
        "m >= 99.9 && m <= 99.9",
        "b > 10 && b < 5 || b == 1",
        "!(b > 10 && b < 5)",
        "a == b && a == 2",
        "b <= a && a <= b",
        "r > 1.5 && r < 1.5000000000000004",
    ],
)
def test_what_may_hold_is_let_pass(expression: str) -> None:
    """However narrow it is."""
    assert found(expression) is None


def test_alternatives_are_bounded() -> None:
    """Each doubles the work; a list is one test."""
    assert found(" && ".join(["(a == 1 || b == 1)"] * 8)) is None
    with pytest.raises(ValueError, match=f"more than {ALTERNATIVES_MAX} alternatives"):
        found(" && ".join(["(a == 1 || b == 1)"] * 9))
    assert found(f"b in [{', '.join(map(str, range(700)))}]") is None


# ---- a small world: every record of these values, and random expressions whose constants stand among them

WORLD: dict[str, list[Any]] = {
    "a": [None, 0, 1, 2, 3],
    "b": [0, 1, 2, 3],
    "t": [None, "", "a", "ab", "abb", "ac", "b", "c"],
    "k": ["A", "B", "C"],
    "f": [False, True],
    "r": [None, -1.0, 0.0, 0.5, 1.0, NAN, ENDLESS],
    "d": [date(2020, 1, day) for day in (1, 2, 3)],
    "m": [Decimal(one) for one in ("-99.9", "0", "0.5", "1", "1.5", "99.9")],
    "h": [None, *({"n": n, "t": t} for n in (0, 1, 2) for t in (None, "", "a"))],
    "l": [[], [1], [1, 2]],
}
TESTS = [
    *(f"{name} {order} {value}" for name in "ab" for order in ("==", "!=", "<", "<=", ">", ">=") for value in (1, 2)),
    *(f"{name} in [{values}]" for name in "ab" for values in ("1", "0, 2", "1, 3")),
    *(f"{name} {order} null" for name in ("a", "t", "r", "h", "h.t", "b") for order in ("==", "!=")),
    *(f"has({name})" for name in ("a", "b", "t", "h", "h.n", "h.t")),
    *(f"a {order} b" for order in ("==", "!=", "<", ">=")),
    *(f't {order} "{value}"' for order in ("==", "!=", "<", "<=", ">", ">=") for value in ("", "a", "ab")),
    *(f't.startsWith("{value}")' for value in ("", "a", "ab", "b")),
    *(f"size(t) {order} {value}" for order in ("==", "!=", "<", ">") for value in (0, 1, 2)),
    't in ["a", "b"]',
    't in ["ab"]',
    *(f'k {order} "{value}"' for order in ("==", "!=") for value in "ABC"),
    'k in ["A", "B"]',
    *("f", "f == false", "f != true"),
    *(f"r {order} {value}" for order in ("==", "!=", "<", "<=", ">", ">=") for value in (0.0, 0.5)),
    *(f'd {order} date("2020-01-02")' for order in ("==", "!=", "<", "<=", ">", ">=")),
    *(f"m {order} {value}" for order in ("==", "!=", "<", "<=", ">", ">=") for value in ("0.5", "99.0")),
    *(f"h.n {order} 1" for order in ("==", "!=", "<", ">")),
    *(f"size(l) {order} 1" for order in ("==", "!=", "<", ">")),
    *('h.t == "a"', 'h.t.startsWith("a")', "size(h.t) == 0"),
]


def _names(expression: str) -> list[str]:
    return [name for name in WORLD if any(word.partition(".")[0] == name for word in _words(expression))]


def _words(expression: str) -> list[str]:
    return "".join(one if one.isalnum() or one in '._"' else " " for one in expression).split()


def _expression(rng: Random, tests: list[str], depth: int) -> str:
    roll = rng.random()
    if depth == 0 or roll < 0.15:
        return rng.choice(tests)
    if roll < 0.3:
        return f"!({_expression(rng, tests, depth - 1)})"
    return f"({_expression(rng, tests, depth - 1)}) {rng.choice(['&&', '&&', '||'])} ({_expression(rng, tests, depth - 1)})"


def _records(names: list[str]) -> Iterator[dict[str, Any]]:
    for values in product(*(WORLD[name] for name in names)):
        yield {name: cel_value(value) for name, value in zip(names, values, strict=True)}


def _told(seeds: range) -> tuple[int, int]:
    """Return of how many expressions cel-python finds no record, and of how many of these it is told; more must not be told."""
    rulings, unfulfilled, told = Rulings(), 0, 0
    for seed in seeds:
        rng = Random(seed)
        chosen = rng.sample(list(WORLD), rng.choice([1, 1, 2]))
        expression = _expression(rng, [one for one in TESTS if set(_names(one)) <= set(chosen)] or ["f"], rng.randint(1, 4))
        fulfilled = any(rulings.is_true(expression, record) for record in _records(_names(expression)))
        says = found(expression)
        assert not (fulfilled and says), (expression, says)
        unfulfilled += not fulfilled
        told += says is not None
    return unfulfilled, told


def test_nothing_that_some_record_fulfils_is_refused() -> None:
    """Of all records of a small world cel-python is asked; and of what none fulfils nearly all is found."""
    unfulfilled, told = _told(range(120))
    assert unfulfilled > 20
    assert told > unfulfilled * 0.9


@pytest.mark.full
def test_of_many_nothing_that_some_record_fulfils_is_refused() -> None:
    """The same, for long."""
    unfulfilled, told = _told(range(120, 3000))
    assert told > unfulfilled * 0.9
