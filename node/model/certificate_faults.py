"""What is wrong with a certificate that TLS did not take, by OpenSSL's code of it (X509_V_ERR_* of x509_vfy.h)."""

from typing import Literal

Fault = Literal["expired", "not-yet", "other-name", "untrusted", "other"]

_FAULTS: dict[int, Fault] = {
    10: "expired",
    9: "not-yet",
    62: "other-name",
    64: "other-name",
    2: "untrusted",
    18: "untrusted",
    19: "untrusted",
    20: "untrusted",
    21: "untrusted",
    27: "untrusted",
}


def fault_of(code: int) -> Fault:
    """Return what a code means: it has ended, does not count yet, is for another host, or of an authority that is not trusted."""
    return _FAULTS.get(code, "other")
