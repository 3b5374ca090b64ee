"""What views have of a schema's records, compiled for one walk that serves them all: where they differ, and what each does there.

Each row of the program has an action in each view. A cut stands before a row where the action of some view is not that of the rows from which
the walk may come, or is a mask; between two cuts every view does one thing: it copies or leaves out. Without Numba, as `node.avro.program`.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from node.avro import layout
from node.avro.cel import compile_expression
from node.avro.compiler import Compiler, Leaf
from node.avro.masking import misfit
from node.avro.program import read_only, tables
from node.avro.rule_kinds import Target
from node.avro.schema import ParsedSchema
from node.avro.selection import Kept, Mask, Selection, kept, read_mask
from node.avro.tables import Int64s, Tables

ALL, NEVER = layout.IS_TRUE, layout.IS_FALSE
"""Filters of a view of all rows, and of one whose rows this schema cannot tell: `kernel_cel.outcome` takes them as it takes a test row."""

Action = tuple[int, int, int, int]
"""operation, index of null or -1, two operands"""

_DROP: Action = (layout.A_DROP, -1, 0, 0)
_KEEP: Action = (layout.A_KEEP, -1, 0, 0)
_SILENT = (layout.JUMP, layout.LOOP, layout.COUNT, layout.END)
"""Rows that read nothing; their bytes are none, whatever a view does. OPEN reads nothing either, but a whole array begins there once."""


class CutProgram(msgspec.Struct, frozen=True):
    """What the kernel needs to cut values of a schema for some views. It never changes, so threads share it; each needs a `state` of its own."""

    tables: Tables
    state_words: int
    filters: Int64s
    """by view, the place of its first test row, ALL or NEVER"""
    actions: tuple[Int64s, ...]
    """by view, what it does at each cut"""
    key_whole: tuple[bool, ...]
    """by view, whether the record's key is granted"""

    def state(self) -> Int64s:
        """Return the state of one thread's walks."""
        return np.zeros(self.state_words, np.int64)


def compile_cuts(schema: ParsedSchema, selections: Sequence[Selection]) -> CutProgram:
    """Return the program that cuts values of a schema for views; SchemaError names the place of what the kernel does not support.

    What a view has is what `node.avro.deriving` says: what the schema does not have, or has otherwise than a path or mask needs, is not there.
    """
    selections = [msgspec.structs.replace(one, masks=_outermost(one)) for one in selections]
    compiler = Compiler(schema.named, judges=False, marked={path for one in selections for path in one.masks})
    compiler.compile(schema.avro)
    filters = [_filter(one, compiler) for one in selections]
    actions = [_actions(one, compiler) for one in selections]
    cuts = _cuts(compiler, actions)
    for number, row in enumerate(cuts):
        compiler.rows[row][layout.FLAGS] |= layout.F_CUT
        compiler.rows[row][layout.CUT] = number
    slots = len(compiler.slots)
    words = layout.S_SLOTS + slots * layout.SLOT_WORDS
    compiler.pools.numbers[layout.N_SLOTS], compiler.pools.numbers[layout.N_WARNINGS] = slots, words
    return CutProgram(
        tables=tables(compiler),
        state_words=words,
        filters=read_only(np.array(filters, np.int64)),
        actions=tuple(read_only(np.array([of_view[row] for row in cuts], np.int64).reshape(-1)) for of_view in actions),
        key_whole=tuple(all(kept(one, name) is Kept.WHOLE for name in schema.key) for one in selections),
    )


def _outermost(selection: Selection) -> dict[str, str]:
    """Return the masks that lie within no other."""
    masks = selection.masks
    alone = {path: msgspec.structs.replace(selection, fields=None, masks={path: mask}) for path, mask in masks.items()}
    return {
        path: mask for path, mask in masks.items() if not any(kept(alone[other], path) is Kept.MASKED for other in masks if other != path)
    }


def _filter(selection: Selection, compiler: Compiler) -> int:
    if not selection.rows:
        return ALL
    try:
        return compile_expression(selection.rows, compiler)
    except ValueError:
        return NEVER


def _actions(selection: Selection, compiler: Compiler) -> list[Action]:
    """Return what a view does at each row; a mask is done at the first row of its field."""
    done: set[str] = set()
    found = []
    for row in compiler.rows:
        path = compiler.fields[row[layout.FIELD]]
        found.append(_action(selection, path, row, compiler.leaves) if path not in done or path not in selection.masks else _DROP)
        done.add(path)
    return found


def _action(selection: Selection, path: str, row: list[int], leaves: Mapping[str, Leaf]) -> Action:
    match kept(selection, path):
        case Kept.WHOLE:
            return _KEEP
        case Kept.MASKED if path in selection.masks and _is_there(selection, path, leaves):
            return _masked(read_mask(selection.masks[path]), row, leaves[path].target)
        case Kept.PART if _is_there(selection, path, leaves):
            if row[layout.OP] == layout.BLOCK:
                return layout.A_RECOUNT, -1, 0, 0
            return _KEEP if row[layout.OP] != layout.OPEN else _DROP
    return _DROP


def _is_there(selection: Selection, path: str, leaves: Mapping[str, Leaf]) -> bool:
    """Tell whether anything stands at a place in the view, as `node.avro.deriving` has it."""
    part = kept(selection, path)
    if part in {Kept.WHOLE, Kept.NONE} or path not in leaves:  # a null, which no mask changes
        return part in {Kept.WHOLE, Kept.MASKED}
    target = leaves[path].target
    if part is Kept.MASKED:
        return not misfit(read_mask(selection.masks[path]), target.node if target.kind != "union" else [])
    inner = {"array": f"{path}[]", "map": f"{path}{{}}"}.get(target.kind)
    return target.kind == "record" or (inner is not None and _is_there(selection, inner, leaves))


def _masked(mask: Mask, row: list[int], target: Target) -> Action:
    """Return the action of a mask at the first row of a field that it fits."""
    op, x, y = _operation(mask, target)
    if op == layout.A_HIDE:
        return op, -1, row[layout.NULL_INDEX], 0
    return op, row[layout.NULL_INDEX] if row[layout.FLAGS] & layout.F_NULLABLE else -1, x, y


def _operation(mask: Mask, target: Target) -> tuple[int, int, int]:
    """Return operation and operands of a mask."""
    match mask.kind, target.kind:
        case "round", "decimal":
            return layout.A_ROUND_DECIMAL, mask.n * 10**target.scale, 0
        case "year", "date":
            return layout.A_YEAR, 1, 0
        case "year", kind:
            return layout.A_YEAR, 86_400 * target.per_second, layout.CHINA_MS // 1000 * target.per_second if kind == "timestamp" else 0
        case (("hmac" | "round"), kind):
            return _OPERATIONS[mask.kind, kind], mask.n, 0
    return _OPERATIONS[mask.kind, ""], mask.n, 0


_OPERATIONS = {
    ("hide", ""): layout.A_HIDE,
    ("keep-first", ""): layout.A_FIRST,
    ("keep-last", ""): layout.A_LAST,
    ("hmac", "string"): layout.A_HMAC_TEXT,
    ("hmac", "uuid"): layout.A_HMAC_UUID,
    ("hmac", "int"): layout.A_HMAC_NUMBER,
    ("hmac", "long"): layout.A_HMAC_NUMBER,
    ("round", "int"): layout.A_ROUND,
    ("round", "long"): layout.A_ROUND,
    ("round", "float"): layout.A_ROUND_FLOAT,
    ("round", "double"): layout.A_ROUND_DOUBLE,
}


# ---- where cuts stand


def _cuts(compiler: Compiler, actions: Sequence[Sequence[Action]]) -> list[int]:
    """Return the rows before which a cut stands."""
    if not actions:
        return []
    ops = np.array([[action[0] for action in of_view] for of_view in actions], np.int8)
    copies = ops == layout.A_KEEP
    rows = {int(row) for row in np.nonzero((ops > layout.A_KEEP).any(axis=0))[0]}
    edges = _edges(compiler)
    before, after = np.array([edge for edge in edges if edge[0] >= 0], np.int64).reshape(-1, 2).T
    rows |= {int(row) for row in after[(copies[:, before] != copies[:, after]).any(axis=0)]}
    rows |= {after for before, after in edges if before < 0 and copies[:, after].any()}
    return sorted(row for row in rows if compiler.rows[row][layout.OP] not in _SILENT)


def _edges(compiler: Compiler) -> list[tuple[int, int]]:
    """Return each pair of rows that a walk may come to one after the other, silent ones left out; -1 is before the first."""
    rows = compiler.rows
    following = [list(_following(number, row, compiler)) for number, row in enumerate(rows)]
    silent = [row[layout.OP] in _SILENT for row in rows]
    found = []
    for number in range(-1, len(rows)):
        if number >= 0 and silent[number]:
            continue
        seen, ahead = set(), [0] if number < 0 else list(following[number])
        while ahead:
            row = ahead.pop()
            if row not in seen:
                seen.add(row)
                if silent[row]:
                    ahead += following[row]
                else:
                    found.append((number, row))
    return found


def _following(number: int, row: list[int], compiler: Compiler) -> Iterator[int]:
    """Give the rows to which a walk may go from a row."""
    width, op, a = layout.ROW_WIDTH, row[layout.OP], row[layout.A]
    if op == layout.UNION:
        table = row[layout.B]
        yield from (place // width for place in compiler.pools.numbers[table : table + a])
    elif op == layout.JUMP:
        yield a // width
    elif op == layout.BLOCK:
        yield from (number + 1, a // width)
    elif op == layout.LOOP:
        yield from (a // width, a // width + 1)
    elif op != layout.END:
        yield number + 1
        if row[layout.FLAGS] & layout.F_NULLABLE:
            yield row[layout.NULL_TO] // width
