"""How the node proves itself to a cluster: one value for the raw path and for aiokafka's own clients alike."""

import ssl

import msgspec


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

    def aiokafka(self) -> dict[str, object]:
        """Return the arguments that every client of aiokafka and `create_conn` take."""
        return {
            "security_protocol": self.protocol,
            "ssl_context": self.tls,
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }
