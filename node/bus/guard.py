"""What brokers of every cluster are told alike: what closes them, and how many copies there are of what Kafka keeps for itself."""

import base64
import uuid
from collections.abc import Iterable

import msgspec

BROKER = "broker"
"""The name by which brokers log in to each other."""
KEYSTORE, TRUSTSTORE = "keystore.pem", "truststore.pem"
REAUTHENTICATION_MS = 3_600_000

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


def replicated(copies: int, in_sync: int) -> dict[str, str]:
    """Return the properties by which topics have so many copies, unless they say otherwise, so many of which have to be in step to take a record."""
    return {
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(in_sync),
        "offsets.topic.replication.factor": str(copies),
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(in_sync),
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": str(in_sync),
    }


def new_id() -> str:
    """Return a random id in Kafka's form: 22 characters of base64url, never `-` first: on a command line that would be an option."""
    made = "-"
    while made.startswith("-"):
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return made


def closed_by(guard: Guard, listeners: Iterable[str]) -> dict[str, str]:
    """Return the properties that close a broker: TLS where it is asked for, SASL on each listener, no right that nobody gave (Kafka's `security` chapter).

    On `controller` brokers alone log in, on `local` they and everybody else, on any other listener everybody else.
    """
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
    for listener in listeners:
        mechanisms = {"controller": (plain,), "local": (*scram, plain)}.get(listener, scram)
        entries[f"listener.name.{listener}.sasl.enabled.mechanisms"] = ",".join(mechanisms)
        for mechanism in mechanisms:
            login = _PLAIN.format(user=BROKER, password=guard.password) if mechanism == plain else _SCRAM
            entries[f"listener.name.{listener}.{mechanism.lower()}.sasl.jaas.config"] = login
    return entries | (_TLS if guard.tls else {})
