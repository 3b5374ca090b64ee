"""Which batches pass raw."""

import msgspec
import pytest

from node.batch.build import build
from node.batch.header import read
from node.batch.records import Record, records
from node.transform import Verdict, judge, rebuilt

BATCH = build([Record(offset=i, timestamp=1000 + i, key=b"k", value=b"%d" % i) for i in range(5)], codec=0)
HEADER = read(BATCH, 0)


def test_a_whole_batch_passes_untouched() -> None:
    """Facts and state alike are carried as they came."""
    assert judge(HEADER, 0, compacted=False) is judge(HEADER, 0, compacted=True) is Verdict.CARRY


@pytest.mark.parametrize(("compacted", "verdict"), [(True, Verdict.REBUILD), (False, Verdict.HOLES)])
def test_a_batch_that_compaction_or_a_start_offset_cuts_is_rebuilt_for_state_only(*, compacted: bool, verdict: Verdict) -> None:
    """Nothing takes records out of facts: there it is a reason to stop."""
    holes = msgspec.structs.replace(HEADER, count=4)
    assert judge(holes, 0, compacted=compacted) is verdict
    assert judge(HEADER, 2, compacted=compacted) is verdict


def test_timestamps_of_the_broker_are_refused() -> None:
    """LogAppendTime cannot come from a node, and a new header would lose it."""
    assert judge(msgspec.structs.replace(HEADER, attributes=8), 0, compacted=True) is Verdict.APPEND_TIME


def test_rebuilding_keeps_what_lies_behind_the_offset() -> None:
    """Key, value and timestamp stay; nothing left is None."""
    new = rebuilt(BATCH, HEADER, 3)
    assert new is not None
    assert [(one.timestamp, one.value) for one in records(new, read(new, 0))] == [(1003, b"3"), (1004, b"4")]
    assert rebuilt(BATCH, HEADER, 5) is None
