"""What the machine keeps of one route."""

from itertools import count

import pytest

from node.lane import RouteState, Side, State, Stop, Written
from node.lane.facts import Wrote
from node.lane.progress import Progress
from node.lane.route import backoff
from node.model.limits import WAIT_MAX_S
from node.model.names import Topic
from tests.lane.hand import SOURCE, TARGET, A, batch, progress, sent_crc, wrote

GOOD, BAD = A.topic, Topic(f"{A.topic}.quarantine")


def _route(known: Progress | None = None) -> RouteState:
    return RouteState(A, known, count(1))


def _sent(*sizes: int) -> RouteState:
    """Return a route at offset 0 that has sent batches of so many records."""
    state, base = _route(progress(0)), 0
    for size in sizes:
        state.fetched([batch(base, size)], base + size, 100)
        state.send()
        base += size
    return state


def _settle(state: RouteState, offset: int) -> bool:
    """Settle the oldest outstanding batch as a link does."""
    return state.settle((wrote(GOOD, offset, state.outstanding[0]),))


def _gate() -> RouteState:
    """Return a route with two targets that has sent five batches of two records; the second target holds three records at 5 to 7."""
    targets = {GOOD: Written(id="good"), BAD: Written(id="bad", last=5, count=3, crc=8, batches=1, records=3, bytes=30)}
    state = _route(Progress(source_id=SOURCE, next=0, targets=targets, batches=4, records=3, bytes=99))
    state.fetched([batch(base, 2) for base in range(0, 10, 2)], 10, 100)
    for _ in range(5):
        state.send()
    return state


def _next(state: RouteState, topic: Topic = GOOD) -> int:
    return state.written[topic].next


def test_batches_go_from_queue_to_outstanding_to_carried() -> None:
    """The position that a commit may claim follows the settled batches, in order."""
    state = _route(progress(0))
    state.fetched([batch(0, 2), batch(2, 3)], 5, 9)
    assert (state.reached, state.unsettled, state.quiet) == (0, 200, True)
    state.send()
    assert (state.reached, state.quiet) == (0, False)
    assert _settle(state, 7)
    assert (state.reached, state.unsettled, _next(state)) == (2, 100, 9)


def test_a_commit_may_claim_skipped_offsets_only_behind_the_last_batch() -> None:
    """With nothing queued or outstanding the position itself is reached, else only what is written."""
    state = _sent(2)
    state.position = 9
    assert state.reached == 0
    _settle(state, 0)
    assert state.reached == 9
    state.fetched([batch(9)], 10, 10)
    assert state.reached == 2
    moved = state.moved()
    assert moved is not None
    state.commit(moved.progress)
    assert state.reached == 2


def test_a_committed_position_is_kept_though_batches_wait_behind_it() -> None:
    """What was skipped and written down is not taken back."""
    state = _sent(2)
    _settle(state, 0)
    state.position = 9
    moved = state.moved()
    assert moved is not None
    state.commit(moved.progress)
    state.fetched([batch(9)], 10, 10)
    assert (state.reached, state.skipped, state.moved()) == (9, False, None)


def test_an_offset_below_what_was_written_is_refused() -> None:
    """Control records may lie between; nothing may lie before."""
    state = _sent(2, 3)
    assert _settle(state, 10)
    assert not _settle(state, 11)
    state = _sent(2, 3)
    assert _settle(state, 10)
    assert _settle(state, 13)


@pytest.mark.parametrize(("good", "bad"), [(1, 20), (20, 7), (20, 9)])
def test_each_target_has_its_own_offsets(good: int, bad: int) -> None:
    """What one target acknowledges says nothing about the other, and either may have gone back."""
    state = _gate()
    assert state.settle((Wrote(GOOD, 0, 1, 10, 1), Wrote(BAD, 8, 1, 10, 2)))
    assert (_next(state), _next(state, BAD)) == (1, 9)
    assert state.settle((Wrote(GOOD, good, 1, 10, 3), Wrote(BAD, bad, 1, 10, 4))) is (bad >= 9)


def test_a_batch_that_is_kept_as_one_record_counts_for_all_in_it() -> None:
    """So what was read is what was written, and the next offset is still the one behind a single record."""
    state = _gate()
    before = state.written[BAD]
    assert state.settle((Wrote(BAD, 8, 1, 10, 2, hidden=1),))
    assert (state.written[BAD].records, _next(state, BAD)) == (before.records + 2, 9)
    moved = state.moved()
    assert moved is not None
    assert moved.progress.records - moved.before.records == 2


def test_a_topic_that_is_no_target_is_refused() -> None:
    """What stands there would be in no progress: it must not be committed."""
    state = _gate()
    assert not state.settle((Wrote(GOOD, 0, 1, 10, 1), Wrote(Topic("another"), 8, 1, 10, 2)))


def test_a_group_counts_what_was_read_and_what_was_written() -> None:
    """Batches that were rebuilt together, or of which nothing goes on, count as read; each target counts what it holds."""
    state = _gate()
    assert state.settle((Wrote(GOOD, 0, 2, 20, 1),))
    assert state.settle(())
    assert state.settle((Wrote(BAD, 8, 1, 10, 2), Wrote(GOOD, 2, 2, 20, 3), Wrote(GOOD, 4, 1, 15, 4)))
    assert (state.reached, state.unsettled) == (6, 200)
    assert state.settle(())
    moved = state.moved()
    assert moved is not None
    assert moved.before == state.progress
    new = moved.progress
    assert (new.next, new.last, new.last_crc, new.batches, new.records, new.bytes) == (8, 6, 6, 8, 11, 499)
    assert new.targets == {
        GOOD: Written(id="good", last=4, count=1, crc=4, batches=3, records=5, bytes=55, day_records=5, day_bytes=55),
        BAD: Written(id="bad", last=8, count=1, crc=2, batches=2, records=4, bytes=40, day_records=1, day_bytes=10),
    }
    assert sum(one.records for one in new.targets.values()) + 2 == new.records  # the fourth batch's went nowhere
    assert len(moved.ages) == 4


def test_a_target_that_got_nothing_is_recorded_as_it_was() -> None:
    """Whatever the transaction holds, the progress speaks of all targets."""
    state = _gate()
    before = state.written[BAD]
    state.settle((Wrote(GOOD, 0, 2, 20, 1),))
    moved = state.moved()
    assert moved is not None
    assert moved.progress.targets[BAD] == before


def test_moved_adds_to_the_books() -> None:
    """Counts go on from the committed progress; last batch and CRCs are those of this transaction."""
    state = _sent(2, 3)
    _settle(state, 10)
    _settle(state, 12)
    moved = state.moved()
    assert moved is not None
    assert (moved.before, moved.ages) == (progress(0), (2, 5))
    new = moved.progress
    assert (new.next, new.last, new.last_crc) == (5, 2, 2)
    assert (new.batches, new.records, new.bytes) == (2, 5, 200)
    assert new.targets == {
        GOOD: Written(id=TARGET, last=12, count=3, crc=sent_crc(2), batches=2, records=5, bytes=200, day_records=5, day_bytes=200)
    }


def test_a_roll_back_forgets_all_that_is_not_committed() -> None:
    """It returns what was queued; what was sent is the sink's to give back. The generation is a new one."""
    state = _sent(2, 3)
    _settle(state, 0)
    state.fetched([batch(5), batch(6)], 7, 9)
    state.held = True
    before = state.generation
    assert [one.base for one in state.rollback()] == [5, 6]
    assert state.generation > before
    assert (state.position, state.reached, _next(state), state.unsettled, state.held) == (0, 0, 0, 0, False)
    assert state.moved() is None


def test_generations_are_never_used_twice_in_a_machine() -> None:
    """Routes of one machine draw them from one source, a route that comes again too."""
    generations = count(1)
    first = RouteState(A, None, generations)
    second = RouteState(A, None, generations)
    first.rollback()
    assert len({first.generation, second.generation, 1, 2, 3}) == 3


@pytest.mark.parametrize("queued", [True, False])
def test_the_oldest_record_not_carried_is_remembered_across_a_roll_back(queued: bool) -> None:  # noqa: FBT001 - a case
    """Lag must not vanish because a transaction failed; a commit clears it."""
    state = _route(progress(0))
    state.fetched([batch(3)], 4, 9)
    if not queued:
        state.send()
        assert _settle(state, 0)
    state.rollback()
    assert state.oldest_timestamp == 3
    state.commit(progress(4))
    assert state.oldest_timestamp is None


def test_waiting_grows_up_to_a_second() -> None:
    """Pauses of a route double from 0.1 s to 1 s; those of a shard to 5 s; a Fetch starts them anew."""
    state = _route()
    pauses = []
    for _ in range(6):
        state.wait(State.WAITING, "no topic", 10.0)
        pauses.append(round(state.retry_at - 10.0, 3))
    assert pauses == [0.1, 0.2, 0.4, 0.8, WAIT_MAX_S, WAIT_MAX_S]
    assert [backoff(n) for n in (0, 1, 5, 6, 1000)] == [0.1, 0.2, 3.2, 5.0, 5.0]
    state.fetched([], 0, 0)
    state.wait(State.WAITING, "no topic", 10.0)
    assert round(state.retry_at - 10.0, 3) == 0.1


def test_judging_keeps_goes_on_or_stops() -> None:
    """Without progress a first one is made; a difference is told and changes nothing."""
    source, targets = Side(topic_id=SOURCE, start=4, end=9), {GOOD: Side(topic_id=TARGET)}
    state = _route()
    assert state.judge(source, targets) is None
    assert state.progress == Progress(source_id=SOURCE, next=4, targets={GOOD: Written(id=TARGET)})
    assert (state.position, state.resumed) == (4, False)
    state = _route(progress(3))
    assert state.judge(source, targets) == (Stop.RETENTION_OVERTOOK, "")
    assert state.progress == progress(3)


def test_a_target_that_comes_is_written_down_with_what_moves() -> None:
    """Alone it is worth no transaction: whoever looks again finds it as new as before."""
    state = _route(progress(3))
    sides = {GOOD: Side(topic_id=TARGET), BAD: Side(topic_id="bad", end=4)}
    assert state.judge(Side(topic_id=SOURCE, end=9), sides) is None
    assert state.moved() is None
    state.fetched([batch(3)], 4, 9)
    state.send()
    assert state.settle((Wrote(BAD, 4, 1, 10, 1),))
    moved = state.moved()
    assert moved is not None
    assert moved.progress.targets.keys() == {GOOD, BAD}
    assert moved.progress.targets[BAD].last == 4


def test_caught_up_means_that_nothing_waits() -> None:
    """Not with a queue, not before the source's end, not while it is held back."""
    state = _route(progress(0))
    seen = [state.caught_up]
    state.fetched([batch(0)], 1, 2)
    seen.append(state.caught_up)
    state.send()
    seen.append(state.caught_up)
    state.fetched([], 2, 2)
    seen.append(state.caught_up)
    state.held = True
    assert [*seen, state.caught_up] == [True, False, False, True, False]


def test_what_is_dropped_for_another_era_was_not_reached() -> None:
    """A commit of what was sent before claims nothing of it."""
    state = _sent(2)
    dropped = batch(2, 3)
    state.fetched([dropped], 50, 100)
    state.state = State.FLOWING
    assert state.begin_era(1) == [dropped]
    assert _settle(state, 0)
    assert (state.reached, state.unsettled, state.state) == (2, 0, State.SUSPECT)
