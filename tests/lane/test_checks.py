"""Are both sides still the logs they were? Each difference has its reason, and each operator's word its place to go on from."""

import msgspec
import pytest

from node.lane import Progress, Resume, Side, Stop
from node.lane.checks import compare, first, resumed

PROGRESS = Progress(
    source_id="s",
    next=100,
    last=90,
    last_crc=1,
    target_id="t",
    target_last=200,
    target_count=10,
    target_crc=2,
    batches=7,
    records=99,
    bytes=5,
)
SOURCE = Side(topic_id="s", start=0, end=100, last_crc=1)
TARGET = Side(topic_id="t", start=0, end=210, last_crc=2)


def _with(side: Side, **changes: object) -> Side:
    return msgspec.structs.replace(side, **changes)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (SOURCE, TARGET),
        (_with(SOURCE, start=100, end=100, last_crc=None), TARGET),
        (_with(SOURCE, end=5000), _with(TARGET, end=5000)),
        (_with(SOURCE, last_crc=None), _with(TARGET, last_crc=None, start=205)),
    ],
    ids=["same", "retention up to us", "grown, and aborted batches in the target", "last batches removed or rewritten"],
)
def test_sides_that_may_go_on(source: Side, target: Side) -> None:
    """Growth, retention that has not overtaken us, and compaction are no difference."""
    assert compare(PROGRESS, source, target) is None


@pytest.mark.parametrize(
    ("source", "target", "stop"),
    [
        (_with(SOURCE, topic_id="x"), TARGET, Stop.SOURCE_RECREATED),
        (_with(SOURCE, end=99), TARGET, Stop.SOURCE_TRUNCATED),
        (_with(SOURCE, start=101, end=200), TARGET, Stop.RETENTION_OVERTOOK),
        (_with(SOURCE, last_crc=9), TARGET, Stop.SOURCE_ALTERED),
        (SOURCE, _with(TARGET, topic_id="x"), Stop.TARGET_RECREATED),
        (SOURCE, _with(TARGET, end=209), Stop.TARGET_TRUNCATED),
        (SOURCE, _with(TARGET, last_crc=9), Stop.TARGET_ALTERED),
        (SOURCE, _with(TARGET, beyond=True), Stop.TARGET_AHEAD),
        (_with(SOURCE, topic_id="x", end=1), _with(TARGET, topic_id="x"), Stop.SOURCE_RECREATED),
    ],
)
def test_each_difference_has_its_reason(source: Side, target: Side, stop: Stop) -> None:
    """The source is looked at first, and identity before content."""
    assert compare(PROGRESS, source, target) is stop


def test_a_route_that_carried_nothing_must_find_nothing() -> None:
    """Records in the target that no progress speaks of are somebody's: the route stops."""
    assert compare(None, SOURCE, _with(TARGET, beyond=True)) is Stop.TARGET_AHEAD
    assert compare(None, SOURCE, TARGET) is None
    assert first(_with(SOURCE, start=40), TARGET) == Progress(source_id="s", next=40, target_id="t")


@pytest.mark.parametrize("crc", [None, 0, 77])
def test_progress_without_batches_compares_no_crc(crc: int | None) -> None:
    """Before the first batch, and after an operator's word, whatever stands there is none of ours."""
    assert compare(first(SOURCE, TARGET), _with(SOURCE, last_crc=crc), _with(TARGET, last_crc=crc)) is None
    begun = resumed(Resume.FROM_NOW, PROGRESS, SOURCE, TARGET)
    assert compare(begun, _with(SOURCE, last_crc=crc), _with(TARGET, end=220, last_crc=crc)) is None


@pytest.mark.parametrize("known", [PROGRESS, None], ids=["carried", "nothing carried"])
@pytest.mark.parametrize("mode", Resume)
@pytest.mark.parametrize(("start", "end"), [(0, 50), (0, 500), (300, 500), (100, 100), (0, 0)])
def test_a_word_goes_on_from_inside_the_source_and_passes_the_checks(mode: Resume, known: Progress | None, start: int, end: int) -> None:
    """Both sides are taken as they are: the same look that stopped the route lets it go on."""
    source, target = Side(topic_id="x", start=start, end=end), Side(topic_id="y", start=3, end=31, beyond=False)
    new = resumed(mode, known, source, target)
    assert start <= new.next <= end
    assert compare(new, source, target) is None
    assert new.target_next == 31


def test_what_each_word_means() -> None:
    """From the oldest record, from the end, or from where it stood as far as the source has that."""
    source = _with(SOURCE, start=40, end=400)
    assert resumed(Resume.FROM_START, PROGRESS, source, TARGET).next == 40
    assert resumed(Resume.FROM_NOW, PROGRESS, source, TARGET).next == 400
    assert resumed(Resume.ACCEPT, PROGRESS, source, TARGET).next == 100
    assert resumed(Resume.ACCEPT, PROGRESS, _with(source, start=150), TARGET).next == 150
    assert resumed(Resume.ACCEPT, PROGRESS, _with(source, end=60), TARGET).next == 60
    assert resumed(Resume.ACCEPT, None, source, TARGET).next == 40


def test_a_word_keeps_the_books() -> None:
    """What was carried so far still counts."""
    new = resumed(Resume.FROM_START, PROGRESS, SOURCE, TARGET)
    assert (new.batches, new.records, new.bytes) == (7, 99, 5)
    assert (new.last, new.target_count) == (-1, 0)
