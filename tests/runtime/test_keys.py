"""Answers for node/runtime/keys.py."""

import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from node.model.keys import is_sealed
from node.runtime.keys import KeyFileError, Mark, adopt_next, next_key, node_key, read_mark, write_mark
from tests.conftest import NO_DATA


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    """For the node alone, never written over; what it signs fits its public half, and nothing half made is left."""
    folder = tmp_path / "data"
    made = node_key(folder)
    assert node_key(folder).key == made.key
    assert [file.name for file in folder.iterdir()] == ["node.key"]
    assert stat.S_IMODE((folder / "node.key").stat().st_mode) == 0o600
    assert (folder / "node.key").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    digest = hashlib.sha256(b"value").digest()
    assert is_sealed(made.key, made.sign(digest), digest)
    assert node_key(tmp_path / "other").key != made.key


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """They may have taken it: the message says what to do."""
    node_key(tmp_path)
    (tmp_path / "node.key").chmod(0o640)
    with pytest.raises(KeyFileError, match=r"node\.key: others may read or write it \(mode 0640\)"):
        node_key(tmp_path)


def test_what_is_no_key_is_refused_and_not_made_anew(tmp_path: Path) -> None:
    """A damaged file, another algorithm, a folder that cannot be: nobody's word is lost by a new key in its place."""
    file = tmp_path / "node.key"
    file.touch(mode=0o600)
    with pytest.raises(KeyFileError, match="restore it from the backup"):
        node_key(tmp_path)
    file.write_bytes(ed448.Ed448PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(KeyFileError, match="no Ed25519 key"):
        node_key(tmp_path)
    with pytest.raises(KeyFileError, match="data_dir of its own"):
        node_key(NO_DATA)


def test_the_next_key_takes_its_place_and_the_old_one_is_kept(tmp_path: Path) -> None:
    """A rotation that is asked for twice makes one key; broken off in the middle it is done again."""
    old = node_key(tmp_path)
    assert next_key(tmp_path) is None
    new = next_key(tmp_path, make=True)
    assert new is not None
    again = next_key(tmp_path, make=True)
    assert again is not None
    assert again.key == new.key != old.key
    assert adopt_next(tmp_path).key == node_key(tmp_path).key == new.key
    assert next_key(tmp_path) is None
    (kept,) = (file for file in tmp_path.iterdir() if file.name != "node.key")
    assert kept.name.startswith("node.key.")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_what_was_written_last_is_kept_whole(tmp_path: Path) -> None:
    """Nothing where there is no file; one that cannot be read or written is an error: it guards the log."""
    assert read_mark(tmp_path) == Mark()
    for sequence in (1, 2):
        write_mark(tmp_path, Mark(sequence=sequence, digest="ab", root="SHA256:00"))
    assert read_mark(tmp_path) == Mark(sequence=2, digest="ab", root="SHA256:00")
    assert [file.name for file in tmp_path.iterdir()] == ["log.json"]
    (tmp_path / "log.json").write_text("{")
    with pytest.raises(KeyFileError, match=r"log\.json: it cannot be read"):
        read_mark(tmp_path)
    with pytest.raises(KeyFileError, match="cannot be written"):
        write_mark(NO_DATA, Mark())
