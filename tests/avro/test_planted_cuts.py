"""The battery of cuts and masks can fail: each of these bugs, planted in the kernel's source, is caught by it (see `test_planted`)."""

from functools import cache

import pytest

from tests.avro.cut_cases import CutCase, cut_case, cut_edges
from tests.avro.cutter import Views, cut_all, views
from tests.avro.interpreted import kernel

SEEDS, VIEWS, VALUES = 90, 4, 3

BUGS = [
    ("", "event += 1", "event += 2"),
    ("", "if cutting:\n        return layout.OK", "if cutting:\n        return layout.E_RULE"),
    ("", "at << layout.CUT_BITS |", "before + 1 << layout.CUT_BITS |"),
    ("cut", "            if begin < 0:\n", "            if True:\n"),
    ("cut", "            begin = -1\n", ""),
    ("cut", "end - begin)\n        at +=", "end - begin - 1)\n        at +="),
    ("cut", "if op != layout.A_DROP:", "if op > layout.A_RECOUNT:"),
    ("mask", "        if branch == null:\n            return where\n", ""),
    ("mask", "put_long(out, where, branch)", "put_long(out, where, 1)"),
    ("mask", "put_long(out, where, x)", "put_long(out, where, 0)"),
    ("mask", "put_long(out, where, abs(value))", "put_long(out, where, value)"),
    ("mask", "(value + number_at(actions, action + layout.ACTION_Y)) // x", "value // x"),
    ("mask", "low + n if over >= n - over and low <= _LONG_MAX - n", "low + n if over > n - over and low <= _LONG_MAX - n"),
    ("mask", "and low <= _LONG_MAX - n", ""),
    ("mask", "and low >= _LONG_MIN + n", ""),
    ("mask", "over = n - value % n", "over = -(value % n)"),
    ("mask", "if over < step - over:", "if over <= step - over:"),
    ("mask", "size = size - over + step", "size = size + step"),
    ("mask", "size += step - over", "size += step"),
    ("mask", " + 0.0", ""),
    ("mask", "        copy_bytes(out, where, data, at, 8)\n", ""),
    ("mask", "        copy_bytes(out, where, data, at, 4)\n", ""),
    ("mask", "value = -(load8(data, at) >> 7)", "value = 0"),
    ("mask", "value >> (8 * size - 1) != value >> 63", "value >> (8 * size) != value >> 63"),
    ("mask", "(8 * (size - 1 - step))) & 0xFF", "(8 * step)) & 0xFF"),
    ("mask", "where = put_long(out, where, kept + stars)", "where = put_long(out, where, length)"),
    ("mask", "max(characters(data, at, length) - n, 0)", "characters(data, at, length) - n"),
    ("mask", "while at < end and (load8(data, at) & 0xC0) == 0x80:", "while False:"),
    ("mask", "byte | 0x20 if byte >= 0x41 else byte", "byte"),
    ("write", "rest = (rest + 9) // 10", "rest = rest // 10"),
    ("write", "_ZERO + tenth * 10 - negative", "_ZERO - negative % 10"),
    ("sha", "bits = 0x80 << (24 - 8 * left)", "bits = 0"),
    ("sha", "    if left < 0:\n        return 0\n", ""),
    ("sha", "last = begin + _BLOCK_BYTES >= length + _TAIL_BYTES", "last = begin + _BLOCK_BYTES >= length"),
    ("sha", "bits = (length + _BLOCK_BYTES) * 8", "bits = length * 8"),
    ("sha", "_A - _TEN", "_A"),
]


@cache
def _known() -> list[tuple[CutCase, Views, list[tuple[int, list[bytes]]]]]:
    """Cases with what the compiled kernel makes of them, which has been held against the reference."""
    made = [*cut_edges(), *(cut_case(seed, VIEWS, VALUES) for seed in range(SEEDS))]
    ready = [views(one.schema, one.selections) for one in made]
    return [(one, each, cut_all(one, each)) for one, each in zip(made, ready, strict=True)]


def _agrees(module: str = "", right: str = "", wrong: str = "") -> bool:
    """Tell whether the kernel, run by Python with a bug or without, makes the same of every case."""
    functions = kernel(module, right, wrong)
    for one, compiled, found in _known():
        run = Views(compiled.program, compiled.program.state(), functions["walk_cut"], functions["put_value"])
        try:
            if cut_all(one, run) != found:
                return False
        except (AssertionError, IndexError, OverflowError, ValueError):
            return False
    return True


def test_run_by_python_the_kernel_cuts_as_it_does_compiled() -> None:
    """So a bug that shows here would show there."""
    assert _agrees()


@pytest.mark.parametrize(("module", "right", "wrong"), BUGS, ids=lambda text: text[:40])
def test_a_planted_bug_is_caught(module: str, right: str, wrong: str) -> None:
    """The battery tells the kernel with the bug from the one without."""
    assert not _agrees(module, right, wrong)
