"""Answers for node/setup/brokers.py: ports that nobody shares, and properties that close each broker from its first start."""

from pathlib import Path

import pytest

from node.bus.guard import KEYSTORE, TRUSTSTORE, Guard
from node.errors import ConfigError
from node.setup.brokers import Broker, broker_properties, brokers_of

HOME = Path("any") / "broker-1"
GUARD = Guard(password="hidden", principal="445102.node")  # noqa: S106
THREE = "k1.example:9092,k2.example:9092,k3.example:9092"


def test_brokers_have_numbers_in_the_order_of_their_addresses() -> None:
    """From 1, each with its own host, also one by IPv6; the controller is 1000 ports above."""
    found = brokers_of("k1.example:9092,[::1]:19092")
    assert found == [Broker(number=1, host="k1.example", port=9092), Broker(number=2, host="[::1]", port=19092)]
    assert [one.controller for one in found] == [10092, 20092]


@pytest.mark.parametrize(
    "bootstrap", ["127.0.0.1:9092,127.0.0.1:9092", "127.0.0.1:9092,127.0.0.1:10092", "127.0.0.1:64536"], ids=["same", "controller", "above"]
)
def test_ports_that_cannot_be_taken_are_refused(bootstrap: str) -> None:
    """Two brokers of a host on one port, a broker where another's controller is, a controller above the last port."""
    with pytest.raises(ConfigError, match=rf"^{bootstrap}: .* choose others$"):
        brokers_of(bootstrap)


def test_brokers_of_different_hosts_share_a_port() -> None:
    """It is each host's own."""
    assert len(brokers_of(THREE)) == 3


@pytest.mark.parametrize("tls", [False, True], ids=["sasl", "tls"])
def test_every_listener_is_closed(tls: bool) -> None:  # noqa: FBT001 - a case
    """None speaks anything but the guard's protocol, and who has no right has none; brokers and the node are the super users."""
    (broker,) = brokers_of("k1.example:9092")
    guard = Guard(password=GUARD.password, principal=GUARD.principal, tls=tls)
    told = broker_properties(broker, [broker], guard, HOME)
    protocols = dict(one.split(":") for one in told["listener.security.protocol.map"].split(","))
    names = [one.partition("://")[0] for one in told["listeners"].split(",")]
    assert protocols == dict.fromkeys(names, "SASL_SSL" if tls else "SASL_PLAINTEXT")
    assert (told["allow.everyone.if.no.acl.found"], told["super.users"]) == ("false", "User:broker;User:445102.node")
    assert told["auto.create.topics.enable"] == "false"
    assert ("ssl.keystore.location" in told) is tls


def test_clients_are_told_the_brokers_own_address() -> None:
    """Everywhere it listens only under TLS, otherwise at its own address alone."""
    (broker,) = brokers_of("127.0.0.1:9092")
    told = broker_properties(broker, [broker], GUARD, HOME)
    assert told["listeners"] == "LOCAL://127.0.0.1:9092,CONTROLLER://127.0.0.1:10092"
    encrypted = broker_properties(broker, [broker], Guard(password="hidden", principal="n", tls=True), HOME)  # noqa: S106
    assert encrypted["listeners"] == "LOCAL://0.0.0.0:9092,CONTROLLER://0.0.0.0:10092"
    assert told["advertised.listeners"] == encrypted["advertised.listeners"] == "LOCAL://127.0.0.1:9092"


@pytest.mark.parametrize(("many", "copies", "in_sync"), [(1, "1", "1"), (2, "2", "1"), (3, "3", "2"), (5, "3", "2")])
def test_copies_are_as_many_as_there_are_brokers_and_three_at_most(many: int, copies: str, in_sync: str) -> None:
    """One of three may be away and writing goes on; all of them vote, and each has its own number and files."""
    brokers = brokers_of(",".join(f"k{number}.example:9092" for number in range(1, many + 1)))
    told = [broker_properties(one, brokers, GUARD, HOME / f"broker-{one.number}") for one in brokers]
    assert {(one["default.replication.factor"], one["min.insync.replicas"]) for one in told} == {(copies, in_sync)}
    assert {one["controller.quorum.voters"] for one in told} == {",".join(f"{n}@k{n}.example:10092" for n in range(1, many + 1))}
    assert [one["node.id"] for one in told] == [str(number) for number in range(1, many + 1)]
    assert len({one["log.dirs"] for one in told}) == many


def test_stores_are_named_where_the_broker_finds_them() -> None:
    """By absolute paths: brokers are started from anywhere."""
    (broker,) = brokers_of("k1.example:9092")
    told = broker_properties(broker, [broker], Guard(password="hidden", principal="n", tls=True), HOME)  # noqa: S106
    assert (told["ssl.keystore.location"], told["ssl.truststore.location"]) == (str(HOME / KEYSTORE), str(HOME / TRUSTSTORE))
    assert told["log.dirs"] == str(HOME / "data")
