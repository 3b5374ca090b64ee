"""An authority for one cluster, and the certificates of its brokers: for operators who have none of their own.

Keys are P-256 (FIPS 186-5), certificates X.509 v3 (RFC 5280) in PEM, as Kafka reads them since KIP-651.
"""

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from node.bus.passwords import write_secret

AUTHORITY_DAYS, BROKER_DAYS = 3650, 825
"""Ten years, and the most that clients of the field accept of a server's certificate."""
_EARLY = timedelta(hours=1)
"""Clocks of clients may be behind ours."""
CERTIFICATE, KEY = "authority.pem", "authority.key"


class Authority(msgspec.Struct, frozen=True):
    """A certificate that others trust, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """The certificate as text."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def kept_authority(folder: Path, name: str, now: datetime | None = None) -> Authority:
    """Return the authority that lies in a folder, a new one where there is none."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    if not key.exists():
        made = _new_authority(name, now or datetime.now(UTC))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        certificate.write_text(made.pem, encoding="ascii")
        write_secret(key, _private(made.key))  # last: where it stands, the certificate does
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey), f"{key} is no key of ours"
    return Authority(x509.load_pem_x509_certificate(certificate.read_bytes()), private)


def issue(authority: Authority, hosts: Iterable[str], *, days: int = BROKER_DAYS, now: datetime | None = None) -> str:
    """Return a new key and its certificate for a server that is reached by these names and addresses, the authority's behind it."""
    key, begin, names = ec.generate_private_key(ec.SECP256R1()), now or datetime.now(UTC), list(hosts)
    certificate = (
        _building(_name(names[0]), authority.certificate.subject, key, begin, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _private(key) + certificate.public_bytes(serialization.Encoding.PEM).decode() + authority.pem


def _new_authority(name: str, now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    may = {"key_cert_sign": True, "crl_sign": True}
    uses = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        _building(_name(name), _name(name), key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**uses, **may), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def _building(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + timedelta(days=days))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode()
