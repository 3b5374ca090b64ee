"""How far behind a federation says that it is: at rest, cut, restarted while it is cut, and while it catches up."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count, islice, pairwise

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from node.avro import encode, frame, parse, schema_id
from node.demo.world import CITY, DISTRICT, PROVINCE, World
from node.model.limits import CANARY_INTERVAL_S, TRANSACTION_TIMEOUT_S, WATCH_INTERVAL_S
from node.model.names import Topic, canary_topic, inbox_topic
from tests.faults.flow import Face, Publisher, offer, versions, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400), pytest.mark.full]

_TAKER = "440000.civil-affairs"
_STREETS = Topic("440000.civil-affairs.streets")
"""What the demo's city takes from above."""
_AT_REST_S, _CUT_S = 10, 12
_SLACK_S = 2.0
"""For a machine that does other things too."""
_UNSEEN_S = 2 * WATCH_INTERVAL_S + _SLACK_S
"""When a flow was last level is looked at, and then written down, so often."""

Flow = tuple[str, str]


async def _shown(face: Face, metric: str) -> dict[Flow, float]:
    """Return a gauge by lane and resource."""
    families = text_string_to_metric_families((await face.text("/metrics"))[1])
    samples = [one for family in families for one in family.samples if one.name == metric]
    return {(one.labels["lane"], one.labels["resource"]): one.value for one in samples}


async def _lags(face: Face) -> dict[Flow, float]:
    return await _shown(face, "exchange_lag_seconds")


async def _level(face: Face, flows: set[Flow], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while True:
            lags = await _lags(face)
            if all(lags.get(flow, 1.0) < 1.0 for flow in flows):
                return
            await asyncio.sleep(0.2)


async def _carried(face: Face, topic: Topic, records: int) -> None:
    async with asyncio.timeout(30):
        while await face.metric("exchange_records_total", lane="link-up", resource=topic) < records:
            await asyncio.sleep(0.1)


async def test_lag_is_right_at_rest_cut_and_after_a_restart(world: World) -> None:
    """At rest it is 0. Cut, it grows by a second a second for what waits above and below, and goes on from there when the node is started again."""
    city, topic = Face(world.nodes[CITY]), await offer(world, "late", _TAKER, partitions=1)
    up = {("link-up", topic), ("link-up", canary_topic(CITY))}  # type: ignore[arg-type]  # a code of the tree
    down = {("link-down", _STREETS), ("link-down", canary_topic(PROVINCE))}  # type: ignore[arg-type]
    write(world.clusters[DISTRICT], inbox_topic(topic), islice(versions(), 1))
    await _carried(city, topic, 1)
    await _level(city, up | down)
    for _ in range(_AT_REST_S):
        for face in map(Face, world.nodes.values()):
            lags = await _lags(face)
            assert {flow: lag for flow, lag in lags.items() if flow[1] in {topic, _STREETS} and lag} == {}
            assert all(lag < _SLACK_S for (_lane, name), lag in lags.items() if name.endswith(".canary"))
        await asyncio.sleep(1.0)

    world.cut(CITY)
    cut_at = time.time()
    write(world.clusters[DISTRICT], inbox_topic(topic), islice(versions(), 1))
    await asyncio.sleep(CANARY_INTERVAL_S + 1.0)
    before = [(time.time(), await _lags(city))]
    for _ in range(_CUT_S):
        await asyncio.sleep(1.0)
        before.append((time.time(), await _lags(city)))
    for flow in up | down:
        for at, lags in before:
            assert at - cut_at - CANARY_INTERVAL_S - _SLACK_S < lags[flow] < at - cut_at + _SLACK_S, flow
        (began, first), (ended, last) = before[0], before[-1]
        assert last[flow] - first[flow] == pytest.approx(ended - began, abs=1.0), flow

    assert await world.nodes[CITY].stop() == 0
    await world.nodes[CITY].start()
    began, after = time.time(), list[tuple[float, dict[Flow, float]]]()
    while time.time() < began + 2 * _CUT_S:
        if lags := await _found(city):
            after.append((time.time(), lags))
        await asyncio.sleep(0.5)
    for flow in up | down:
        told = [(at, lags[flow]) for at, lags in after if flow in lags]
        assert told, f"{flow} is not shown within {2 * _CUT_S} s of a start"
        for at, lag in told:
            assert before[-1][1][flow] + at - before[-1][0] - _SLACK_S < lag < at - cut_at + _UNSEEN_S, flow
        assert all(later > sooner for (_, sooner), (_, later) in pairwise(told)), flow

    world.mend(CITY)
    await _level(city, up | down)


async def _found(face: Face) -> dict[Flow, float]:
    try:
        return await _lags(face)
    except httpx.HTTPError:  # it is not there yet
        return {}


_RECORDS, _PAD_BYTES, _BYTES_PER_S = 100_000, 1000, 2_000_000
"""Some 100 MB, which nothing compresses, over a link that carries them in 50 s."""
_SCHEMA: dict[str, object] = {
    "type": "record",
    "name": "Padded",
    "key": ["code"],
    "fields": [{"name": "code", "type": "string"}, {"name": "pad", "type": "bytes"}],
}


def _padded() -> Iterator[tuple[bytes, bytes]]:
    parsed, number = parse(_SCHEMA), schema_id(_SCHEMA)
    for one in islice(count(), _RECORDS):
        yield b"%d" % one, frame(number, encode(parsed, {"code": str(one), "pad": os.urandom(_PAD_BYTES)}))


async def test_the_time_to_catch_up_is_about_right(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What has gathered while the link was cut, at a steady rate: within a factor of two of what it then takes, and falling."""
    city, topic = Face(world.nodes[CITY]), await offer(world, "behind", _TAKER, schema=_SCHEMA)
    flow, cable = ("link-up", topic), world.clusters[PROVINCE].cable
    assert cable is not None
    write(world.clusters[DISTRICT], inbox_topic(topic), islice(_padded(), 10))
    await _carried(city, topic, 10)
    world.cut(CITY)
    publisher = Publisher(world.clusters[DISTRICT], inbox_topic(topic), _padded(), per_second=20_000)
    publisher.start()
    await asyncio.to_thread(publisher.join)
    async with asyncio.timeout(90):
        while (await _shown(city, "exchange_lag_records"))[flow] < _RECORDS:
            await asyncio.sleep(0.5)
    await asyncio.sleep(2 * TRANSACTION_TIMEOUT_S)  # what stands for so long begins anew
    cable.bytes_per_s = _BYTES_PER_S
    try:
        world.mend(CITY)
        told = [one async for one in _draining(city, flow)]
    finally:
        cable.bytes_per_s = float("inf")
    level_at, began_at = told[-1][0], next(at for at, behind, _left in told if behind < told[0][1])
    steady = [
        (left, level_at - at) for at, _behind, left in told if at > began_at + 4 * WATCH_INTERVAL_S and level_at - at > WATCH_INTERVAL_S
    ]
    with capsys.disabled():
        print("\ntold and true, s: " + ", ".join(f"{left:.0f} {true:.0f}" for left, true in steady[::3]))  # noqa: T201
    assert len(steady) > 10
    assert all(true / 2 < left < true * 2 for left, true in steady)
    assert steady[-1][0] < steady[0][0]


async def _draining(face: Face, flow: Flow) -> AsyncIterator[tuple[float, float, float]]:
    """Yield now and then when it is, how much is behind, and how long that is said to take, until nothing is."""
    behind = 1.0
    async with asyncio.timeout(240):
        while behind:
            behind = (await _shown(face, "exchange_lag_records"))[flow]
            yield time.monotonic(), behind, (await _shown(face, "exchange_catch_up_seconds"))[flow]
            await asyncio.sleep(1.0)
