"""The machine's steps one by one; what holds whatever goes wrong is the simulation's matter."""

import msgspec
import pytest

from node.lane import Phase, Resume, Side, State, Stop, Written
from node.lane import facts as f
from node.model.limits import AHEAD_BYTES_MAX, COMMIT_BYTES_MAX, MIB
from node.model.names import Topic
from tests.lane.hand import SOURCE, TARGET, A, B, Hand, batch, fat, kinds, only, progress

GOOD, BAD = A.topic, Topic(f"{A.topic}.quarantine")

# ---- taking the shard


def test_progress_is_read_only_after_the_former_owner_is_fenced() -> None:
    """Open, Recover, Inspect and Follow come one after the other, each only when the one before is answered."""
    hand = Hand(A)
    assert kinds(hand.started) == [f.Open]
    assert kinds(hand.tell(f.Opened())) == [f.Recover]
    inspect = only(hand.tell(f.Recovered({A: progress(7, target=3, count=1)})), f.Inspect)
    assert inspect.progress == progress(7, target=3, count=1)
    follow = only(hand.inspected(A), f.Follow)
    assert (follow.offset, follow.topic_id) == (7, SOURCE)


def test_a_route_without_progress_begins_at_the_oldest_record() -> None:
    """The first Follow is from the start of the source's log."""
    hand = Hand(A)
    hand.recover()
    assert only(hand.inspected(A, source=Side(topic_id=SOURCE, start=5, end=9)), f.Follow).offset == 5


def test_a_shard_without_routes_lets_its_producer_go() -> None:
    """The last route's removal closes the producer, a new route opens one again."""
    hand = Hand(A).flow()
    assert f.Close in kinds(hand.tell(f.Routed(frozenset())))
    assert hand.phase is Phase.RESTING
    assert hand.machine.deadline is None
    assert kinds(hand.tell(f.Routed(frozenset({B})))) == [f.Open]


# ---- when a transaction is committed


def test_a_transaction_is_committed_at_once_when_nothing_waits() -> None:
    """The last settled batch is followed by Record without any wait, Recorded by Commit."""
    hand = Hand(A).flow()
    assert kinds(hand.fetched(A, batch(0), batch(1))) == [f.Begin, f.Produce, f.Produce]
    assert hand.settled(A, 0) == []
    (moved,) = only(hand.settled(A, 1), f.Record).moved
    assert (moved.progress.next, moved.progress.targets[A.topic].last, moved.progress.batches, moved.ages) == (2, 1, 2, (1, 2))
    assert kinds(hand.tell(f.Recorded())) == [f.Commit]
    assert hand.tell(f.Committed()) == []
    assert hand.machine.routes[A].progress == moved.progress


def test_under_load_a_transaction_stays_open_for_half_a_second() -> None:
    """While more waits in the source, batches join the open transaction until 0.5 s have passed."""
    hand = Hand(A).flow()
    began = hand.now
    hand.fetched(A, batch(0), end=100)
    assert hand.settled(A, 0) == []
    assert kinds(hand.fetched(A, batch(1), end=100)) == [f.Produce]
    assert hand.machine.deadline == began + 0.5
    assert hand.tick() == []
    assert only(hand.settled(A, 1), f.Record).moved[0].progress.next == 2


def test_a_transaction_is_closed_at_32_mib() -> None:
    """What is beyond 32 MiB is sent in the next transaction."""
    hand = Hand(A).flow()
    sent = [order for n in range(40) for order in hand.fetched(A, fat(n), end=100) if isinstance(order, f.Produce)]
    assert sum(order.batch.size for order in sent) == COMMIT_BYTES_MAX
    last = hand.settled(A, *range(32))
    assert only(last, f.Record).moved[0].progress.next == 32
    assert kinds(hand.committed()) == [f.Commit, f.Begin, *[f.Produce] * 8]


def test_no_commit_while_a_batch_is_in_doubt() -> None:
    """After the interval the transaction waits for every batch before progress is recorded."""
    hand = Hand(A, B).flow()
    hand.fetched(A, batch(0))
    hand.fetched(B, batch(0))
    assert hand.tick() == []
    assert hand.settled(A, 0) == []
    assert f.Record in kinds(hand.settled(B, 0))


def test_a_skipped_position_is_written_alone_after_five_seconds() -> None:
    """A position behind aborted batches alone is recorded after 5 s, in a transaction without batches."""
    hand = Hand(A).flow()
    assert hand.fetched(A, position=10) == []
    assert hand.machine.deadline == hand.now + 5.0
    orders = hand.tick()
    assert kinds(orders) == [f.Begin, f.Record]
    assert only(orders, f.Record).moved[0].progress.next == 10


def test_a_skipped_position_is_written_with_the_next_commit() -> None:
    """It costs no transaction of its own when one comes anyway."""
    hand = Hand(A, B).flow()
    hand.fetched(A, position=10)
    hand.fetched(B, batch(0))
    assert {move.route: move.progress.next for move in only(hand.settled(B, 0), f.Record).moved} == {A: 10, B: 1}
    hand.committed()
    assert hand.machine.deadline is None


def test_what_is_skipped_while_a_commit_is_under_way_is_not_forgotten() -> None:
    """The five seconds begin anew at the commit that came too early for it."""
    hand = Hand(A, B).flow()
    hand.fetched(B, batch(0))
    hand.settled(B, 0)
    hand.fetched(A, position=10)
    hand.committed()
    assert hand.machine.deadline == hand.now + 5.0


def test_a_written_position_never_goes_back() -> None:
    """Batches that wait while another route's progress is recorded do not take this one's back behind what it skipped."""
    hand = Hand(A, B).flow()
    hand.fetched(A, batch(0), position=5)
    hand.settled(A, 0)
    hand.committed()
    hand.fetched(B, batch(0), end=100)
    hand.tick()
    hand.fetched(A, batch(5))
    assert [move.route for move in only(hand.settled(B, 0), f.Record).moved] == [B]


# ---- bounds


def test_a_route_is_held_above_4_mib_and_released_below_half() -> None:
    """Hold comes once, when more than 4 MiB are unsettled, and Release when less than half of it is."""
    hand = Hand(A).flow()
    orders = [order for n in range(6) for order in hand.fetched(A, fat(n), end=100)]
    assert AHEAD_BYTES_MAX == 4 * MIB
    assert kinds(orders).count(f.Hold) == 1
    assert f.Hold not in kinds(orders[:5])
    orders = hand.settled(A, *range(4))
    assert f.Release not in kinds(orders)
    assert kinds(hand.settled(A, 4)) == [f.Release]


def test_back_off_doubles_up_to_five_seconds_until_something_is_committed() -> None:
    """Lost producers are opened again after 0.1, 0.2, … 5 s; a commit starts that anew."""
    hand = Hand(A)
    pauses = []
    for _ in range(8):
        hand.tell(f.Lost("away"))
        assert hand.machine.deadline is not None
        pauses.append(round(hand.machine.deadline - hand.now, 3))
        assert kinds(hand.tick()) == [f.Open]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    hand.flow()
    hand.carried(A, 0, 0)
    hand.tell(f.Lost("away"))
    assert hand.machine.deadline == hand.now + 0.1


# ---- routes that wait, stop and go on


def test_a_missing_topic_makes_the_route_wait() -> None:
    """It is looked at again with a growing pause, and at once when topics were made."""
    hand = Hand(A)
    hand.recover()
    assert hand.inspected(A, target=Side(topic_id="")) == []
    assert hand.machine.routes[A].state is State.WAITING
    assert hand.machine.deadline == hand.now + 0.1
    assert kinds(hand.tick()) == [f.Inspect]
    hand.inspected(A, source=Side(topic_id=""))
    assert hand.machine.deadline == hand.now + 0.2
    assert kinds(hand.tell(f.Looked())) == [f.Inspect]
    assert f.Follow in kinds(hand.inspected(A))


def test_every_target_must_be_there() -> None:
    """A route waits for whichever is missing, and says which."""
    hand = Hand(A)
    hand.recover()
    assert hand.inspected(A, good=Side(topic_id="good"), bad=Side(topic_id="")) == []
    assert (hand.machine.routes[A].state, "no topic bad in the target" in hand.machine.routes[A].detail) == (State.WAITING, True)
    hand.tick()
    assert f.Follow in kinds(hand.inspected(A, good=Side(topic_id="good"), bad=Side(topic_id="bad")))


def test_a_refusing_source_is_looked_at_when_no_transaction_holds_it() -> None:
    """SourceFailed without a reason: no more fetches, and an inspection after the commit and a pause."""
    hand = Hand(A).flow()
    hand.fetched(A, batch(0), end=100)
    assert kinds(hand.tell(f.SourceFailed(A, hand.generation(A), None, "out of range"))) == [f.Unfollow]
    assert f.Record in kinds(hand.settled(A, 0))
    hand.committed()
    assert hand.machine.deadline == hand.now + 0.1
    assert only(hand.tick(), f.Inspect).progress == hand.machine.routes[A].progress


@pytest.mark.parametrize("phase", [State.INSPECTING, State.FLOWING])
def test_a_source_that_names_its_reason_stops_the_route(phase: State) -> None:
    """Whether it is looked at or fetched, the route is set aside and stays so."""
    hand = Hand(A)
    hand.recover()
    if phase is State.FLOWING:
        hand.inspected(A)
    orders = hand.tell(f.SourceFailed(A, hand.generation(A), Stop.REFUSED, "no"))
    assert only(orders, f.SetAside).stop is Stop.REFUSED
    assert hand.machine.deadline is None


def test_a_difference_stops_its_route_alone() -> None:
    """The other route flows."""
    hand = Hand(A, B)
    hand.recover({A: progress(5)})
    aside = only(hand.inspected(A, source=Side(topic_id="another", end=9)), f.SetAside)
    assert (aside.stop, aside.detail) == (Stop.SOURCE_RECREATED, "")
    assert f.Follow in kinds(hand.inspected(B))
    assert f.Commit in kinds(hand.carried(B, 0, 0))


def test_a_target_that_differs_stops_the_route_and_is_named() -> None:
    """One progress speaks of both: none of them can go on without the other."""
    hand = Hand(A)
    hand.recover()
    aside = only(hand.inspected(A, good=Side(topic_id="good"), bad=Side(topic_id="bad", end=1, beyond=True)), f.SetAside)
    assert (aside.route, aside.stop, aside.detail) == (A, Stop.TARGET_AHEAD, "bad")


def test_a_refused_batch_sets_its_route_aside_before_the_abort() -> None:
    """After a new start only the other route is carried, from where it stood."""
    hand = Hand(A, B).flow()
    hand.fetched(A, batch(0))
    hand.fetched(B, batch(0))
    assert kinds(hand.tell(f.TargetFailed(A, Stop.TOO_LARGE, "10 MiB")))[0] is f.SetAside
    assert hand.phase is Phase.ABORTING
    assert kinds(hand.tell(f.Aborted())) == [f.Unfollow, f.Unfollow, f.Close]
    assert kinds(hand.tick()) == [f.Open]
    assert [order.route for order in hand.recover() if isinstance(order, f.Inspect)] == [B]


def test_an_acknowledgement_below_what_was_written_is_not_committed() -> None:
    """The target went back under our feet: abort, and look at both sides."""
    hand = Hand(A).flow({A: progress(5, target=9, count=1)})
    hand.fetched(A, batch(5))
    assert f.Abort in kinds(hand.settled(A, 9))


@pytest.mark.parametrize("bad", [3, 4])
def test_an_acknowledgement_of_any_target_may_tell_that_it_went_back(bad: int) -> None:
    """What the first one acknowledges in the same breath does not excuse it."""
    known = msgspec.structs.replace(progress(5), targets={GOOD: Written(id=TARGET), BAD: Written(id=TARGET, last=3, count=1, crc=7)})
    hand = Hand(A).flow({A: known})
    hand.fetched(A, batch(5, 2))
    orders = hand.wrote(A, f.Wrote(GOOD, 0, 1, 50, 1), f.Wrote(BAD, bad, 1, 50, 2))
    assert (f.Abort in kinds(orders), f.Record in kinds(orders)) == (bad < 4, bad >= 4)


def test_batches_rebuilt_together_are_recorded_together() -> None:
    """Those settled with nothing named are not recorded before the one that what was made of them comes with."""
    known = msgspec.structs.replace(progress(5), targets={GOOD: Written(id=TARGET), BAD: Written(id=TARGET)})
    hand = Hand(A).flow({A: known})
    hand.fetched(A, batch(5), batch(6), batch(7))
    assert hand.wrote(A) == []
    assert hand.wrote(A) == []
    (moved,) = only(hand.wrote(A, f.Wrote(BAD, 0, 1, 80, 4), f.Wrote(GOOD, 0, 2, 90, 3)), f.Record).moved
    assert (moved.before, moved.progress.next, moved.progress.last, moved.progress.records) == (known, 8, 7, 3)
    assert moved.progress.targets == {
        GOOD: Written(id=TARGET, last=0, count=2, crc=3, batches=1, records=2, bytes=90, day_records=2, day_bytes=90),
        BAD: Written(id=TARGET, last=0, count=1, crc=4, batches=1, records=1, bytes=80, day_records=1, day_bytes=80),
    }


# ---- an operator's word


def _stopped() -> Hand:
    hand = Hand(A)
    hand.recover({A: progress(5, target=4, count=1)})
    hand.inspected(A, target=Side(topic_id="another", end=2))
    return hand


@pytest.mark.parametrize(("mode", "offset"), [(Resume.FROM_START, 3), (Resume.FROM_NOW, 50), (Resume.ACCEPT, 5)])
def test_an_operators_word_is_carried_out_and_written_down(mode: Resume, offset: int) -> None:
    """The route goes on from where the word says, and the new progress is committed even if nothing moves."""
    hand = _stopped()
    assert kinds(hand.tell(f.Resumed(A, mode))) == [f.Inspect]
    orders = hand.inspected(A, source=Side(topic_id=SOURCE, start=3, end=50), target=Side(topic_id="another", end=2))
    assert kinds(orders) == [f.Follow, f.Begin, f.Record]
    assert only(orders, f.Follow).offset == offset
    (moved,) = only(orders, f.Record).moved
    (written,) = moved.progress.targets.values()
    assert (moved.progress.next, written.id, written.next) == (offset, "another", 2)
    hand.committed()
    hand.tell(f.SourceFailed(A, hand.generation(A), None, "moved"))
    assert only(hand.tick(), f.Inspect).progress == moved.progress
    assert only(hand.inspected(A, target=Side(topic_id="another", end=2)), f.Follow).offset == offset


@pytest.mark.parametrize("landed", [True, False])
def test_a_word_whose_commit_is_in_doubt_is_carried_out_once(landed: bool) -> None:  # noqa: FBT001 - a case
    """The recovered progress tells whether the commit stands: only if it does not, the word counts again."""
    hand = _stopped()
    hand.tell(f.Resumed(A, Resume.FROM_START))
    moved = only(hand.inspected(A, target=Side(topic_id="another", end=2)), f.Record).moved[0]
    hand.tell(f.Recorded(), f.Lost("no answer to the commit"))
    hand.tick()
    hand.recover({A: moved.progress if landed else progress(5, target=4, count=1)})
    source = Side(topic_id=SOURCE, end=80)
    orders = hand.inspected(A, source=source, target=Side(topic_id="another", end=2))
    assert (f.Record in kinds(orders)) is not landed


def test_a_word_in_doubt_is_not_carried_out_on_what_another_owner_has_made_of_it() -> None:
    """The commit stands perhaps, and another process has gone on from there: once more would double what it has carried."""
    hand = _stopped()
    hand.tell(f.Resumed(A, Resume.FROM_START))
    hand.inspected(A, target=Side(topic_id="another", end=2))
    hand.tell(f.Recorded(), f.Lost("no answer to the commit"))
    hand.tick()
    written = Written(id="another", last=9, count=1, crc=7)
    hand.recover({A: msgspec.structs.replace(progress(40), targets={A.topic: written})})
    orders = hand.inspected(A, target=Side(topic_id="another", end=10, last_crc=7))
    assert (kinds(orders), only(orders, f.Follow).offset) == ([f.Follow], 40)


def test_a_newer_word_is_not_used_up_by_an_older_ones_commit() -> None:
    """Stopped and resumed again while the first word is being committed: the second still counts."""
    hand = _stopped()
    hand.tell(f.Resumed(A, Resume.FROM_START))
    hand.inspected(A, target=Side(topic_id="another", end=2))
    hand.tell(f.SourceFailed(A, hand.generation(A), Stop.CORRUPT, "offset 0"))
    hand.tell(f.Resumed(A, Resume.FROM_NOW))
    assert f.Inspect in kinds(hand.committed())
    assert only(hand.inspected(A, source=Side(topic_id=SOURCE, end=77), target=Side(topic_id="another", end=2)), f.Follow).offset == 77


def test_a_word_for_a_route_that_is_not_stopped_changes_nothing() -> None:
    """Only what stands still is resumed."""
    hand = Hand(A).flow()
    assert hand.tell(f.Resumed(A, Resume.FROM_NOW), f.Resumed(B, Resume.FROM_NOW)) == []


# ---- routes that come and go


def test_a_removed_route_stays_until_the_commit_that_holds_it() -> None:
    """No more of it is fetched or sent, what is sent is committed with its progress, what waits is given back."""
    hand = Hand(A, B).flow()
    sent = [hand.fetched(A, fat(n), end=100) for n in range(33)]
    assert kinds(sent[-1]) == []
    assert kinds(hand.tell(f.Routed(frozenset({B})))) == [f.Unfollow]
    assert only(hand.settled(A, *range(32)), f.Record).moved[0].progress.next == 32
    assert kinds(hand.committed()) == [f.Commit, f.Unfollow, f.Drop]
    assert A not in hand.machine.routes


def test_a_route_wanted_again_before_its_transaction_ended_is_followed_again() -> None:
    """What it holds is sent on, then both sides are looked at anew."""
    hand = Hand(A, B).flow()
    for n in range(33):
        hand.fetched(A, fat(n), end=100)
    hand.tell(f.Routed(frozenset({B})), f.Routed(frozenset({A, B})))
    hand.settled(A, *range(32))
    assert kinds(hand.committed()) == [f.Commit, f.Begin, f.Produce]
    hand.settled(A, 32)
    assert only(hand.committed(), f.Inspect).progress == hand.machine.routes[A].progress


def test_answers_to_what_was_asked_before_are_dropped() -> None:
    """A Fetched of a former generation gives its buffers back, also where the route was removed and came again."""
    hand = Hand(A, B).flow()
    old = hand.generation(A)
    hand.tell(f.Routed(frozenset({B})), f.Routed(frozenset({A, B})))
    hand.inspected(A)
    late = batch(0)
    assert only(hand.tell(f.Fetched(A, old, [late], 1, 1)), f.Drop).batches == (late,)
    assert hand.tell(f.SourceFailed(A, old, Stop.CORRUPT, ""), f.Settled(A, old, ())) == []


def test_a_stopped_route_goes_back_to_what_is_recovered() -> None:
    """When the lost commit stands after all, a stopped route's older place is not written over it."""
    hand = Hand(A, B).flow()
    hand.fetched(A, batch(0))
    hand.tell(f.SourceFailed(A, hand.generation(A), Stop.CORRUPT, ""))
    moved = only(hand.settled(A, 0), f.Record).moved[0]
    hand.tell(f.Recorded(), f.Lost("no answer"))
    hand.tick()
    hand.recover({A: moved.progress})
    hand.inspected(B)
    hand.fetched(B, batch(0))
    assert [move.route for move in only(hand.settled(B, 0), f.Record).moved] == [B]
