"""Sides that were disposed of and made anew: the machine begins anew there by itself, and nothing of before goes into them."""

from node.lane import Side, State
from node.lane import facts as f
from tests.lane.hand import SOURCE, TARGET, A, Hand, batch, kinds, only, progress

ERA = f.Routed(frozenset([A]), eras={A: 7})


def test_a_route_whose_side_was_made_anew_begins_anew() -> None:
    """While it runs: what is queued goes nowhere, what is sent is committed as it was, then it is looked at as if it had carried nothing."""
    hand = Hand(A).flow()
    hand.fetched(A, batch(0), end=100)
    orders = hand.tell(ERA)
    assert kinds(orders) == [f.Unfollow]
    hand.settled(A, 0)
    assert only(hand.committed(), f.Inspect).progress is None
    again = hand.inspected(A, source=Side(topic_id="new", start=3, end=9), target=Side(topic_id="anew"))
    assert (only(again, f.Follow).offset, only(again, f.Follow).topic_id) == (3, "new")
    moved = only([*hand.fetched(A, batch(3)), *hand.settled(A, 0)], f.Record).moved
    assert [(one.progress.era, one.progress.next, one.progress.records) for one in moved] == [(7, 4, 2)]


def test_a_route_that_stopped_for_a_side_made_anew_goes_on_by_itself() -> None:
    """Once it is told that this was no accident."""
    hand = Hand(A)
    hand.recover({A: progress(5)})
    assert f.SetAside in kinds(hand.inspected(A, source=Side(topic_id="another", end=9)))
    assert f.Inspect in kinds(hand.tell(ERA))
    assert only(hand.inspected(A, source=Side(topic_id="another", end=9), target=Side(topic_id="anew")), f.Follow).offset == 0


def test_what_was_seen_before_a_side_was_made_anew_counts_no_more() -> None:
    """The answer to an older look is dropped, and another is asked for."""
    hand = Hand(A)
    hand.recover({A: progress(5)})
    before = hand.generation(A)
    assert only(hand.tell(ERA), f.Inspect).progress is None
    assert hand.tell(f.Inspected(A, before, Side(topic_id=SOURCE, end=1000), {A.topic: Side(topic_id=TARGET)})) == []


def test_the_same_era_again_disturbs_nobody() -> None:
    """Routes are told again whenever the book moves."""
    hand = Hand(A)
    hand.tell(ERA)
    hand.flow()
    assert hand.tell(ERA) == []
    assert hand.machine.routes[A].state is State.FLOWING


def test_a_route_that_begins_waits_for_what_is_undecided() -> None:
    """What was written by its topic's name before may be committed yet."""
    hand = Hand(A)
    hand.recover()
    assert hand.inspected(A, target=Side(topic_id=TARGET, end=2, undecided=True)) == []
    assert (hand.machine.routes[A].state, "open" in hand.machine.routes[A].detail) == (State.WAITING, True)
    assert kinds(hand.tick()) == [f.Inspect]
