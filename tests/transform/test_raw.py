"""Answers for node/transform/raw.py: what passes untouched, what is rebuilt, and what cannot come from a node."""

import pytest

from node.batch.header import Header, read
from node.batch.records import records
from node.errors import BatchError
from node.transform import Care, Verdict, judge, rebuilt
from tests.bus.replies import batch, changed


def header(**fields: int) -> Header:
    """Return the header of five records from offset 10 on, with other fields by name."""
    return read(changed(batch(10, 5), **fields), 0)


@pytest.mark.parametrize("care", list(Care))
@pytest.mark.parametrize("offset", [0, 9, 10])
def test_a_whole_batch_passes(offset: int, care: Care) -> None:
    """From its beginning on, or asked for earlier, it is carried as it is, whatever the topic holds."""
    assert judge(header(), offset, care) is Verdict.CARRY


@pytest.mark.parametrize(("fields", "offset"), [({}, 11), ({}, 14), ({"last_offset_delta": 6}, 10), ({"count": 3}, 10)])
def test_what_lacks_records_is_rebuilt_but_never_in_facts(fields: dict[str, int], offset: int) -> None:
    """Compaction makes holes and offsets inside a batch in state, and an inbox is opened anyway; in facts either means that records are missing."""
    assert judge(header(**fields), offset, Care.COMPACTED) is Verdict.REBUILD
    assert judge(header(**fields), offset, Care.OPENED) is Verdict.REBUILD
    assert judge(header(**fields), offset, Care.RAW) is Verdict.HOLES


@pytest.mark.parametrize("fields", [{"last_offset_delta": 6}, {"count": 3}])
def test_holes_pass_to_what_is_cut(fields: dict[str, int]) -> None:
    """Its records are copied one by one, each by its own offset; only those before the one asked for must be taken out first."""
    assert judge(header(**fields), 10, Care.CUT) is Verdict.CARRY
    assert judge(header(**fields), 9, Care.CUT) is Verdict.CARRY
    assert judge(header(**fields), 11, Care.CUT) is Verdict.REBUILD
    assert judge(header(), 11, Care.CUT) is Verdict.REBUILD


@pytest.mark.parametrize("care", [Care.RAW, Care.COMPACTED, Care.CUT])
def test_append_time_is_refused_where_nobody_looks_into_batches(care: Care) -> None:
    """The broker's timestamps are not the publisher's, and raw carriage would pass them on."""
    assert judge(header(attributes=0x08), 12, care) is Verdict.APPEND_TIME


def test_append_time_is_taken_from_an_inbox() -> None:
    """Its records are opened, and tell their department's own times."""
    assert judge(header(attributes=0x08), 10, Care.OPENED) is Verdict.CARRY


def test_a_delete_horizon_passes() -> None:
    """The log cleaner marks a batch that holds tombstones without taking any record: it is whole."""
    assert judge(header(attributes=0x40), 10, Care.COMPACTED) is Verdict.CARRY


def test_a_rebuilt_batch_holds_the_rest() -> None:
    """Records from the offset on, numbered anew without holes; none left is None; damage is told."""
    data = batch(10, 5)
    new = rebuilt(data, read(data, 0), 13)
    assert new is not None
    assert not read(new, 0).has_holes
    assert [record.key for record in records(new, read(new, 0))] == [b"k13", b"k14"]
    assert rebuilt(data, read(data, 0), 15) is None
    with pytest.raises(BatchError):
        rebuilt(data[:-1], read(data, 0), 13)
