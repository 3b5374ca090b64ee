"""A federation in which one node has many resources: each with a gate, a grant to the level above, and records that went through both."""

import asyncio
import time
from collections.abc import Sequence

import confluent_kafka
import httpx
from confluent_kafka.admin import AdminClient
from prometheus_client.parser import text_string_to_metric_families
from rich.progress import Progress

from benchmarks.topics import LOG_LEVEL
from node.avro import encode, frame, parse, schema_id
from node.control import ApplyCatalogue, CatalogueItem, NewRequest
from node.control.commands import AnswerRequest, ApproveRequest
from node.demo.requesting import head, steward
from node.demo.world import CITY, DISTRICT, World
from node.errors import Unavailable
from node.model.names import Department, Division, Topic, inbox_topic, quarantine_topic
from node.model.values import EventRef, Kind

OWNER, TAKER = Department(f"{DISTRICT}.civil-affairs"), Department(f"{CITY}.civil-affairs")
PASSED, REFUSED = 10, 1
"""Records of each resource in a round: one that is refused, so that its reason has a series too."""

_SCHEMA: dict[str, object] = {
    "type": "record",
    "name": "Fact",
    "key": ["code"],
    "fields": [{"name": "code", "type": "string"}, {"name": "version", "type": "long"}],
}
_PARSED, _ID = parse(_SCHEMA), schema_id(_SCHEMA)
_QUIET = {"log_level": LOG_LEVEL}
_AT_ONCE = 50
_POLL_S = 0.5
_STILL_S = 300.0
"""A small broker takes a minute or two for some thousand topics."""


def resources(count: int) -> list[Topic]:
    """Return the names of so many resources."""
    return [Topic(f"{OWNER}.bench-{number:04}") for number in range(count)]


async def fill(world: World, topics: Sequence[Topic], granted: Sequence[Topic], progress: Progress) -> None:
    """Describe the resources, and let a department of the level above have some of them."""
    district, city = world.nodes[DISTRICT], world.nodes[CITY]
    bar = progress.add_task("resources, grants", total=len(topics) + 3 * len(granted))
    for begin in range(0, len(topics), _AT_ONCE):
        some = topics[begin : begin + _AT_ONCE]
        items = (CatalogueItem(name=one, title=one, kind=Kind.FACTS, schema=_SCHEMA, partitions=1) for one in some)
        await district.command(ApplyCatalogue(resources=tuple(items)))
        progress.advance(bar, len(some))
    await city.until("/v1/resources", "name", set(granted))
    requests: list[EventRef] = []
    for topic in granted:
        asked = NewRequest(by=steward(TAKER), resource=topic, taker=TAKER, basis="benchmark", purpose="benchmark")
        (event,) = await city.command(asked)
        requests.append((Division(event["author"]), int(event["sequence"])))
        await city.command(ApproveRequest(by=head(TAKER), request=requests[-1], version=1))
        progress.advance(bar, 2)
    if not requests:
        progress.remove_task(bar)
        return
    author, sequence = requests[-1]
    last = f"/v1/requests/{author}/{sequence}"
    end = time.monotonic() + _STILL_S
    while not await _waits(world, last):
        if time.monotonic() > end:
            raise Unavailable(f"the node of {DISTRICT} does not hear of {last}: see {district.log}")
        await asyncio.sleep(_POLL_S)
    for request in requests:
        await district.command(AnswerRequest(by=head(OWNER), request=request, version=1, answer="consent"))
        progress.advance(bar)
    progress.remove_task(bar)


async def _waits(world: World, path: str) -> bool:
    """Tell whether the owner's node has a request that was approved."""
    async with httpx.AsyncClient() as http:
        node = world.nodes[DISTRICT]
        answer = await http.get(node.url + path, headers=node.headers())
    return answer.is_success and answer.json()["state"] == "waiting"


async def there(world: World, topics: Sequence[Topic], granted: Sequence[Topic], progress: Progress) -> None:
    """Wait until the nodes have made all topics of the resources, in both clusters. Unavailable if they do not."""
    wanted = {DISTRICT: {*topics, *map(inbox_topic, topics), *map(quarantine_topic, topics)}, CITY: set(granted)}
    bar, end = progress.add_task("topics", total=sum(map(len, wanted.values()))), time.monotonic() + _STILL_S
    clusters = [(world.clusters[code], names) for code, names in wanted.items()]
    admins = [(AdminClient({"bootstrap.servers": one.bootstrap, **_QUIET, **one.librdkafka()}), names) for one, names in clusters]
    while missing := sum([len(names - (await asyncio.to_thread(admin.list_topics, timeout=60)).topics.keys()) for admin, names in admins]):
        progress.update(bar, completed=sum(map(len, wanted.values())) - missing)
        if time.monotonic() > end:
            raise Unavailable(f"{missing} topics are not there: see {world.nodes[DISTRICT].log}")
        await asyncio.sleep(_POLL_S)
    progress.remove_task(bar)


async def publish(world: World, topics: Sequence[Topic]) -> None:
    """Write a round of records into each inbox."""
    cluster = world.clusters[DISTRICT]
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": cluster.bootstrap,
            **_QUIET,
            "linger.ms": 100,
            "queue.buffering.max.messages": 1_000_000,
            **cluster.librdkafka(),
        }
    )
    good = [(b"%d" % number, frame(_ID, encode(_PARSED, {"code": str(number), "version": number}))) for number in range(PASSED)]
    for topic in topics:
        for key, value in [*good, *[(b"0", b"none of Avro")] * REFUSED]:
            producer.produce(inbox_topic(topic), value, key)
        producer.poll(0)
    if left := await asyncio.to_thread(producer.flush, _STILL_S):
        raise Unavailable(f"{cluster.bootstrap}: {left} records were not written")


async def carried(world: World, flows: int, progress: Progress) -> None:
    """Wait until a round of records went through the gates and over the link, so many flows in all. Unavailable if nothing more comes."""
    wanted = flows * PASSED
    bar, found, changed = progress.add_task("records through gates and link", total=wanted), -1, time.monotonic()
    async with httpx.AsyncClient(timeout=60) as http:
        while found < wanted:
            answer = await http.get(world.nodes[DISTRICT].probes_url + "/metrics")
            before, found = found, moved(answer.text)
            if found != before:
                changed = time.monotonic()
                progress.update(bar, completed=found)
            elif time.monotonic() - changed > _STILL_S:
                raise Unavailable(f"{found} of {wanted} records came through: see {world.nodes[DISTRICT].log}")
            await asyncio.sleep(_POLL_S)
    progress.remove_task(bar)


def moved(page: str) -> int:
    """Return how many records of benchmarks' resources passed gates and went over links, by a metrics page."""
    found = 0.0
    for family in text_string_to_metric_families(page):
        if family.name == "exchange_records":
            found += sum(one.value for one in family.samples if one.labels["outcome"] == "passed")
            found += sum(one.value for one in family.samples if one.labels["outcome"] == "carried" and OWNER in one.labels["resource"])
    return int(found)
