"""Answers for benchmarks/view_cases.py: plain Python and the kernel have the same records in the rows of each view."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.view_carry import owned
from benchmarks.view_cases import AT, SIDES, TEN, Side, decoder, passing, tell
from node.batch.build import build
from node.batch.header import LZ4, read
from node.batch.records import Record, records
from node.control import Book, day_of
from node.model.names import Topic
from node.transform.writes import Write

_FEW = 2000
BASE_MS = 1_790_000_000_000


def cut(side: Side, content: list[tuple[bytes, bytes]], folder: Path) -> dict[Topic, list[Record]]:
    """Return what the views of a node that was told all of a side have of one batch."""
    own = owned(side, folder)
    routed, from_now = asyncio.run(own.open(day_of(AT)))
    assert not from_now
    data = build((Record(at, BASE_MS + at, *pair) for at, pair in enumerate(content)), codec=LZ4)
    raw = Write(side.source.topic, data, 0, read(data, 0))
    made = own(side.source.topic).make(0, [raw], 0, {topic: None for topic, _partitions in routed})
    assert {one.taken for one in made.values()} == {1}
    return {topic: [row for write in made[topic].writes for row in records(write.data, write.header)] for topic, _partitions in routed}


@pytest.mark.parametrize("name", ["flat", "nested", "ten"])
def test_each_view_has_as_many_records_as_python_counts(name: str, tmp_path: Path) -> None:
    """By these counts the benchmark knows how far a source was read, and whether all stands there; about a quarter passes."""
    side = SIDES[name]
    content = side.source.content(_FEW)
    found = cut(side, content, tmp_path)
    counts = passing(side.cuts, side.source.schema, content, _FEW)
    assert [len(found[topic]) for topic in side.views()] == counts
    assert all(0.14 < count / _FEW < 0.4 for count in counts)


def test_records_that_come_again_are_counted_again() -> None:
    """The topic is filled with the distinct ones in turn, and not with a whole number of rounds."""
    side, few = SIDES["flat"], 70
    content = side.source.content(few)
    decode, passes = decoder(side.source.schema), side.cuts[0].passes
    for count in (0, 5, few, 3 * few + 11):
        expected = sum(passes(decode(content[at % few][1])) for at in range(count))
        assert passing(side.cuts, side.source.schema, content, count) == [expected]


@pytest.mark.full
def test_ten_views_are_ten_and_five_hundred_grants_are_one(tmp_path: Path) -> None:
    """Else the ratios would be of something else; some views mask, and some hide the key."""
    ten = SIDES["ten"]
    found = cut(ten, ten.source.content(_FEW), tmp_path)
    assert len(found) == len(set(ten.views())) == len(TEN)
    assert sum(bool(one.masks) for one in TEN) == 3
    hidden = [topic for topic in ten.views() if len(found[topic][0].key or b"") == 32]
    assert len(hidden) == 2
    grants = SIDES["grants"]
    book = Book()
    tell(book, grants)
    assert len({grant.value.taker for grant in book.active(day_of(AT))}) == len(book.grants) == 500
    assert grants.views() == SIDES["flat"].views()
