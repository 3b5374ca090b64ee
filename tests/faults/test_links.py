"""Links that are cut, clusters that are away when a node starts, and how long a record takes when nothing is wrong."""

import asyncio
import os
import statistics
import time
from itertools import islice

import confluent_kafka
import pytest
from prometheus_client.parser import text_string_to_metric_families

from node.demo.world import CITY, DISTRICT, PROVINCE, World
from node.model.limits import CANARY_LATE_S
from node.model.names import Topic, inbox_topic
from tests.faults.flow import Face, all_arrived, offer, publishing, reading, until, versions, way_in, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

_TAKER = "440000.civil-affairs"
_IDLE_S = 60
_TICKS = os.sysconf("SC_CLK_TCK")


async def _lag(face: Face, topic: Topic) -> tuple[int, float]:
    """Return a topic's lag in records and in seconds, from the metrics."""
    labels = {"lane": "link-up", "resource": topic}
    return int(await face.metric("exchange_lag_records", **labels)), await face.metric("exchange_lag_seconds", **labels)


async def _until_behind(face: Face, topic: Topic, seconds: float) -> None:
    async with asyncio.timeout(30):
        while True:
            records, behind = await _lag(face, topic)
            if records > 0 and behind > seconds:
                return
            await asyncio.sleep(0.2)


async def test_a_cut_link_is_made_up_for(world: World) -> None:
    """While the link to the province is cut, the lag grows for all to see and the trouble is told; mended, each record arrives once."""
    face = Face(world.nodes[CITY])
    topic = await offer(world, "cut", _TAKER)
    with reading(world.clusters[PROVINCE], topic) as reader:
        with publishing(world.clusters[DISTRICT], inbox_topic(topic), per_second=2_000) as publisher:
            await until(lambda: reader.records > 0, "the first record")
            world.cut(CITY)
            await _until_behind(face, topic, 1.0)
            assert (await face.status())["link"]["trouble"]
            world.mend(CITY)
            await reader.moves("records flow again")
            sent = await asyncio.to_thread(publisher.stop)
        await all_arrived(reader, sent)
    async with asyncio.timeout(10):
        while await _lag(face, topic) != (0, 0.0):
            await asyncio.sleep(0.1)


@pytest.mark.full
async def test_a_link_that_stays_cut_is_down(world: World) -> None:
    """When no canary came for 12 s its directions are late at both ends, in the metrics, in the tree and in readiness; and well once mended."""
    ends = {face: await _ages(face) for face in (Face(world.nodes[CITY]), Face(world.nodes[PROVINCE]))}
    assert all(age < CANARY_LATE_S for ages in ends.values() for age in ages.values())
    below, above = ends
    world.cut(CITY)
    await asyncio.sleep(CANARY_LATE_S + 1.0)
    assert {way for way, age in (await _ages(below)).items() if age > CANARY_LATE_S} == {(CITY, "up"), (PROVINCE, "down")}
    assert {way for way, age in (await _ages(above)).items() if age > CANARY_LATE_S} == {(CITY, "up"), (DISTRICT, "up")}
    assert [(node["division"], node["up"]["state"], node["down"]["state"]) for node in (await below.status())["tree"] if node["up"]] == [
        (CITY, "late", "late"),
        (DISTRICT, "flowing", "flowing"),
    ]
    assert [(node["division"], node["up"]["state"], node["down"]["state"]) for node in (await above.status())["tree"] if node["up"]] == [
        (CITY, "late", "unknown"),
        (DISTRICT, "unknown", "unknown"),
    ]
    status, text = await below.text("/readyz")
    assert status == 503
    assert [line.partition(" for ")[0] for line in text.splitlines()] == [
        f"link: nothing has come up to {PROVINCE}",
        f"link: nothing has come down from {PROVINCE}",
    ]
    assert (await above.text("/readyz"))[0] == 200
    world.mend(CITY)
    async with asyncio.timeout(20):
        while not (await below.ready() and all(age < CANARY_LATE_S for age in (await _ages(above)).values())):
            await asyncio.sleep(0.2)


async def _ages(face: Face) -> dict[tuple[str, str], float]:
    """Return how old the canaries are that a node hears, by whose they are and the direction of the last link."""
    families = text_string_to_metric_families((await face.text("/metrics"))[1])
    samples = [one for family in families for one in family.samples if one.name == "exchange_canary_age_seconds"]
    return {(one.labels["origin"], one.labels["direction"]): one.value for one in samples}


@pytest.mark.full
async def test_nodes_wait_for_a_broker_that_is_away_at_their_start(world: World) -> None:
    """Nodes started without the city's broker say so at each attempt and in readiness; when it comes they carry what has waited."""
    city, district = Face(world.nodes[CITY]), Face(world.nodes[DISTRICT])
    topic = await offer(world, "away", _TAKER)
    for face in (city, district):
        await face.node.kill()
    await world.clusters[CITY].kill(1)
    before = [face.lines for face in (city, district)]
    for face in (city, district):
        await face.node.start()
    write(world.clusters[DISTRICT], inbox_topic(topic), islice(versions(), 1000))
    for face, since, parts in zip((city, district), before, ({"own cluster", "gate", "views", "canary", "link"}, {"link"}), strict=True):
        while (
            len(told := face.not_ready(since)) < 7 or not {one["part"] for one in told} >= parts
        ):  # those with the kernel come when it is loaded
            await asyncio.sleep(0.1)
        assert {one["part"] for one in told} == parts
        assert all(f"no Kafka broker answers at {_address(world, face)}" in one["cause"] for one in told)
        status, text = await face.text("/readyz")
        assert status == 503
        assert {line.partition(":")[0] for line in text.splitlines()} == parts
    await world.clusters[CITY].start(1)
    with reading(world.clusters[PROVINCE], topic) as reader:
        await all_arrived(reader, 1000)
    for face in (city, district):
        await face.until_ready()


def _address(world: World, face: Face) -> str:
    city = world.clusters[CITY]
    return city.link_bootstrap if face.node.division == DISTRICT else city.bootstrap


@pytest.mark.parametrize(("records", "pause_s"), [(20, 0.2), pytest.param(100, 1.0, marks=pytest.mark.full)])
async def test_a_record_reaches_the_province_soon(world: World, records: int, pause_s: float, capsys: pytest.CaptureFixture[str]) -> None:
    """From the publisher's acknowledged commit in the district to the provincial taker's poll: at most 250 ms at the median."""
    topic = await offer(world, f"soon-{records}", _TAKER, partitions=1)
    with reading(world.clusters[PROVINCE], topic) as reader:
        write(world.clusters[DISTRICT], inbox_topic(topic), islice(versions(), 1))
        await until(lambda: reader.records == 1, "the first record")
        producer = confluent_kafka.Producer(
            {
                **way_in(world.clusters[DISTRICT]),
                "transactional.id": topic,
                "linger.ms": 0,
                "partitioner": "murmur2_random",
                "log_level": 0,
            },
            logger=None,
        )
        await asyncio.to_thread(producer.init_transactions)
        took = []
        for number, (key, value) in enumerate(islice(versions(), 1, records + 1), 2):
            producer.begin_transaction()
            producer.produce(inbox_topic(topic), value, key)
            await asyncio.to_thread(producer.commit_transaction)
            committed = time.time()
            while reader.records < number:
                await asyncio.sleep(0.01)
            took.append(max(reader.last_at - committed, 0.0) * 1000)
            await asyncio.sleep(pause_s)
    took.sort()
    with capsys.disabled():
        print(f"\ndistrict → province, a gate and two links: median {statistics.median(took):.0f} ms, worst {took[-1]:.0f} ms of {records}")  # noqa: T201
    assert statistics.median(took) <= 250


@pytest.mark.full
async def test_an_idle_node_costs_next_to_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """With all links connected and nothing to carry, a node's process takes less than 3% of a core over a minute."""
    for node in world.nodes.values():
        await Face(node).until_ready()
    await asyncio.sleep(6)  # what was carried before is behind us, and so is the first look at idle routes
    before = {code: _cpu_s(node.pid) for code, node in world.nodes.items()}
    await asyncio.sleep(_IDLE_S)
    shares = {code: (_cpu_s(node.pid) - before[code]) / _IDLE_S for code, node in world.nodes.items()}
    with capsys.disabled():
        print(f"\nidle over {_IDLE_S} s: " + ", ".join(f"{code} {share:.2%}" for code, share in shares.items()))  # noqa: T201
    assert max(shares.values()) < 0.03


def _cpu_s(pid: int) -> float:
    """Return user and system time of a process (proc(5), fields 14 and 15 of stat)."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
