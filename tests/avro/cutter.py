"""Cutting of plain Avro values by the kernel."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from node.avro import layout
from node.avro.cutting import compile_cuts
from node.avro.kernel_cut import hmac_tables, put_value, walk_cut
from node.avro.program import read_only
from node.avro.schema import parse
from node.avro.selection import Selection

SECRET = bytes(range(100, 132))


def cut_values(schema: Any, selection: Selection, values: Sequence[bytes]) -> list[bytes]:
    """Return what a view has of values that stand together in one buffer."""
    program = compile_cuts(parse(schema), [selection])
    data, state, table = read_only(np.frombuffer(b"".join(values), np.uint8)), program.state(), hmac_tables(SECRET)
    events, at, found = np.zeros(len(data) + 10, np.int64), 0, []
    for value in values:
        last = walk_cut(data, at, at + len(value), program.tables, state, events, 0)
        assert last >= 0, f"verdict {-1 - last}"
        out = np.zeros(len(value) + layout.EVENT_BYTES_MAX * last, np.uint8)
        after = put_value(data, at + len(value), events, 0, last, program.actions[0], table, out, 0)
        found.append(out[:after].tobytes())
        at += len(value)
    return found
