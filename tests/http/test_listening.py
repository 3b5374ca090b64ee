"""The listener: its address, its connections, and what it says of its own."""

import asyncio
import ssl
import warnings
from pathlib import Path

import httpx
import pytest

from node.errors import BusError
from node.http import listening, open_probes
from tests.certificates import Authority
from tests.http.catalogued import catalogued_node


async def test_an_answer_on_a_kept_connection_waits_for_nobody() -> None:
    """Nagle's algorithm and a delayed acknowledgement would make each take 40 ms."""
    async with open_probes(catalogued_node(), "127.0.0.1", 0) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answers = [await client.get("/livez") for _ in range(20)]
    assert min(answer.elapsed.total_seconds() for answer in answers[1:]) < 0.02


async def test_an_offer_of_http_2_is_passed_over_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    """Java's client makes it with its first request; the answer comes in HTTP/1.1, and the log stays as it is."""
    offer = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "AAEAAEAA"}
    async with open_probes(catalogued_node(), "127.0.0.1", 0) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.get("/livez", headers=offer)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert "pgrade" not in "".join(capfd.readouterr())


async def test_an_address_that_is_taken_is_told() -> None:
    """The second server on an address says which address it could not have, and for which key of the configuration."""
    node = catalogued_node()
    async with open_probes(node, "127.0.0.1", 0) as port:
        with pytest.raises(BusError, match=f"http.probes 127.0.0.1:{port}"):
            async with open_probes(node, "127.0.0.1", port):
                pass


async def test_with_a_certificate_it_speaks_tls_of_today(tmp_path: Path) -> None:
    """TLS 1.2 and newer; a client that trusts the authority is answered, and told to come by TLS for good."""
    authority = Authority(tmp_path)
    async with open_probes(catalogued_node(), "127.0.0.1", 0, authority.tls("127.0.0.1")) as port:
        trusting = ssl.create_default_context(cafile=authority.file)
        async with httpx.AsyncClient(verify=trusting) as client:
            answer = await client.get(f"https://127.0.0.1:{port}/livez")
        assert (answer.text, "strict-transport-security" in answer.headers, "server" in answer.headers) == ("ok", True, False)
        old = ssl.create_default_context(cafile=authority.file)
        with warnings.catch_warnings(action="ignore"):  # Python says of itself that this is too old
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionResetError)):  # an alert, or asyncio's end of it
            await asyncio.open_connection("127.0.0.1", port, ssl=old)


async def test_files_that_are_no_certificate_are_told(tmp_path: Path) -> None:
    """Before it listens, with the key of the configuration, and the address is free again."""
    tls = Authority(tmp_path).tls("127.0.0.1")
    tls.certificate_file.write_text("none")
    with pytest.raises(BusError, match=r"http\.tls cannot be used .* `exchange-node check`"):
        async with open_probes(catalogued_node(), "127.0.0.1", 0, tls):
            pass


async def test_a_handshake_that_does_not_come_ends_its_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects and says nothing holds no connection for long, by TLS as without."""
    monkeypatch.setattr(listening, "HANDSHAKE_S", 0.05)
    async with open_probes(catalogued_node(), "127.0.0.1", 0, Authority(tmp_path).tls("127.0.0.1")) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()
