"""How the node proves itself to a cluster: one value for the raw path and for aiokafka's own clients alike."""

import ssl
from pathlib import Path
from typing import NamedTuple

import msgspec

from node.bus.passwords import Login, read_login
from node.errors import ConfigError


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """Transport and login of a connection. The default is an unprotected listener, fit for loopback only."""

    protocol: str = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"""
    tls: ssl.SSLContext | None = None
    mechanism: str = "PLAIN"
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Security(protocol={self.protocol!r}, mechanism={self.mechanism!r}, username={self.username!r})"  # a log never has the rest

    @property
    def login(self) -> Login:
        """With what it logs in, as a file holds it; only of one that does."""
        assert self.username is not None
        assert self.password is not None
        return Login(username=self.username, password=self.password, mechanism=self.mechanism)

    def librdkafka(self) -> dict[str, str]:
        """Return the settings of clients that build on librdkafka; what TLS trusts is theirs to add (`ssl.ca.location`)."""
        if self.username is None or self.password is None:
            return {"security.protocol": self.protocol}
        login = {"sasl.mechanism": self.mechanism, "sasl.username": self.username, "sasl.password": self.password}
        return {"security.protocol": self.protocol, **login}

    def aiokafka(self) -> dict[str, object]:
        """Return the arguments that every client of aiokafka and `create_conn` take."""
        return {
            "security_protocol": self.protocol,
            "ssl_context": self.tls,
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }


class Way(NamedTuple):
    """Where a cluster is, and how to log in to it."""

    bootstrap: str
    security: Security

    def librdkafka(self) -> dict[str, str]:
        """Return the settings of clients that build on librdkafka."""
        return {"bootstrap.servers": self.bootstrap, **self.security.librdkafka()}


def secured(login_file: Path | None, ca_file: Path | None) -> Security:
    """Return the security of a cluster by its files: without a login nobody is told who we are, without an authority nothing is encrypted.

    ConfigError, with file, cause and repair.
    """
    tls = None
    if ca_file is not None:
        try:
            tls = ssl.create_default_context(cafile=str(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise ConfigError([f"{ca_file}: the authority's certificates cannot be read ({error}); they stand there in PEM"]) from error
    if login_file is None:
        return Security(protocol="SSL" if tls else "PLAINTEXT", tls=tls)
    login = read_login(login_file)
    return Security(
        protocol="SASL_SSL" if tls else "SASL_PLAINTEXT",
        tls=tls,
        mechanism=login.mechanism,
        username=login.username,
        password=login.password,
    )
