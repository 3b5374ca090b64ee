"""Certificates of an authority that only the tests know."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from node.http import Tls

_DAY = timedelta(days=1)


class Authority:
    """Signs certificates; `file` has its own."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder, self._name, self._key = folder, _named(name), generate_private_key(SECP256R1())
        self.file = folder / f"{name}.crt"
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        made = _begun(self._name, self._name, self._key, _DAY).add_extension(constraints, critical=True)
        self.file.write_bytes(made.sign(self._key, SHA256()).public_bytes(Encoding.PEM))

    def tls(self, *hosts: str, name: str = "node", ends: timedelta = _DAY) -> Tls:
        """Make a certificate for hosts, by name or address, and its key; it ends after a time, which may be over."""
        key = generate_private_key(SECP256R1())
        names = [x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host) for host in hosts]
        made = _begun(_named(name), self._name, key, ends).add_extension(x509.SubjectAlternativeName(names), critical=False)
        tls = Tls(certificate_file=self._folder / f"{name}.crt", key_file=self._folder / f"{name}.key")
        tls.certificate_file.write_bytes(made.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        tls.key_file.touch(mode=0o600)
        tls.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return tls


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(name: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, ends: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number(), now - 9 * _DAY, now + ends)
