"""Answers for node/bus/security.py: one value opens every road."""

import inspect
import ssl
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import create_conn

from node.bus.certificates import CERTIFICATE, kept_authority
from node.bus.passwords import SCRAM_256, Login, write_login
from node.bus.security import Security, Way, secured
from node.errors import ConfigError


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


def test_librdkafka_gets_the_login_in_its_own_words() -> None:
    """Without a login nothing but the protocol: an empty user would be sent as one."""
    told = Way("a:1", Security(protocol="SASL_PLAINTEXT", mechanism=SCRAM_256, username="445102", password="secret")).librdkafka()  # noqa: S106
    assert told == {
        "bootstrap.servers": "a:1",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "445102",
        "sasl.password": "secret",
    }
    assert Security().librdkafka() == {"security.protocol": "PLAINTEXT"}


@pytest.fixture
def login(tmp_path: Path) -> Path:
    """A login file."""
    write_login(tmp_path / "own.login", Login(username="445102.node", password="hidden", mechanism=SCRAM_256))  # noqa: S106
    return tmp_path / "own.login"


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    """What TLS trusts."""
    kept_authority(tmp_path, "test")
    return tmp_path / CERTIFICATE


def test_files_say_how_to_get_in(login: Path, trusted: Path) -> None:
    """A login makes SASL of it, an authority TLS; an authority of one's own replaces those that the machine trusts."""
    assert secured(None, None) == Security()
    assert secured(login, None) == Security(
        protocol="SASL_PLAINTEXT",
        mechanism="SCRAM-SHA-256",
        username="445102.node",
        password="hidden",  # noqa: S106
    )
    assert secured(None, trusted).protocol == "SSL"
    both = secured(login, trusted)
    assert (both.protocol, both.username, both.password) == ("SASL_SSL", "445102.node", "hidden")
    assert both.tls is not None
    assert (both.tls.check_hostname, both.tls.verify_mode, len(both.tls.get_ca_certs())) == (True, ssl.CERT_REQUIRED, 1)
    assert "hidden" not in repr(both)


def test_a_login_that_others_may_read_is_refused(login: Path) -> None:
    """With file, cause and repair, before anything is dialled."""
    login.chmod(0o640)
    with pytest.raises(ConfigError, match=rf"^{login}: others may read it \(mode 0640\); chmod 600, and have a new secret made$"):
        secured(login, None)


def test_a_login_that_is_missing_or_none_is_told(login: Path, tmp_path: Path) -> None:
    """With its file, and never with what is in it."""
    with pytest.raises(ConfigError, match=rf"^{tmp_path}/no.login: the secret cannot be read"):
        secured(tmp_path / "no.login", None)
    login.write_text("hidden")
    with pytest.raises(ConfigError, match=f"^{login}: it is no login") as refused:
        secured(login, None)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_an_authority_that_cannot_be_read_is_told(login: Path, tmp_path: Path, content: str | None) -> None:
    """Rather than going without encryption, or trusting whom the machine trusts."""
    file = tmp_path / "own.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=rf"^{file}: the authority's certificates cannot be read \(.+\); they stand there in PEM$"):
        secured(login, file)
