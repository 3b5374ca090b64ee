"""Answers for node/bus/source.py too: routes that are read from one partition share its Fetch, its walk and its batches."""

import asyncio
from itertools import pairwise

import pytest

from node.bus.feed import Feed
from node.bus.fetch import Piece
from node.lane import Stop, TopicPartition
from node.lane.facts import Batch
from node.model.limits import FETCH_WAIT_HELD_S, FETCH_WAIT_S
from node.transform import Care
from tests.bus.replies import Part, batch, fetch_body
from tests.bus.scripted import FETCH, TOPIC_ID, Asked, wanted_of
from tests.bus.sharing import HERE, ONE, OTHER, THIRD, Log, feed_of, log_of, scene, until_placed, viewing
from tests.bus.sourcing import Noting, view_of

NOT_LEADER, OUT_OF_RANGE = 6, 1


async def test_level_routes_share_one_fetch_and_its_batches() -> None:
    """However many follow a partition, it is asked for once, with the patience of one; they get the same batches, whose bytes count once."""
    log, taker = log_of(3), Noting(keeps=True)
    async with scene(log, taker, (ONE, 0), (OTHER, 0), (THIRD, 0)) as (broker, source):
        await taker.until(lambda: all(taker.positions.get(route) == 6 for route in (ONE, OTHER, THIRD)))
        await broker.until(lambda: len(log.places) == 2)
        assert taker.batches[ONE] == taker.batches[OTHER] == taker.batches[THIRD]  # a batch is equal to itself alone
        assert (log.places, set(log.waits_ms)) == ([0, 6], {int(FETCH_WAIT_S * 1000)})
        size, feed = sum(map(len, log.batches)), feed_of(source)
        assert feed._unsettled == size
        for left in (size, size, 0):
            for one in taker.batches[ONE]:
                assert isinstance(one.handle, Piece)
                one.handle.release()
            assert feed._unsettled == left


async def test_who_stands_inside_a_reply_shares_the_rest_of_it() -> None:
    """From a batch's boundary on, and from then on everything: it is never asked for by itself."""
    log, taker = log_of(5), Noting()
    async with scene(log, taker, (ONE, 0), (OTHER, 4), (THIRD, 10)) as (broker, _source):
        await broker.until(lambda: len(log.places) == 2)
        assert taker.offsets(ONE) == [*range(10)]
        assert taker.batches[OTHER] == taker.batches[ONE][2:]
        assert (THIRD in taker.batches, log.places) == (False, [0, 10])


async def test_who_stands_inside_a_batch_gets_it_rebuilt_for_itself() -> None:
    """Only what begins behind it can be shared: it has a turn of its own, once, and is level then."""
    log, taker = Log(batch(0, 2), batch(2, 4)), Noting()
    log.mute = True
    async with scene(log, taker, (ONE, 0), (OTHER, 3), care=Care.CUT) as (broker, _source):
        await broker.until(lambda: len(log.places) == 3)
        assert (taker.offsets(ONE), taker.offsets(OTHER)) == ([*range(6)], [3, 4, 5])
        assert log.places == [0, 3, 6]


async def test_a_late_route_becomes_level_under_a_steady_producer() -> None:
    """Near and far take turns, neither waits for two Fetches; once the stretches have met, each reply is for both."""
    log, taker = log_of(100, most=10, mute=False), Noting()
    log.growth = 1
    async with scene(log, taker, (ONE, 200), (OTHER, 0)) as (broker, _source):
        await taker.until(lambda: taker.positions.get(ONE, 0) == taker.positions.get(OTHER, 1))
        met, level = len(log.places), taker.positions[ONE]
        await broker.until(lambda: len(log.places) >= met + 50)
        log.growth = 0
        await taker.until(lambda: taker.positions[ONE] == taker.positions[OTHER] == log.end)
    far, near = log.places[1:20:2], log.places[:20:2]
    assert (far, near[0]) == ([*range(0, 200, 20)], 200)
    assert all(0 < later - earlier <= 4 for earlier, later in pairwise(near)), "what is written meanwhile, no more"
    assert met <= 26, "100 batches, 10 each second Fetch, while the log grows by one each Fetch"
    assert all(later > earlier for earlier, later in pairwise(log.places[met : met + 50])), "one place"
    assert (taker.offsets(ONE), taker.offsets(OTHER)) == ([*range(200, log.end)], [*range(log.end)])
    one, other = ([found for found in taker.batches[route] if found.base >= level] for route in (ONE, OTHER))
    assert one == other
    assert len(one) >= 50


async def test_many_far_apart_are_starved_by_nobody() -> None:
    """Each second Fetch is for the lowest place, so that it comes to the next one; the others have theirs in turn, and the reply is not long in coming."""
    log, taker = log_of(300, most=10, mute=False), Noting()
    routes = [(view_of(HERE.topic, number), 20 + number * 100) for number in range(4)]
    ends: list[int] = []

    def answer(asked: Asked) -> bytes | None:
        ends.append(min(taker.positions.get(route, position) for route, position in routes))
        return log.answer(asked)

    async with scene(log, taker, *routes) as (broker, source):
        broker.answers[FETCH] = answer
        resting = viewing(source.client, taker, view_of(HERE.topic, 9), 0)
        resting.held = True
        source.follow(resting)  # the lowest of all, but it is not its turn
        await taker.until(lambda: all(taker.positions.get(route) == 600 for route, _position in routes))
    assert log.places[:12] == [20, 120, 40, 220, 60, 320, 80, 140, 100, 240, 120, 340]
    assert set(log.waits_ms[:12]) == {int(FETCH_WAIT_HELD_S * 1000)}
    assert all(taker.offsets(route) == [*range(position, 600)] for route, position in routes)
    assert ends.index(600 - 20) <= 60, "twice the 30 replies that bring it all: what lies between is not fetched for each alone"


async def test_a_turn_that_the_replys_bound_cut_off_is_not_lost() -> None:
    """Where a reply is full before it comes to a partition, the same place is asked for again; where nothing is there, the next one."""
    log, taker = log_of(20, most=2, mute=False), Noting()
    async with scene(log, taker, (ONE, 0), (OTHER, 40)) as (broker, _source):
        cut = iter([False, False, True, True])

        def answer(asked: Asked) -> bytes | None:
            whole = log.answer(asked)
            return fetch_body({TOPIC_ID.bytes: [Part(stable=40)]}) if next(cut, False) else whole

        broker.answers[FETCH] = answer
        await taker.until(lambda: taker.positions.get(ONE) == 40)
    assert log.places[:8] == [0, 40, 4, 4, 4, 40, 8, 40]


async def test_a_held_route_is_left_out_and_the_level_one_goes_on() -> None:
    """A reply that was asked for still comes to who is held meanwhile; then nothing until it is released, and it catches up."""
    log, taker = log_of(4, most=1, mute=False), Noting()
    async with scene(log, taker, (ONE, 0), (OTHER, 0)) as (broker, source):

        def answer(asked: Asked) -> bytes | None:
            if len(log.places) == 1:
                source.hold(OTHER, held=True)
            return log.answer(asked)

        broker.answers[FETCH] = answer
        await taker.until(lambda: taker.positions.get(ONE) == 8)
        assert taker.offsets(OTHER) == [0, 1, 2, 3], "of the second reply it was the one that asked"
        assert set(log.waits_ms[2:]) == {int(FETCH_WAIT_HELD_S * 1000)}
        source.hold(OTHER, held=False)
        await taker.until(lambda: taker.positions[OTHER] == 8)
        assert taker.offsets(OTHER) == [*range(8)]
        log.grow(1)
        await taker.until(lambda: taker.positions[ONE] == taker.positions[OTHER] == 10)
        assert taker.batches[ONE][-1] is taker.batches[OTHER][-1]


async def test_who_is_released_behind_a_level_one_shares_its_reply() -> None:
    """Of two that are released one after the other the first sends the Fetch, and the other is not left behind by it."""
    log, taker = log_of(1), Noting()
    async with scene(log, taker) as (broker, source):
        for route in (ONE, OTHER):
            one = viewing(source.client, taker, route, 0)
            one.held = True
            source.follow(one)
        await until_placed(source)
        assert log.places == []
        source.hold(ONE, held=False)
        source.hold(OTHER, held=False)
        await broker.until(lambda: len(log.places) == 2)
        assert (log.places, taker.batches[ONE]) == ([0, 2], taker.batches[OTHER])


async def test_a_stop_is_for_those_who_came_to_it() -> None:
    """Damage stops who reads up to it and who stands before it; who stands behind it has met none and goes on."""
    damaged = batch(4, 2)
    damaged[-1] ^= 1
    log, taker = Log(batch(0, 2), batch(2, 2), damaged, batch(6, 2)), Noting()
    routes = [(ONE, 0), (OTHER, 4), (THIRD, 6)]
    async with scene(log, taker, *routes) as (_broker, source):
        await taker.until(lambda: taker.positions.get(THIRD) == 8)
        assert [(route, stop) for route, _generation, stop, _detail in taker.failures] == [(ONE, Stop.CORRUPT), (OTHER, Stop.CORRUPT)]
        assert all(detail.startswith("offset 4: ") for *_others, detail in taker.failures)
        assert (taker.offsets(ONE), taker.offsets(OTHER), taker.offsets(THIRD)) == ([0, 1, 2, 3], [], [6, 7])
        assert set(source._following) == {THIRD}
    assert log.places.count(4) == 0, "the stop was told with the reply in which it was found"


async def test_an_error_is_for_those_who_asked() -> None:
    """An offset that is gone is gone for who stands there; the others of the partition are asked for in their turn and get theirs."""
    log, taker = log_of(4), Noting()
    async with scene(log, taker) as (broker, source):
        broker.answers[FETCH] = lambda asked: (
            fetch_body({TOPIC_ID.bytes: [Part(error=OUT_OF_RANGE)]}) if wanted_of(asked)[1] == [(0, 0)] else log.answer(asked)
        )
        for route, position in ((ONE, 0), (OTHER, 4), (THIRD, 0)):
            source.follow(viewing(source.client, taker, route, position))
        await taker.until(lambda: taker.positions.get(OTHER) == 8)
        assert taker.failures == [(ONE, 1, None, "OFFSET_OUT_OF_RANGE"), (THIRD, 1, None, "OFFSET_OUT_OF_RANGE")]
        assert set(source._following) == {OTHER}


async def test_a_moved_leader_sends_all_to_look() -> None:
    """What concerns the partition is met by each in its turn; followed anew they are level again."""
    log, taker, moved, began = log_of(4, mute=False), Noting(), iter([True, True]), {ONE: 0, OTHER: 4}
    async with scene(log, taker) as (broker, source):
        taker.again = lambda route: source.follow(viewing(source.client, taker, route, taker.positions.get(route, began[route])))
        broker.answers[FETCH] = lambda asked: (
            fetch_body({TOPIC_ID.bytes: [Part(error=NOT_LEADER)]}) if next(moved, False) else log.answer(asked)
        )
        for route, position in began.items():
            source.follow(viewing(source.client, taker, route, position))
        await taker.until(lambda: taker.positions.get(ONE) == taker.positions.get(OTHER) == 8)
        assert {route for route, *_others in taker.failures} == {ONE, OTHER}
        assert all(f"{HERE}: NOT_LEADER" in detail for *_others, detail in taker.failures)
        assert (taker.offsets(ONE), taker.offsets(OTHER)) == ([*range(8)], [*range(4, 8)])


async def test_a_reply_under_way_is_not_for_who_came_behind_its_fetch() -> None:
    """Both sides were looked at before it was followed, perhaps after the broker read the log for that reply: it waits for the next one."""
    log, taker = log_of(4, most=2), Noting()
    async with scene(log, taker) as (broker, source):
        broker.waits[FETCH] = asyncio.Event()
        source.follow(viewing(source.client, taker, ONE, 0))
        await broker.until(lambda: len(log.places) == 1)
        source.follow(viewing(source.client, taker, OTHER, 0))
        source.follow(viewing(source.client, taker, THIRD, 2))
        await until_placed(source)
        broker.waits.pop(FETCH).set()
        await taker.until(lambda: all(taker.positions.get(route) == 8 for route in (ONE, OTHER, THIRD)))
        assert (taker.offsets(ONE), taker.offsets(OTHER), taker.offsets(THIRD)) == ([*range(8)], [*range(8)], [*range(2, 8)])
        assert not set(taker.batches[ONE][:2]) & {*taker.batches[OTHER], *taker.batches[THIRD]}
        assert taker.batches[OTHER][1] is taker.batches[THIRD][0]


async def test_who_lets_another_go_while_it_is_told_harms_no_bytes() -> None:
    """What is shared is counted before the first hears of it: the other still gets its part, gives it back, and nothing is left."""
    log = log_of(4)
    async with scene(log, Noting()) as (broker, source):

        class LettingGo(Noting):
            def fetched(self, route: TopicPartition, generation: int, batches: list[Batch], position: int, end: int) -> None:
                source.unfollow(OTHER if route == ONE else ONE)
                super().fetched(route, generation, batches, position, end)

        taker = LettingGo()
        for route in (ONE, OTHER):
            source.follow(viewing(source.client, taker, route, 0))
        await taker.until(lambda: OTHER in taker.batches and ONE in taker.batches)
        assert taker.batches[ONE] == taker.batches[OTHER]
        assert (feed_of(source)._unsettled, feed_of(source).followers, source._following) == (0, {}, {})
        assert broker.count(FETCH) <= 2


async def test_routes_of_one_source_agree_on_what_its_batches_may_be_like() -> None:
    """A batch is judged once for all of them, so a second opinion is a defect of who follows."""
    async with scene(log_of(1), Noting()) as (_broker, source):
        feed, taker = Feed(source, 1, "test"), Noting()
        feed.add(viewing(source.client, taker, ONE, 0, care=Care.CUT))
        with pytest.raises(AssertionError, match="differ in what its batches may be like"):
            feed.add(viewing(source.client, taker, OTHER, 0, care=Care.RAW))
