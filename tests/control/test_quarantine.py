"""What may be asked about a quarantine, and the lines of an answer."""

import msgspec
import pytest

from node.control.quarantine import OFFSETS_MAX, WHY_MAX, Advanced, Asked, Ended, Kept, Line, Listed, Problem, Sampled, Selection
from node.errors import CommandRefused
from node.model.names import Department, Topic


@pytest.mark.parametrize(
    "selection",
    [Selection(reason="minimum"), Selection(partition=1, offsets=frozenset({0, 9})), Selection(all=True)],
)
def test_there_are_three_ways_to_choose(selection: Selection) -> None:
    """By reason, by offsets of a partition, or all; each reads back from its JSON."""
    selection.check(2)
    assert msgspec.json.decode(msgspec.json.encode(selection), type=Selection) == selection


@pytest.mark.parametrize(
    ("selection", "why"),
    [
        (Selection(), "one way"),
        (Selection(reason="x", all=True), "one way"),
        (Selection(partition=0, offsets=frozenset({1}), all=True), "one way"),
        (Selection(partition=0), "together"),
        (Selection(offsets=frozenset({1})), "together"),
        (Selection(partition=2, offsets=frozenset({1})), "no partition 2"),
        (Selection(partition=-1, offsets=frozenset({1})), "no partition -1"),
        (Selection(partition=0, offsets=frozenset({-1})), "not negative"),
        (Selection(partition=0, offsets=frozenset(range(OFFSETS_MAX + 1))), "10000"),
    ],
)
def test_anything_else_is_refused(selection: Selection, why: str) -> None:
    """In both languages: nothing is replayed by guessing."""
    with pytest.raises(CommandRefused, match=why) as refused:
        selection.check(2)
    assert refused.value.zh


def test_a_reason_is_kept_short() -> None:
    """It goes into each note."""
    Asked(selection=Selection(all=True), why="因" * WHY_MAX).check(1)
    with pytest.raises(CommandRefused, match="1001 characters"):
        Asked(selection=Selection(all=True), why="因" * (WHY_MAX + 1)).check(1)


def test_what_is_meant_is_read_and_no_more() -> None:
    """By offset only the stretch of that partition in which they lie, else all of it; there only what is meant is taken."""
    one = Selection(partition=1, offsets=frozenset({7, 12}))
    assert [one.span(partition, 5, 10) for partition in (0, 1)] == [(10, 10), (7, 10)]
    assert one.span(1, 9, 50) == (9, 13)
    assert [one.takes(offset, "minimum") for offset in (7, 8, 12)] == [True, False, True]
    assert Selection(all=True).span(0, 5, 10) == Selection(reason="x").span(0, 5, 10) == (5, 10)
    assert Selection(all=True).takes(1, "any")
    assert [Selection(reason="x").takes(1, reason) for reason in ("x", "y")] == [True, False]
    assert one.by_offset
    assert not Selection(all=True).by_offset


@pytest.mark.parametrize(
    "line",
    [
        Advanced(1, 2),
        Listed(resource=Topic("r"), title="t", department=Department("d"), department_name="n", groups=()),
        Sampled(
            partition=0,
            offset=1,
            timestamp_ms=2,
            inbox_offset=3,
            reason="r",
            field="f",
            place=4,
            zh="中",
            en="e",
            form="",
            key=None,
            value={"a": 1},
        ),
        Kept(partition=0, offset=1, code="c", zh="中", en="e"),
        Ended(records=1),
        Problem(code="c", zh="中", en="e"),
    ],
)
def test_each_line_says_what_it_is(line: Line) -> None:
    """Who reads an answer line by line tells them apart."""
    told = msgspec.json.encode(line)
    assert msgspec.json.decode(told)["line"] == type(line).__name__.lower()
    assert msgspec.json.decode(told, type=Line) == line
