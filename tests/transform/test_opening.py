"""Answers for node/transform/opening.py: what a batch unfolds to."""

import pytest

from node.errors import BatchError
from node.transform.opening import unfold
from tests.transform.desk import goods
from tests.transform.wire import CODECS, batch, body, rows, section, write


@pytest.mark.parametrize("codec", CODECS)
def test_records_are_unfolded(codec: int) -> None:
    """Wherever the batch stands, in a room or in one of their own, never to be written."""
    content = section(body(number, row) for number, row in enumerate(goods(300)))
    raw = write(rows(goods(300), codec=codec).data, before=b"before", behind=b"behind")
    for room in (None, bytearray(len(content)), bytearray(1)):
        data = unfold(raw, room)
        assert data.tobytes() == content
        assert not data.flags.writeable


def test_more_records_than_bytes_are_refused() -> None:
    """Before anybody sets room aside for as many."""
    content = section([b"\0"] * 3)
    assert len(unfold(write(batch(content, 3)))) == len(content)
    with pytest.raises(BatchError, match="4 records"):
        unfold(write(batch(content, 4)))


def test_what_cannot_be_unfolded_is_refused() -> None:
    """Garbled compression."""
    raw = rows(goods(3), codec=4)
    raw.data[70:80] = bytes(10)
    with pytest.raises(BatchError):
        unfold(raw)
