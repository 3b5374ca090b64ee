"""What brokers are told."""

import pytest

from node.bus.embedded.settings import Seat, identity, properties, text
from node.bus.guard import Guard

_THREE = [Seat(node_id=n, local=100 * n, controller=100 * n + 1, link=100 * n + 2, cable=100 * n + 3) for n in (1, 2, 3)]


def test_a_lone_broker_needs_no_other() -> None:
    """On one broker every internal topic has one copy, and nothing waits for a second."""
    alone = properties(Seat(node_id=1, local=10, controller=11), [Seat(node_id=1, local=10, controller=11)])
    copies = {
        value for key, value in alone.items() if ("replic" in key and key.endswith(("factor", "replicas"))) or key.endswith("min.isr")
    }
    assert copies == {"1"}
    assert alone["listeners"] == "LOCAL://127.0.0.1:10,CONTROLLER://127.0.0.1:11"
    assert alone["advertised.listeners"] == "LOCAL://127.0.0.1:10"
    assert "LINK" not in alone["listener.security.protocol.map"]


def test_three_brokers_survive_the_loss_of_one() -> None:
    """Among three, each topic has three copies and a record is safe with two; all three vote."""
    second = properties(_THREE[1], _THREE)
    assert second["transaction.state.log.replication.factor"] == second["offsets.topic.replication.factor"] == "3"
    assert second["min.insync.replicas"] == second["transaction.state.log.min.isr"] == "2"
    assert second["controller.quorum.voters"] == "1@127.0.0.1:101,2@127.0.0.1:201,3@127.0.0.1:301"
    assert second["node.id"] == "2"


def test_a_link_is_told_the_cable_and_never_the_broker() -> None:
    """Clients of the LINK listener are sent to the cable's port, while the broker listens behind it."""
    first = properties(_THREE[0], _THREE)
    assert "LINK://127.0.0.1:102" in first["listeners"]
    assert first["advertised.listeners"] == "LOCAL://127.0.0.1:100,LINK://127.0.0.1:103"
    assert "LINK:PLAINTEXT" in first["listener.security.protocol.map"]


def test_paths_are_relative_to_the_brokers_folder() -> None:
    """No value depends on where the checkout is: a comma or a Chinese name in a path cannot break the properties."""
    written = text(properties(_THREE[0], _THREE))
    assert "log.dirs=data\n" in written
    assert written.isascii()


def test_identity_is_what_kafka_storage_writes() -> None:
    """meta.properties has version 1 and the three ids."""
    assert identity(cluster_id="C", node_id=3, directory_id="D") == "version=1\ncluster.id=C\nnode.id=3\ndirectory.id=D\n"


_GUARD = Guard(password="hidden", principal="445102.node")  # noqa: S106


def test_without_a_guard_nobody_is_asked() -> None:
    """No listener knows of logins, and nothing is authorized."""
    told = properties(_THREE[0], _THREE)
    assert told["listener.security.protocol.map"] == "LOCAL:PLAINTEXT,LINK:PLAINTEXT,CONTROLLER:PLAINTEXT"
    assert not [key for key in told if "sasl" in key or "ssl" in key or "authorizer" in key]


@pytest.mark.parametrize(("tls", "protocol"), [(False, "SASL_PLAINTEXT"), (True, "SASL_SSL")])
def test_a_guard_closes_every_listener(*, tls: bool, protocol: str) -> None:
    """The controllers' too; whoever has no right by a list has none, but for the brokers and the node."""
    told = properties(_THREE[0], _THREE, Guard(password="hidden", principal="445102.node", tls=tls))  # noqa: S106
    assert told["listener.security.protocol.map"] == f"LOCAL:{protocol},LINK:{protocol},CONTROLLER:{protocol}"
    assert told["authorizer.class.name"].endswith(".StandardAuthorizer")
    assert told["allow.everyone.if.no.acl.found"] == "false"
    assert told["super.users"] == "User:broker;User:445102.node"
    assert ("ssl.keystore.location" in told, "ssl.truststore.location" in told) == (tls, tls)


def test_brokers_log_in_by_their_files_and_never_over_the_link() -> None:
    """Where others come from afar no PLAIN is taken, and the controllers take nothing else; each mechanism has its own login module."""
    told = properties(_THREE[0], _THREE, _GUARD)
    takes = {name: told[f"listener.name.{name}.sasl.enabled.mechanisms"].split(",") for name in ("local", "link", "controller")}
    assert takes == {
        "local": ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"],
        "link": ["SCRAM-SHA-512", "SCRAM-SHA-256"],
        "controller": ["PLAIN"],
    }
    for name, mechanisms in takes.items():
        for mechanism in mechanisms:
            module = told[f"listener.name.{name}.{mechanism.lower()}.sasl.jaas.config"]
            assert ("hidden" in module) is (mechanism == "PLAIN")
    assert not [key for key in properties(Seat(node_id=1, local=1, controller=2), [], _GUARD) if ".link." in key]


def test_a_login_does_not_last_for_ever() -> None:
    """Else whoever is removed stays as long as its connection does."""
    assert int(properties(_THREE[0], _THREE, _GUARD)["connections.max.reauth.ms"]) == 3_600_000
