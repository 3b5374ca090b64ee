"""Public keys, their fingerprints, and seals."""

import hashlib
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.model.keys import fingerprint, is_sealed, key_id, key_text, read_fingerprint, read_key, seal, sealing_key

RAW = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
"""The public key of RFC 8032's first test vector."""
SECRET = Ed25519PrivateKey.from_private_bytes(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
KEY = key_text(RAW)
DIGEST = hashlib.sha256(b"value").digest()


def test_a_key_is_read_as_it_is_written() -> None:
    """The text of a key gives its bytes back, and its fingerprint is that of the bytes."""
    assert SECRET.public_key().public_bytes_raw() == RAW
    assert read_key(KEY) == RAW
    assert fingerprint(KEY) == "SHA256:" + hashlib.sha256(RAW).hexdigest()
    assert key_id(KEY) == hashlib.sha256(RAW).digest()[:8]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ed25519",
        KEY.removeprefix("ed25519:"),
        KEY.replace("ed25519", "sm2"),
        KEY[:-2],
        KEY + " ",
        "ed25519:" + b64encode(RAW[1:]).decode(),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """Of an algorithm that is not known here, of another length, or written in a second way."""
    with pytest.raises(ValueError, match=r"key|base64"):
        read_key(text)


def test_a_key_is_written_in_one_way() -> None:
    """Base64 leaves bits at the end over that mean nothing: they are zero, or one key would have several texts."""
    other = KEY[:-2] + chr(ord(KEY[-2]) + 1) + "="
    with pytest.raises(ValueError, match="one way"):
        read_key(other)


def test_fingerprints_are_compared_in_lower_case() -> None:
    """People paste them as they like; what is none is refused."""
    assert read_fingerprint(fingerprint(KEY).replace("SHA256:", "").upper().join(["SHA256:", ""])) == fingerprint(KEY)
    for text in ("", fingerprint(KEY)[:-1], fingerprint(KEY).removeprefix("SHA256:"), fingerprint(KEY)[:-1] + "g"):
        with pytest.raises(ValueError, match="fingerprint"):
            read_fingerprint(text)


def test_a_seal_is_that_of_one_key_over_one_digest() -> None:
    """Neither another key nor another value nor another byte of it fits; what has not the form of a seal names no key."""
    other = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
    made = seal(KEY, SECRET.sign(DIGEST))
    assert sealing_key(made) == key_id(KEY)
    assert is_sealed(KEY, made, DIGEST)
    assert not is_sealed(KEY, made, hashlib.sha256(b"other").digest())
    assert not is_sealed(KEY, seal(KEY, other.sign(DIGEST)), DIGEST)
    assert not is_sealed(key_text(other.public_key().public_bytes_raw()), made, DIGEST)
    for place in range(len(made)):
        assert not is_sealed(KEY, made[:place] + bytes([made[place] ^ 1]) + made[place + 1 :], DIGEST)
    assert sealing_key(made[:-1]) is None
    assert not is_sealed(KEY, made[:-1], DIGEST)
