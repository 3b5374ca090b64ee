"""Answers for node/runtime/settings.py: a node that is told the least runs alone, and none of what it is told is shown by accident."""

from pathlib import Path

import msgspec

from node.bus.security import Security, Way
from node.control.canary import Direction
from node.model.names import Division
from node.runtime.settings import LinkStatus, NodeSettings

HERE = Division("445102")
LEAST = NodeSettings(division=HERE, bootstrap="127.0.0.1:9092", replication=1, data_dir=Path("data"))


def test_a_node_that_is_told_of_no_parent_has_none() -> None:
    """Nor a login, nor anybody whose rights are not its own affair; working days are the official ones."""
    assert (LEAST.parent, LEAST.parent_bootstrap, LEAST.root, LEAST.calendar) == (None, "", "", None)
    assert LEAST.security == LEAST.parent_security == Security()
    assert (LEAST.brokers_security, LEAST.other_users, LEAST.ca, LEAST.certificate_files) == (None, (), "", {})
    assert (LEAST.own_way, LEAST.parent_way) == (Way("127.0.0.1:9092", Security()), None)


def test_a_parents_cluster_is_reached_by_its_own_way() -> None:
    """Its address, and the login that the parent gave."""
    login = Security(protocol="SASL_SSL", username="445102.node")
    child = msgspec.structs.replace(LEAST, parent=Division("445100"), parent_bootstrap="k1:9092", parent_security=login)
    assert child.parent_way == Way("k1:9092", login)


def test_settings_are_printed_without_passwords() -> None:
    """They stand in tracebacks."""
    login = Security(protocol="SASL_SSL", mechanism="SCRAM-SHA-512", username="445102.node", password="hidden")  # noqa: S106
    settings = msgspec.structs.replace(LEAST, security=login, brokers_security=login, parent_security=login)
    assert "445102.node" in repr(settings)
    assert "hidden" not in repr(settings)


def test_a_link_is_told_as_json() -> None:
    """As `status` reads it: who is above, what came over each direction when, and why nothing does."""
    link = LinkStatus(parent=HERE, up=Direction(heard_ms=5), down=Direction(heard_ms=7, stopped=1), trouble="away")
    told = msgspec.json.decode(msgspec.json.encode(link))
    assert (told["parent"], told["up"]["heard_ms"], told["down"]["stopped"], told["trouble"]) == ("445102", 5, 1, "away")
