"""Answers for node/bus/certificates.py: what it signs is taken by those who trust its authority, and by nobody else."""

import ssl
import stat
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from node.bus.certificates import AUTHORITY_DAYS, BROKER_DAYS, CERTIFICATE, KEY, Authority, issue, kept_authority

HOSTS = ["127.0.0.1", "::1", "localhost", "kafka.example"]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority whose files lie in the test's folder."""
    return kept_authority(tmp_path, "test")


def shake(trusted: Path, server: str, host: str, folder: Path) -> None:
    """Let a client that trusts an authority greet a server with this certificate by a name. SSLError if it does not take it."""
    (folder / "server.pem").write_text(server)
    client_side, server_side = ssl.create_default_context(cafile=str(trusted)), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(folder / "server.pem")
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client_side.wrap_bio(back, there, server_hostname=host), server_side.wrap_bio(there, back, server_side=True)]
    for _ in range(4):
        _step(sides)
    assert all(side.cipher() for side in sides)


def _step(sides: Iterable[ssl.SSLObject]) -> None:
    for side in sides:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


@pytest.mark.parametrize("host", HOSTS)
def test_a_broker_is_known_by_all_its_names(tmp_path: Path, authority: Authority, host: str) -> None:
    """Addresses as addresses and names as names: a client checks the one that it dialled."""
    shake(tmp_path / CERTIFICATE, issue(authority, HOSTS), host, tmp_path)


def test_another_name_is_refused(tmp_path: Path, authority: Authority) -> None:
    """A certificate for one broker is none for another."""
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake(tmp_path / CERTIFICATE, issue(authority, ["localhost"]), "kafka.example", tmp_path)


def test_another_authority_is_refused(tmp_path: Path, authority: Authority) -> None:
    """Even one of the same name."""
    kept_authority(tmp_path / "other", "test")
    with pytest.raises(ssl.SSLCertVerificationError, match="verify failed"):
        shake(tmp_path / "other" / CERTIFICATE, issue(authority, ["localhost"]), "localhost", tmp_path)


@pytest.mark.parametrize(("days", "cause"), [(BROKER_DAYS + 1, "expired"), (-2, "not yet valid")])
def test_a_certificate_counts_for_its_time(tmp_path: Path, authority: Authority, days: int, cause: str) -> None:
    """Neither later nor earlier, but for an hour that clocks may differ."""
    made = issue(authority, ["localhost"], now=datetime.now(UTC) - timedelta(days=days))
    with pytest.raises(ssl.SSLCertVerificationError, match=cause):
        shake(tmp_path / CERTIFICATE, made, "localhost", tmp_path)
    early = issue(authority, ["localhost"], now=datetime.now(UTC) + timedelta(minutes=30))
    shake(tmp_path / CERTIFICATE, early, "localhost", tmp_path)


def test_a_broker_signs_for_nobody(tmp_path: Path, authority: Authority) -> None:
    """Whoever has a broker's key must not be able to pass for another broker."""
    made = issue(authority, ["localhost"])
    key, certificate = (tmp_path / "broker" / KEY), (tmp_path / "broker" / CERTIFICATE)
    key.parent.mkdir()
    begin = made.index("-----BEGIN CERTIFICATE")
    key.write_text(made[:begin])
    certificate.write_text(made[begin:])
    forged = issue(kept_authority(tmp_path / "broker", "any"), ["kafka.example"])
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(tmp_path / CERTIFICATE, forged, "kafka.example", tmp_path)


def test_an_authority_is_made_once_and_kept(tmp_path: Path, authority: Authority) -> None:
    """Clients need not be told another when a cluster is opened again; its key is its owner's alone, its certificate everybody's."""
    assert kept_authority(tmp_path, "other").pem == authority.pem == (tmp_path / CERTIFICATE).read_text()
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
    assert "PRIVATE" not in authority.pem


def test_what_is_issued_is_as_kafka_reads_it(authority: Authority) -> None:
    """An unencrypted PKCS#8 key and the chain, in one text (KIP-651); each key and serial number is new."""
    made, other = issue(authority, ["localhost"]), issue(authority, ["localhost"])
    assert made.startswith("-----BEGIN PRIVATE KEY-----\n")
    own, root = x509.load_pem_x509_certificates(made.encode())
    assert root == authority.certificate
    assert own.not_valid_after_utc - own.not_valid_before_utc == timedelta(days=BROKER_DAYS, hours=1)
    assert root.not_valid_after_utc - root.not_valid_before_utc == timedelta(days=AUTHORITY_DAYS, hours=1)
    another = x509.load_pem_x509_certificate(other.encode())
    assert (own.serial_number, own.public_key()) != (another.serial_number, another.public_key())
