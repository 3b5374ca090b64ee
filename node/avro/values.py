"""Judging plain Avro values outside of Kafka batches: for tests, for files, and to load the kernel before it is needed."""

import msgspec
import numpy as np

from node.avro import layout
from node.avro.kernel import walk_all
from node.avro.program import Fault, Program, compile_program, read_only
from node.avro.schema import parse
from node.avro.tables import Bytes, Int32s, Int64s


class Verdicts(msgspec.Struct, frozen=True):
    """What the kernel found, a row of `found` for each value: error code, field id, rule id or -1, offset within the value."""

    program: Program
    found: Int32s
    state: Int64s

    def fault(self, value: int) -> Fault | None:
        """Return why a value was refused, None when it passed."""
        code, field, rule, _offset = map(int, self.found[value])
        return self.program.explain(code, field, rule) if code != layout.OK else None


def check_values(program: Program, data: bytes | bytearray | memoryview | Bytes, offsets: Int64s, now_ms: int) -> Verdicts:
    """Judge the values data[offsets[i]:offsets[i + 1]]; dates are compared with `now_ms`, milliseconds since 1970."""
    source = read_only(np.frombuffer(data, np.uint8))
    places = np.ascontiguousarray(offsets, np.int64)
    assert len(places) > 0
    assert 0 <= places[0] <= places[-1] <= len(source)
    assert (np.diff(places) >= 0).all()
    found, state = np.zeros((len(places) - 1, 4), np.int32), program.state()
    walk_all(source, read_only(places), program.tables, state, now_ms, found)
    return Verdicts(program, found, state)


def warm() -> None:
    """Load the kernel from its cache, or compile it there (about a minute): afterwards no value waits for it."""
    schema = parse({"type": "record", "name": "Warm", "fields": []})
    check_values(compile_program(schema), b"", np.zeros(2, np.int64), 0)
