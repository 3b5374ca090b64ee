"""Rules across fields, typed against their schema and compiled into test rows of the kernel.

Values are compared with their like alone: whole numbers with whole numbers, doubles with doubles, decimals of one scale, dates with dates, moments
with moments. Null equals null alone; any order with it is an error, as CEL has it, and so is a field of a record that is null. An
expression is compiled from its end: what a test leads to is put down before the test itself, so no row is ever reached twice.
"""

from collections.abc import Sequence

import msgspec

from node.avro import layout
from node.avro.cel_tree import Both, Comparison, Constant, Either, Member, Name, Not, Size, Starts, There, Tree, Truth, read
from node.avro.compiler import Compiler, Leaf
from node.avro.constants import unscaled
from node.avro.lowering import real_bits, two_complement
from node.avro.rule_kinds import INTEGERS, REALS, Target, moment

TESTS_MAX = 500
"""Test rows of one expression."""

_EQUALITY = (layout.EQUAL, layout.UNEQUAL)
_NUMBERS = (layout.T_NUMBER, layout.T_NUMBERS)
_UNITS = ("timestamp", "local-timestamp", "time")
_UNORDERED = ("enum", "boolean")
_PAIRS = {
    "decimal": (layout.T_DECIMAL, layout.T_DECIMALS),
    "string": (layout.T_TEXT, layout.T_TEXTS),
    **dict.fromkeys(REALS, (layout.T_REAL, layout.T_REALS)),
    **dict.fromkeys((*INTEGERS, "date", *_UNITS, *_UNORDERED), _NUMBERS),
}
"""How a kind is compared with a constant and with its like."""
_SIZES = {"string": layout.T_CHARACTERS, "bytes": layout.T_BYTES, "fixed": layout.T_BYTES, "array": layout.T_NUMBER, "map": layout.T_NUMBER}


class Targets(msgspec.Struct, frozen=True):
    """Where a test leads: places of rows, or IS_TRUE, IS_FALSE, IS_ERROR."""

    true: int = layout.IS_TRUE
    false: int = layout.IS_FALSE
    error: int = layout.IS_ERROR


class Test(msgspec.Struct, frozen=True):
    """What a row asks of its slot."""

    op: int
    mask: int = 0
    x: int = 0
    y: int = 0


def compile_expression(text: str, compiler: Compiler) -> int:
    """Put an expression's test rows into the compiler's pools and return the place of the first; ValueError says what is wrong where."""
    return _Expression(compiler).rows(read(text), Targets())


class _Expression:
    def __init__(self, compiler: Compiler) -> None:
        self._compiler, self._pools = compiler, compiler.pools
        self._done: dict[tuple[int, Targets], int] = {}
        self._tests = 0

    def rows(self, tree: Tree, targets: Targets) -> int:
        """Put down the rows of a tree, once for the same targets, and return the place of the first."""
        key = (id(tree), targets)
        if key not in self._done:
            self._done[key] = self._put(tree, targets)
        return self._done[key]

    def _put(self, tree: Tree, to: Targets) -> int:  # noqa: PLR0911  # one return for each kind of tree
        match tree:
            case Not(inner):
                return self.rows(inner, Targets(to.false, to.true, to.error))
            case Both(left, right):  # an error on the left is forgotten where the right is false
                return self.rows(left, Targets(self.rows(right, to), to.false, self.rows(right, Targets(to.error, to.false, to.error))))
            case Either(left, right):  # and where the right is true
                return self.rows(left, Targets(to.true, self.rows(right, to), self.rows(right, Targets(to.true, to.error, to.error))))
            case Comparison(mask, left, right):
                return self._comparison(mask, left, right, to)
            case There(name):
                return self._put_test(self._leaf(name).row, Test(layout.T_NULL), Targets(to.false, to.true, to.error))
            case Truth(name):
                return self._test([self._leaf(name, "boolean")], Test(layout.T_NUMBER, layout.EQUAL | layout.NEEDED, 1), to)
            case Starts(name, prefix):
                test = Test(layout.T_STARTS, layout.EQUAL | layout.NEEDED, *self._pools.put_text(_text(prefix)))
                return self._test([self._leaf(name, "string")], test, to)
            case Member(name, values):
                return self._member(self._leaf(name), name, values, to)

    def _comparison(self, mask: int, left: Name | Size, right: Name | Constant, to: Targets) -> int:
        if isinstance(left, Size):
            return self._size(mask, self._leaf(left.name, *_SIZES), right, to)
        if isinstance(right, Constant):
            return self._with_constant(mask, self._leaf(left), left, right, to)
        return self._with_field(mask, left, right, to)

    def _member(self, leaf: Leaf, name: Name, values: Sequence[Constant], to: Targets) -> int:
        if leaf.target.kind == "string":
            op, members = layout.T_AMONG_TEXTS, self._pools.put_texts(map(_text, values))
        elif _PAIRS.get(leaf.target.kind) == _NUMBERS and leaf.target.kind != "boolean":
            op, members = layout.T_AMONG_NUMBERS, self._pools.put_numbers(_number(leaf, name, value) for value in values)
        else:
            raise ValueError(f"{name.where}{name.path} is {leaf.target.kind}: `in` is for texts, enums, whole numbers, dates and moments")
        return self._test([leaf], Test(op, layout.EQUAL, members), to)

    def _size(self, mask: int, leaf: Leaf, right: Name | Constant, to: Targets) -> int:
        if not isinstance(right, Constant) or right.kind != "int":
            raise ValueError(f"{right.where}size() is compared with a whole number")
        return self._test([leaf], Test(_SIZES[leaf.target.kind], mask | layout.NEEDED, _long(right)), to)

    def _with_constant(self, mask: int, leaf: Leaf, name: Name, constant: Constant, to: Targets) -> int:
        kind, pool = leaf.target.kind, self._pools
        if constant.kind == "null":
            if mask not in _EQUALITY:
                raise ValueError(f"{constant.where}null is equal or not, never less or greater")
            to_null = to if mask == layout.EQUAL else Targets(to.false, to.true, to.error)
            return self._test([leaf], Test(layout.T_NULL), to_null)
        op, _ = self._pair(mask, leaf, name)
        value = value_of(leaf, name, constant)
        if isinstance(value, bytes):
            x, y = pool.put_text(value)
        elif kind == "decimal":
            x, y = pool.put_text(two_complement(int(value)))
        else:
            x, y = real_bits(value) if isinstance(value, float) else value, 0
        return self._test([leaf], Test(op, _strict(mask), x, y), to)

    def _with_field(self, mask: int, name: Name, other: Name, to: Targets) -> int:
        left, right = self._leaf(name), self._leaf(other)
        _, op = self._pair(mask, left, name)
        one, two = left.target, right.target
        if _PAIRS.get(two.kind) != _PAIRS[one.kind] or _family(one) != _family(two):
            raise ValueError(
                f"{name.where}{name.path} is {_said(one)} and {other.path} is {_said(two)}: only what is alike can be compared"
            )
        factor = 1
        if one.kind in _UNITS and one.per_second != two.per_second:
            factor = two.per_second // one.per_second or -(one.per_second // two.per_second)
        return self._test([left, right], Test(op, _strict(mask), self._compiler.slot(right.row), factor), to)

    def _pair(self, mask: int, leaf: Leaf, name: Name) -> tuple[int, int]:
        """Return the operations that compare a leaf with a constant and with its like."""
        kind = leaf.target.kind
        if kind not in _PAIRS:
            raise ValueError(f"{name.where}{name.path} is {kind}, which can only be compared with null")
        if kind in _UNORDERED and mask not in _EQUALITY:
            raise ValueError(f"{name.where}{name.path} is {kind}, which has no order: compare it by == and !=")
        return _PAIRS[kind]

    def _leaf(self, name: Name, *kinds: str) -> Leaf:
        leaf = self._compiler.leaves.get(name.path)
        if leaf is None:
            raise ValueError(f"{name.where}{name.path} is no field")
        if not leaf.place.single:
            raise ValueError(f"{name.where}{name.path} stands in an array, a map or a union of several types, so it is no single value")
        if leaf.row < 0:
            raise ValueError(f"{name.where}{name.path} is a record that is never null")
        if kinds and leaf.target.kind not in kinds:
            raise ValueError(f"{name.where}{name.path} is {leaf.target.kind}; here it must be {' or '.join(kinds)}")
        return leaf

    def _test(self, leaves: Sequence[Leaf], test: Test, to: Targets) -> int:
        """Put down a test of the first leaf and, before it, that no record around a leaf is null: the innermost tells for all."""
        row = self._put_test(leaves[0].row, test, to)
        for leaf in leaves:
            if leaf.place.guards:
                row = self._put_test(leaf.place.guards[-1], Test(layout.T_NULL), Targets(to.error, row, to.error))
        return row

    def _put_test(self, leaf: int, test: Test, to: Targets) -> int:
        self._tests += 1
        if self._tests > TESTS_MAX:
            raise ValueError(f"it takes more than {TESTS_MAX} tests")
        return self._pools.put([test.op, test.mask, self._compiler.slot(leaf), test.x, test.y, to.true, to.false, to.error])


def value_of(leaf: Leaf, name: Name, constant: Constant) -> bytes | float | int:
    """Return a constant as the leaf's values are compared: UTF-8, a double, or a whole number (unscaled, index, days, units of a moment).

    ValueError says what the leaf is compared with, where the constant is unlike.
    """
    kind = leaf.target.kind
    if kind == "string":
        return _text(constant)
    if kind == "decimal":
        return _decimal(leaf, name, constant)
    return _double(name, constant) if kind in REALS else _number(leaf, name, constant)


def _strict(mask: int) -> int:
    return mask if mask in _EQUALITY else mask | layout.NEEDED


def _family(target: Target) -> object:
    """Return what two values must have in common to be compared."""
    node = target.node
    if target.kind == "enum":
        return tuple(node["symbols"])
    if target.kind == "decimal":
        return "decimal", target.scale
    return "whole" if target.kind in INTEGERS else "real" if target.kind in REALS else target.kind


def _said(target: Target) -> str:
    return f"decimal of scale {target.scale}" if target.kind == "decimal" else target.kind


def _expected(name: Name, target: Target, constant: Constant, what: str) -> ValueError:
    return ValueError(f"{constant.where}{name.path} is {_said(target)}: compare it with {what}")


def _text(constant: Constant) -> bytes:
    if constant.kind == "string":
        try:
            return str(constant.value).encode()
        except UnicodeEncodeError:
            pass
    raise ValueError(f"{constant.where}here stands a text")


def _long(constant: Constant) -> int:
    number = int(constant.value)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{constant.where}the number has more than 64 bits")
    return number


def _double(name: Name, constant: Constant) -> float:
    if constant.kind != "double":
        raise ValueError(f"{constant.where}{name.path} is a double: compare it with a number such as 1.0")
    return float(constant.value)


def _decimal(leaf: Leaf, name: Name, constant: Constant) -> int:
    if constant.kind in {"int", "double"}:
        try:
            return unscaled(constant.value, leaf.target.scale)
        except ValueError:
            pass
    raise _expected(name, leaf.target, constant, f"a number of at most {leaf.target.scale} digits after the point")


def _number(leaf: Leaf, name: Name, constant: Constant) -> int:
    """Return a constant as the leaf's values are numbered: whole numbers, indexes of enums, days, moments."""
    target, kind = leaf.target, leaf.target.kind
    if kind in INTEGERS and constant.kind == "int":
        return _long(constant)
    if kind == "boolean" and constant.kind == "bool":
        return int(constant.value)
    if kind == "enum":
        symbols = target.node["symbols"]
        if constant.kind == "string" and constant.value in symbols:
            return int(symbols.index(constant.value))
        raise _expected(name, target, constant, f"one of its symbols, such as {symbols[0]!r}")
    if kind in {"date", "timestamp"} and constant.kind == kind:
        try:
            return moment(constant.value, target)
        except ValueError as fault:
            raise ValueError(f"{constant.where}{kind} takes {fault}") from None
    raise _expected(name, target, constant, _EXAMPLES.get(kind, "null or its like"))


_EXAMPLES = {
    "int": "a whole number",
    "long": "a whole number",
    "boolean": "true or false",
    "date": 'a date such as date("2020-01-01")',
    "timestamp": 'a moment such as timestamp("2020-01-01T08:00:00+08:00")',
}
