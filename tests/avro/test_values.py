"""Answers for node/avro/values.py."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from node.avro.program import compile_program
from node.avro.schema import parse
from node.avro.values import check_values, warm

PROGRAM = compile_program(parse({"type": "record", "name": "R", "fields": [{"name": "a", "type": "boolean"}]}))


def test_any_buffer_is_judged_value_by_value() -> None:
    """Bytes, writable or not, and arrays are read where they lie; an offset counts from its value's begin."""
    for data in (b"\x00\x01\x02\x01", bytearray(b"\x00\x01\x02\x01"), memoryview(b"\x00\x01\x02\x01"), np.array([0, 1, 2, 1], np.uint8)):
        found = check_values(PROGRAM, data, np.array([0, 1, 2, 3, 4]), 0)
        assert found.found[:, 0].tolist() == [0, 0, 6, 0]
        assert found.found[2, 3] == 0
        assert [fault and fault.word for fault in map(found.fault, range(4))] == [None, None, "boolean", None]


def test_threads_share_a_program() -> None:
    """It never changes, and each call has a state of its own; the kernel holds no lock while it walks."""
    data, offsets = b"\x00\x01\x02" * 100_000, np.arange(300_001)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: check_values(PROGRAM, data, offsets, 0).found, range(8)))
    assert all(np.array_equal(one, found[0]) for one in found)
    assert found[0][:3, 0].tolist() == [0, 0, 6]


def test_warming_leaves_nothing_to_compile() -> None:
    """After `warm` a value of another schema finds the kernel ready: one signature serves all."""
    warm()
    from node.avro.kernel import walk_all  # noqa: PLC0415  # its state is what is asked

    before = len(walk_all.signatures)  # type: ignore[attr-defined]  # Numba's
    check_values(PROGRAM, b"\x00", np.array([0, 1]), 0)
    assert len(walk_all.signatures) == before == 1  # type: ignore[attr-defined]
