"""The other side of `link`: Apache Kafka's MirrorMaker 2, its source connector in a Connect worker of its own.

Only carrying is measured: heartbeats and checkpoints are connectors that are not started; offset syncs and the copying of settings
and access rights are off. It delivers at least once, outside transactions. Each run has an alias of its own for the source, so that
its records arrive in a topic of their own, `<alias>.<topic>`, which is made beforehand like the topic our side writes to.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from benchmarks.brokers import KAFKA_JAVA
from benchmarks.machine import Machine
from benchmarks.watch import Carrier
from node.bus.embedded import find_distribution
from node.bus.embedded.distribution import LIBS_VARIABLE, Distribution
from node.bus.embedded.process import end, spawn
from node.bus.embedded.settings import HOST, text
from node.errors import ConfigError

JAVA = ("-Xms256m", "-Xmx2g", *KAFKA_JAVA)
"""With the heap of connect-standalone.sh and connect-mirror-maker.sh."""
KEPT = Path(__file__).with_name("mirror.json")

_LIBS = Path(__file__).parent.parent / ".kafka" / "connect-libs"
_WORKER, _CONNECTOR = "worker.properties", "connector.properties"
_GRACE_S = 15.0
_LOGGING = ("-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=info")


class Setting(msgspec.Struct, frozen=True):
    """How MirrorMaker 2 is tuned: what is told its consumer and its producer, over their defaults."""

    name: str
    consumer: dict[str, str]
    producer: dict[str, str]


class Tried(msgspec.Struct, frozen=True):
    """What a setting reached when it was tried."""

    setting: Setting
    records_per_s: int
    records_per_cpu_s: int


class Kept(msgspec.Struct, frozen=True):
    """The settings that a benchmark measures against, best first, and how they were found."""

    how: str
    machine: Machine
    versions: dict[str, str]
    best: list[Tried]
    others: list[Tried]


def kept(path: Path = KEPT) -> Kept:
    """Return the settings in use; ConfigError if the file is not what `link --tune` writes."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError([f"{path}: {error}: `python -m benchmarks link --tune` writes it"]) from error


def keep(found: Kept, path: Path = KEPT) -> None:
    """Write what `kept` reads."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def worker(target: str) -> dict[str, str]:
    """Return the properties of a standalone Connect worker; offsets go into a file of its folder."""
    return {
        "bootstrap.servers": target,
        **{f"{part}.converter": "org.apache.kafka.connect.converters.ByteArrayConverter" for part in ("key", "value", "header")},
        "offset.storage.file.filename": "offsets",
        "listeners": f"http://{HOST}:0",
        # Else every start looks through all jars for plug-ins, which takes it 15 s.
        "plugin.discovery": "service_load",
    }


def connector(setting: Setting, *, alias: str, source: str, target: str, topic: str, tasks: int, codec: str) -> dict[str, str]:
    """Return the properties of the connector that carries `topic` between two bootstrap addresses."""
    return {
        "name": alias,
        "connector.class": "org.apache.kafka.connect.mirror.MirrorSourceConnector",
        "source.cluster.alias": alias,
        "target.cluster.alias": "target",
        "source.cluster.bootstrap.servers": source,
        "target.cluster.bootstrap.servers": target,
        "topics": topic,
        "tasks.max": str(tasks),
        **{f"{name}.enabled": "false" for name in ("emit.offset-syncs", "sync.topic.configs", "sync.topic.acls", "refresh.topics")},
        **{f"source.consumer.{key}": value for key, value in setting.consumer.items()},
        **{f"producer.override.{key}": value for key, value in (setting.producer | {"compression.type": codec}).items()},
    }


@asynccontextmanager
async def open_mirror(folder: Path, target: str, told: Mapping[str, str]) -> AsyncIterator[Carrier]:
    """Run MirrorMaker 2 with these properties of its connector, its files in `folder`; it is ended and reaped when left.

    ConfigError if it was not fetched.
    """
    distribution = _distribution()
    log = _lay_out(folder, target, told)
    command = [str(distribution.java), *JAVA, *_LOGGING, "org.apache.kafka.connect.cli.ConnectStandalone", _WORKER, _CONNECTOR]
    process = await spawn(command, folder=folder, log=log, environment=distribution.environment)
    try:
        yield Carrier("MirrorMaker 2", process, log)
    finally:
        await end(process, _GRACE_S)


def _distribution() -> Distribution:
    found = find_distribution(os.environ | {LIBS_VARIABLE: str(_LIBS)})
    if not any(jar.name.startswith("connect-mirror-") for jar in found.jars):
        raise ConfigError([f"MirrorMaker 2 is not in {_LIBS}: run `make bench`, which fetches it"])
    return found


def _lay_out(folder: Path, target: str, told: Mapping[str, str]) -> Path:
    """Write what the worker reads at its start and return where it is to log."""
    folder.mkdir(parents=True)
    (folder / _WORKER).write_text(text(worker(target)), encoding="ascii")
    (folder / _CONNECTOR).write_text(text(told), encoding="ascii")
    return folder / "mirror.log"
