"""Writing a view's value: between the cuts that a walk has noted, each view copies, leaves out or masks what stands there."""

from node.avro import layout
from node.avro.jit import Bytes, Int64s, compiled, copy_bytes, number_at
from node.avro.kernel import walk_cut
from node.avro.kernel_mask import put_masked
from node.avro.kernel_sha import hmac_tables, put_hmac

__all__ = ["hmac_tables", "put_hmac", "put_value", "walk_cut"]

_CUT = (1 << layout.CUT_BITS) - 1


@compiled
def put_value(data: Bytes, end: int, events: Int64s, first: int, last: int, actions: Int64s, secret: Int64s, out: Bytes, at: int) -> int:
    """Write a view's value at out[at:] and return the place after it.

    `events[first:last]` are what `walk_cut` noted of a value that ends at `end`, `actions` the view's (`node.avro.cutting`), `secret` its
    table of `hmac_tables`. It takes at most the value's bytes and EVENT_BYTES_MAX for each event. Neighbours are one copy.
    """
    begin = -1
    for number in range(first, last):
        event = number_at(events, number)
        place, action = event >> layout.CUT_BITS, (event & _CUT) * layout.ACTION_WIDTH
        op = number_at(actions, action)
        if op == layout.A_KEEP:
            if begin < 0:
                begin = place
            continue
        if begin >= 0:
            copy_bytes(out, at, data, begin, place - begin)
            at += place - begin
            begin = -1
        if op != layout.A_DROP:
            at = put_masked(data, place, end, actions, action, secret, out, at)
    if begin >= 0:
        copy_bytes(out, at, data, begin, end - begin)
        at += end - begin
    return at
