"""Answers for node/transform/rooms.py."""

from node.transform import rooms


def test_a_buffer_comes_back_if_it_is_large_enough() -> None:
    """The one given last is taken first; one that is too small is let go."""
    room = rooms.take(100_000)
    rooms.give(room)
    assert rooms.take(50_000) is room
    rooms.give(room)
    assert len(rooms.take(200_000)) >= 200_000


def test_what_lies_idle_is_bounded() -> None:
    """Neither many nor large ones are kept."""
    large = rooms.take(rooms._BYTES_MAX + 1)
    rooms.give(large)
    for _ in range(20):
        rooms.give(bytearray(1000))
    assert len(rooms._FREE) == rooms._KEPT
    assert all(room is not large for room in rooms._FREE)
    rooms._FREE.clear()
