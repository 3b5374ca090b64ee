"""The battery of the kernel can fail: each of these bugs, planted in its source, is caught by it.

The kernel is run by Python here (see `interpreted`), on fewer values than the battery has; what the compiled kernel says of them has been held
against the independent reader.
"""

from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from node.avro.program import Program, read_only
from node.avro.values import check_values
from tests.avro.corpus import Case, case
from tests.avro.edges import edges
from tests.avro.interpreted import kernel
from tests.avro.ruling import NOW_MS

SEEDS, VALUES, MUTANTS = 60, 8, 8

BUGS = [
    ("read", "byte > 1:", "byte > 3:"),
    ("read", "shift == _LONG_SHIFT and", "shift > _LONG_SHIFT and"),
    ("read", "value > _INT_MAX", "value > _INT_MAX + 1"),
    ("read", "after - at > _INT_BYTES", "after - at > _INT_BYTES + 1"),
    ("read", "and first != 0xED and", "and"),
    ("read", "0xC0C000) == 0x808000", "0xC08000) == 0x808000"),
    ("read", "first < 0xC2", "first < 0xC0"),
    ("read", "first > 0xF4", "first > 0xF7"),
    ("read", "(first == 0xE0 and second < 0xA0)", "False"),
    ("read", "(first == 0xF0 and second < 0x90)", "False"),
    ("read", "(first == 0xF4 and second > 0x8F)", "False"),
    ("read", "at += 8 if at + 8 <= end", "at += 8 if at <= end"),
    ("", "length > end - place", "length > end - place + 1"),
    ("", "length < 0 or", ""),
    ("", "branch < 0 or branch > 1:", "branch < 0 or branch > 2:"),
    ("", "value < 0 or value >= row_at(rows, row + layout.A)", "value >= row_at(rows, row + layout.A)"),
    ("", "layout.OK if value <= 1 else layout.E_BOOLEAN", "layout.OK if value <= 2 else layout.E_BOOLEAN"),
    ("", "size > end - at:", "size > end - at + 1:"),
    ("", "state[b + layout.CELL_END] >= 0 and state[b + layout.CELL_END] != at", "False"),
    ("", "size < 0 or size > end - content or", ""),
    ("", "count > (end - after) // least", "count > (end - after) // least + 1"),
    ("", "budget -= count", "budget -= 0"),
    ("", "state[cell + layout.CELL_COUNT] += count", "state[cell + layout.CELL_COUNT] = count"),
    ("", "    if at != end:\n", "    if at > end:\n"),
    ("", "!= layout.IS_TRUE and", "== layout.IS_FALSE and"),
    ("", "row = row_at(rows, row + layout.NULL_TO)", "row += layout.ROW_WIDTH"),
    ("compare", "    if negative != other_negative:\n        return other_negative - negative\n", ""),
    ("compare", "return other_length - length if negative else length - other_length", "return length - other_length"),
    ("compare", "while length > 1 and load8(data, at) == sign and load8(data, at + 1) >> 7 == negative:", "while False:"),
    ("compare", "low = middle + 1", "low = middle + 2"),
    ("compare", "seat = (seat + 1) & mask", "return False"),
    ("dates", "and (year % 100 != 0 or year % 400 == 0)", ""),
    ("codes", "(remainder + check) % 11 != 1", "(remainder + check) % 11 not in (1, 2)"),
    ("codes", "check = 10 if last == _X else", "check = 10 if last == _X or last == _X + 32 else"),
    ("codes", "(2 <= place < 8 and value > 9)", "False"),
    ("codes", "weight = weight * 3 % _CREDIT_VALUES", "weight = weight * 3 % 30"),
    ("codes", "(lengths >> length) & 1 == 0", "False"),
    ("codes", "2 <= first <= 8", "0 <= first <= 9"),
    ("rules", "return x <= value <= y", "return x <= value"),
    ("rules", "(load8(data, place) & 0xC0) != 0x80", "(load8(data, place) & 0x80) == 0"),
    ("rules", "return value * x <= now_ms + y if x > 0", "return value * x <= now_ms if x > 0"),
    ("rules", "else value <= (now_ms + y) * -x", "else value < (now_ms + y) * -x"),
    ("rules", "<= real(y)", "<= real(y) or True"),
    ("rules", "prefix <= length and", ""),
    ("rules", "if place in (8, 13, 18, 23):", "if place in (8, 13, 18):"),
    ("warnings", "!= state[S_SERIAL]:", "> -1:"),
    ("cel", "elif mask & layout.NEEDED:", "elif False:"),
    ("cel", "(layout.APART if there or other else layout.EQUAL) & mask", "layout.APART & mask"),
    (
        "cel",
        "layout.LESS if one < other else layout.GREATER if one > other else layout.APART",
        "layout.LESS if one < other else layout.GREATER",
    ),
    ("cel", "_sign(value * y, other) if y > 0", "_sign(value, other) if y > 0"),
]


class Known(msgspec.Struct):
    """A case with what the compiled kernel finds of it."""

    program: Program
    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    found: npt.NDArray[np.int32]
    state: npt.NDArray[np.int64]


def _known(one: Case) -> Known:
    program, (data, offsets) = one.program(), one.joined()
    verdicts = check_values(program, data, offsets, NOW_MS)
    return Known(program, read_only(np.frombuffer(data, np.uint8)), offsets, verdicts.found, verdicts.state)


@cache
def _corpus() -> list[Known]:
    few, many = edges()[:-3], edges()[-3:]
    return [_known(one) for one in [*few, *(case(seed, VALUES, MUTANTS) for seed in range(SEEDS)), *many]]


def _agrees(module: str = "", right: str = "", wrong: str = "") -> bool:
    """Tell whether the kernel, run by Python with a bug or without, finds the same of every case."""
    walk_all = kernel(module, right, wrong)["walk_all"]
    for known in _corpus()[:: -1 if module in {"read", "codes", "dates"} else 1]:
        found, state = np.zeros_like(known.found), known.program.state()
        try:
            walk_all(known.data, known.offsets, known.program.tables, state, NOW_MS, found)
        except (AssertionError, IndexError, OverflowError):
            return False
        if not (np.array_equal(found, known.found) and np.array_equal(state, known.state)):
            return False
    return True


def test_run_by_python_the_kernel_finds_what_it_finds_compiled() -> None:
    """So a bug that shows here would show there."""
    assert _agrees()


@pytest.mark.parametrize(("module", "right", "wrong"), BUGS, ids=lambda text: text[:40])
def test_a_planted_bug_is_caught(module: str, right: str, wrong: str) -> None:
    """The battery tells the kernel with the bug from the one without."""
    assert not _agrees(module, right, wrong)
