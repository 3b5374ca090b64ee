"""A file that is there whole or not at all, whatever interrupts its writing."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedRandom
from pathlib import Path


@contextmanager
def open_whole(path: Path, *, replace: bool) -> Iterator[BufferedRandom]:
    """Open a file for writing and reading, which stands as PATH.partial until it is left without an error; then it is on the disk.

    One that a killed process left behind is written over. OSError with its file: it cannot be written, another process is writing it, or,
    unless it may be replaced, PATH is there already (FileExistsError).
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        check_free(path, replace=replace)
        # What was granted to a department is not for everybody on its machine.
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "a+b") as file, ExitStack() as undoing:
            _take(file, partial)
            undoing.callback(partial.unlink)
            file.seek(0)
            file.truncate()
            yield file
            file.flush()
            os.fsync(file.fileno())
            check_free(path, replace=replace)
            partial.replace(path)
            undoing.pop_all()
        _keep(path.parent)
    except OSError as error:
        error.filename = error.filename or str(partial)
        raise


def check_free(path: Path, *, replace: bool) -> None:
    """Raise FileExistsError for a file that is there and may not be replaced."""
    if not replace and path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _take(file: BufferedRandom, path: Path) -> None:
    """Keep other processes off a file; OSError if one has it, or has just made it what it is to be."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        taken = path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())
    except BlockingIOError:
        taken = False
    if not taken:
        raise OSError(errno.EBUSY, "another process is writing it", str(path))


def _keep(folder: Path) -> None:
    """Let a file's new name outlast a power cut."""
    there = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(there)
    finally:
        os.close(there)
