"""Answers for node/transform/rooms.py."""

from node.transform import rooms
from node.transform.rooms import Rooms


def test_a_buffer_comes_back_if_it_is_large_enough() -> None:
    """The one given last is taken first; one that is too small is let go."""
    store = Rooms(bytearray, kept=4, bytes_max=1_000_000)
    room = store.take(100_000)
    store.give(room)
    assert store.take(50_000) is room
    store.give(room)
    assert len(store.take(200_000)) >= 200_000
    assert not store


def test_what_lies_idle_is_bounded() -> None:
    """Neither many nor large ones are kept."""
    store = Rooms(bytearray, kept=4, bytes_max=1000)
    large = store.take(1001)
    store.give(large)
    assert not store
    for _ in range(20):
        store.give(bytearray(1000))
    assert len(store) == 4
    assert all(store.take(1) is not large for _ in range(4))


def test_batches_are_unfolded_into_bytes_and_written_into_arrays() -> None:
    """What a decompressor takes, and what costs no memory before it is written."""
    assert len(rooms.UNFOLDED.take(10)) >= 10
    assert rooms.WRITTEN.take(10).size >= 10
