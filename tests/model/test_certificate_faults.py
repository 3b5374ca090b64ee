"""Answers for node/model/certificate_faults.py: OpenSSL's codes mean what its own messages say."""

import pytest

from node.model.certificate_faults import Fault, fault_of


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (10, "expired"),  # CERT_HAS_EXPIRED
        (9, "not-yet"),  # CERT_NOT_YET_VALID
        (62, "other-name"),  # HOSTNAME_MISMATCH
        (64, "other-name"),  # IP_ADDRESS_MISMATCH
        (2, "untrusted"),  # UNABLE_TO_GET_ISSUER_CERT
        (18, "untrusted"),  # DEPTH_ZERO_SELF_SIGNED_CERT
        (19, "untrusted"),  # SELF_SIGNED_CERT_IN_CHAIN
        (20, "untrusted"),  # UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        (21, "untrusted"),  # UNABLE_TO_VERIFY_LEAF_SIGNATURE
        (27, "untrusted"),  # CERT_UNTRUSTED
        (26, "other"),  # INVALID_PURPOSE
        (0, "other"),
    ],
)
def test_each_code_is_told_as_what_is_to_be_mended(code: int, fault: Fault) -> None:
    """Whatever has no word of its own is told in OpenSSL's."""
    assert fault_of(code) == fault
