"""What a broker is told: its properties, its identity and the options of its Java. Text only, nothing is started here."""

from collections.abc import Mapping, Sequence

import msgspec

HOST = "127.0.0.1"
BROKER = "broker"
"""The name by which brokers log in to each other."""
KEYSTORE, TRUSTSTORE = "keystore.pem", "truststore.pem"
REAUTHENTICATION_MS = 3_600_000

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


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """What closes a cluster: who is let in by its brokers' own files, and who may do everything in it.

    Everybody else is a SCRAM user that is made while it runs. The brokers are not: `kafka-storage format --add-scram` would make one, but takes
    the password on its command line, where every process of the machine can read it.
    """

    password: str
    """of the brokers, to each other and for whoever makes the first user"""
    principal: str
    """a super user beside the brokers: the node's"""
    tls: bool = False
    """the folder of each broker holds KEYSTORE and TRUSTSTORE"""

    @property
    def protocol(self) -> str:
        """Kafka's name of what every listener speaks."""
        return "SASL_SSL" if self.tls else "SASL_PLAINTEXT"


def properties(seat: Seat, seats: Sequence[Seat], guard: Guard | None = None) -> dict[str, str]:
    """Return the broker's properties in a cluster of `seats`, each of them both broker and controller; without a guard it is open to everybody."""
    closed = {} if guard is None else _closed(seat, guard)
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


def _closed(seat: Seat, guard: Guard) -> dict[str, str]:
    scram, plain = ("SCRAM-SHA-512", "SCRAM-SHA-256"), "PLAIN"
    entries = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{BROKER};User:{guard.principal}",
        "allow.everyone.if.no.acl.found": "false",
        "sasl.mechanism.inter.broker.protocol": plain,
        "sasl.mechanism.controller.protocol": plain,
        # A user that is deleted or has another password keeps its connection until then.
        "connections.max.reauth.ms": str(REAUTHENTICATION_MS),
    }
    listeners = {"local": (*scram, plain), "controller": (plain,)} | ({} if seat.link is None else {"link": scram})
    for listener, mechanisms in listeners.items():
        entries[f"listener.name.{listener}.sasl.enabled.mechanisms"] = ",".join(mechanisms)
        for mechanism in mechanisms:
            login = _PLAIN.format(user=BROKER, password=guard.password) if mechanism == plain else _SCRAM
            entries[f"listener.name.{listener}.{mechanism.lower()}.sasl.jaas.config"] = login
    return entries | (_TLS if guard.tls else {})


def _replication(brokers: int) -> dict[str, str]:
    copies, in_sync = str(brokers), str(brokers // 2 + 1)
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        # Leaving in order needs a quorum, which three that end together soon lack: each would wait for it. One broker leaves
        # in order, else it could only come back when its session has ended.
        "controlled.shutdown.enable": "true" if brokers == 1 else "false",
    }


_PLAIN = (
    'org.apache.kafka.common.security.plain.PlainLoginModule required username="{user}" password="{password}" user_{user}="{password}";'
)
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_TLS = {
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": KEYSTORE,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": TRUSTSTORE,
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
