"""What closes an embedded cluster, and who holds the keys: in files of its folder that nobody else may read."""

import ssl
from pathlib import Path
from typing import Literal

import msgspec

from node.bus.certificates import CERTIFICATE, Authority, issue, kept_authority
from node.bus.embedded.settings import HOST
from node.bus.guard import BROKER, KEYSTORE, TRUSTSTORE, Guard
from node.bus.passwords import kept_password, write_secret
from node.bus.security import Security
from node.bus.users import let_in


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """How a cluster is closed; without a guard it is open."""

    guard: Guard | None
    brokers: Security
    """with which whoever has the brokers' own files logs in"""
    security: Security
    """with which the super user does"""
    authority: Authority | None = None

    def lay_out(self, home: Path) -> None:
        """Put a broker's certificate, and what it trusts, into its folder."""
        if self.authority is not None:
            write_secret(home / KEYSTORE, issue(self.authority, [HOST, "localhost"]))
            write_secret(home / TRUSTSTORE, self.authority.pem)

    async def let_in(self, bootstrap: str) -> None:
        """Make the super user, and wait until every broker knows it. Unavailable if that does not come to be."""
        if self.guard is not None:
            await let_in(bootstrap, self.security, self.brokers)


def make_lock(folder: Path, principal: str, closed: Literal["sasl", "tls", "no"]) -> Lock:
    """Return the lock of the cluster in a folder, with the secrets that are there or new ones."""
    if closed == "no":
        return Lock(guard=None, brokers=Security(), security=Security())
    own = kept_password(folder / "brokers.password")
    guard = Guard(password=own, principal=principal, tls=closed == "tls")
    authority = kept_authority(folder, "embedded") if guard.tls else None
    trust = ssl.create_default_context(cafile=str(folder / CERTIFICATE)) if guard.tls else None
    password = kept_password(folder / "principal.password")
    return Lock(
        guard=guard,
        brokers=Security(protocol=guard.protocol, tls=trust, mechanism="PLAIN", username=BROKER, password=own),
        security=Security(protocol=guard.protocol, tls=trust, mechanism="SCRAM-SHA-512", username=principal, password=password),
        authority=authority,
    )
