"""Are both sides still the logs they were? Each difference has its reason, and each operator's word its place to go on from."""

import msgspec
import pytest

from node.lane import Progress, Resume, Side, Stop, Written
from node.lane.checks import awaited, compare, of_era, opened, resumed
from node.model.names import Topic

GOOD, BAD, LATE = Topic("a.b.c"), Topic("a.b.c.quarantine"), Topic("a.b.c.v-late")
PROGRESS = Progress(
    source_id="s",
    next=100,
    last=90,
    last_crc=1,
    targets={
        GOOD: Written(id="t", last=200, count=10, crc=2, batches=5, records=90, bytes=4),
        BAD: Written(id="q", last=50, count=2, crc=3, batches=3, records=9, bytes=1),
    },
    batches=7,
    records=99,
    bytes=5,
)
SOURCE = Side(topic_id="s", start=0, end=100, last_crc=1)
TARGET = Side(topic_id="t", start=0, end=210, last_crc=2)
SECOND = Side(topic_id="q", start=0, end=52, last_crc=3)
TARGETS = {GOOD: TARGET, BAD: SECOND}


def _with(side: Side, **changes: object) -> Side:
    return msgspec.structs.replace(side, **changes)


@pytest.mark.parametrize(
    ("source", "target", "second"),
    [
        (SOURCE, TARGET, SECOND),
        (_with(SOURCE, start=100, end=100, last_crc=None), TARGET, SECOND),
        (_with(SOURCE, end=5000), _with(TARGET, end=5000), _with(SECOND, end=53)),
        (_with(SOURCE, last_crc=None), _with(TARGET, last_crc=None, start=205), _with(SECOND, last_crc=None, start=52)),
    ],
    ids=["same", "retention up to us", "grown, and aborted batches in the targets", "last batches removed or rewritten"],
)
def test_sides_that_may_go_on(source: Side, target: Side, second: Side) -> None:
    """Growth, retention that has not overtaken us, and compaction are no difference."""
    assert compare(PROGRESS, source, {GOOD: target, BAD: second}) is None


@pytest.mark.parametrize(
    ("source", "stop"),
    [
        (_with(SOURCE, topic_id="x"), Stop.SOURCE_RECREATED),
        (_with(SOURCE, end=99), Stop.SOURCE_TRUNCATED),
        (_with(SOURCE, start=101, end=200), Stop.RETENTION_OVERTOOK),
        (_with(SOURCE, last_crc=9), Stop.SOURCE_ALTERED),
        (_with(SOURCE, topic_id="x", end=1), Stop.SOURCE_RECREATED),
    ],
)
def test_each_difference_of_the_source_has_its_reason(source: Side, stop: Stop) -> None:
    """The source is looked at first, and identity before content."""
    assert compare(PROGRESS, source, TARGETS) == (stop, "")
    assert compare(PROGRESS, source, {GOOD: _with(TARGET, topic_id="x"), BAD: SECOND}) == (stop, "")


@pytest.mark.parametrize("topic", TARGETS)
@pytest.mark.parametrize(
    ("changes", "stop"),
    [
        ({"topic_id": "x"}, Stop.TARGET_RECREATED),
        ({"end": 51}, Stop.TARGET_TRUNCATED),
        ({"last_crc": 9}, Stop.TARGET_ALTERED),
        ({"beyond": True}, Stop.TARGET_AHEAD),
        ({"topic_id": "x", "end": 0, "beyond": True}, Stop.TARGET_RECREATED),
    ],
)
def test_each_difference_of_each_target_has_its_reason_and_names_it(topic: Topic, changes: dict[str, object], stop: Stop) -> None:
    """Whichever of the targets it is: the others are as they were."""
    assert compare(PROGRESS, SOURCE, TARGETS | {topic: _with(TARGETS[topic], **changes)}) == (stop, topic)


def test_a_route_that_carried_nothing_must_find_nothing() -> None:
    """Records in a target that no progress speaks of are somebody's: the route stops."""
    assert compare(None, SOURCE, TARGETS | {BAD: _with(SECOND, beyond=True)}) == (Stop.TARGET_AHEAD, BAD)
    assert compare(None, SOURCE, TARGETS) is None
    begun = opened(None, _with(SOURCE, start=40), TARGETS)
    assert begun == Progress(source_id="s", next=40, targets={GOOD: Written(id="t"), BAD: Written(id="q")})


def test_a_route_from_now_begins_at_the_end() -> None:
    """Not at the oldest record; one that has begun goes on."""
    begun = opened(None, _with(SOURCE, start=40), TARGETS, from_now=True)
    assert (begun.next, begun.last, begun.targets) == (SOURCE.end, -1, opened(None, SOURCE, TARGETS).targets)
    assert opened(PROGRESS, SOURCE, TARGETS, from_now=True) == PROGRESS


def test_a_target_that_comes_later_must_be_empty_and_is_written_from_there_on() -> None:
    """The others stand where they stood, in their books too."""
    late = Side(topic_id="l", start=4, end=9)
    assert compare(PROGRESS, SOURCE, TARGETS | {LATE: _with(late, beyond=True)}) == (Stop.TARGET_AHEAD, LATE)
    assert compare(PROGRESS, SOURCE, TARGETS | {LATE: late}) is None
    grown = opened(PROGRESS, SOURCE, TARGETS | {LATE: late})
    assert grown == msgspec.structs.replace(PROGRESS, targets=PROGRESS.targets | {LATE: Written(id="l")})


def test_a_target_that_is_no_more_is_forgotten() -> None:
    """Whatever became of it: it is looked at no more, and nothing else changes."""
    assert compare(PROGRESS, SOURCE, {BAD: SECOND}) is None
    assert opened(PROGRESS, SOURCE, {BAD: SECOND}) == msgspec.structs.replace(PROGRESS, targets={BAD: PROGRESS.targets[BAD]})
    assert opened(PROGRESS, SOURCE, TARGETS) == PROGRESS


@pytest.mark.parametrize("crc", [None, 0, 77])
def test_progress_without_batches_compares_no_crc(crc: int | None) -> None:
    """Before the first batch, and after an operator's word, whatever stands there is none of ours."""
    others = {GOOD: _with(TARGET, last_crc=crc), BAD: _with(SECOND, last_crc=crc)}
    assert compare(opened(None, SOURCE, TARGETS), _with(SOURCE, last_crc=crc), others) is None
    begun = resumed(Resume.FROM_NOW, PROGRESS, SOURCE, TARGETS)
    assert compare(begun, _with(SOURCE, last_crc=crc), {topic: _with(side, end=220) for topic, side in others.items()}) is None


@pytest.mark.parametrize("known", [PROGRESS, None], ids=["carried", "nothing carried"])
@pytest.mark.parametrize("mode", Resume)
@pytest.mark.parametrize(("start", "end"), [(0, 50), (0, 500), (300, 500), (100, 100), (0, 0)])
def test_a_word_goes_on_from_inside_the_source_and_passes_the_checks(mode: Resume, known: Progress | None, start: int, end: int) -> None:
    """All sides are taken as they are: the same look that stopped the route lets it go on."""
    source = Side(topic_id="x", start=start, end=end)
    targets = {GOOD: Side(topic_id="y", start=3, end=31), LATE: Side(topic_id="z", end=8)}
    new = resumed(mode, known, source, targets)
    assert start <= new.next <= end
    assert compare(new, source, targets) is None
    assert {topic: (one.id, one.next) for topic, one in new.targets.items()} == {GOOD: ("y", 31), LATE: ("z", 8)}


def test_what_each_word_means() -> None:
    """From the oldest record, from the end, or from where it stood as far as the source has that."""
    source = _with(SOURCE, start=40, end=400)
    assert resumed(Resume.FROM_START, PROGRESS, source, TARGETS).next == 40
    assert resumed(Resume.FROM_NOW, PROGRESS, source, TARGETS).next == 400
    assert resumed(Resume.ACCEPT, PROGRESS, source, TARGETS).next == 100
    assert resumed(Resume.ACCEPT, PROGRESS, _with(source, start=150), TARGETS).next == 150
    assert resumed(Resume.ACCEPT, PROGRESS, _with(source, end=60), TARGETS).next == 60
    assert resumed(Resume.ACCEPT, None, source, TARGETS).next == 40
    assert resumed(Resume.ACCEPT, None, source, TARGETS, from_now=True).next == 400


def test_a_word_keeps_the_books() -> None:
    """What was read and written so far still counts; a target that is no more has no book."""
    new = resumed(Resume.FROM_START, PROGRESS, SOURCE, TARGETS)
    assert (new.batches, new.records, new.bytes) == (7, 99, 5)
    assert new.last == -1
    books = {topic: (one.count, one.batches, one.records, one.bytes) for topic, one in new.targets.items()}
    assert books == {GOOD: (0, 5, 90, 4), BAD: (0, 3, 9, 1)}
    assert resumed(Resume.FROM_START, PROGRESS, SOURCE, {BAD: SECOND}).targets.keys() == {BAD}


def test_a_progress_of_an_earlier_era_counts_on_and_says_nothing_else() -> None:
    """The route begins as one that carried nothing, at the beginning or the end, in targets that must be empty; in its own era it goes on."""
    anew = opened(PROGRESS, _with(SOURCE, topic_id="x", start=40), {GOOD: Side(topic_id="y"), LATE: Side(topic_id="z")}, era=3)
    assert anew == Progress(
        source_id="x",
        next=40,
        targets={GOOD: Written(id="y", batches=5, records=90, bytes=4), LATE: Written(id="z")},
        batches=7,
        records=99,
        bytes=5,
        era=3,
    )
    assert opened(PROGRESS, SOURCE, TARGETS, from_now=True, era=3).next == SOURCE.end
    assert opened(anew, SOURCE, TARGETS, era=3).next == 40
    assert [of_era(one, 3) for one in (None, PROGRESS, anew)] == [None, None, anew]
    assert of_era(anew, 2) == anew, "a lane that has not heard of an era yet goes on in it"


@pytest.mark.parametrize(("mode", "offset"), [(Resume.FROM_START, 40), (Resume.FROM_NOW, 100), (Resume.ACCEPT, 40)])
def test_a_word_in_a_new_era_takes_no_place_from_the_one_before(mode: Resume, offset: int) -> None:
    """Accepted is what is there, and the route begins where it would have begun."""
    new = resumed(mode, PROGRESS, _with(SOURCE, start=40), TARGETS, era=3)
    assert (new.next, new.era, new.records, new.targets[GOOD].records) == (offset, 3, 99, 90)


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        (SOURCE, TARGET, ""),
        (_with(SOURCE, topic_id=""), TARGET, "no topic a.b.c in the source cluster yet"),
        (SOURCE, _with(TARGET, topic_id=""), "no topic a.b.c in the target cluster yet"),
        (SOURCE, _with(TARGET, undecided=True), "a transaction is open in a.b.c still"),
    ],
)
def test_what_a_route_waits_for(source: Side, target: Side, why: str) -> None:
    """A topic that is not there yet, and what may be committed yet where nothing may be."""
    assert awaited(GOOD, source, {GOOD: target}) == why
