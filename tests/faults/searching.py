"""Everything that a world's nodes wrote, and the search in it for what may stand nowhere: people's numbers and names, and secrets."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import confluent_kafka
import msgspec
from confluent_kafka.admin import AdminClient

from node.bus.embedded import Cluster
from node.demo.world import World
from tests.faults.flow import way_in
from tests.faults.planting import needles

_NUMBERS = re.compile(rb"[0-9]{17}[0-9Xx]")
_OWN = ("*.login", "*.token", "*.properties", "node.key*", "views.secret")
"""The files of secrets, in which they may stand."""
_WEIGHTS, _CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
_SECRET_MIN = 16


def person(number: int) -> str:
    """Return an identity number as GB 11643 has it, one for each number."""
    body = f"445102{1910 + number // 1000 % 100}0101{number % 1000:03d}"
    return body + _CHECKS[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


class Search:
    """Looks for planted texts, for these identity numbers, and for these secrets."""

    def __init__(self, people: Collection[str], secrets: Collection[str]) -> None:
        self._people = {one.encode() for one in people}
        self._secrets = {one.encode() for one in secrets}

    def within(self, data: bytes) -> set[bytes]:
        """Return what is found in some bytes."""
        numbers = {found[0] for found in _NUMBERS.finditer(data)} & self._people
        return needles(data) | numbers | {one for one in self._secrets if one in data}


def secrets(world: World) -> set[str]:
    """Return every password, token and private key of the world, from its files, and what a key file says in lines of its own."""
    found: set[str] = set()
    for file in _files(world):
        if any(file.match(pattern) for pattern in _OWN):
            text = file.read_text("utf-8")
            match file.suffix:
                case ".login":
                    found.add(msgspec.json.decode(text)["password"])
                case ".properties":
                    found |= {line.partition("=")[2] for line in text.splitlines() if line.startswith("sasl.password")}
                case _:
                    found |= {line for line in text.splitlines() if not line.startswith("-----")}
    return {one for one in found if len(one) >= _SECRET_MIN}


def _files(world: World) -> Iterator[Path]:
    """Yield the files of the nodes; the clusters' are their own."""
    clusters = {world.folder / f"kafka-{code}" for code in world.clusters}
    return (file for file in world.folder.rglob("*") if file.is_file() and not clusters & set(file.parents))


def on_disk(world: World) -> dict[str, bytes]:
    """Return every file of the nodes but those of secrets."""
    return {str(file.relative_to(world.folder)): file.read_bytes() for file in _files(world) if not any(file.match(own) for own in _OWN)}


def processes(world: World) -> dict[str, bytes]:
    """Return the command lines and environments of all processes of the world, as anybody of this user's sees them."""
    pids = [node.pid for node in world.nodes.values()] + [cluster.pid(1) for cluster in world.clusters.values()]
    return {f"{pid} {name}": Path(f"/proc/{pid}/{name}").read_bytes() for pid in pids for name in ("cmdline", "environ")}


def topics(cluster: Cluster, holding: str) -> dict[str, bytes]:
    """Return the committed records of all topics of a cluster whose name holds a word: keys, values and headers."""
    admin: Any = AdminClient(way_in(cluster), logger=None)
    found: dict[str, bytes] = {}
    for name, told in admin.list_topics(timeout=10).topics.items():
        if holding in name:
            found[name] = b"\n".join(_records(cluster, name, sorted(told.partitions)))
    return found


def _records(cluster: Cluster, topic: str, partitions: list[int]) -> Iterator[bytes]:
    settings = {"group.id": "test", "isolation.level": "read_committed", "enable.partition.eof": True, "enable.auto.commit": False}
    consumer = confluent_kafka.Consumer({**way_in(cluster), **settings, "log_level": 0}, logger=None)
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in partitions])
    ended: set[int] = set()
    while len(ended) < len(partitions):
        for message in consumer.consume(10_000, 0.2):
            if (error := message.error()) is not None:
                assert error.code() == confluent_kafka.KafkaError._PARTITION_EOF, error
                ended.add(message.partition() or 0)
            else:
                headers: Any = message.headers() or []
                yield b" ".join([message.key() or b"", message.value() or b"", *(value or b"" for _name, value in headers)])
    consumer.close()
