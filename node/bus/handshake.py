"""Until when a server's certificate counts, as it shows it in a TLS handshake: nothing is sent after that, and nothing is believed.

One that has ended already is looked at as well, so the handshake itself trusts everybody.
"""

import asyncio
import math
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from node.control.checkup_machine import Certificate
from node.errors import said
from node.model.limits import CONNECT_TIMEOUT_S


async def seen(name: str, address: str) -> Certificate:
    """Return the certificate that a server at `host:port` shows, or why it shows none."""
    host, _colon, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _reader, writer = await asyncio.open_connection(host, int(port), ssl=_trusting_all(), server_hostname=host)
    except (OSError, TimeoutError) as error:
        return Certificate(name, address, trouble=f"no certificate was seen ({said(error)})")
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return Certificate(name, address, x509.load_der_x509_certificate(shown).not_valid_after_utc)


async def earliest(name: str, addresses: Iterable[str]) -> Certificate:
    """Return of several servers that certificate which ends first; why none was seen, where none shows one: whether each is up is not asked here."""
    found = await asyncio.gather(*(seen(name, address) for address in addresses))
    return min(found, key=_end)


def in_file(name: str, file: Path) -> Certificate:
    """Return the certificate in a PEM file that ends first: each of a chain, or of a list of authorities, matters to somebody."""
    try:
        return min(
            (Certificate(name, str(file), one.not_valid_after_utc) for one in x509.load_pem_x509_certificates(file.read_bytes())), key=_end
        )
    except (OSError, ValueError) as error:
        return Certificate(name, str(file), trouble=f"it cannot be read ({said(error)})")


def _end(one: Certificate) -> float:
    return math.inf if one.not_after is None else one.not_after.timestamp()


def _trusting_all() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
