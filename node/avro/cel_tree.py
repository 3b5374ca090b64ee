"""Reading the CEL of cross-field rules: from text to a small tree of tests, by cel-python's grammar.

The subset: `&&`, `||`, `!`, brackets; comparisons of a field with a constant or another field; `in [ … ]`; `has(f)`; `f.startsWith("…")`;
`size(f)`; a boolean field by itself. Constants are numbers, texts, true, false, null, `date("2020-01-01")` and
`timestamp("2020-01-01T08:00:00+08:00")`. All else is refused; ValueError says what, and in which column.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from node.avro.layout import EQUAL, GREATER, LESS, UNEQUAL

_MASKS = {
    "relation_eq": EQUAL,
    "relation_ne": UNEQUAL,
    "relation_lt": LESS,
    "relation_le": LESS | EQUAL,
    "relation_gt": GREATER,
    "relation_ge": GREATER | EQUAL,
}
_THROUGH = {"expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication", "unary", "member", "primary", "paren_expr"}
"""Nodes of the grammar that, with one child, say nothing."""
_NESTING_MAX = 50
_LENGTH_MAX = 4000
_SUBSET = "rules may use && || ! == != < <= > >= in has() size() startsWith() date() timestamp(), fields and constants"


class Name(msgspec.Struct, frozen=True):
    """A field by its path."""

    path: str
    where: str
    """its place in the expression, in words"""


class Size(msgspec.Struct, frozen=True):
    """How long a field is: characters, bytes or items."""

    name: Name


class Constant(msgspec.Struct, frozen=True):
    """A constant: `kind` is int, double, string, bool, null, date or timestamp; `value` a number's text, a text, or a boolean."""

    kind: str
    value: Any
    where: str


class Comparison(msgspec.Struct, frozen=True):
    """True where the left is to the right one of what `mask` holds."""

    mask: int
    left: Name | Size
    right: Name | Constant


class Member(msgspec.Struct, frozen=True):
    """True where a field is one of several constants."""

    left: Name
    values: tuple[Constant, ...]


class Starts(msgspec.Struct, frozen=True):
    """True where a text begins with another."""

    left: Name
    prefix: Constant


class There(msgspec.Struct, frozen=True):
    """True where a field is not null, nor any record around it."""

    name: Name


class Truth(msgspec.Struct, frozen=True):
    """A boolean field by itself."""

    name: Name


class Not(msgspec.Struct, frozen=True):
    """The opposite."""

    inner: "Tree"


class Both(msgspec.Struct, frozen=True):
    """`&&`."""

    left: "Tree"
    right: "Tree"


class Either(msgspec.Struct, frozen=True):
    """`||`."""

    left: "Tree"
    right: "Tree"


Tree = Comparison | Member | Starts | There | Truth | Not | Both | Either


def read(text: str) -> Tree:
    """Return the tree of an expression; ValueError says what is not understood, and in which column."""
    if len(text) > _LENGTH_MAX:
        raise ValueError(f"it is longer than {_LENGTH_MAX} characters")
    # cel-python takes 80 ms to import and 100 ms to build its grammar: only schemas with such rules wait for it, once.
    from celpy.celparser import CELParseError, CELParser  # noqa: PLC0415

    try:
        parsed = CELParser().parse(text)
    except CELParseError as fault:
        raise ValueError(f"{_where(fault)}this is no CEL expression") from None
    return _tree(parsed, 0)


def _where(mark: Any) -> str:
    """Return the place that cel-python gives, in text; it gives none for true and false."""
    line, column = getattr(mark, "line", None), getattr(mark, "column", None)
    return "" if column is None else f"column {column}: " if line == 1 else f"line {line}, column {column}: "


def _at(node: Any, reason: str) -> ValueError:
    return ValueError(_where(node.meta) + reason)


def _bare(node: Any) -> Any:
    while node.data in _THROUGH and len(node.children) == 1:
        node = node.children[0]
    return node


def _tree(node: Any, depth: int) -> Tree:
    node = _bare(node)
    if depth > _NESTING_MAX:
        raise _at(node, f"it is nested more than {_NESTING_MAX} deep")
    match node.data:
        case "conditionalor" | "conditionaland" as kind:
            left, right = (_tree(child, depth + 1) for child in node.children)
            return (Either if kind == "conditionalor" else Both)(left, right)
        case "unary" if node.children[0].data == "unary_not":
            return Not(_tree(node.children[1], depth + 1))
        case "relation":
            return _relation(node)
        case "ident" | "member_dot":
            return Truth(_name(node))
        case "ident_arg" if node.children[0] == "has":
            return There(_name(_argument(node)))
        case "member_dot_arg" if node.children[1] == "startsWith":
            return Starts(_name(node.children[0]), _constant(_argument(node)))
    raise _at(node, f"this is no test of a field; {_SUBSET}")


def _relation(node: Any) -> Tree:
    operation, right = node.children
    left = operation.children[0]
    if operation.data == "relation_in":
        return Member(_name(left), tuple(_constant(child) for child in _items(right)))
    mask = _MASKS[operation.data]
    one, other = _operand(left), _operand(right)
    if isinstance(one, Constant):
        one, other = other, one
        mask = mask & ~(LESS | GREATER) | (GREATER if mask & LESS else 0) | (LESS if mask & GREATER else 0)
    if isinstance(one, Constant) or isinstance(other, Size):
        raise _at(_bare(node), "a comparison needs a field on one side and a field or constant on the other")
    return Comparison(mask, one, other)


def _operand(node: Any) -> Name | Size | Constant:
    node = _bare(node)
    if node.data == "ident_arg" and node.children[0] == "size":
        return Size(_name(_argument(node)))
    return _name(node) if node.data in {"ident", "member_dot"} else _constant(node)


def _items(node: Any) -> Iterable[Any]:
    node = _bare(node)
    if node.data != "list_lit" or not node.children:
        raise _at(node, 'after "in" stands a list of constants, [ … ]')
    return list(node.children[0].children)


def _argument(node: Any) -> Any:
    found = node.children[-1].children if getattr(node.children[-1], "data", "") == "exprlist" else []
    if len(found) != 1:
        raise _at(node, "it takes one argument")
    return found[0]


def _name(node: Any) -> Name:
    node, steps = _bare(node), []
    where = _where(node.meta)
    while node.data == "member_dot":
        steps.append(str(node.children[1]))
        node = _bare(node.children[0])
    if node.data != "ident":
        raise _at(node, "here stands a field, such as valid_to or holder.street")
    return Name(".".join((str(node.children[0]), *reversed(steps))), where)


def _constant(node: Any) -> Constant:
    node = _bare(node)
    if node.data == "ident_arg" and node.children[0] in {"date", "timestamp"}:
        inner = _constant(_argument(node))
        if inner.kind != "string":
            raise _at(node, f'{node.children[0]} takes a text, such as {node.children[0]}("2020-01-01…")')
        return Constant(str(node.children[0]), inner.value, _where(node.meta))
    if node.data != "literal":
        raise _at(node, f"here stands a constant; {_SUBSET}")
    literal = node.children[0]
    match literal.type:
        case "INT_LIT":
            return Constant("int", str(int(literal, 16 if "x" in literal else 10)), _where(node.meta))
        case "FLOAT_LIT":
            return Constant("double", str(literal), _where(node.meta))
        case "STRING_LIT" | "MLSTRING_LIT":
            from celpy.evaluation import celstr  # noqa: PLC0415  # imported with the parser already

            return Constant("string", str(celstr(literal)), _where(node.meta))
        case "BOOL_LIT":
            return Constant("bool", str(literal) == "true", _where(node.meta))
        case "NULL_LIT":
            return Constant("null", None, _where(node.meta))
    raise _at(node, f"a constant of this kind is not supported; {_SUBSET}")
