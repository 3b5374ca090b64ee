"""Answers for node/bus/security.py: one value opens both roads."""

import inspect

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import create_conn

from node.bus.security import Security


@pytest.mark.parametrize("take", [create_conn, AIOKafkaClient, AIOKafkaConsumer, AIOKafkaProducer, AIOKafkaAdminClient])
def test_every_client_takes_its_arguments(take: object) -> None:
    """A setting that one of the roads does not know would leave that road unprotected."""
    names = inspect.signature(take).parameters  # type: ignore[arg-type]  # classes and a function, all of them callable
    assert Security().aiokafka().keys() <= names.keys()


def test_what_is_set_is_what_is_passed() -> None:
    """Protocol, login and password must arrive under aiokafka's names."""
    given = Security(protocol="SASL_PLAINTEXT", mechanism="SCRAM-SHA-512", username="445102", password="secret").aiokafka()  # noqa: S106
    assert given == {
        "security_protocol": "SASL_PLAINTEXT",
        "ssl_context": None,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "445102",
        "sasl_plain_password": "secret",
    }


def test_a_password_is_never_shown() -> None:
    """Settings end up in logs and tracebacks: the password must not."""
    text = repr(Security(protocol="SASL_SSL", username="445102", password="hidden"))  # noqa: S106
    assert "445102" in text
    assert "hidden" not in text
