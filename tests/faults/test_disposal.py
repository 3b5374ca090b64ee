"""Copies that may not be kept: on every node on the way they are gone as soon as it hears of it, and come anew when their grant flows again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any

import confluent_kafka
import fastavro
import pytest
from confluent_kafka.admin import AdminClient

from node.bus.embedded import Cluster
from node.control import NewRequest
from node.control.commands import AnswerRequest, ApproveRequest, EndGrant, ResumeGrant, SuspendGrant
from node.demo.world import CITY, DISTRICT, PROVINCE, World
from node.errors import CommandRefused, Unavailable
from node.model.names import Department, Topic, department_of, inbox_topic
from node.model.values import Actor, EventRef
from tests.faults.flow import (
    Face,
    all_arrived,
    gone,
    is_there,
    offer,
    present,
    publishing,
    reading,
    until,
    version_in,
    versions,
    way_in,
    write,
)

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

AUTHORITY = Actor(name="吴敏", role="authority")
ROAD = (DISTRICT, CITY, PROVINCE)
SOON_S = 5.0
"""A copy is gone so soon after the event has reached its node."""


class Shown:
    """A resource of the district, a view of which was asked for and given to departments at the city and at the province."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self._name = world, name
        self.resource = self.view = Topic("")
        self.records = versions()
        self.sent = 0
        self._lines = {code: Face(world.nodes[code]).lines for code in ROAD}

    async def open(self) -> None:
        """Describe the resource."""
        self.resource = await offer(self.world, self._name, "")
        for code in ROAD[1:]:
            await self.world.nodes[code].until("/v1/resources", "name", {self.resource})

    async def give(self, taker: str) -> EventRef:
        """Let a department ask for two fields, its head approve and the owner's consent; return the grant."""
        node, district = self.world.nodes[taker[:6]], self.world.nodes[DISTRICT]
        steward, head = (Actor(name=role, role=role, department=Department(taker)) for role in ("steward", "head"))
        owners = Actor(name="郑国栋", role="head", department=department_of(self.resource))
        wanted = NewRequest(
            by=steward, resource=self.resource, taker=Department(taker), basis="依据", purpose="核对", fields=("code", "version")
        )
        (event,) = await node.command(wanted)
        request: EventRef = (event["author"], event["sequence"])
        await node.command(ApproveRequest(by=head, request=request, version=1))
        async with asyncio.timeout(20):
            while not [one for one in await district.get("/v1/requests") if tuple(one["request"]) == request and one["state"] == "waiting"]:
                await asyncio.sleep(0.05)
        events = await district.command(AnswerRequest(by=owners, request=request, version=1, answer="consent"))
        grant: EventRef = next((one["author"], one["sequence"]) for one in events if one["kind"] == "grant")
        self.view = Topic((await self.grant(grant))["view"])
        return grant

    async def grant(self, grant: EventRef, code: str = DISTRICT) -> dict[str, Any]:
        """Return a grant as a node shows it."""
        shown: dict[str, Any] = await self.world.nodes[code].get(f"/v1/grants/{grant[0]}/{grant[1]}")
        return shown

    async def suspend(self, grant: EventRef) -> None:
        """Let the authority suspend it."""
        await self.world.nodes[DISTRICT].command(SuspendGrant(by=AUTHORITY, grant=grant, reason="核查"))

    async def resume(self, grant: EventRef) -> None:
        """Let the authority end that."""
        await self.world.nodes[DISTRICT].command(ResumeGrant(by=AUTHORITY, grant=grant))

    async def heard(self, grant: EventRef, state: str, code: str) -> None:
        """Wait until a node knows where a grant stands."""
        async with asyncio.timeout(20):
            while (await self.grant(grant, code))["state"] != state:
                await asyncio.sleep(0.02)

    async def acknowledged(self, grant: EventRef, *away: str) -> dict[str, Any]:
        """Wait until nobody is awaited but those who are away; return the grant."""
        async with asyncio.timeout(30):
            while (shown := await self.grant(grant))["awaited"] != list(away):
                await asyncio.sleep(0.05)
        return shown

    async def goes(self, code: str) -> None:
        """See that a node's copy is gone in time."""
        assert await gone(self.cluster(code), self.view, SOON_S) < SOON_S

    def cluster(self, code: str) -> Cluster:
        """The cluster of a division."""
        return self.world.clusters[code]

    def write(self, count: int) -> None:
        """Publish more."""
        write(self.cluster(DISTRICT), inbox_topic(self.resource), islice(self.records, count))
        self.sent += count

    async def stands(self, *codes: str) -> None:
        """See that each of these clusters holds all that was sent, once and in order; the views all the same, record by record."""
        schema = fastavro.parse_schema((await self.world.nodes[DISTRICT].get(f"/v1/views/{self.view}"))["schema"])
        for code in codes:
            await present(self.cluster(code), self.view)
            with reading(self.cluster(code), self.view, lambda value: version_in(schema, value)) as reader:
                await all_arrived(reader, self.sent)
        held = [await asyncio.to_thread(_read, self.cluster(code), self.view) for code in {DISTRICT, *codes}]
        assert all(one == held[0] for one in held)
        keys = [key for _partition, key, _value in await asyncio.to_thread(_read, self.cluster(DISTRICT), self.resource)]
        assert [key for _partition, key, _value in held[0]] == keys

    def nothing_stopped(self) -> None:
        """See that no route has stopped, and no node been in trouble of its own."""
        for code, since in self._lines.items():
            assert Face(self.world.nodes[code]).logged("route-stopped", since) == []


def _read(cluster: Cluster, topic: str) -> list[tuple[int, bytes, bytes]]:
    """Return the committed records of a topic, partition by partition in order: partition, key and value."""
    consumer = confluent_kafka.Consumer(
        {
            **way_in(cluster),
            "group.id": "test",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        },
        logger=None,
    )
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in range(2)])
    found: list[tuple[int, bytes, bytes]] = []
    ended, end = set[int](), time.monotonic() + 20
    while len(ended) < 2 and time.monotonic() < end:
        for message in consumer.consume(1000, 0.2):
            if message.error() is None:
                found.append((message.partition() or 0, message.key() or b"", message.value() or b""))
            else:
                ended.add(message.partition() or 0)
    consumer.close()
    assert len(ended) == 2
    return sorted(found, key=lambda one: one[0])


async def _shown(world: World, name: str) -> Shown:
    shown = Shown(world, name)
    await shown.open()
    return shown


@pytest.mark.full
async def test_copies_go_where_no_grant_needs_them_and_come_anew(world: World) -> None:
    """Suspended at the province, the city keeps its copy; suspended at both, all are gone, the owner's view too; resumed, each has all once."""
    shown = await _shown(world, "copy-disposed")
    far, near = await shown.give("440000.civil-affairs"), await shown.give("445100.taxation")
    shown.write(500)
    await shown.stands(*ROAD)
    citys = await present(shown.cluster(CITY), shown.view)
    await shown.suspend(far)
    await shown.heard(far, "suspended", PROVINCE)
    await shown.goes(PROVINCE)
    told = await shown.acknowledged(far)
    assert {code: seen["disposed"] for code, seen in told["seen"].items()} == {DISTRICT: [], CITY: [], PROVINCE: [shown.view]}
    shown.write(100)
    await shown.stands(DISTRICT, CITY)
    assert await present(shown.cluster(CITY), shown.view) == citys
    await shown.suspend(near)
    await shown.heard(near, "suspended", CITY)
    await asyncio.gather(*(shown.goes(code) for code in (DISTRICT, CITY)))
    for grant, path in ((near, ROAD[:2]), (far, ROAD)):
        told = await shown.acknowledged(grant)
        assert {code: seen["disposed"] for code, seen in told["seen"].items()} == {code: [shown.view] for code in path}
    assert await is_there(shown.cluster(DISTRICT), shown.resource), "its owner's own is no copy"
    shown.write(400)
    await shown.resume(far)
    await shown.stands(*ROAD)
    await shown.resume(near)
    await shown.acknowledged(near)
    await shown.acknowledged(far)
    shown.write(100)
    await shown.stands(*ROAD)
    shown.nothing_stopped()
    for code, count in ((DISTRICT, 1), (CITY, 1), (PROVINCE, 1)):
        assert len([one for one in Face(world.nodes[code]).logged("copy-disposed") if one["topic"] == shown.view]) == count
        assert await Face(world.nodes[code]).metric("exchange_copies_disposed_total") >= count


@pytest.mark.full
async def test_a_node_that_was_away_disposes_of_its_copy_before_anything_flows(world: World) -> None:
    """While the grant was suspended and resumed: until then it is shown as awaited, what is to flow into its cluster waits, and nothing is doubled."""
    shown = await _shown(world, "copy-away")
    grant = await shown.give("440000.civil-affairs")
    shown.write(300)
    await shown.stands(*ROAD)
    await shown.acknowledged(grant)
    await world.nodes[CITY].kill()
    await shown.suspend(grant)
    await shown.goes(DISTRICT)
    assert (await shown.acknowledged(grant, CITY, PROVINCE))["state"] == "suspended"
    await shown.resume(grant)
    shown.write(300)
    await present(shown.cluster(DISTRICT), shown.view)
    assert (await shown.acknowledged(grant, CITY, PROVINCE))["state"] == "flowing"
    (waits,) = {one["detail"] for one in await Face(world.nodes[DISTRICT]).routes(shown.view) if one["lane"] == "link-up"}
    assert waits == f"{CITY} has to dispose of the copy of before first"
    await world.nodes[CITY].start()
    assert (await shown.acknowledged(grant))["state"] == "flowing"
    await shown.stands(*ROAD)
    shown.nothing_stopped()


@pytest.mark.full
async def test_a_node_killed_between_a_removal_and_its_word_says_it_when_it_is_back(world: World) -> None:
    """Whether the grant is suspended still or flows again by then."""
    shown = await _shown(world, "copy-unsaid")
    grant = await shown.give("440000.civil-affairs")
    shown.write(200)
    await shown.stands(*ROAD)
    await shown.acknowledged(grant)
    for resumed in (False, True):
        await world.nodes[CITY].kill()
        await shown.suspend(grant)
        await shown.goes(DISTRICT)
        admin = AdminClient(way_in(shown.cluster(CITY)), logger=None)
        await asyncio.to_thread(admin.delete_topics([shown.view])[shown.view].result)
        if resumed:
            await shown.resume(grant)
        await world.nodes[CITY].start()
        told = await shown.acknowledged(grant)
        if not resumed:
            assert told["seen"][CITY]["disposed"] == [shown.view]
            await shown.resume(grant)
            await shown.acknowledged(grant)
        shown.write(100)
        await shown.stands(*ROAD)
    shown.nothing_stopped()


@pytest.mark.full
async def test_grants_that_come_and_go_in_mid_load_while_nodes_are_killed(world: World) -> None:
    """Suspended and resumed again and again, by turns with a node killed on the way, each cluster has all once in the end."""
    shown = await _shown(world, "copy-restless")
    grant = await shown.give("440000.civil-affairs")
    near = shown.cluster(DISTRICT)
    await present(near, shown.view)
    with publishing(near, inbox_topic(shown.resource), per_second=1_000, records=shown.records) as publisher:
        for code in (None, CITY, DISTRICT, PROVINCE):
            before = publisher.sent
            await until(lambda before=before: publisher.sent > before + 500, "records are published")  # type: ignore[misc]  # bound now
            await _again(shown.suspend, grant)
            if code is not None:
                await world.nodes[code].kill()
                await world.nodes[code].start()
            await _again(shown.resume, grant)
        shown.sent = await asyncio.to_thread(publisher.stop)
    await shown.acknowledged(grant)
    await shown.stands(*ROAD)
    shown.nothing_stopped()


async def test_a_grant_that_is_ended_leaves_nothing(world: World) -> None:
    """On no cluster but its owner's own, and given anew it begins anew."""
    shown = await _shown(world, "copy-ended")
    grant = await shown.give("445100.taxation")
    shown.write(100)
    await shown.stands(DISTRICT, CITY)
    await world.nodes[DISTRICT].command(EndGrant(by=AUTHORITY, grant=grant, reason="系统停用"))
    await shown.goes(DISTRICT)
    await shown.goes(CITY)
    told = await shown.acknowledged(grant)
    assert {code: (seen["state"], seen["disposed"]) for code, seen in told["seen"].items()} == dict.fromkeys(
        (DISTRICT, CITY), ("ended", [shown.view])
    )
    before = shown.view
    await shown.give("440000.civil-affairs")
    assert shown.view == before
    shown.write(100)
    await shown.stands(*ROAD)
    shown.nothing_stopped()


async def _again(act: Callable[[EventRef], Awaitable[None]], grant: EventRef) -> None:
    """Give a command to a node that may just be starting, until it takes it."""
    async with asyncio.timeout(30):
        while not await _takes(act, grant):
            await asyncio.sleep(0.1)


async def _takes(act: Callable[[EventRef], Awaitable[None]], grant: EventRef) -> bool:
    try:
        await act(grant)
    except Unavailable:
        return False
    except CommandRefused as refused:
        if refused.code not in {"log-behind", "no-such-grant", "log-unavailable", "log-compared"}:  # its logs are being read
            raise
        return False
    return True
