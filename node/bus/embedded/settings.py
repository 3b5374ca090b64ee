"""What a broker is told: its properties, its identity and the options of its Java. Text only, nothing is started here."""

from collections.abc import Mapping, Sequence

import msgspec

from node.bus.guard import Guard, closed_by, replicated

HOST = "127.0.0.1"

JAVA_OPTIONS = (
    # With these and the archive of classes (seed.py) a broker took 141 MB and 1.0 s; without any 410 MB and 3.5 s.
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Xshare:auto",
    # Kafka logs by slf4j; this keeps log4j, which it only asks for its levels, from saying that it has nothing to log with.
    "-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """One broker of a cluster and the loopback ports that are its own.

    `link` and `cable` come together or not at all: it listens on the first and tells clients the second.
    """

    node_id: int
    local: int
    controller: int
    link: int | None = None
    cable: int | None = None


def properties(seat: Seat, seats: Sequence[Seat], guard: Guard | None = None) -> dict[str, str]:
    """Return the broker's properties in a cluster of `seats`, each of them both broker and controller; without a guard it is open to everybody."""
    closed = {} if guard is None else closed_by(guard, ("local", "controller") if seat.link is None else ("local", "link", "controller"))
    return _listeners(seat, seats, guard.protocol if guard else "PLAINTEXT") | closed | _replication(len(seats)) | _SMALL


def text(entries: Mapping[str, str]) -> str:
    """Return properties as a file's text; values are ASCII without line ends (paths are relative to the broker's folder)."""
    return "".join(f"{key}={value}\n" for key, value in entries.items())


def identity(*, cluster_id: str, node_id: int, directory_id: str) -> str:
    """Return a data folder's `meta.properties` as `kafka-storage format` writes it (KIP-858)."""
    return text({"version": "1", "cluster.id": cluster_id, "node.id": str(node_id), "directory.id": directory_id})


def _listeners(seat: Seat, seats: Sequence[Seat], protocol: str) -> dict[str, str]:
    listeners, told, protocols = f"LOCAL://{HOST}:{seat.local}", f"LOCAL://{HOST}:{seat.local}", f"LOCAL:{protocol}"
    if seat.link is not None:
        listeners += f",LINK://{HOST}:{seat.link}"
        told += f",LINK://{HOST}:{seat.cable}"
        protocols += f",LINK:{protocol}"
    return {
        "process.roles": "broker,controller",
        "node.id": str(seat.node_id),
        "controller.quorum.voters": ",".join(f"{other.node_id}@{HOST}:{other.controller}" for other in seats),
        "listeners": f"{listeners},CONTROLLER://{HOST}:{seat.controller}",
        "advertised.listeners": told,
        "listener.security.protocol.map": f"{protocols},CONTROLLER:{protocol}",
        "inter.broker.listener.name": "LOCAL",
        "controller.listener.names": "CONTROLLER",
    }


def _replication(brokers: int) -> dict[str, str]:
    return replicated(brokers, brokers // 2 + 1) | {
        # Leaving in order needs a quorum, which three that end together soon lack: each would wait for it. One broker leaves
        # in order, else it could only come back when its session has ended.
        "controlled.shutdown.enable": "true" if brokers == 1 else "false",
    }


_SMALL = {
    "log.dirs": "data",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    # A broker that was killed may register again only after its session, 9 s by default: a restart took 11.6 s.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # 128 MB by default, most of a small broker's heap.
    "log.cleaner.dedupe.buffer.size": "8388608",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "4",
}
