"""Rules across fields: a walk through test rows over the slots of one record, with CEL's own logic of errors."""

from node.avro import layout
from node.avro.jit import Bytes, Int64s, compiled, inlined, number_at
from node.avro.kernel_compare import decimal_order, is_member, is_number_member, order
from node.avro.kernel_rules import characters, real


@compiled
def outcome(row: int, data: Bytes, numbers: Int64s, text: Bytes, state: Int64s) -> int:
    """Return IS_TRUE, IS_FALSE or IS_ERROR: what the expression that begins with a test row says of the value walked last.

    A row leads only to rows that were put down before it, so none is passed twice.
    """
    while row >= 0:
        op, mask = number_at(numbers, row + layout.TEST_OP), number_at(numbers, row + layout.TEST_MASK)
        left, x = number_at(numbers, row + layout.TEST_LEFT), number_at(numbers, row + layout.TEST_X)
        there, other = state[left + layout.SLOT_THERE] == 1, op > layout.T_PAIR_LAST or state[x + layout.SLOT_THERE] == 1
        if op == layout.T_NULL:
            found = not there
        elif there and other:
            found = _relation(op, left, x, number_at(numbers, row + layout.TEST_Y), data, numbers, text, state) & mask != 0
        elif mask & layout.NEEDED:
            row = number_at(numbers, row + layout.TEST_ERROR)
            continue
        else:  # null equals null alone
            found = (layout.APART if there or other else layout.EQUAL) & mask != 0
        row = number_at(numbers, row + (layout.TEST_TRUE if found else layout.TEST_FALSE))
    return row


@inlined
def _relation(op: int, left: int, x: int, y: int, data: Bytes, numbers: Int64s, text: Bytes, state: Int64s) -> int:
    """Return what a slot is to a constant or another slot: LESS, EQUAL, GREATER or APART; EQUAL and APART also where a test has no order."""
    value, at, length = state[left + layout.SLOT_VALUE], state[left + layout.SLOT_OFFSET], state[left + layout.SLOT_LENGTH]
    if op == layout.T_NUMBER:
        return _sign(value, x)
    if op == layout.T_NUMBERS:
        other = state[x + layout.SLOT_VALUE]
        return _sign(value * y, other) if y > 0 else _sign(value, other * -y)
    if op == layout.T_TEXT:
        return _sign(order(data, at, length, text, x, y), 0)
    if op == layout.T_TEXTS:
        return _sign(order(data, at, length, data, state[x + layout.SLOT_OFFSET], state[x + layout.SLOT_LENGTH]), 0)
    if op == layout.T_REAL:
        return _real_sign(real(value), real(x))
    if op == layout.T_REALS:
        return _real_sign(real(value), real(state[x + layout.SLOT_VALUE]))
    if op == layout.T_DECIMAL:
        return _sign(decimal_order(data, at, length, text, x, y), 0)
    if op == layout.T_DECIMALS:
        return _sign(decimal_order(data, at, length, data, state[x + layout.SLOT_OFFSET], state[x + layout.SLOT_LENGTH]), 0)
    if op == layout.T_CHARACTERS:
        return _sign(characters(data, at, length), x)
    if op == layout.T_BYTES:
        return _sign(length, x)
    if op == layout.T_STARTS:
        return _met(length >= y and order(data, at, y, text, x, y) == 0)
    if op == layout.T_AMONG_NUMBERS:
        return _met(is_number_member(value, numbers, x))
    return _met(is_member(data, at, length, numbers, text, x))


@inlined
def _met(met: bool) -> int:  # noqa: FBT001  # reads as a sentence
    return layout.EQUAL if met else layout.APART


@inlined
def _sign(one: int, other: int) -> int:
    return layout.EQUAL if one == other else layout.LESS if one < other else layout.GREATER


@inlined
def _real_sign(one: float, other: float) -> int:
    if one == other:
        return layout.EQUAL
    return layout.LESS if one < other else layout.GREATER if one > other else layout.APART
