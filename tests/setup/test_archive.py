"""Answers for node/setup/archive.py: a backup opens whole, with its passphrase, or not at all."""

import os

import msgspec
import pytest

from node.errors import CommandRefused
from node.model.names import Division
from node.setup import archive
from node.setup.archive import Archive, Kept, kept, seal, unseal

PASSPHRASE = "a passphrase of chance"  # noqa: S105 - of a test


def _archive(*files: Kept) -> Archive:
    return Archive(
        made="2026-11-26T08:00:00Z",
        release="0.1.0",
        division=Division("445102"),
        folder="445102",
        config="node.yaml",
        moved={},
        files=(kept("node.yaml", 0o100644, b"division: x\n"), *files),
    )


_COST_BYTES = archive._SCRYPT_N * 8 * 128
"""As it is before it is made cheap."""


def test_a_guess_costs_what_it_should() -> None:
    """128 MiB, by OWASP's figures for scrypt."""
    assert _COST_BYTES == 128 << 20


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody guesses here."""
    monkeypatch.setattr(archive, "_SCRYPT_N", 1 << 4)


@pytest.fixture
def sealed(_cheap: None) -> bytes:
    """One whose passphrase is known."""
    return seal(_archive(kept("data/node.key", 0o100600, os.urandom(50))), PASSPHRASE)


def test_it_opens_with_its_passphrase_alone(sealed: bytes) -> None:
    """Names, modes and contents as they were; nothing of them is to be seen."""
    found = unseal(sealed, PASSPHRASE)
    assert [(one.name, one.mode) for one in found.files] == [("node.yaml", 0o644), ("data/node.key", 0o600)]
    assert found.division == "445102"
    assert b"node.yaml" not in sealed
    with pytest.raises(CommandRefused) as refused:
        unseal(sealed, PASSPHRASE + "x")
    assert refused.value.code == "backup-closed"


@pytest.mark.parametrize("at", [21, 25, 40, 60, -20, -1], ids=["version", "salt", "nonce", "contents", "end", "tag"])
def test_a_changed_byte_closes_it(sealed: bytes, at: int) -> None:
    """Wherever it is."""
    changed = bytearray(sealed)
    changed[at] ^= 1
    with pytest.raises(CommandRefused) as refused:
        unseal(bytes(changed), PASSPHRASE)
    assert refused.value.code in {"backup-closed", "backup-version"}


def test_a_cut_one_and_another_file_are_told_apart(sealed: bytes) -> None:
    """What is no backup is said to be none."""
    for cut, code in ((len(sealed) - 1, "backup-closed"), (50, "backup-closed"), (49, "no-backup"), (0, "no-backup")):
        with pytest.raises(CommandRefused) as refused:
            unseal(sealed[:cut], PASSPHRASE)
        assert refused.value.code == code


def test_another_version_is_told(sealed: bytes) -> None:
    """By its number, before any passphrase is tried."""
    with pytest.raises(CommandRefused, match="version 2, this release reads 1"):
        unseal(sealed[:21] + b"\x02" + sealed[22:], PASSPHRASE)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "data/../../x", "", ".", "a//b", "./a", "a\0b", "data/.."])
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    """Also of one who knows the passphrase."""
    with pytest.raises(CommandRefused) as refused:
        archive._check(_archive(kept(name, 0o600, b"")))
    assert refused.value.code == "bad-backup"


def test_what_does_not_fit_is_refused() -> None:
    """Contents that are not those of the digest, a name twice, a mode with more than permissions, no configuration."""
    good = kept("a", 0o600, b"a")
    archive._check(_archive(good))
    without = msgspec.structs.replace(_archive(good), config="other.yaml")
    odd = [
        _archive(msgspec.structs.replace(good, data=b"b")),
        _archive(good, good),
        _archive(msgspec.structs.replace(good, mode=0o4755)),
        without,
    ]
    for one in odd:
        with pytest.raises(CommandRefused) as refused:
            archive._check(one)
        assert refused.value.code == "bad-backup"


def test_what_is_guessed_soon_or_too_large_is_not_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is computed."""
    with pytest.raises(CommandRefused, match="11 places"):
        seal(_archive(), "x" * 11)
    monkeypatch.setattr(archive, "BYTES_MAX", 100)
    with pytest.raises(CommandRefused) as refused:
        seal(_archive(kept("a", 0o600, bytes(200))), PASSPHRASE)
    assert refused.value.code == "backup-too-large"
