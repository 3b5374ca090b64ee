"""Answers for node/bus/handshake.py: until when certificates count, in a handshake with a real server and in files."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from node.bus.certificates import AUTHORITY_DAYS, issue, kept_authority
from node.bus.handshake import earliest, in_file, seen

NOW = datetime.now(UTC).replace(microsecond=0)
_BEFORE = 30
"""Days since it was made."""


@asynccontextmanager
async def serving(folder: Path, days: int) -> AsyncIterator[str]:
    """A TLS server with a certificate that ends so many days from now; yields its address."""
    file = folder / f"{days}.pem"
    file.write_text(issue(kept_authority(folder, "test"), ["127.0.0.1"], days=days + _BEFORE, now=NOW - timedelta(days=_BEFORE)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_what_a_server_shows_is_seen_and_not_believed(tmp_path: Path) -> None:
    """Also one that has ended, of an authority that nobody knows."""
    for days in (90, -1):
        async with serving(tmp_path, days) as address:
            found = await seen("kafka", address)
            assert (found.name, found.place, found.not_after, found.trouble) == ("kafka", address, NOW + timedelta(days=days), "")


async def test_of_several_servers_that_counts_which_ends_first(tmp_path: Path) -> None:
    """One that is away says nothing, unless none is there."""
    async with serving(tmp_path, 90) as late, serving(tmp_path, 9) as soon:
        assert (await earliest("kafka", [late, "127.0.0.1:1", soon])).place == soon
    none = await earliest("kafka", ["127.0.0.1:1"])
    assert (none.not_after, "no certificate was seen" in none.trouble) == (None, True)


async def test_a_server_without_tls_shows_none() -> None:
    """Nor does one that says nothing at all keep anybody."""
    async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0) as server:
        found = await seen("kafka", f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert (found.not_after, "no certificate was seen" in found.trouble) == (None, True)


def test_of_a_file_that_counts_which_ends_first(tmp_path: Path) -> None:
    """A chain, or a list of authorities; what is no certificate is told with its cause."""
    authority = kept_authority(tmp_path, "test", NOW)
    file = tmp_path / "node.crt"
    file.write_text(issue(authority, ["localhost"], days=40, now=NOW))
    assert in_file("http", file).not_after == NOW + timedelta(days=40)
    file.write_text(authority.pem)
    assert in_file("kafka-ca", file).not_after == NOW + timedelta(days=AUTHORITY_DAYS)
    for wrong in ("", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        file.write_text(wrong)
        assert "cannot be read" in in_file("http", file).trouble
    assert "cannot be read" in in_file("http", tmp_path / "absent").trouble
