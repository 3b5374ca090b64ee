"""The newest record of each key of a partition, in the order of offsets: what a file of base data holds.

They are kept in a private database of SQLite, which goes to a temporary file when it outgrows its cache, and is gone with its process: memory
stays bounded however many keys there are.
"""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

_CACHE_KIB = 64 * 1024
"""Some 300,000 records of 200 bytes: most base data of a county never reaches the disk."""


class Newest:
    """Takes records in the order of their offsets. Made by `open_newest`; every method raises OSError where there is no room."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def put(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        """Take a record, which replaces an earlier one of its key."""
        with _room():
            self._database.execute("INSERT OR REPLACE INTO newest VALUES (?, ?, ?)", (offset, key, value))

    def drawn(self) -> Iterator[tuple[int, bytes | None]]:
        """Yield offset and value of the newest records, deletions as None; then there are none."""
        with _room():
            yield from self._database.execute("SELECT offset, value FROM newest ORDER BY offset")
            self._database.execute("DELETE FROM newest")


@contextmanager
def open_newest() -> Iterator[Newest]:
    """Open an empty set of newest records."""
    with _room():
        database = sqlite3.connect("", isolation_level=None)
    try:
        with _room():
            for statement in (
                f"PRAGMA cache_size = -{_CACHE_KIB}",
                "PRAGMA journal_mode = OFF",
                "CREATE TABLE newest (offset INTEGER PRIMARY KEY, key BLOB UNIQUE, value BLOB)",
                "BEGIN",
            ):
                database.execute(statement)
        yield Newest(database)
    finally:
        database.close()


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(errno.ENOSPC, f"temporary file of the newest records, whose folder SQLITE_TMPDIR names: {error}") from error
