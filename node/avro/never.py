"""Filters that no record can fulfil, found before they are granted: `age > 10 && age < 5` is a slip of the pen, and its view would stay empty.

An expression is unfolded into alternatives, each a list of tests that must come out one way (true or false; an error is neither, as CEL has
it). Of each field it is kept whether it may be null and which values are left: a stretch of the line on which its kind is ordered, less gaps. So
whole numbers, enums, dates, moments and decimals (unscaled) lie on the whole numbers; doubles too, by their bits, in which the next number is
the next double (IEEE 754); texts lie on the line of their UTF-8, where "a" is
followed by "a" and a zero byte, and what begins with "a" ends before "b".

Sound: what is told to be never true is so of every record of the schema. Not complete: two fields that are compared with each other do not
narrow each other's values.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

from node.avro.cel import value_of
from node.avro.cel_tree import Both, Comparison, Constant, Either, Member, Name, Not, Size, Starts, There, Tree, Truth
from node.avro.compiler import Leaf
from node.avro.layout import APART, EQUAL, GREATER, LESS, UNEQUAL
from node.avro.lowering import real_bits
from node.avro.rule_kinds import REALS

ALTERNATIVES_MAX = 256
"""Of one expression: eight choices between two, one after another."""

Literal = tuple[Tree, bool]
"""A test and how it must come out."""
_ANY = LESS | EQUAL | GREATER | APART
_LENGTH_END = 2**31
_REALS_END = real_bits(float("inf")) + 1
_BITS = {"int": 32, "long": 64}


def never(tree: Tree, leaves: Mapping[str, Leaf]) -> str | None:
    """Return where and why an expression that compiles can be true of no record, None where it may be of some.

    ValueError: it has more than ALTERNATIVES_MAX alternatives.
    """
    rows = {leaf.row: path for path, leaf in leaves.items()}
    found = None
    for alternative in _alternatives(tree, want=True):
        if not _conflicts(alternative, leaves, rows):
            return None
        found = found or alternative
    assert found
    tests = found  # of these so many, from the first, that nothing is left
    last = bisect_left(range(len(tests)), True, key=lambda count: bool(_conflicts(tests[: count + 1], leaves, rows)))
    test, name = tests[last][0], _conflicts(tests[: last + 1], leaves, rows)
    return f"{_where(test)}can never hold: with the tests beside it, no value of {name} is left"


def _alternatives(tree: Tree, *, want: bool) -> list[tuple[Literal, ...]]:
    match tree:
        case Not(inner):
            return _alternatives(inner, want=not want)
        case Both(left, right) | Either(left, right):
            one, other = _alternatives(left, want=want), _alternatives(right, want=want)
            each = isinstance(tree, Both) is want
            if (len(one) * len(other) if each else len(one) + len(other)) > ALTERNATIVES_MAX:
                raise ValueError(
                    f"it unfolds to more than {ALTERNATIVES_MAX} alternatives; `in [ … ]` is one, however many values it lists"
                )
            return [(*first, *second) for first in one for second in other] if each else one + other
    return [((tree, want),)]


def _where(tree: Tree) -> str:
    match tree:
        case Comparison(_, left, _) | Member(left, _) | Starts(left, _):
            return left.name.where if isinstance(left, Size) else left.where
        case There(name) | Truth(name):
            return name.where
    return ""


def _conflicts(alternative: Iterable[Literal], leaves: Mapping[str, Leaf], rows: Mapping[int, str]) -> str:
    """Return the field for which nothing is left when all tests come out so; empty where each has something left."""
    record = _Record(leaves, rows)
    for test, want in alternative:
        record.narrow(test, want=want)
    return record.conflict()


class _Line:
    """A stretch of an ordered line, from `least` to before `end`, less gaps; perhaps only certain places of it."""

    def __init__(self, least: Any, end: Any) -> None:
        self.least, self.end = least, end
        self.gaps: list[tuple[Any, Any]] = []
        self.among: set[Any] | None = None

    def narrow(self, mask: int, place: Any) -> None:
        """Leave what is to a place of the line what `mask` holds."""
        after = _after(place)
        if not mask & LESS:
            self.least = max(self.least, place if mask & EQUAL else after)
        if not mask & GREATER:
            self.end = min(self.end, after if mask & EQUAL else place)
        if not mask & EQUAL:
            self.gaps.append((place, after))

    def keep(self, places: set[Any]) -> None:
        """Leave certain places alone."""
        self.among = places if self.among is None else self.among & places

    def has(self, place: Any) -> bool:
        """Tell whether a place is left."""
        return self.least <= place < self.end and not any(first <= place < end for first, end in self.gaps)

    def left(self) -> bool:
        """Tell whether anything may be left."""
        if self.among is not None:
            return any(map(self.has, self.among))
        at = self.least
        for first, end in sorted(self.gaps):
            if first <= at < end:
                at = end
        return bool(at < self.end)


def _after(place: Any) -> Any:
    return place + b"\0" if isinstance(place, bytes) else place + 1


class _Field:
    """What is left for one field."""

    def __init__(self, leaf: Leaf) -> None:
        kind, node = leaf.target.kind, leaf.target.node
        self.is_text = kind == "string"
        self.null, self.there, self.nan = True, True, kind in REALS
        self.values = _Line(b"", b"\xff") if self.is_text else _Line(*_ends(leaf))
        self.lengths = _Line(node["size"], node["size"] + 1) if kind == "fixed" else _Line(0, _LENGTH_END)

    def narrow(self, mask: int, place: Any) -> None:
        self.values.narrow(mask, place)
        self.nan = self.nan and bool(mask & APART)

    def begin(self, prefix: bytes, *, want: bool) -> None:
        end = prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else b"\xff"
        if want:
            self.values.least, self.values.end = max(self.values.least, prefix), min(self.values.end, end)
            self.lengths.least = max(self.lengths.least, _characters(prefix))
        else:
            self.values.gaps.append((prefix, end))

    def left(self) -> bool:
        """Tell whether a value other than null may be left."""
        if not self.there:
            return False
        if self.is_text:
            if self.lengths.end <= 1:
                self.values.keep({b""})
            if self.values.end == _after(self.values.least):
                self.values.keep({self.values.least})
            if self.values.among is not None:
                return any(self.values.has(text) and self.lengths.has(_characters(text)) for text in self.values.among)
        return self.lengths.left() and (self.nan or self.values.left())


def _ends(leaf: Leaf) -> tuple[int, int]:
    """Return the line on which a kind's values lie, as `_place` puts them there."""
    kind, node = leaf.target.kind, leaf.target.node
    if kind in REALS:
        return 1 - _REALS_END, _REALS_END
    if kind == "decimal":
        return 1 - 10 ** node["precision"], 10 ** node["precision"]
    if kind in {"enum", "boolean"}:
        return 0, len(node["symbols"]) if kind == "enum" else 2
    half = 2 ** (_BITS.get(node["type"], 64) - 1)
    return -half, half


def _place(leaf: Leaf, name: Name, constant: Constant) -> Any:
    """Return where a constant lies on the line of a leaf's values; -0.0 is 0.0."""
    value = value_of(leaf, name, constant)
    if not isinstance(value, float):
        return value
    bits = real_bits(value)
    return bits if bits >= 0 else -(bits + 2**63)


def _characters(text: bytes) -> int:
    return len(text.decode())


class _Record:
    """What is left for the fields of one record."""

    def __init__(self, leaves: Mapping[str, Leaf], rows: Mapping[int, str]) -> None:
        self._leaves, self._rows = leaves, rows
        self._fields: dict[str, _Field] = {}
        self._pairs: dict[tuple[str, str], int] = {}

    def narrow(self, test: Tree, *, want: bool) -> None:
        """Leave what makes a test true, or false if that is wanted; never what makes it an error."""
        match test:
            case There(name):
                self._null(name.path, is_null=not want)
            case Truth(name):
                self._needed(name.path).narrow(EQUAL if want else UNEQUAL, 1)
            case Starts(name, prefix):
                text = _place(self._leaves[name.path], name, prefix)
                self._needed(name.path).begin(text, want=want)
            case Member(name, values):
                self._member(name, values, want=want)
            case Comparison(mask, left, right):
                self._comparison(mask if want else _ANY & ~mask, mask not in {EQUAL, UNEQUAL}, left, right)

    def conflict(self) -> str:
        """Return the field for which nothing is left, or the fields; empty where there is none."""
        for pair, mask in self._pairs.items():
            if not (mask & APART or all(map(self._may_be_null, pair))):  # what is equal to a value is there
                for path in pair:
                    self._null(path, is_null=False)
        for path, field in list(self._fields.items()):
            if not (field.left() or self._may_be_null(path)):
                return path
        return next((" and ".join(pair) for pair, mask in self._pairs.items() if not self._related(pair, mask)), "")

    def _comparison(self, mask: int, needed: bool, left: Name | Size, right: Name | Constant) -> None:  # noqa: FBT001
        if isinstance(left, Size):
            assert isinstance(right, Constant)
            self._needed(left.name.path).lengths.narrow(mask, int(right.value))
        elif isinstance(right, Name):
            for name in (left, right):
                self._field(name.path, null=not needed)
            mask, pair = (mask, (left.path, right.path)) if left.path <= right.path else (_swapped(mask), (right.path, left.path))
            self._pairs[pair] = self._pairs.get(pair, _ANY) & mask
        elif right.kind == "null":
            self._field(left.path)
            self._null(left.path, is_null=bool(mask & EQUAL))
        else:
            field = self._field(left.path, null=not needed and bool(mask & APART))
            field.narrow(mask, _place(self._leaves[left.path], left, right))

    def _member(self, name: Name, values: Iterable[Constant], *, want: bool) -> None:
        places = {_place(self._leaves[name.path], name, value) for value in values}
        field = self._field(name.path, null=not want)
        if want:
            field.values.keep(places)
        else:
            field.values.gaps += [(place, _after(place)) for place in places]

    def _needed(self, path: str) -> _Field:
        return self._field(path, null=False)

    def _field(self, path: str, *, null: bool = True) -> _Field:
        """Return a field that a test reads: no record around it is null, and unless `null`, nor is it."""
        for row in self._leaves[path].place.guards:
            self._null(self._rows[row], is_null=False)
        field = self._known(path)
        field.null = field.null and null
        return field

    def _null(self, path: str, *, is_null: bool) -> None:
        field = self._known(path)
        if is_null:
            field.there = False
        else:
            field.null = False
            for row in self._leaves[path].place.guards:
                self._known(self._rows[row]).null = False

    def _known(self, path: str) -> _Field:
        return self._fields.setdefault(path, _Field(self._leaves[path]))

    def _may_be_null(self, path: str) -> bool:
        """Tell whether a field may be null or stand in a record that is."""
        leaf = self._leaves[path]
        around = [self._rows[row] for row in leaf.place.guards]
        return self._known(path).null and (leaf.target.nullable or any(self._known(one).null for one in around))

    def _related(self, pair: tuple[str, str], mask: int) -> int:
        """Return what two fields can still be to each other."""
        apart = self._leaves[pair[0]].target.kind in REALS or (pair[0] != pair[1] and any(map(self._may_be_null, pair)))
        possible = EQUAL if pair[0] == pair[1] else LESS | EQUAL | GREATER
        return mask & (possible | (APART if apart else 0))


def _swapped(mask: int) -> int:
    return mask & ~(LESS | GREATER) | (GREATER if mask & LESS else 0) | (LESS if mask & GREATER else 0)
