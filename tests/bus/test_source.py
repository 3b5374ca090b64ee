"""Answers for node/bus/source.py on a real broker: what is committed arrives, whole, in order, and nothing else (faults: test_source_faults)."""

import asyncio
from collections.abc import Callable

import pytest

from node.bus.client import Client
from node.bus.source import open_source
from node.lane import TopicPartition
from node.lane.pace import Limits, Pace
from node.model.limits import FETCH_BYTES_MAX, FETCH_WAIT_S, MIB, UNSETTLED_BYTES_MAX, WINDOW_BYTES_MAX
from node.transform import Care
from tests.bus.conftest import Cluster, Transactions, first
from tests.bus.sourcing import Noting, Taker, following, view_of

pytestmark = pytest.mark.kafka


async def test_aborted_transactions_never_arrive(near: Cluster, client: Client, transactions: Callable[[], Transactions]) -> None:
    """Of committed, aborted and plain records in any order, two producers' transactions overlapping, only the committed and plain arrive."""
    topic = await near.make()
    route, taker = first(topic), Taker()
    one, other = await asyncio.gather(asyncio.to_thread(transactions), asyncio.to_thread(transactions))

    def write() -> None:
        one.run(topic, [b"committed 1", b"committed 2"], commit=True)
        one.run(topic, [b"aborted 1"], commit=False)
        one.run(topic, [b"committed 3"], commit=None)
        other.run(topic, [b"aborted 2", b"aborted 3"], commit=None)
        one.run_on(topic, [b"committed 4"])
        one.end(commit=True)
        other.run_on(topic, [b"aborted 4"])
        other.end(commit=False)
        other.run(topic, [b"committed 5"], commit=True)

    await client.look([topic])
    async with open_source(client, "test") as source:
        source.follow(following(client, route, taker))
        await asyncio.to_thread(write)
        await near.write(topic, b"plain")
        await taker.until(lambda: len(taker.values(route)) == 6)
        await asyncio.to_thread(one.run, topic, [b"last"], commit=True)
        await taker.until(lambda: b"last" in taker.values(route))
        assert taker.values(route) == [*[b"committed %d" % number for number in range(1, 6)], b"plain", b"last"]
        await taker.until(lambda: taker.positions[route] == 17)  # the marker behind the last record too
        assert source.trouble == ""
        assert source.answered_at is not None


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_every_codec_arrives(near: Cluster, client: Client, codec: str) -> None:
    """Keys, values and offsets of what another client compressed, tombstones among it."""
    topic = await near.make()
    route, taker = first(topic), Taker()
    values = [None if number % 10 == 0 else b"value %d" % number * 20 for number in range(200)]
    await near.write(topic, *values, compression_codec=codec, batch_num_messages=37)
    await client.look([topic])
    async with open_source(client, "test") as source:
        source.follow(following(client, route, taker))
        await taker.until(lambda: len(taker.values(route)) == 200)
    assert taker.values(route) == values
    assert [record.key for record in taker.records[route]] == [b"k%d" % number for number in range(200)]


async def test_reading_goes_on_from_where_it_is_told(near: Cluster, client: Client) -> None:
    """From an offset at a batch's beginning on, and anew from another when a route is followed again."""
    topic = await near.make(partitions=2)
    routes = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    taker = Taker()
    for number in range(6):
        await near.write(topic, b"%d" % number, partition=number % 2)
    await client.look([topic])
    async with open_source(client, "test") as source:
        source.follow(following(client, routes[0], taker, position=2))
        source.follow(following(client, routes[1], taker))
        await taker.until(lambda: [len(taker.values(route)) for route in routes] == [1, 3])
        assert [taker.values(route) for route in routes] == [[b"4"], [b"1", b"3", b"5"]]
        taker.positions.clear()
        source.follow(following(client, routes[1], taker, position=1, generation=2))
        await taker.until(lambda: len(taker.values(routes[1])) == 5)
        assert taker.values(routes[1])[3:] == [b"3", b"5"]


async def test_a_held_route_rests_and_others_go_on(near: Cluster, client: Client) -> None:
    """What is held is not asked for until it is released; what was let go stays silent."""
    topic = await near.make(partitions=3)
    routes = [TopicPartition(topic, partition) for partition in range(3)]
    taker = Taker()
    await client.look([topic])
    async with open_source(client, "test") as source:
        for route in routes:
            source.follow(following(client, route, taker))
        await taker.until(lambda: taker.replies >= 3)  # all three are being fetched
        source.hold(routes[0], held=True)
        source.unfollow(routes[1])
        source.hold(routes[1], held=True)  # unknown by now: nothing happens
        for partition in range(3):
            await near.write(topic, b"first", partition=partition)
        await taker.until(lambda: bool(taker.values(routes[2])))
        # Only a Fetch that was under way when it was held may still have brought the record: the next one may not.
        before = taker.values(routes[0])
        await near.write(topic, b"second", partition=0)
        await near.write(topic, b"second", partition=2)
        await taker.until(lambda: len(taker.values(routes[2])) == 2)
        assert taker.values(routes[0]) == before
        source.hold(routes[0], held=False)
        await taker.until(lambda: len(taker.values(routes[0])) == 2)
        assert taker.values(routes[1]) == []


async def test_a_released_route_does_not_wait_for_idle_ones(near: Cluster, client: Client) -> None:
    """One busy route among idle ones is held and released many times a second: no release may cost what an idle Fetch waits."""
    topic = await near.make(partitions=2)
    busy, idle = TopicPartition(topic, 0), TopicPartition(topic, 1)
    taker, loop = Taker(), asyncio.get_running_loop()
    await client.look([topic])
    async with open_source(client, "test") as source:
        source.follow(following(client, busy, taker))
        source.follow(following(client, idle, taker))
        await taker.until(lambda: taker.replies >= 2)
        source.hold(busy, held=True)
        await near.write(topic, b"0")
        took = []
        for number in range(1, 6):
            before = taker.replies
            await taker.until(lambda before=before: taker.replies >= before + 2)  # type: ignore[misc]  # a Fetch without the busy one is under way
            released = loop.time()
            source.hold(busy, held=False)
            await taker.until(lambda number=number: len(taker.values(busy)) == number)  # type: ignore[misc]  # bound as it is now
            took.append(loop.time() - released)
            source.hold(busy, held=True)
            await near.write(topic, b"%d" % number)
    assert max(took) < 0.8 * FETCH_WAIT_S


async def test_unsettled_bytes_are_bounded_and_nothing_is_lost(near: Cluster, client: Client) -> None:
    """A taker that settles nothing gets what a connection may hold and no more; once it settles, all the rest in order."""
    topic = await near.make(partitions=20)
    routes = [TopicPartition(topic, partition) for partition in range(20)]
    taker = Taker(keeps=True)
    values = [b"%d" % number * 1000 for number in range(60)]
    for partition in range(20):
        await near.write(topic, *values * 10, partition=partition, batch_num_messages=60)
    pace = Pace()
    pace.window = WINDOW_BYTES_MAX  # as over a fast link
    await client.look([topic])
    async with open_source(client, "test", pace) as source:
        for route in routes:
            source.follow(following(client, route, taker))
        await taker.until(lambda: taker.held_bytes[0] >= UNSETTLED_BYTES_MAX)
        answered = source.answered_at
        await asyncio.sleep(0.7)  # longer than a Fetch waits: had another been sent, it would be answered by now
        assert source.answered_at == answered
        held, memory = taker.held_bytes
        assert held <= UNSETTLED_BYTES_MAX + FETCH_BYTES_MAX
        assert memory <= 4 * held + MIB
        taker.keeps = False
        taker.release()
        await taker.until(lambda: sum(len(taker.values(route)) for route in routes) == 20 * 600)
    assert all(taker.values(route) == values * 10 for route in routes)
    assert pace.unsettled == 0


async def test_who_fills_the_window_leaves_room_for_others(near: Cluster, client: Client) -> None:
    """A resource of many partitions that settles nothing is not asked for any more; another one's record comes at once."""
    bulk, daily = await near.make(partitions=20), await near.make()
    taker, pace = Taker(keeps=True), Pace()
    for partition in range(20):
        await near.write(bulk, *[b"%d" % number * 1000 for number in range(100)], partition=partition)
    await client.look([bulk, daily])
    async with open_source(client, "test", pace) as source:
        for route in [TopicPartition(bulk, partition) for partition in range(20)] + [first(daily)]:
            source.follow(following(client, route, taker))
        await taker.until(lambda: pace.unsettled >= pace.window)
        await near.write(daily, b"a record")
        await taker.until(lambda: bool(taker.values(first(daily))))
        assert pace.unsettled <= 2 * pace.window
        taker.keeps = False
        taker.release()
        await taker.until(lambda: sum(len(records) for records in taker.records.values()) == 2001)


async def test_a_limit_holds_one_resource_back_and_no_other(near: Cluster, client: Client) -> None:
    """By partitions of a size that fit it; lifted, the rest comes at once. The node's own topics never wait."""
    slow, other = await near.make(partitions=2), await near.make()
    taker, pace, loop = Taker(), Pace(), asyncio.get_running_loop()
    values = [b"%03d" % number * 300 for number in range(200)]
    for route in (TopicPartition(slow, 0), TopicPartition(slow, 1), first(other)):
        await near.write(route.topic, *values, partition=route.partition, batch_num_messages=10)
    await client.look([slow, other])
    async with open_source(client, "test", pace) as source:
        began = loop.time()
        pace.limit(Limits(resources={slow: 100_000}), began)
        for route in (TopicPartition(slow, 0), TopicPartition(slow, 1), first(other)):
            source.follow(following(client, route, taker))
        await taker.until(lambda: len(taker.values(first(other))) == 200)

        def came() -> int:
            return sum(len(taker.values(TopicPartition(slow, partition))) for partition in range(2))

        await taker.until(lambda: came() >= 60)
        assert loop.time() - began >= 0.35  # 60 records of 900 bytes, less one batch that may be owed
        assert came() <= 120
        pace.limit(Limits(), loop.time())
        source.ask()
        await taker.until(lambda: came() == 400)
        assert loop.time() - began <= 2.5  # all of it would have taken 3.6 s


async def test_a_late_route_becomes_level_on_a_real_broker(near: Cluster, client: Client, transactions: Callable[[], Transactions]) -> None:
    """One that begins at the start while another follows the end of a log that grows: soon each batch comes to both, aborted ones to none."""
    topic = await near.make()
    source_of, early, late = first(topic), view_of(topic, 0), view_of(topic, 1)
    values = [b"%d" % number * 2000 for number in range(4000)]
    await near.write(topic, *values, batch_num_messages=10)
    await client.look([topic])
    taker, writer, count = Noting(), await asyncio.to_thread(transactions), 0
    async with open_source(client, "test") as source:
        source.follow(following(client, early, taker, source=source_of, position=4000, care=Care.CUT))
        await asyncio.to_thread(writer.run, topic, [b"lost"], commit=False)
        source.follow(following(client, late, taker, source=source_of, care=Care.CUT))
        while not taker.shared(early, late) >= 20:
            await asyncio.to_thread(writer.run, topic, [b"new %d" % count], commit=True)
            count += 1
            assert count < 400, "level long ago"
        await taker.until(lambda: len(taker.values(early)) == count and len(taker.values(late)) == 4000 + count)
        assert taker.values(early) == [b"new %d" % number for number in range(count)]
        assert taker.values(late) == values + taker.values(early)
        assert taker.shared(early, late) >= 20


async def test_a_topic_deleted_under_the_source_is_told(near: Cluster, client: Client) -> None:
    """And it is not read on when another is made under its name: its topic id is another."""
    topic, stays = await near.make(), await near.make()
    taker = Taker()
    await client.look([topic, stays])
    async with open_source(client, "test") as source:
        source.follow(following(client, first(topic), taker, generation=5))
        source.follow(following(client, first(stays), taker))
        await taker.until(lambda: taker.replies >= 2)
        await near.drop(topic)
        await near.make(name=topic)
        await near.write(topic, b"another topic's")
        await taker.until(lambda: bool(taker.failures))
        assert [one[:3] for one in taker.failures] == [(first(topic), 5, None)]
        await near.write(stays, b"here")
        await taker.until(lambda: taker.values(first(stays)) == [b"here"])
        assert taker.values(first(topic)) == []


async def test_an_offset_that_is_gone_is_told(near: Cluster, client: Client) -> None:
    """Below the log's start there is no automatic reset: only a look at both sides can say what was lost."""
    topic = await near.make()
    taker = Taker()
    await near.write(topic, b"0", b"1", b"2")
    await near.delete_before(topic, 2)
    await client.look([topic])
    async with open_source(client, "test") as source:
        source.follow(following(client, first(topic), taker))
        await taker.until(lambda: bool(taker.failures))
    assert taker.failures == [(first(topic), 1, None, "OFFSET_OUT_OF_RANGE")]
