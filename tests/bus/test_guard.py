"""Answers for node/bus/guard.py: each listener takes whom it is there for (all of it on real brokers: embedded/test_lock.py)."""

import pytest

from node.bus.guard import Guard, closed_by, new_id

_GUARD = Guard(password="hidden", principal="445102.node")  # noqa: S106
_LISTENERS = ("local", "controller", "outside")


def test_brokers_log_in_where_they_must_and_nowhere_else() -> None:
    """To the controllers nobody but them, to each other beside everybody else; what comes from outside never as a broker."""
    told = closed_by(_GUARD, _LISTENERS)
    assert {name: told[f"listener.name.{name}.sasl.enabled.mechanisms"].split(",") for name in _LISTENERS} == {
        "local": ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"],
        "controller": ["PLAIN"],
        "outside": ["SCRAM-SHA-512", "SCRAM-SHA-256"],
    }
    assert told["sasl.mechanism.inter.broker.protocol"] == told["sasl.mechanism.controller.protocol"] == "PLAIN"


def test_every_mechanism_has_its_module_and_no_other_has_one() -> None:
    """The brokers' password stands where they log in, once to send and once to compare; SCRAM's are in the cluster."""
    told = closed_by(_GUARD, _LISTENERS)
    modules = {key.removeprefix("listener.name."): value for key, value in told.items() if key.endswith(".sasl.jaas.config")}
    assert {key for key, value in modules.items() if value.count("hidden") == 2} == {
        "local.plain.sasl.jaas.config",
        "controller.plain.sasl.jaas.config",
    }
    assert sum("hidden" in value for value in told.values()) == 2
    assert len(modules) == 6
    assert all(value.endswith(";") for value in modules.values())


def test_a_right_that_nobody_gave_is_none() -> None:
    """Without an entry nobody may do anything, but for the brokers and the node."""
    told = closed_by(_GUARD, _LISTENERS)
    assert told["authorizer.class.name"] == "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
    assert told["allow.everyone.if.no.acl.found"] == "false"
    assert told["super.users"] == "User:broker;User:445102.node"


@pytest.mark.parametrize(("tls", "protocol"), [(False, "SASL_PLAINTEXT"), (True, "SASL_SSL")])
def test_keys_are_named_where_they_are_used(*, tls: bool, protocol: str) -> None:
    """Beside the properties, by names without a folder: they are the broker's own."""
    guard = Guard(password="hidden", principal="445102.node", tls=tls)  # noqa: S106
    told = closed_by(guard, _LISTENERS)
    assert guard.protocol == protocol
    named = {told[key] for key in told if key.startswith("ssl.") and key.endswith(".location")}
    assert named == ({"keystore.pem", "truststore.pem"} if tls else set())


def test_an_id_is_one_that_kafka_takes_on_a_command_line() -> None:
    """22 characters of base64url that are no option: one in 64 would begin with `-`."""
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert {len(one) for one in made} == {22}
    assert not [one for one in made if one.startswith("-")]
