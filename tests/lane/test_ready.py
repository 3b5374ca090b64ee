"""What is sent next: routes of one source go in step, and their bytes count once."""

from itertools import count

import pytest

from node.lane import Phase, Progress, RouteState, Side, TopicPartition, Written
from node.lane import facts as f
from node.lane.ready import Ready
from node.model.limits import COMMIT_BYTES_MAX, MIB
from node.model.names import Topic
from tests.lane.hand import SOURCE, TARGET, A, B, Hand, batch, fat, kinds, only, wrote

ONE, TWO, THREE = (TopicPartition(Topic(f"{A.topic}.v-{name}"), 0) for name in ("1" * 12, "2" * 12, "3" * 12))
SOURCES = {ONE: A, TWO: A, THREE: A}
FULL = COMMIT_BYTES_MAX // MIB

Sent = list[tuple[TopicPartition, int]]


def _state(route: TopicPartition, *batches: f.Batch) -> RouteState:
    state = RouteState(route, None, count(1), source=SOURCES.get(route))
    state.fetched(batches, batches[-1].next, batches[-1].next)
    return state


def _ready(*states: RouteState) -> Ready:
    ready = Ready()
    ready.begin()
    for state in states:
        ready.add(state)
    return ready


def _sent(orders: list[f.Order] | list[f.Produce]) -> Sent:
    return [(order.route, order.batch.base) for order in orders if isinstance(order, f.Produce)]


def _views(*routes: TopicPartition, from_now: bool = False) -> Hand:
    """Return a machine whose routes are views of one resource, and flow."""
    hand = Hand()
    hand.tell(f.Routed(frozenset(routes), SOURCES, frozenset(routes if from_now else ())))
    return hand.flow()


def test_routes_at_the_same_place_go_in_step() -> None:
    """Each batch goes to all of them before the next one."""
    first, second = batch(0), batch(1)
    ready = _ready(_state(ONE, first, second), _state(TWO, first, second))
    assert _sent([*ready.send()]) == [(ONE, 0), (TWO, 0), (ONE, 1), (TWO, 1)]
    assert not ready


def test_who_is_behind_goes_first_until_they_meet() -> None:
    """A route at another place is sent as it is; from where both wait with the same batch they go together."""
    first, second, third = batch(0), batch(1), batch(2)
    ready = _ready(_state(TWO, third), _state(ONE, first, second, third))
    assert _sent([*ready.send()]) == [(ONE, 0), (ONE, 1), (TWO, 2), (ONE, 2)]


def test_what_lies_at_the_same_place_but_was_fetched_twice_is_not_the_same() -> None:
    """Only identity tells that one piece of work serves both: of two copies each counts."""
    ready = _ready(_state(ONE, batch(0)), _state(TWO, batch(0)))
    assert len(_sent([*ready.send()])) == 2
    assert ready.bytes == 200


@pytest.mark.parametrize("routes", [(ONE,), (ONE, TWO), (ONE, TWO, THREE)])
def test_a_shared_batch_counts_once(routes: tuple[TopicPartition, ...]) -> None:
    """A transaction is full after as many batches as with one route, and parts nobody who waits with the same one."""
    batches = [fat(base) for base in range(FULL + 2)]
    ready = _ready(*(_state(route, *batches) for route in routes))
    sent = _sent([*ready.send()])
    assert sent == [(route, base) for base in range(FULL) for route in routes]
    assert ready.full
    assert [*ready.send()] == []
    ready.begin()
    assert _sent([*ready.send()]) == [(route, base) for base in (FULL, FULL + 1) for route in routes]


def test_sources_take_turns_in_the_order_in_which_they_came() -> None:
    """Routes of other sources go on when those before have nothing more, in the same transaction."""
    ready = _ready(_state(ONE, batch(0)), _state(B, batch(7)), _state(TWO, batch(4)))
    assert _sent([*ready.send()]) == [(ONE, 0), (TWO, 4), (B, 7)]


def test_a_route_that_is_left_out_is_not_sent() -> None:
    """The others of its source go on; with the last of them the source is gone."""
    both = batch(0)
    one, two = _state(ONE, both), _state(TWO, both)
    ready = _ready(one, two)
    ready.remove(one)
    ready.remove(one)
    assert ready
    assert _sent([*ready.send()]) == [(TWO, 0)]
    ready.remove(two)
    assert not ready


def test_what_all_hand_back_counts_when_it_is_sent_again() -> None:
    """Its bytes are taken off once, and counted once more in the next transaction."""
    both = batch(0)
    states = _state(ONE, both), _state(TWO, both)
    ready = _ready(*states)
    assert len([*ready.send()]) == 2
    for state in states:
        ready.take_back(state, [both])
    assert ready.bytes == 0
    ready.begin()
    assert _sent([*ready.send()]) == [(ONE, 0), (TWO, 0)]
    assert ready.bytes == 100


def test_who_hears_of_a_batch_late_still_goes_with_the_others() -> None:
    """The transaction was full when the second view was told of the same Fetch: what the first has sent, it sends too, and no more."""
    hand = _views(ONE, TWO)
    batches = [fat(base) for base in range(FULL)]
    later = fat(FULL)
    assert len(_sent(hand.fetched(ONE, *batches, later))) == FULL
    assert hand.phase is Phase.CLOSING
    assert _sent(hand.fetched(TWO, *batches, later)) == [(TWO, base) for base in range(FULL)]
    hand.settled(ONE, *range(FULL))
    assert hand.phase is Phase.CLOSING
    record = only(hand.settled(TWO, *range(FULL)), f.Record)
    assert {move.route: move.progress.next for move in record.moved} == {ONE: FULL, TWO: FULL}
    assert _sent(hand.committed()) == [(ONE, FULL), (TWO, FULL)]


def test_a_stop_sends_nothing_more_whoever_has_sent_it() -> None:
    """A process that lets go finishes what was ordered alone."""
    hand = _views(ONE, TWO)
    both = batch(0)
    hand.fetched(ONE, both, end=9)
    hand.tell(f.Stopping())
    assert _sent(hand.fetched(TWO, both, end=9)) == []


def test_what_is_missing_is_told_by_its_own_name() -> None:
    """A view waits for the resource that it is cut from, not for one of its own name."""
    hand = Hand()
    hand.tell(f.Routed(frozenset({ONE}), SOURCES))
    hand.recover()
    assert hand.machine.routes[ONE].source == A
    hand.inspected(ONE, source=Side(topic_id=""))
    assert hand.machine.routes[ONE].detail == f"no topic {A.topic} in the source cluster yet"


def test_a_source_never_changes() -> None:
    """A route's progress speaks of one source: another one is a defect of whoever asks for it."""
    hand = _views(ONE)
    with pytest.raises(AssertionError, match="for ever"):
        hand.tell(f.Routed(frozenset({ONE}), {ONE: B}))


# ---- from now on


def test_a_route_from_now_begins_at_the_end_and_writes_that_down_at_once() -> None:
    """Nothing has to come: a restart must not begin at another end."""
    hand = Hand()
    hand.tell(f.Routed(frozenset({ONE, TWO}), SOURCES, frozenset({ONE})))
    hand.recover()
    hand.inspected(TWO)
    orders = hand.inspected(ONE)
    assert kinds(orders) == [f.Follow, f.Begin, f.Record]
    assert only(orders, f.Follow).offset == 1000
    assert [(move.route, move.progress.next, move.progress.targets) for move in only(orders, f.Record).moved] == [
        (ONE, 1000, {ONE.topic: Written(id=TARGET)})
    ]
    hand.committed()
    assert not hand.machine.routes[ONE].resumed


def test_a_route_from_now_that_has_progress_goes_on_from_there() -> None:
    """Neither a restart nor another owner begins it anew."""
    hand = Hand()
    hand.tell(f.Routed(frozenset({ONE}), SOURCES, frozenset({ONE})))
    hand.recover({ONE: Progress(source_id=SOURCE, next=7, targets={ONE.topic: Written(id=TARGET)})})
    orders = hand.inspected(ONE)
    assert (only(orders, f.Follow).offset, kinds(orders)) == (7, [f.Follow])


def test_a_beginning_whose_commit_is_lost_is_done_again_or_found_done() -> None:
    """What was not committed is nothing: the route begins at the end as it is then. What was, stands."""
    for known, offset in [({}, 1200), ({ONE: Progress(source_id=SOURCE, next=1000, targets={ONE.topic: Written(id=TARGET)})}, 1000)]:
        hand = _views(ONE, from_now=True)
        hand.fetched(ONE, position=1000)
        hand.tell(f.Recorded(), f.Lost("away"))
        hand.tick()
        hand.recover(known)
        orders = hand.inspected(ONE, source=Side(topic_id=SOURCE, end=1200))
        assert only(orders, f.Follow).offset == offset
        assert hand.machine.routes[ONE].resumed == (not known)


def test_a_route_from_now_begins_only_where_nothing_is_wrong() -> None:
    """What stands in its target already stops it, as it does any new route."""
    hand = Hand()
    hand.tell(f.Routed(frozenset({ONE}), SOURCES, frozenset({ONE})))
    hand.recover()
    orders = hand.inspected(ONE, target=Side(topic_id=TARGET, end=3, beyond=True))
    assert kinds(orders) == [f.SetAside]


def test_views_carry_their_own_progress() -> None:
    """What one view refuses to take keeps no other back: each has its own targets and its own place."""
    hand = _views(ONE, TWO)
    both = batch(0)
    hand.fetched(ONE, both)
    hand.fetched(TWO, both)
    hand.wrote(ONE, wrote(ONE.topic, 4, both))
    record = only(hand.wrote(TWO), f.Record)
    assert {move.route: move.progress.targets[move.route.topic].records for move in record.moved} == {ONE: 1, TWO: 0}
