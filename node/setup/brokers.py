"""The properties of the brokers beside a node, closed from their first start."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from node.bus.guard import KEYSTORE, TRUSTSTORE, Guard, closed_by, replicated
from node.errors import ConfigError

CONTROLLER_PORTS_ON = 1000
"""A broker's controller listens on a port that is greater by this."""
_PORT_MAX = 65535
_ANYWHERE = "0.0.0.0"  # noqa: S104 -- TLS and a login stand before it


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """A broker by its number, from 1, and the address by which everybody reaches it."""

    number: int
    host: str
    port: int

    @property
    def controller(self) -> int:
        """The port of its controller."""
        return self.port + CONTROLLER_PORTS_ON


def brokers_of(bootstrap: str) -> list[Broker]:
    """Return the brokers of `host:port,host:port`. ConfigError where two would share a port or one has none for its controller."""
    found = []
    for number, address in enumerate(bootstrap.split(","), start=1):
        host, _colon, port = address.rpartition(":")
        found.append(Broker(number=number, host=host, port=int(port)))
    taken = [(one.host, port) for one in found for port in (one.port, one.controller)]
    if len(set(taken)) < len(taken) or any(port > _PORT_MAX for _host, port in taken):
        raise ConfigError([f"{bootstrap}: each broker takes its port and that + {CONTROLLER_PORTS_ON} for its controller: choose others"])
    return found


def broker_properties(broker: Broker, brokers: Sequence[Broker], guard: Guard, home: Path) -> dict[str, str]:
    """Return the properties of one of the brokers, each of them a controller too; `home` is its folder."""
    replication = replicated(min(len(brokers), 3), 2 if len(brokers) > 2 else 1)
    bind = _ANYWHERE if guard.tls else broker.host
    listeners = {
        "process.roles": "broker,controller",
        "node.id": str(broker.number),
        "controller.quorum.voters": ",".join(f"{one.number}@{one.host}:{one.controller}" for one in brokers),
        "listeners": f"LOCAL://{bind}:{broker.port},CONTROLLER://{bind}:{broker.controller}",
        "advertised.listeners": f"LOCAL://{broker.host}:{broker.port}",
        "listener.security.protocol.map": f"LOCAL:{guard.protocol},CONTROLLER:{guard.protocol}",
        "inter.broker.listener.name": "LOCAL",
        "controller.listener.names": "CONTROLLER",
    }
    stores = {"ssl.keystore.location": str(home / KEYSTORE), "ssl.truststore.location": str(home / TRUSTSTORE)}
    closed = closed_by(guard, ("local", "controller")) | (stores if guard.tls else {})
    return listeners | closed | replication | {"log.dirs": str(home / "data"), "auto.create.topics.enable": "false"}
