"""From a schema to the rows of its program: types flattened in the order in which Avro writes them, rules beside their leaf."""

from collections.abc import Collection
from typing import Any

import msgspec

from node.avro import layout
from node.avro.lowering import logical_form, lower
from node.avro.pools import Pools
from node.avro.rule_kinds import Target, kind_of
from node.avro.rules import Rule, read_rules
from node.errors import SchemaError

ROWS_MAX = 4000
"""Rows of a program; thirty times what the widest of the catalogue's schemas takes."""

_OPS = {
    "boolean": layout.BOOLEAN,
    "int": layout.INT,
    "long": layout.LONG,
    "float": layout.FLOAT,
    "double": layout.DOUBLE,
    "bytes": layout.BYTES,
    "string": layout.STRING,
    "fixed": layout.FIXED,
    "enum": layout.ENUM,
}
_SIZES = {"float": 4, "double": 8}


class Place(msgspec.Struct, frozen=True):
    """Where a type stands in the schema."""

    field: int
    path: str
    arrays: int = 0
    guards: tuple[int, ...] = ()
    """rows of the records around it that may be null"""
    single: bool = True
    """whether a value has it at most once and always in the same sense: it stands in no array, map or union of several types"""


class Leaf(msgspec.Struct, frozen=True):
    """What an expression may name, with the row that reads it; -1: a record that is never null, or a union of several types."""

    target: Target
    row: int
    place: Place


class Named(msgspec.Struct, frozen=True):
    """A rule of the program, by its id: where it stands and what it says."""

    field: str
    rule: Rule


class Compiler:
    """One schema on its way to a program: one that `judges` by rules and logical types, or one that only reads.

    Before each record of a path in `marked` that is never null, which has no row of its own, stands one that reads nothing.
    """

    def __init__(self, named: dict[str, Any], *, judges: bool = True, marked: Collection[str] = ()) -> None:
        self.pools = Pools()
        self.rows: list[list[int]] = []
        self.fields: list[str] = []
        self.leaves: dict[str, Leaf] = {}
        self.rules: list[Named] = []
        self.patterns: list[tuple[int, int]] = []
        """row and rule of each pattern"""
        self.slots: dict[int, int] = {}
        self._named, self._judges, self._marked = named, judges, marked

    def compile(self, record: dict[str, Any]) -> list[int]:
        """Compile the outermost record; return the ids of its own rules."""
        root = self._place("", Place(0, ""))
        own = [self._add(rule, root) for rule in self._read(record.get("rules", []), Target("record", record, outermost=True), "")]
        self._record(record, root)
        self._emit(root, layout.END)
        return own

    def slot(self, row: int) -> int:
        """Return the slot of a leaf, which is kept there from now on."""
        if row not in self.slots:
            self.slots[row] = layout.S_SLOTS + len(self.slots) * layout.SLOT_WORDS
            self.rows[row][layout.FLAGS] |= layout.F_SLOT
            self.rows[row][layout.SLOT] = self.slots[row]
        return self.slots[row]

    def _place(self, path: str, outer: Place, **changes: Any) -> Place:
        """Return a place within another: it differs by its path, and perhaps in more."""
        self.fields.append(path)
        return msgspec.structs.replace(outer, field=len(self.fields) - 1, path=path, **changes)

    def _emit(self, place: Place, op: int, a: int = 0, b: int = 0) -> int:
        if len(self.rows) >= ROWS_MAX:
            raise SchemaError(f"{place.path}: the program of the schema is larger than {ROWS_MAX} rows")
        row = [0] * layout.ROW_WIDTH
        row[layout.OP], row[layout.A], row[layout.B], row[layout.NULL_RULE], row[layout.FIELD] = op, a, b, -1, place.field
        self.rows.append(row)
        return len(self.rows) - 1

    @property
    def _next(self) -> int:
        return len(self.rows) * layout.ROW_WIDTH

    def _resolved(self, node: Any) -> Any:
        return node if isinstance(node, list) else self._named.get(node, {"type": node}) if isinstance(node, str) else node

    def _type(self, node: Any, rules: list[Any], place: Place) -> int:
        """Compile a type with the rules that its field gives it; return the least bytes of a value."""
        node = self._resolved(node)
        if not isinstance(node, list):
            return self._one(node, rules, place, None)
        branches = [self._resolved(branch) for branch in node]
        null = next((index for index, branch in enumerate(branches) if not isinstance(branch, list) and branch["type"] == "null"), None)
        if null is not None and len(branches) == 2:
            self._one(branches[1 - null], rules, place, null)
        else:
            self._union(branches, rules, place, null)
        return 1

    def _one(self, node: dict[str, Any], rules: list[Any], place: Place, null: int | None) -> int:
        """Compile a type that is no union, `null` being the index of null in the union of two that it stands in."""
        target = Target(kind_of(node), node, nullable=null is not None)
        read = self._read(node.get("rules", []), Target(kind_of(node), node), place.path) + self._read(rules, target, place.path)
        found = [(rule, self._add(rule, place)) for rule in read]
        if node["type"] in {"record", "array", "map"}:
            return self._nested(node, target, found, place, null)
        if target.kind == "null":
            return 0
        row = self._emit(place, _OPS[node["type"]], _size(node))
        if null is not None:
            self._nullable(row, null, found)
            self.rows[row][layout.NULL_TO] = self._next
        self.leaves[place.path] = Leaf(target, row, place)
        self._attach(row, target, found, place)
        return _SIZES.get(node["type"], node["size"] if node["type"] == "fixed" else 1)

    def _nested(self, node: dict[str, Any], target: Target, found: list[tuple[Rule, int]], place: Place, null: int | None) -> int:
        head = None
        if null is not None:
            head = self._emit(place, layout.NOTHING)
            self._nullable(head, null, found)
        elif node["type"] == "record" and place.path in self._marked:
            self._emit(place, layout.NOTHING)
        if node["type"] == "record":
            self.leaves[place.path] = Leaf(target, -1 if head is None else head, place)
            guards = place.guards if head is None else (*place.guards, head)
            least = self._record(node, msgspec.structs.replace(place, guards=guards))
        else:
            least = self._array(node, target, found, place)
        if head is not None:
            self.rows[head][layout.NULL_TO] = self._next
        return least

    def _record(self, node: dict[str, Any], place: Place) -> int:
        prefix = f"{place.path}." if place.path else ""
        return sum(
            self._type(field["type"], field.get("rules", []), self._place(prefix + field["name"], place)) for field in node["fields"]
        )

    def _array(self, node: dict[str, Any], target: Target, found: list[tuple[Rule, int]], place: Place) -> int:
        if place.arrays >= layout.DEPTH_MAX:
            raise SchemaError(f"{place.path}: arrays and maps are nested more than {layout.DEPTH_MAX} deep")
        cell = layout.S_CELLS + place.arrays * layout.CELL_WORDS
        self._emit(place, layout.OPEN, b=cell)
        block, least = self._emit(place, layout.BLOCK, b=cell), 0
        if node["type"] == "map":
            self._emit(place, layout.STRING)
            least = 1
        brackets, items = ("[]", node["items"]) if node["type"] == "array" else ("{}", node["values"])
        least += self._type(items, [], self._place(place.path + brackets, place, arrays=place.arrays + 1, single=False))
        self._emit(place, layout.LOOP, block * layout.ROW_WIDTH, cell)
        self.rows[block][layout.A], self.rows[block][layout.LEAST] = self._next, least
        row = self._emit(place, layout.COUNT, b=cell)
        self.leaves[place.path] = Leaf(target, row, place)
        self._attach(row, target, found, place)
        return 1

    def _union(self, branches: list[Any], rules: list[Any], place: Place, null: int | None) -> None:
        target = Target("union", {}, nullable=null is not None)
        found = [(rule, self._add(rule, place)) for rule in self._read(rules, target, place.path)]
        self.leaves[place.path] = Leaf(target, -1, msgspec.structs.replace(place, single=False))
        table = self.pools.put([0] * len(branches))
        self.rows[self._emit(place, layout.UNION, len(branches), table)][layout.NULL_INDEX] = null or 0
        jumps = []
        for index, branch in enumerate(branches):
            self.pools.numbers[table + index] = self._next
            if index == null:
                for rule, name in found:
                    row = self._emit(place, layout.NOTHING)
                    self._put_rules(row, [(layout.R_NEVER, name, int(rule.warns), 0, 0)])
            else:
                self._one(branch, [], self._place(f"{place.path}|{index}", place, single=False), None)
            jumps.append(self._emit(place, layout.JUMP))
        for jump in jumps:
            self.rows[jump][layout.A] = self._next

    def _read(self, rules: list[Any], target: Target, path: str) -> list[Rule]:
        return read_rules(rules, target, path) if self._judges else []

    def _add(self, rule: Rule, place: Place) -> int:
        self.rules.append(Named(place.path, rule))
        return len(self.rules) - 1

    def _nullable(self, row: int, null: int, found: list[tuple[Rule, int]]) -> None:
        self.rows[row][layout.FLAGS] |= layout.F_NULLABLE
        self.rows[row][layout.NULL_INDEX] = null
        for rule, name in found:
            if rule.kind.name == "not-null":
                self.rows[row][layout.NULL_RULE], _ = self.pools.put_rules([(layout.R_NEVER, name, int(rule.warns), 0, 0)])

    def _attach(self, row: int, target: Target, found: list[tuple[Rule, int]], place: Place) -> None:
        """Give a leaf its rules, the logical type's own form first."""
        form = logical_form(target, self.pools) if self._judges else None
        tests = [(form[0], -1, 0, form[1], form[2])] if form else []
        for rule, name in found:
            if rule.kind.name == "pattern":
                if not place.single:
                    raise SchemaError(f"{place.path}: rule pattern: it cannot stand in an array, a map or a union of several types")
                self.slot(row)
                self.patterns.append((row, name))
            elif rule.kind.name != "not-null":
                _self_contained(rule, place)
                op, x, y = lower(rule.kind.name, rule.parameters, target, self.pools)
                tests.append((op, name, int(rule.warns), x, y))
        if tests:
            self._put_rules(row, tests)

    def _put_rules(self, row: int, tests: list[tuple[int, int, int, int, int]]) -> None:
        self.rows[row][layout.FLAGS] |= layout.F_RULES
        self.rows[row][layout.RULES_FROM], self.rows[row][layout.RULES_TO] = self.pools.put_rules(tests)


def _size(node: dict[str, Any]) -> int:
    """Return column A of a leaf."""
    kind = node["type"]
    return len(node["symbols"]) if kind == "enum" else int(node["size"]) if kind == "fixed" else _SIZES.get(kind, 0)


def _self_contained(rule: Rule, place: Place) -> None:
    if rule.kind.name in {"code-list", "cn-division"} and "values" not in rule.parameters:
        raise SchemaError(
            f"{place.path}: rule {rule.kind.name}: its codes are not in the schema; `exchange-node catalogue apply` puts them there from their file"
        )
