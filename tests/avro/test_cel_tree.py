"""Answers for node/avro/cel_tree.py."""

import subprocess
import sys

import pytest

from node.avro.cel_tree import Both, Comparison, Constant, Either, Member, Name, Not, Size, Starts, There, Truth, read
from node.avro.layout import EQUAL, GREATER, LESS, UNEQUAL


def _name(path: str, column: int) -> Name:
    return Name(path, f"column {column}: ")


def _int(value: str, column: int) -> Constant:
    return Constant("int", value, f"column {column}: ")


def test_a_comparison_is_turned_so_that_its_field_stands_first() -> None:
    """What is true is a set of outcomes; turned round, less is greater."""
    assert read("a <= 5") == Comparison(LESS | EQUAL, _name("a", 1), _int("5", 6))
    assert read("5 <= a") == Comparison(GREATER | EQUAL, _name("a", 6), _int("5", 1))
    assert read("a.b != c") == Comparison(UNEQUAL, _name("a.b", 1), _name("c", 8))
    assert read("0x10 > size(a)") == Comparison(LESS, Size(_name("a", 13)), _int("16", 1))


def test_logic_keeps_its_order_and_brackets() -> None:
    """`&&` binds more tightly than `||`, and `!` more tightly than both."""
    a, b, c = (Truth(_name(name, column)) for name, column in (("a", 1), ("b", 6), ("c", 12)))
    assert read("a || b && !c") == Either(a, Both(b, Not(c)))
    assert read("(a) || (b)") == Either(Truth(_name("a", 2)), Truth(_name("b", 9)))


def test_functions_of_the_subset() -> None:
    """A field that is there, that is one of several, that begins with a text."""
    assert read("has(a.b)") == There(_name("a.b", 5))
    assert read("a in [1, -2]") == Member(_name("a", 1), (_int("1", 7), _int("-2", 10)))
    assert read('a.b.startsWith("x")') == Starts(_name("a.b", 1), Constant("string", "x", "column 16: "))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1.5e3", "double", "1.5e3"),
        ("-7", "int", "-7"),
        ('"\\u5f20\\n"', "string", "张\n"),
        (r"r'\n'", "string", r"\n"),
        ("'''a'b'''", "string", "a'b"),
        ("true", "bool", True),
        ("null", "null", None),
        ('date("2020-01-01")', "date", "2020-01-01"),
        ('timestamp("2020-01-01T00:00:00Z")', "timestamp", "2020-01-01T00:00:00Z"),
    ],
)
def test_constants_are_read_as_cel_reads_them(text: str, kind: str, value: object) -> None:
    """Escapes and raw texts too; numbers stay text, for a decimal must not become a double on the way."""
    found = read(f"a == {text}")
    assert isinstance(found, Comparison)
    assert isinstance(found.right, Constant)
    assert (found.right.kind, found.right.value) == (kind, value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 1: this is no CEL expression"),
        ("a ==", "column 3: this is no CEL expression"),
        ("a = 1", "column 3: this is no CEL expression"),
        ("a &&\nb = 1", "line 2, column 3: this is no CEL expression"),
        ("a + 1 == 2", "column 1: here stands a constant"),
        ("a ? b : c", "column 1: this is no test of a field"),
        ("1 == 1", "column 1: a comparison needs a field"),
        ("size(a) == size(b)", "column 1: a comparison needs a field"),
        ("a == b == c", "column 1: here stands a constant"),
        ("a in b", 'column 6: after "in" stands a list'),
        ("a in []", 'column 6: after "in" stands a list'),
        ("a in [b]", "column 7: here stands a constant"),
        ('a.matches("x")', "column 1: this is no test of a field"),
        ("a == 1u", "column 6: a constant of this kind is not supported"),
        ("a[0] == 1", "column 1: here stands a constant"),
        ("size(a, b) == 1", "column 1: it takes one argument"),
        ("has()", "column 1: it takes one argument"),
        ("date(5) == a", "column 1: date takes a text"),
        ("true", "this is no test of a field"),
        ("has(a == 1)", "column 5: here stands a field"),
        ("!" * 60 + "a", "column 52: it is nested more than 50 deep"),
        ("a == 1 || " * 500 + "b", "it is longer than 4000 characters"),
    ],
)
def test_all_else_is_refused_with_its_place(text: str, message: str) -> None:
    """Whoever wrote the expression reads what is not understood, and where it stands."""
    with pytest.raises(ValueError, match=f"^{message}"):
        read(text)


def test_brackets_alone_do_not_nest() -> None:
    """A thousand brackets around a field say no more than none."""
    assert read("(" * 900 + "a" + ")" * 900) == Truth(_name("a", 901))


def test_the_parser_is_not_loaded_with_the_package() -> None:
    """It takes longer than the rest together, and most commands never meet an expression."""
    code = "import sys, node.avro, node.avro.cel; sys.exit('celpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
