"""Batches that are handed back unbegun once their transaction is to end."""

from node.lane import Phase
from node.lane import facts as f
from tests.lane.hand import A, B, Hand, batch, kinds, only


def _closing() -> Hand:
    """Return a machine that has sent three batches of a route, has heard of none, and waits to commit."""
    hand = Hand(A).flow()
    hand.fetched(A, batch(0), batch(1), batch(2), end=100)
    hand.tick()
    assert hand.phase is Phase.CLOSING
    return hand


def _sent(orders: list[f.Order]) -> list[int]:
    return [order.batch.base for order in orders if isinstance(order, f.Produce)]


def _hand_back(hand: Hand, count: int) -> list[f.Order]:
    newest = list(hand.machine.routes[A].outstanding)[-count:]
    return hand.tell(f.Returned(A, hand.generation(A), newest))


def test_what_comes_back_goes_first_in_the_next_transaction() -> None:
    """The commit claims what was settled alone; then the same batches are sent again, in order, before what has come since."""
    hand = _closing()
    hand.settled(A, 0)
    record = only(_hand_back(hand, 2), f.Record)
    assert [move.progress.next for move in record.moved] == [1]
    hand.fetched(A, batch(3), end=100)
    orders = hand.committed()
    assert kinds(orders)[:2] == [f.Commit, f.Begin]
    assert _sent(orders) == [1, 2, 3]


def test_a_commit_still_awaits_what_was_begun() -> None:
    """Two of three come back; the transaction ends only when the first one stands."""
    hand = _closing()
    assert _hand_back(hand, 2) == []
    assert hand.phase is Phase.CLOSING
    assert kinds(hand.settled(A, 0)) == [f.Record]


def test_what_comes_back_is_rolled_back_with_the_rest() -> None:
    """Its buffers are given back when the producer is lost before the next transaction: the machine holds them again."""
    hand = _closing()
    newest = list(hand.machine.routes[A].outstanding)[-2:]
    _hand_back(hand, 2)
    assert [*only(hand.tell(f.Lost("away")), f.Drop).batches] == newest


def test_what_comes_back_of_a_route_that_is_gone_is_given_up_with_it() -> None:
    """A route that is wanted no more leaves with the commit: what came back of it is not sent again."""
    hand = _closing()
    newest = list(hand.machine.routes[A].outstanding)[-2:]
    hand.settled(A, 0)
    hand.tell(f.Routed(frozenset({B})))
    _hand_back(hand, 2)
    orders = hand.committed()
    assert [*only(orders, f.Drop).batches] == newest
    assert _sent(orders) == []
    assert A not in hand.machine.routes


def test_what_comes_back_after_a_roll_back_is_dropped() -> None:
    """A generation that is over has nothing to say: its batches' buffers are given back."""
    hand = _closing()
    state = hand.machine.routes[A]
    old, newest = state.generation, list(state.outstanding)
    hand.tell(f.Lost("away"))
    assert [*only(hand.tell(f.Returned(A, old, newest)), f.Drop).batches] == newest


def test_bytes_that_come_back_count_no_more_for_the_commit() -> None:
    """A transaction is full by what it has sent: the next one may send as much again."""
    hand = _closing()
    hand.settled(A, 0)
    before = hand.machine._ready.bytes
    _hand_back(hand, 2)
    assert hand.machine._ready.bytes == before - 200
