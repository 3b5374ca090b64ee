"""Cutting of plain Avro values by the kernel. Run as a program of its own it prints what the bounds-checked build makes of some cases."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from node.avro import layout
from node.avro.cutting import CutProgram, compile_cuts
from node.avro.jit import CHECKED
from node.avro.kernel_cut import hmac_tables, put_value, walk_cut
from node.avro.program import read_only
from node.avro.schema import parse
from node.avro.selection import Selection
from tests.avro.cut_cases import CutCase, cut_case, cut_edges

SECRET = bytes(range(100, 132))
TABLE = hmac_tables(SECRET)
EVENTS = 4000


class Views(msgspec.Struct):
    """Some views of a schema, and room for the kernel's work; other functions than the compiled ones may be put in."""

    program: CutProgram
    state: npt.NDArray[np.int64]
    walk: Any = walk_cut
    put: Any = put_value

    def cut(self, data: npt.NDArray[np.uint8], start: int, end: int) -> tuple[int, list[bytes]]:
        """The verdict on data[start:end], and what each view has of it."""
        events = np.zeros(EVENTS, np.int64)
        last = self.walk(data, start, end, self.program.tables, self.state, events, 0)
        if last < 0:
            return -1 - last, []
        most = end - start + layout.EVENT_BYTES_MAX * last
        found = []
        for actions in self.program.actions:
            out = np.zeros(most if CHECKED else most + 4096, np.uint8)
            after = self.put(data, end, events, 0, last, actions, TABLE, out, 0)
            assert 0 <= after <= most
            assert not out[most:].any()
            found.append(out[:after].tobytes())
        return layout.OK, found


def views(schema: Any, selections: Sequence[Selection]) -> Views:
    """The views of a schema (JSON), ready to cut."""
    program = compile_cuts(parse(schema), selections)
    return Views(program, program.state())


def array(data: bytes) -> npt.NDArray[np.uint8]:
    """Bytes as kernels read them."""
    return read_only(np.frombuffer(data, np.uint8))


def cut_values(schema: Any, selection: Selection, values: Sequence[bytes]) -> list[bytes]:
    """What a view has of values that stand together in one buffer."""
    ready, data, at, found = views(schema, [selection]), array(b"".join(values)), 0, []
    for value in values:
        code, outs = ready.cut(data, at, at + len(value))
        assert code == layout.OK
        found += outs
        at += len(value)
    return found


def cut_all(one: CutCase, ready: Views) -> list[tuple[int, list[bytes]]]:
    """What the kernel says of all values and mutants; the checked build gets each in a buffer of its own."""
    values = one.values + one.mutants
    if CHECKED:
        return [ready.cut(array(value), 0, len(value)) for value in values]
    data, ends = array(b"".join(values)), np.cumsum([0, *map(len, values)]).tolist()
    return [ready.cut(data, ends[index], ends[index + 1]) for index in range(len(values))]


def digest(found: list[tuple[int, list[bytes]]]) -> str:
    """A digest of what was found."""
    return hashlib.sha256(repr(found).encode()).hexdigest()


def cases(first: int, last: int, views_of_each: int, values: int) -> Iterator[CutCase]:
    """The edges, and the cases of the seeds from `first` to before `last`."""
    yield from cut_edges()
    yield from (cut_case(seed, views_of_each, values) for seed in range(first, last))


def checked_digests(first: int, last: int, views_of_each: int, values: int) -> list[str]:
    """The digests of the checked build for these cases."""
    command = [sys.executable, "-m", "tests.avro.cutter", *map(str, (first, last, views_of_each, values))]
    environment = os.environ | {"EXCHANGE_NODE_KERNEL": "checked"}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()


def main() -> None:
    """Print the digests of the edges, and of the seeds that the command line names."""
    assert CHECKED, "EXCHANGE_NODE_KERNEL=checked is not set"
    first, last, views_of_each, values = map(int, sys.argv[1:])
    for one in cases(first, last, views_of_each, values):
        print(digest(cut_all(one, views(one.schema, one.selections))))  # noqa: T201  # it is what this program is for


if __name__ == "__main__":
    main()
