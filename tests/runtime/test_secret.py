"""The node's own secret on disk."""

import stat
import threading
from pathlib import Path

import pytest

from node.runtime.secret import SecretError, make_secret, read_secret, secret_file


def test_a_secret_is_made_once_and_read_again(tmp_path: Path) -> None:
    """In a folder that need not be there yet; 32 bytes that differ from node to node, for the node's eyes alone."""
    folder = tmp_path / "data"
    assert read_secret(folder) is None
    secret = make_secret(folder)
    assert len(secret) == 32
    assert read_secret(folder) == secret
    assert make_secret(folder) == secret, "a second one would give every subject another name"
    assert make_secret(tmp_path / "other") != secret
    assert stat.S_IMODE(secret_file(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [one.name for one in folder.iterdir()] == ["views.secret"]


def test_two_that_make_it_at_once_have_the_same(tmp_path: Path) -> None:
    """The file appears whole, and whoever comes second takes what is there."""
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(make_secret(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {read_secret(tmp_path)}
    assert len(found) == 8


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "00" * 33, "\u00e9"])
def test_a_file_that_is_no_secret_is_told_and_kept(tmp_path: Path, content: str) -> None:
    """With its name and what to do; never taken as it is, never written over, and nothing of it is told."""
    secret_file(tmp_path).write_text(content, "utf-8")
    with pytest.raises(SecretError, match="restore it") as told:
        read_secret(tmp_path)
    assert str(secret_file(tmp_path)) in str(told.value)
    with pytest.raises(SecretError):
        make_secret(tmp_path)
    assert secret_file(tmp_path).read_text("utf-8") == content


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With the file, the cause and what to do."""
    (tmp_path / "data").write_text("a file stands where the folder should")
    with pytest.raises(SecretError, match=r"data/views\.secret: .*NotADirectoryError"):
        make_secret(tmp_path / "data")
    with pytest.raises(SecretError, match=r"cannot be written .*data_dir"):
        make_secret(Path("/proc/1/nothing"))
