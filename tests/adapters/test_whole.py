"""Answers for node/adapters/whole.py."""

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fastavro
import pytest

from node.adapters.whole import open_whole


def partial(path: Path) -> Path:
    """Where a file stands until it is complete."""
    return path.with_name(f"{path.name}.partial")


def write(path: Path, content: bytes, *, replace: bool = False, then: Callable[[], object] = lambda: None) -> None:
    """Write a file, and do something before it is complete."""
    with open_whole(path, replace=replace) as file:
        file.write(content)
        then()


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: the kernel then answers as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_is_there_when_it_is_complete(tmp_path: Path) -> None:
    """Before that there is another, which is gone afterwards; what was written can be read there."""
    path = tmp_path / "a.csv"
    with open_whole(path, replace=False) as file:
        file.write(b"one")
        assert (path.exists(), partial(path).exists()) == (False, True)
        file.seek(0)
        assert file.read() == b"one"
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]
    assert path.read_bytes() == b"one"


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt])
def test_what_is_interrupted_leaves_nothing(tmp_path: Path, raised: type[BaseException]) -> None:
    """And nothing of what was there is touched."""
    path = tmp_path / "a.csv"
    write(path, b"before")

    def fails() -> None:
        raise raised

    with pytest.raises(raised):
        write(path, b"half", replace=True, then=fails)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("a.csv", b"before")]


def test_a_file_that_is_there_is_replaced_only_if_told_to(tmp_path: Path) -> None:
    """Also one that came while ours was written."""
    path = tmp_path / "a.csv"
    with pytest.raises(FileExistsError):
        write(path, b"ours", then=lambda: path.write_bytes(b"theirs"))
    with pytest.raises(FileExistsError):
        write(path, b"ours")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("a.csv", b"theirs")]
    write(path, b"ours", replace=True)
    assert path.read_bytes() == b"ours"


def test_what_a_killed_process_left_is_written_over(tmp_path: Path) -> None:
    """Longer than ours or not."""
    path = tmp_path / "a.csv"
    script = (
        "import pathlib, sys, time\nfrom node.adapters.whole import open_whole\n"
        "with open_whole(pathlib.Path(sys.argv[1]), replace=False) as file:\n"
        "    file.write(b'x' * 100_000)\n    file.flush()\n    print('there', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"there\n"
        with pytest.raises(OSError, match=r"another process is writing it: '.*a.csv.partial'"):
            write(path, b"ours")
        killed.send_signal(signal.SIGKILL)
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv.partial"]
    write(path, b"ours")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("a.csv", b"ours")]


def test_a_file_begins_at_its_beginning_and_is_for_its_writer_alone(tmp_path: Path) -> None:
    """Also over what a killed process left: writers of containers look where they are. Others on the machine were granted nothing."""
    path = tmp_path / "x.avro"
    partial(path).write_bytes(b"left behind")
    partial(path).chmod(0o600)
    with open_whole(path, replace=False) as file:
        assert file.tell() == 0
        fastavro.writer(file, {"type": "record", "name": "R", "fields": [{"name": "n", "type": "int"}]}, [{"n": 1}])
    with path.open("rb") as written:
        assert list(fastavro.reader(written)) == [{"n": 1}]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_disk_that_is_full_is_told_with_the_file(tmp_path: Path) -> None:
    """Whether it fills while writing or when what is held is flushed; nothing is left."""
    path = tmp_path / "a.csv"
    for size in (10, 1_000_000):
        with disk_of(5), pytest.raises(OSError, match="File too large") as raised:
            write(path, b"x" * size)
        assert (raised.value.errno, raised.value.filename) == (errno.EFBIG, str(partial(path)))
        assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """One that is not there, and one that is a file."""
    (tmp_path / "file").touch()
    for folder in ("none", "file"):
        with pytest.raises(OSError, match=os.sep + folder):
            write(tmp_path / folder / "a.csv", b"x")
