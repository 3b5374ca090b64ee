"""The record kernel: one interpreter for the programs of all schemas, from bytes to a verdict, without a copy or an exception.

`walk` goes once through an Avro value as the program says (see `node.avro.layout`). Each read is compared with the value's end
first; a count of items must fit the bytes that are left, so the time is bounded by the value's length times the program's.
All functions may be called from other kernels. Arrays that are only read must be read-only arrays: others would compile again.
"""

import numpy as np

from node.avro import layout
from node.avro.jit import Bytes, Int32s, Int64s, compiled, inlined, load8, load32, load64, number_at, row_at
from node.avro.kernel_cel import outcome
from node.avro.kernel_read import read_int, read_long, utf8_fault
from node.avro.kernel_rules import holds
from node.avro.kernel_warnings import count_warnings, refuses, uncount_warnings
from node.avro.tables import Tables

__all__ = ["Tables", "uncount", "walk", "walk_all", "walk_cut"]

_LONG_MIN = -(2**63)


@compiled
def walk(data: Bytes, start: int, end: int, tables: Tables, state: Int64s, now_ms: int) -> int:
    """Return OK when data[start:end] is one value of the program's schema and every refusing rule holds, else an error code.

    Then state[S_FIELD] is the field's id, state[S_RULE] the rule's or -1, state[S_OFFSET] the place in `data` where the field begins (an array
    of the wrong length: where it ends). Dates are compared with `now_ms`, milliseconds since 1970. Warnings of a value that passes are
    counted; `uncount` takes them back.
    """
    return _walk(data, start, end, tables, state, now_ms, False, state, 0)[0]


@compiled
def walk_cut(data: Bytes, start: int, end: int, tables: Tables, state: Int64s, events: Int64s, event: int) -> int:
    """Walk a value that a gate has let pass, by a program that cuts (`node.avro.cutting`): note its cuts in events[event:].

    Return the place after the last one; -1 - error code when data[start:end] is no value of the schema, with `state` as `walk` leaves it;
    EVENTS_FULL when there is no room. An event is the cut's place and number, see `node.avro.layout`.
    """
    code, event = _walk(data, start, end, tables, state, 0, True, events, event)
    return event if code == layout.OK else -1 - code


@inlined
def _walk(
    data: Bytes,
    start: int,
    end: int,
    tables: Tables,
    state: Int64s,
    now_ms: int,
    cutting: bool,  # noqa: FBT001  # a constant where it is called: each of the two walks is compiled without the other's branches
    events: Int64s,
    event: int,
) -> tuple[int, int]:
    """Walk a value, either judging rules or noting cuts; return the verdict, and the place after the events or EVENTS_FULL."""
    rows, numbers, text = tables
    _begin(numbers, state)
    at, row, budget = start, 0, layout.ZERO_ITEMS_MAX
    while True:
        op, flags, before = row_at(rows, row + layout.OP), row_at(rows, row + layout.FLAGS), at
        if cutting and flags & layout.F_CUT:
            if event >= events.shape[0]:
                return layout.OK, layout.EVENTS_FULL
            events[event] = at << layout.CUT_BITS | row_at(rows, row + layout.CUT)
            event += 1
        if op > layout.LEAF_LAST:
            if op == layout.END:
                return _end(data, at, end, numbers, text, state, start, cutting), event
            code, at, after, budget = _turn(op, data, at, end, rows, row, numbers, state, budget)
            if code != layout.OK:
                return _fail(state, rows, row, at, code), event
            row = after
            continue
        if flags & layout.F_NULLABLE:
            branch, at = read_int(data, at, end, layout.E_UNION)
            if at < 0 or branch < 0 or branch > 1:
                return _fail(state, rows, row, before, -at if at < 0 else layout.E_UNION), event
            if branch == row_at(rows, row + layout.NULL_INDEX):
                rule = row_at(rows, row + layout.NULL_RULE)
                if not cutting and rule >= 0 and refuses(rule, numbers, state):
                    return _refuse(state, rows, row, before, numbers, rule), event
                row = row_at(rows, row + layout.NULL_TO)
                continue
        code, value, place, length, at = _leaf(op, data, at, end, rows, row, state)
        if code != layout.OK:
            return _fail(state, rows, row, at, code), event
        if not cutting and flags & layout.F_RULES:
            for rule in range(row_at(rows, row + layout.RULES_FROM), row_at(rows, row + layout.RULES_TO), layout.RULE_WIDTH):
                if not holds(rule, data, value, place, length, numbers, text, now_ms) and refuses(rule, numbers, state):
                    return _refuse(state, rows, row, before, numbers, rule), event
        if flags & layout.F_SLOT:
            slot = row_at(rows, row + layout.SLOT)
            state[slot + layout.SLOT_THERE] = 1
            state[slot + layout.SLOT_VALUE] = value
            state[slot + layout.SLOT_OFFSET] = place
            state[slot + layout.SLOT_LENGTH] = length
        row += layout.ROW_WIDTH


@compiled
def walk_all(data: Bytes, offsets: Int64s, tables: Tables, state: Int64s, now_ms: int, found: Int32s) -> None:
    """Walk the values data[offsets[i]:offsets[i + 1]]; found[i] becomes error code, field id, rule id, offset within the value."""
    for value in range(found.shape[0]):
        code = walk(data, offsets[value], offsets[value + 1], tables, state, now_ms)
        found[value, 0] = code
        if code != layout.OK:
            found[value, 1], found[value, 2] = state[layout.S_FIELD], state[layout.S_RULE]
            found[value, 3] = state[layout.S_OFFSET] - offsets[value]


@inlined
def _leaf(op: int, data: Bytes, at: int, end: int, rows: Int32s, row: int, state: Int64s) -> tuple[int, int, int, int, int]:
    """Read a leaf: return error code, number, place and length of its bytes, and the place after it, or of the error."""
    if op in (layout.STRING, layout.BYTES):
        length, place = read_long(data, at, end)
        if place < 0:
            return -place, 0, 0, 0, at
        if length < 0 or length > end - place:
            return layout.E_LENGTH, 0, 0, 0, at
        if op == layout.STRING:
            fault = utf8_fault(data, place, place + length)
            if fault >= 0:
                return layout.E_UTF8, 0, 0, 0, fault
        return layout.OK, 0, place, length, place + length
    if op == layout.LONG:
        value, after = read_long(data, at, end)
        return _number(value, at, after)
    if op == layout.INT:
        value, after = read_int(data, at, end, layout.E_INT)
        return _number(value, at, after)
    if op == layout.ENUM:
        value, after = read_int(data, at, end, layout.E_ENUM)
        if after >= 0 and (value < 0 or value >= row_at(rows, row + layout.A)):
            return layout.E_ENUM, 0, 0, 0, at
        return _number(value, at, after)
    if op == layout.BOOLEAN:
        if at >= end:
            return layout.E_TRUNCATED, 0, 0, 0, at
        value = load8(data, at)
        return (layout.OK if value <= 1 else layout.E_BOOLEAN), value, at, 1, at + (value <= 1)
    if op == layout.NOTHING:
        return layout.OK, 0, at, 0, at
    if op == layout.COUNT:
        return layout.OK, state[row_at(rows, row + layout.B) + layout.CELL_COUNT], at, 0, at
    return _sized(op, data, at, end, row_at(rows, row + layout.A))


@inlined
def _number(value: int, at: int, after: int) -> tuple[int, int, int, int, int]:
    if after < 0:
        return -after, 0, 0, 0, at
    return layout.OK, value, at, after - at, after


@inlined
def _sized(op: int, data: Bytes, at: int, end: int, size: int) -> tuple[int, int, int, int, int]:
    """Read a float, double or fixed: a float's number is the bits of the double that it equals."""
    if size > end - at:
        return layout.E_TRUNCATED, 0, 0, 0, at
    value = 0
    if op == layout.DOUBLE:
        value = load64(data, at)
    elif op == layout.FLOAT:
        value = _double_bits(load32(data, at))
    return layout.OK, value, at, size, at + size


@inlined
def _double_bits(bits: int) -> int:
    """Return the bits of the double that equals the float of 32 bits."""
    return np.float64(np.uint32(bits).view(np.float32)).view(np.int64)  # type: ignore[return-value]  # a number of 64 bits to Numba


@inlined
def _turn(
    op: int, data: Bytes, at: int, end: int, rows: Int32s, row: int, numbers: Int64s, state: Int64s, budget: int
) -> tuple[int, int, int, int]:
    """Take a turn: return error code, place after what was read or of the error, next row, and the items of no bytes still allowed."""
    a, b = row_at(rows, row + layout.A), row_at(rows, row + layout.B)
    if op == layout.LOOP:
        state[b + layout.CELL_LEFT] -= 1
        if state[b + layout.CELL_LEFT] > 0:
            return layout.OK, at, a + layout.ROW_WIDTH, budget
        if state[b + layout.CELL_END] >= 0 and state[b + layout.CELL_END] != at:
            return layout.E_BLOCK, at, row, budget
        return layout.OK, at, a, budget
    if op == layout.BLOCK:
        return _block(data, at, end, a, b, row, row_at(rows, row + layout.LEAST), state, budget)
    if op == layout.UNION:
        branch, after = read_int(data, at, end, layout.E_UNION)
        if after < 0 or branch < 0 or branch >= a:
            return (-after if after < 0 else layout.E_UNION), at, row, budget
        return layout.OK, after, number_at(numbers, b + branch), budget
    if op == layout.OPEN:
        state[b + layout.CELL_COUNT] = 0
        return layout.OK, at, row + layout.ROW_WIDTH, budget
    return layout.OK, at, a, budget


@inlined
def _block(
    data: Bytes, at: int, end: int, beyond: int, cell: int, row: int, least: int, state: Int64s, budget: int
) -> tuple[int, int, int, int]:
    """Begin a block of items: its count, and its size in bytes where the count is negative (Avro 1.12, arrays)."""
    count, after = read_long(data, at, end)
    if after < 0:
        return -after, at, row, budget
    if count == 0:
        return layout.OK, after, beyond, budget
    state[cell + layout.CELL_END] = -1
    if count < 0:
        size, content = read_long(data, after, end)
        if content < 0:
            return -content, after, row, budget
        if size < 0 or size > end - content or count == _LONG_MIN:
            return layout.E_BLOCK, at, row, budget
        state[cell + layout.CELL_END] = content + size
        count, after = -count, content
    if least > 0:
        if count > (end - after) // least:
            return layout.E_BLOCK, at, row, budget
    else:
        if count > budget:
            return layout.E_ITEMS, at, row, budget
        budget -= count
    state[cell + layout.CELL_LEFT] = count
    state[cell + layout.CELL_COUNT] += count
    return layout.OK, after, row + layout.ROW_WIDTH, budget


@inlined
def _begin(numbers: Int64s, state: Int64s) -> None:
    for slot in range(number_at(numbers, layout.N_SLOTS)):
        state[layout.S_SLOTS + slot * layout.SLOT_WORDS + layout.SLOT_THERE] = 0
    state[layout.S_SERIAL] += 1
    state[layout.S_PENDING] = 0


@inlined
def _end(data: Bytes, at: int, end: int, numbers: Int64s, text: Bytes, state: Int64s, start: int, cutting: bool) -> int:  # noqa: FBT001
    """Judge a value of which all leaves are well: nothing may follow, and the rules across its fields must hold."""
    state[layout.S_FIELD], state[layout.S_RULE], state[layout.S_OFFSET] = 0, -1, at
    if at != end:
        return layout.E_TRAILING
    if cutting:
        return layout.OK
    rules, last = number_at(numbers, layout.N_RECORD_RULES), number_at(numbers, layout.N_RECORD_RULES_END)
    for rule in range(rules, last, layout.RECORD_WIDTH):
        row = number_at(numbers, rule + layout.RECORD_TEST)
        if outcome(row, data, numbers, text, state) != layout.IS_TRUE and refuses(rule, numbers, state):
            state[layout.S_RULE], state[layout.S_OFFSET] = number_at(numbers, rule + layout.RULE_ID), start
            return layout.E_RULE
    count_warnings(numbers, state)
    return layout.OK


@compiled
def uncount(tables: Tables, state: Int64s) -> None:
    """Take back the warnings of the value that was walked last: it passed, and is refused for another reason."""
    uncount_warnings(tables.numbers, state)


@inlined
def _fail(state: Int64s, rows: Int32s, row: int, at: int, code: int) -> int:
    state[layout.S_FIELD], state[layout.S_RULE], state[layout.S_OFFSET] = row_at(rows, row + layout.FIELD), -1, at
    return code


@inlined
def _refuse(state: Int64s, rows: Int32s, row: int, at: int, numbers: Int64s, rule: int) -> int:
    name = number_at(numbers, rule + layout.RULE_ID)
    state[layout.S_FIELD], state[layout.S_RULE], state[layout.S_OFFSET] = row_at(rows, row + layout.FIELD), name, at
    return layout.E_RULE if name >= 0 else layout.E_LOGICAL
