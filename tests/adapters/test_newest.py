"""Answers for node/adapters/newest.py."""

import errno
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.adapters.newest import open_newest

KEYS, VALUES = st.binary(max_size=2), st.none() | st.binary(max_size=3)


@given(st.lists(st.tuples(KEYS, VALUES, st.integers(1, 3))))
def test_the_newest_of_each_key_comes_in_order(records: list[tuple[bytes, bytes | None, int]]) -> None:
    """As a plain dict would have it; deletions are None."""
    offset, expected = 0, dict[bytes, tuple[int, bytes | None]]()
    with open_newest() as newest:
        for key, value, step in records:
            offset += step
            newest.put(offset, key, value)
            expected[key] = (offset, value)
        assert list(newest.drawn()) == sorted(expected.values())
        newest.put(0, b"", b"next partition")
        assert list(newest.drawn()) == [(0, b"next partition")]


def test_records_without_a_key_are_all_kept() -> None:
    """None of them replaces another."""
    with open_newest() as newest:
        for offset in range(3):
            newest.put(offset, None, b"v")
        assert [offset for offset, _value in newest.drawn()] == [0, 1, 2]


def test_no_room_is_an_error_of_the_system() -> None:
    """With what to change."""
    with open_newest() as newest:
        newest._database.execute("PRAGMA max_page_count = 8")
        with pytest.raises(OSError, match="SQLITE_TMPDIR names: database or disk is full") as raised:
            newest.put(0, b"k", b"x" * 100_000)
        assert raised.value.errno == errno.ENOSPC
        assert isinstance(raised.value.__cause__, sqlite3.Error)
