"""What the clusters themselves let others do: the book's grants, no less and no more, whatever has been granted, suspended and ended."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

import confluent_kafka
import msgspec
import pytest
from confluent_kafka.admin import AdminClient

from node.bus.acls import add_acls, list_acls
from node.bus.client import open_client
from node.bus.security import Security, Way
from node.control import ApplyCatalogue, CatalogueItem, EndGrant
from node.control.commands import ResumeGrant, SuspendGrant
from node.control.entitled import Acl
from node.demo import trespass
from node.demo.requesting import AUTHORITY, come_to
from node.demo.story import DEPARTMENTS
from node.demo.world import CITY, DISTRICT, PROVINCE, TREE, World
from node.model.names import Topic, inbox_topic
from node.model.values import EventRef, Kind
from tests.faults.flow import offer, wanted

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

_OWNERS = ("440000.civil-affairs", "445100.civil-affairs", "445102.civil-affairs")
_TAKERS = (*_OWNERS, "440000.market-regulation", "445100.taxation", "445102.government-services")
_SUBTREES = {CITY: (CITY, DISTRICT), DISTRICT: (DISTRICT,)}
_CHILD = {parent: child for child, parent in TREE.items() if parent is not None}
_WITHIN_S = 5.0
_NUMBERS = count(1)
_SCHEMA: dict[str, object] = {
    "type": "record",
    "name": "Right",
    "key": ["code"],
    "fields": [{"name": "code", "type": "string"}, {"name": "name", "type": "string"}],
}


class Given(msgspec.Struct):
    """One grant that somebody came to, and whether it lets anything move now."""

    ref: EventRef
    topic: str
    active: bool = True


class Acts:
    """Random acts on grants of some resources; what they come to is kept in plain words, by whom it concerns."""

    def __init__(self, world: World, topics: list[Topic], seed: int) -> None:
        self.world, self.topics = world, topics
        self.given: dict[tuple[Topic, str], Given] = {}
        self.done = 0
        self._dice = random.Random(seed)

    async def some(self, many: int) -> None:
        """Do so many acts, those on different takings at the same time."""
        pairs = [(topic, taker) for topic in self.topics for taker in _TAKERS if taker != topic.rpartition(".")[0]]
        while self.done < many:
            chosen = self._dice.sample(pairs, min(8, many - self.done, len(pairs)))
            await asyncio.gather(*(self._act(topic, taker) for topic, taker in chosen))
            self.done += len(chosen)

    def _act(self, topic: Topic, taker: str) -> Coroutine[Any, Any, None]:
        given = self.given.get((topic, taker))
        if given is None:
            return self._grant(topic, taker, in_part=self._dice.random() < 0.4)
        return self._change(topic, taker, given, self._dice.random())

    async def _grant(self, topic: Topic, taker: str, *, in_part: bool) -> None:
        ref = await come_to(self.world, wanted(topic, taker, **({"fields": ("code",)} if in_part else {})))
        shown = await self.world.nodes[topic[:6]].get(f"/v1/grants/{ref[0]}/{ref[1]}")
        self.given[topic, taker] = Given(ref, shown["view"] or topic)

    async def _change(self, topic: Topic, taker: str, given: Given, chance: float) -> None:
        owner = self.world.nodes[topic[:6]]
        if chance < 0.3:
            await owner.command(EndGrant(by=AUTHORITY, grant=given.ref))
            del self.given[topic, taker]
        elif given.active:
            await owner.command(SuspendGrant(by=AUTHORITY, grant=given.ref, reason="test"))
            given.active = False
        else:
            await owner.command(ResumeGrant(by=AUTHORITY, grant=given.ref, reason="test"))
            given.active = True

    def rights(self, here: str) -> set[Acl]:
        """Return what the cluster of a division has to let others do, but for literal names of topics of other tests."""
        found = {_acl(dept, "group", f"{dept}.", "read") for dept in DEPARTMENTS if dept.startswith(here)}
        found |= {_acl(dept, "transactional-id", f"{dept}.", "write") for dept in DEPARTMENTS if dept.startswith(here)}
        for topic in self.topics:
            if topic.startswith(here):
                found |= {_literal(topic.rpartition(".")[0], inbox_topic(topic), may) for may in ("read", "write")}
        for (topic, taker), given in self.given.items():
            if given.active and taker.startswith(here):
                found.add(_literal(taker, given.topic, "read"))
            if given.active and here in _CHILD and topic[:6] not in _SUBTREES[_CHILD[here]] and taker[:6] in _SUBTREES[_CHILD[here]]:
                found.add(_literal(f"{_CHILD[here]}.node", given.topic, "read"))
        if here in _CHILD:
            child, below = _CHILD[here], _SUBTREES[_CHILD[here]]
            found |= {_acl(f"{child}.node", "topic", f"{code}.", may) for code in below for may in ("read", "write")}
            found.add(_acl(f"{child}.node", "transactional-id", f"{child}.", "write"))
            above = [code for code in TREE if code not in below]
            found |= {_literal(f"{child}.node", f"{code}.node.{log}", "read") for code in above for log in ("control", "canary")}
        return found


def _acl(user: str, kind: str, prefix: str, may: str) -> Acl:
    return Acl(f"User:{user}", kind, prefix, "prefixed", may)


def _literal(user: str, topic: str, may: str) -> Acl:
    return Acl(f"User:{user}", "topic", topic, "literal", may)


async def _there(world: World, here: str) -> frozenset[Acl]:
    cluster = world.clusters[here]
    async with open_client(cluster.bootstrap, client_id="test", security=cluster.security) as client:
        return await list_acls(client)


def _of_others(acl: Acl, mine: list[Topic]) -> bool:
    """Tell whether an entry names a topic of another test, or of the demo's own story."""
    return (
        acl.kind == "topic" and acl.pattern == "literal" and ".node." not in acl.name and not any(acl.name.startswith(one) for one in mine)
    )


async def _until_equal(world: World, acts: Acts, within_s: float) -> None:
    for here in TREE:
        due = acts.rights(here)
        found: set[Acl] = set()
        try:
            async with asyncio.timeout(within_s):
                while found != due:
                    await asyncio.sleep(0.1)
                    found = {acl for acl in await _there(world, here) if not _of_others(acl, acts.topics)}
        except TimeoutError:
            assert sorted(found) == sorted(due), f"at {here}"


async def _described(world: World, owner: str) -> Topic:
    topic = Topic(f"{owner}.rights-{next(_NUMBERS)}")
    item = CatalogueItem(name=topic, title="rights", kind=Kind.FACTS, schema=_SCHEMA, partitions=1)
    await world.nodes[owner[:6]].command(ApplyCatalogue(resources=(item,)))
    for code in TREE:
        await world.nodes[code].until("/v1/resources", "name", {topic})
    return topic


@pytest.mark.parametrize("many", [40, pytest.param(300, marks=pytest.mark.full)])
async def test_rights_are_the_books_after_random_grants_suspensions_and_ends(world: World, many: int) -> None:
    """By each cluster's own list, told here anew in plain Python from what was done: nothing is missing and nothing is left."""
    topics = [await _described(world, owner) for owner in _OWNERS for _ in range(2)]
    acts = Acts(world, topics, seed=many)
    await acts.some(many)
    assert any(not one.active for one in acts.given.values())
    await _until_equal(world, acts, _WITHIN_S)
    for (topic, _taker), given in acts.given.items():
        await world.nodes[topic[:6]].command(EndGrant(by=AUTHORITY, grant=given.ref))
    acts.given.clear()
    await _until_equal(world, acts, _WITHIN_S)


async def test_what_somebody_else_gives_is_taken_away(world: World) -> None:
    """Within seconds: what opens anything of ours, or is held by one of ours; another tenant's own rights stay."""
    cluster = world.clusters[DISTRICT]
    foreign = {
        _literal("445102.civil-affairs", "445102.government-services.licences", "read"),
        Acl("User:intruder", "topic", "4451", "prefixed", "read"),
        Acl("User:intruder", "topic", "*", "literal", "describe"),
        Acl("User:*", "cluster", "kafka-cluster", "literal", "alter"),
        Acl("User:445102.civil-affairs", "group", "other.", "prefixed", "read"),
    }
    tenants = {Acl("User:tenant", "topic", "tenant.", "prefixed", "write")}
    async with open_client(cluster.bootstrap, client_id="test", security=cluster.security) as client:
        await add_acls(client, foreign | tenants)
        async with asyncio.timeout(2 * _WITHIN_S):
            while foreign & await list_acls(client):
                await asyncio.sleep(0.1)
        assert tenants <= await list_acls(client)


async def test_a_grant_lets_in_and_its_suspension_keeps_out_at_once(world: World) -> None:
    """The taker's own client: refused, let in within 5 s of the grant, refused within 5 s of the suspension."""
    topic = await offer(world, "at-once", "")
    way = await world.way("445100.taxation")

    async def answers(wanted_answer: str) -> None:
        seen: list[str] = []
        async with asyncio.timeout(_WITHIN_S):
            while not seen or seen[-1] != wanted_answer:
                seen.append(await asyncio.to_thread(_describe, way, topic))

    await answers("TOPIC_AUTHORIZATION_FAILED")
    ref = await come_to(world, wanted(topic, "445100.taxation"))
    await answers("")
    await world.nodes[DISTRICT].command(SuspendGrant(by=AUTHORITY, grant=ref, reason="test"))
    await answers("TOPIC_AUTHORIZATION_FAILED")


def _describe(way: Way, topic: str) -> str:
    admin = AdminClient({**way.librdkafka(), "log_level": 0}, logger=None)
    try:
        error = admin.list_topics(topic, timeout=4).topics[topic].error
    except confluent_kafka.KafkaException as failed:
        return str(failed.args[0].name())
    return "" if error is None else str(error.name())


def _write_in_transaction(way: Way, topic: str) -> str:
    """Write under a transactional.id that is another's."""
    producer = confluent_kafka.Producer({**way.librdkafka(), "transactional.id": f"{topic}.other", "log_level": 0}, logger=None)
    try:
        producer.init_transactions(4)
    except confluent_kafka.KafkaException as failed:
        return str(failed.args[0].name())
    return ""


def _use_group(way: Way, topic: str) -> str:
    """Join a group of another's."""
    settings: dict[str, Any] = {**way.librdkafka(), "group.id": topic.rpartition(".")[0], "log_level": 0}
    consumer = confluent_kafka.Consumer(settings, logger=None)
    try:
        consumer.subscribe([topic])
        message = consumer.poll(4)
        error = None if message is None else message.error()
        return "_TIMED_OUT" if error is None else str(error.name())
    finally:
        consumer.close()


_TRIES: dict[str, Callable[[Way, str], str]] = {
    "read": trespass.read,
    "write": trespass.write,
    "create": lambda way, topic: trespass.create(way, f"{topic}-new"),
    "describe": _describe,
    "transactional write": _write_in_transaction,
    "group use": _use_group,
}
_ANSWERS = {"transactional write": "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "group use": "GROUP_AUTHORIZATION_FAILED"}


async def test_who_has_no_right_is_refused_by_kafka_itself(world: World) -> None:
    """A department without a grant, a child outside its subtree, and an anonymous client, each by an ordinary client of librdkafka."""
    away, licences = await _described(world, "440000.civil-affairs"), Topic("445102.government-services.licences")
    stranger = await world.way("445102.civil-affairs")
    child = Way(world.clusters[PROVINCE].bootstrap, world.nodes[CITY].parent_login())
    nobody = Way(world.clusters[DISTRICT].bootstrap, Security())
    asked = [(tried, way, topic) for tried in _TRIES for way, topic in ((stranger, licences), (child, away), (nobody, licences))]
    answers = await asyncio.gather(*(asyncio.to_thread(_TRIES[tried], way, topic) for tried, way, topic in asked))
    found = dict(zip(((tried, way.security.username) for tried, way, _topic in asked), answers, strict=True))
    for tried in _TRIES:
        due = _ANSWERS.get(tried, "TOPIC_AUTHORIZATION_FAILED")
        assert [found[tried, stranger.security.username], found[tried, child.security.username]] == [due, due], tried
        assert found[tried, None] in {"_TRANSPORT", "_TIMED_OUT", "_MSG_TIMED_OUT", "_RESOLVE", "_ALL_BROKERS_DOWN"}, tried
