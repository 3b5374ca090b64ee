"""Answers for node/control/waiting.py: what waits is counted without being read, and whatever is handled in whatever order is not looked at."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.control import waiting as module
from node.control.audit import Note, Range, ranges
from node.control.waiting import RANGES_MAX, Stock, Stocks
from node.model.names import Topic

TOPIC = Topic("445102.tax.fees.quarantine")


def note(*offsets: Range, records: int = 0, partition: int = 0, topic_id: str = "a") -> Note:
    """A note about some records."""
    return Note(
        at="2026-11-25T08:00:00.000Z",
        kind="quarantine-discarded",
        topic=TOPIC,
        topic_id=topic_id,
        partition=partition,
        offsets=offsets,
        why="",
        records=records,
    )


def test_what_nobody_handled_waits_from_the_first_on() -> None:
    """The gate's own count is exact, however many offsets there are."""
    stock = Stock()
    assert stock.gap(0, 100) == (0, 100)
    assert stock.waiting(60, 0, 100) == 60
    assert stock.gap(0, 0) is None


def test_handled_ranges_are_passed_and_what_lies_between_is_looked_at() -> None:
    """Until somebody has seen that nothing stands there."""
    stock = Stock()
    stock.add(note((0, 3), (6, 9), records=8), RANGES_MAX)
    assert stock.gap(0, 20) == (4, 6)
    stock.settle(6)
    assert stock.gap(0, 20) == (10, 20)
    assert stock.waiting(12, 0, 20) == 4
    stock.add(note((11, 19), records=4), RANGES_MAX)
    assert stock.gap(0, 20) == (10, 11)
    stock.settle(11)
    assert stock.gap(0, 20) is None
    assert stock.waiting(12, 0, 20) == 0
    assert stock.gap(0, 22) == (20, 22)


def test_once_retention_has_taken_some_the_rest_is_counted_by_offsets() -> None:
    """About as many as the share of offsets that records have."""
    stock = Stock()
    stock.add(note((60, 69)), RANGES_MAX)
    assert stock.gap(50, 100) == (50, 60)
    assert stock.waiting(80, 50, 100) == 32
    assert stock.gap(100, 100) is None
    assert stock.waiting(80, 100, 100) == 0


def test_a_note_of_before_records_were_counted_counts_its_offsets() -> None:
    """A transaction's end may be among them."""
    stock = Stock()
    stock.add(note((0, 4)), RANGES_MAX)
    assert stock.waiting(9, 0, 20) == 4


@given(st.sets(st.integers(0, 60)), st.randoms(use_true_random=False))
def test_whatever_is_handled_in_whatever_order_the_first_that_waits_is_found(records: set[int], chance: Random) -> None:
    """As somebody finds it who reads all of it; and none is counted twice."""
    stock, many = Stock(), len(records)
    while True:
        while (gap := stock.gap(0, 61)) is not None and not records.intersection(range(*gap)):
            stock.settle(gap[1])
        first = None if gap is None else min(records.intersection(range(*gap)))
        assert first == min(records, default=None)
        assert stock.waiting(many, 0, 61) == len(records)
        if not records:
            break
        some = sorted(chance.sample(sorted(records), chance.randint(1, len(records))))
        stock.add(note(*ranges((offset, offset) for offset in some), records=len(some)), RANGES_MAX)
        records.difference_update(some)


def test_ranges_beyond_the_bound_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept no longer says which is the first that waits."""
    monkeypatch.setattr(module, "RANGES_MAX", 2)
    stocks = Stocks()
    stocks.add([note((10, 10), (20, 20), (30, 30), records=3)])
    stock = stocks.of((TOPIC, 0), "a")
    assert (stock.blurred, stock.ranges, stock.handled) == (True, [(10, 10), (20, 20)], 3)
    assert stock.waiting(10, 0, 40) == 7


def test_notes_count_for_the_topic_and_partition_that_they_name() -> None:
    """One that was made anew under the name has other records."""
    stocks = Stocks()
    assert stocks.add([note((0, 0), records=1), note((0, 1), records=2, partition=1), note((0, 8), records=9, topic_id="b")]) == {
        (TOPIC, 0),
        (TOPIC, 1),
    }
    assert [stocks.of((TOPIC, number), "a").handled for number in range(3)] == [1, 2, 0]
