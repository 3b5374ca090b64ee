"""A resource of the district with views of it, as they stand in the clusters of a faulty world, and what they are held against."""

import asyncio
import json
import time
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import Any

import confluent_kafka
import fastavro
import httpx
import msgspec

from node.avro import schema_id
from node.bus.embedded import Cluster
from node.control import ApplyCatalogue, CatalogueItem, NewRequest
from node.demo.requesting import ask, consent
from node.demo.world import DISTRICT, TREE, NodeProcess, World
from node.model.names import Topic, inbox_topic
from node.model.values import EventRef, Kind
from tests.faults.flow import OWNER, Face, end, gone, is_there, present, wanted, way_in
from tests.faults.granted import Due, Held, Telling, unpacked
from tests.faults.planting import needles, written
from tests.faults.subjects import Json, Subject

PARTITIONS = 2
_PAUSE_S = 0.3
_ARRIVE_S = 60.0
_LOG_S = 10.0
_AT_ONCE = 4
Parts = list[list[Held]]
"""what stands in a topic, by partition"""


def contents(cluster: Cluster, topic: str) -> Parts:
    """Return all committed records of a topic; none of its batches may have headers in their records."""
    consumer = confluent_kafka.Consumer(
        {
            **way_in(cluster),
            "group.id": "test",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
            "log_level": 0,
        },
        logger=None,
    )
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    found: Parts = [[] for _ in range(PARTITIONS)]
    ended, until_s = set[int](), time.monotonic() + 20
    while len(ended) < PARTITIONS and time.monotonic() < until_s:
        for message in consumer.consume(10_000, 0.2):
            error = message.error()
            if error is None:
                assert not message.headers()
                one = Held(message.offset() or 0, message.timestamp()[1], message.key(), message.value())
                found[message.partition() or 0].append(one)
            elif error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                ended.add(message.partition() or 0)
    consumer.close()
    assert len(ended) == PARTITIONS, f"{topic} cannot be read to its end at {cluster.bootstrap}"
    return found


def _ends(cluster: Cluster, topic: str, isolation: str) -> list[int]:
    """Return where the records of a topic end, by partition: those that are committed, or all."""
    settings = {**way_in(cluster), "group.id": "test", "isolation.level": isolation, "log_level": 0}
    consumer = confluent_kafka.Consumer(settings, logger=None)
    places = [confluent_kafka.TopicPartition(topic, number) for number in range(PARTITIONS)]
    found = [int(consumer.get_watermark_offsets(one, timeout=10)[1]) for one in places]
    consumer.close()
    return found


class Registry:
    """Schemas by id as a division's node tells them, parsed. They come with the owner's control log, beside the records and perhaps behind them."""

    def __init__(self, node: NodeProcess) -> None:
        self._url, self._headers = node.url, node.headers()
        self._known: dict[int, Any] = {}

    def __call__(self, number: int) -> Any:
        """Return the schema under an id."""
        if number not in self._known:
            end = time.monotonic() + _LOG_S
            while (answer := self._ask(number)).status_code == 404 and time.monotonic() < end:
                time.sleep(0.1)
            assert answer.status_code == 200, f"{self._url} has no schema {number}: {answer.text}"
            self._known[number] = fastavro.parse_schema(json.loads(answer.json()["schema"]))
        return self._known[number]

    def _ask(self, number: int) -> httpx.Response:
        return httpx.get(f"{self._url}/schemas/ids/{number}", headers=self._headers, timeout=15)


class View(msgspec.Struct):
    """A view, what was asked for that it serves, the grant that came of it, and where it may begin: between two places of the resource, by partition."""

    topic: Topic
    asked: NewRequest
    grant: EventRef
    earliest: list[int]
    latest: list[int]
    ended: bool = False
    """its grant is ended, and it is disposed of"""

    @property
    def taker(self) -> str:
        """The division that takes it."""
        return self.asked.taker[:6]


class Viewed:
    """A resource with its views. What it holds is read once all is published, and told from then on."""

    def __init__(self, world: World, name: str, subject: Subject) -> None:
        self.topic, self.subject, self.world = Topic(f"{OWNER}.{name}"), subject, world
        self.views: list[View] = []
        self.face, self.cluster = Face(world.nodes[DISTRICT]), world.clusters[DISTRICT]
        self.held: Parts = []
        self._tellings: dict[Topic, Telling] = {}
        self._registries = {code: Registry(node) for code, node in world.nodes.items()}

    async def describe(self) -> None:
        """Apply the first version of its schema."""
        await self._apply(self.subject.versions[0])
        for topic in (self.topic, inbox_topic(self.topic)):
            await present(self.cluster, topic)

    async def follow(self) -> None:
        """Apply another version; records of it follow at once."""
        newest = self.subject.next_version()
        await self._apply(newest)
        self.subject.versions.append(newest)

    async def _apply(self, schema: Json) -> None:
        kind = Kind.STATE if self.subject.is_state else Kind.FACTS
        item = CatalogueItem(name=self.topic, title=self.topic, kind=kind, schema=schema, partitions=PARTITIONS)
        await self.world.nodes[DISTRICT].command(ApplyCatalogue(resources=(item,)))

    async def give(self, asked: NewRequest) -> View:
        """Let a request come to its grant, and wait until its view flows; of one that begins now, note what the resource holds before and after."""
        request = await ask(self.world, asked)
        earliest = await asyncio.to_thread(_ends, self.cluster, self.topic, "read_committed")
        grant = await consent(self.world, asked, request)
        topic = Topic((await self.world.nodes[DISTRICT].get(f"/v1/grants/{grant[0]}/{grant[1]}"))["view"])
        await self.flows(topic)
        for one in self.views:
            if one.topic == topic:
                one.ended, one.grant = False, grant
                return one
        latest = await asyncio.to_thread(_ends, self.cluster, self.topic, "read_uncommitted")
        self.views.append(View(topic, asked, grant, earliest, latest))
        return self.views[-1]

    async def give_again(self, view: View) -> View:
        """Let what a view has be asked for anew, after its grant has ended."""
        asked = view.asked
        parts = {"fields": asked.fields, "rows": asked.rows, "masks": asked.masks, "history": asked.history}
        return await self.give(wanted(self.topic, asked.taker, **parts))

    async def end(self, view: View) -> None:
        """End a view's grant, and wait until it is disposed of."""
        await end(self.world, view.grant)
        for code in TREE:
            await gone(self.world.clusters[code], view.topic)
        view.ended = True

    async def flows(self, topic: str) -> None:
        """Wait until a view is cut in all its partitions."""
        async with asyncio.timeout(30):
            while [one["state"] for one in await self.face.routes(topic) if one["lane"] == "view"] != ["flowing"] * PARTITIONS:
                await asyncio.sleep(0.05)

    async def moved(self) -> tuple[int, int]:
        """Return how many records views have read of it, and how many the district's link has carried of them."""
        routes = [one for one in (await self.face.status())["routes"] if one["topic"].startswith(f"{self.topic}.v-")]
        sums = [sum(one["records"] for one in routes if one["lane"] == lane) for lane in ("view", "link-up")]
        return sums[0], sums[1]

    async def moves(self) -> None:
        """Wait until more records are cut and carried."""
        await self.face.until_ready()
        before = await self.moved()
        async with asyncio.timeout(30):
            while not all(now > was for now, was in zip(await self.moved(), before, strict=True)):
                await asyncio.sleep(0.05)

    async def consumed(self, sent: int) -> None:
        """Wait until the gate has passed all that was sent, and read it."""
        async with asyncio.timeout(60):
            while sum(one["records"] for one in await self.face.routes(inbox_topic(self.topic))) < sent:
                await asyncio.sleep(0.1)
        self.held = await asyncio.to_thread(contents, self.cluster, self.topic)
        assert sum(map(len, self.held)) == sent, "the gate passes all, once"

    # ---- what views are held against

    def telling(self, view: View) -> Telling:
        """Return what tells a view's records."""
        if view.topic not in self._tellings:
            secret = bytes.fromhex((self.world.folder / f"data-{DISTRICT}" / "views.secret").read_text())
            schemas = {schema_id(one): one for one in self.subject.versions}
            self._tellings[view.topic] = Telling(schemas, view.asked, secret, view.topic, is_state=self.subject.is_state)
        return self._tellings[view.topic]

    async def check(self, views: Iterable[View] | None = None, codes: Container[str] = TREE) -> None:
        """Wait until each view has what it is to have, where it is taken and where it is cut; then nothing more may come. One that ended is nowhere."""
        chosen = [view for view in (self.views if views is None else views) if not view.ended]
        for view in self.views:
            if view.ended:
                assert not [code for code in TREE if await is_there(self.world.clusters[code], view.topic)], view.topic
        places = [(view, code) for view in chosen for code in {DISTRICT, view.taker} if code in codes]
        at_once, end = asyncio.Semaphore(_AT_ONCE), time.monotonic() + _ARRIVE_S

        async def arrives(view: View, code: str) -> list[int]:
            while True:
                async with at_once:
                    if not (difference := await asyncio.to_thread(self._difference, view, code)):
                        return await self._written(view, code)
                assert time.monotonic() < end, difference
                await asyncio.sleep(_PAUSE_S)

        before = await asyncio.gather(*(arrives(*place) for place in places))
        await asyncio.sleep(0.6)  # a commit interval: what is carried twice would be written by now
        for place, ends in zip(places, before, strict=True):
            assert await self._written(*place) == ends, f"{place[0].topic} goes on at {place[1]}"

    async def _written(self, view: View, code: str) -> list[int]:
        """Return where all that is written of a view ends, committed or not."""
        return await asyncio.to_thread(_ends, self.world.clusters[code], view.topic, "read_uncommitted")

    def _difference(self, view: View, code: str) -> str:
        """Return in what a view differs from what it is to have in a cluster; nothing where it does not."""
        telling, stands, registry = self.telling(view), contents(self.world.clusters[code], view.topic), self._registries[code]
        for number, (records, held) in enumerate(zip(stands, self.held, strict=True)):
            found = [_read(one, registry) for one in records]
            where = f"{view.topic}-{number} of {view.asked} at {code}"
            for begin in self._begins(view, number):
                due = telling.due(held, begin)
                if found == due:
                    break
            else:
                return f"{where}: {_first(found, due)}"
            if self.subject.is_state:
                newest = {one.key: one.datum for one in found}
                assert {key: one for key, one in newest.items() if one is not None} == telling.state(held, begin), where
        return ""

    def _begins(self, view: View, number: int) -> Sequence[int]:
        """Return where a view may begin in a partition."""
        if view.asked.history == "all":
            return [0]
        most = view.latest[number]
        return [*(one.offset for one in self.held[number] if view.earliest[number] <= one.offset < most), most]

    # ---- what stands in files

    def planted(self) -> set[bytes]:
        """Return all that was planted in the resource."""
        found = set[bytes]()
        for one in (one for part in self.held for one in part):
            found |= needles((one.key or b"") + b"\0\0\0\0" + (one.value or b""))
        return found

    def granted(self, view: View) -> set[bytes]:
        """Return what of it a view shows."""
        telling, found = self.telling(view), set[bytes]()
        for number, held in enumerate(self.held):
            for one in telling.due(held, self._begins(view, number)[0]):
                found |= needles((one.key or b"") + b"\0\0\0\0" + written(one.datum))
        return found

    def search(self) -> None:
        """Look through the segments of all clusters: views hold what they show and nothing else, the resource itself all, at its owner alone."""
        planted = self.planted()
        assert planted <= segments(self.world, DISTRICT, f"{self.topic}-"), "the search finds what is there"
        for view in self.views:
            granted = self.granted(view) & planted
            assert len(planted - granted) > len(planted) / 10, "a view that hides next to nothing proves nothing"
            for code in TREE:
                found = segments(self.world, code, f"{view.topic}-")
                leaked = (found & planted) - granted
                assert not leaked, (
                    f"{len(leaked)} values that nobody was granted, {sorted(leaked)[:3]}, in {view.topic} at {code}: {view.asked}"
                )
                if code in {DISTRICT, view.taker} and view.asked.history == "all" and not view.ended:
                    assert granted <= found
        for code in set(TREE) - {DISTRICT}:
            assert not list(_data(self.world, code).glob(f"{self.topic}-*"))


def _read(one: Held, registry: Registry) -> Due:
    if one.value is None:
        return Due(one.timestamp, one.key, None)
    assert one.value[0] == 0
    schema = registry(int.from_bytes(one.value[:5]))
    datum = unpacked(one.value, schema)
    assert list(datum) == [field["name"] for field in schema["fields"]]
    return Due(one.timestamp, one.key, datum)


def _first(found: list[Due], due: list[Due]) -> str:
    """Return in what records differ first."""
    at = next((at for at, (one, other) in enumerate(zip(found, due, strict=False)) if one != other), min(len(found), len(due)))
    return f"{len(found)} records, {len(due)} are due; number {at} is {found[at : at + 1]}, due is {due[at : at + 1]}"


def _data(world: World, code: str) -> Path:
    return world.folder / f"kafka-{code}" / "broker-1" / "data"


def segments(world: World, code: str, prefix: str) -> set[bytes]:
    """Return what looks planted in the raw segments of a cluster's partitions whose names begin so and end in a number."""
    found = set[bytes]()
    for folder in _data(world, code).glob(f"{prefix}*"):
        if folder.name.removeprefix(prefix).isdigit():
            for file in folder.glob("*.log"):
                found |= needles(file.read_bytes())
    return found


async def elsewhere(world: World) -> dict[str, set[bytes]]:
    """Return what looks planted in all that is said beside the records, by where: the nodes' own topics, Kafka's own, the nodes' logs and pages."""
    found: dict[str, set[bytes]] = {}
    for code, node in world.nodes.items():
        for folder in (one for one in _data(world, code).iterdir() if ".node." in one.name or one.name.startswith("__")):
            for file in folder.glob("*.log"):
                found[f"{code} {folder.name}"] = found.get(f"{code} {folder.name}", set()) | needles(file.read_bytes())
        found[f"{code} log"] = needles(node.log.read_bytes())
        for page in ("/metrics", "/v1/status", "/v1/views", "/v1/grants"):
            found[f"{code} {page}"] = needles((await Face(node).text(page))[1].encode())
    assert sum(".node.control" in where for where in found) >= len(TREE)
    assert sum(".node.progress" in where for where in found) >= len(TREE)
    return found
