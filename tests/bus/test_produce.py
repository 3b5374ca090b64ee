"""Answers for node/bus/produce.py: requests that aiokafka reads as meant, replies believed only when they are whole."""

import struct
from io import BytesIO
from typing import Any

import pytest
from aiokafka.protocol.produce import ProduceRequest_v7, ProduceResponse_v7

from node.bus.produce import Packer, parse
from node.errors import ProtocolError
from node.lane import TopicPartition
from node.model.limits import REQUEST_TIMEOUT_S
from node.model.names import Topic

A, B = Topic("445102.civil-affairs.villages"), Topic("445102.civil-affairs.streets")
REPLY = (
    struct.pack(">i", 9)
    + ProduceResponse_v7([(A, [(0, 0, 100, 1_770_000_000_000, 3), (4, 10, -1, -1, -1)]), (B, [(2, 0, 7, -1, 0)])], 0).encode()
)
FOUND = {TopicPartition(A, 0): (0, 100, 1_770_000_000_000), TopicPartition(A, 4): (10, -1, -1), TopicPartition(B, 2): (0, 7, -1)}


def _joined(parts: list[Any]) -> bytes:
    data = b"".join(bytes(part) for part in parts)
    assert struct.unpack_from(">i", data)[0] == len(data) - 4, "the size field must tell the truth"
    return data[4:]


def test_a_request_is_what_aiokafka_reads() -> None:
    """Header, transactional.id, acks of all, and each partition's batch under its topic, in the order given."""
    batches = [(TopicPartition(A, 0), b"one"), (TopicPartition(B, 2), b"two!"), (TopicPartition(A, 4), b"")]
    parts = Packer("client", "445102.link-up.3").pack(77, [(route, memoryview(body)) for route, body in batches])
    data = _joined(parts)
    assert struct.unpack_from(">hhih", data) == (0, 7, 77, 6)
    request: Any = ProduceRequest_v7.decode(BytesIO(data[10 + 6 :]))
    assert (request.transactional_id, request.required_acks, request.timeout) == ("445102.link-up.3", -1, REQUEST_TIMEOUT_S * 1000)
    assert request.topics == [(A, [(0, b"one"), (4, b"")]), (B, [(2, b"two!")])]


def test_bodies_are_passed_on_not_copied() -> None:
    """The parts of a request must be the very views that were given."""
    body = memoryview(bytearray(b"records"))
    parts = Packer("c", "t").pack(1, [(TopicPartition(A, 0), body)])
    assert any(part is body for part in parts)


def test_a_reply_tells_each_batch() -> None:
    """Partition, code, offset and the broker's date of each batch, wherever the reply stands in the buffer."""
    data = bytearray(b"before" + REPLY + b"behind")
    assert parse(data, 6, 6 + len(REPLY)) == (9, FOUND)


def test_an_empty_reply_is_a_reply() -> None:
    """No topics is no error."""
    data = bytearray(struct.pack(">i", 1) + ProduceResponse_v7([], 0).encode())
    assert parse(data, 0, len(data)) == (1, {})


@pytest.mark.parametrize("rest", [b"", REPLY], ids=["nothing-behind", "an-older-reply-behind"])
def test_a_cut_reply_is_refused(rest: bytes) -> None:
    """Cut at any length it must be refused, even where older bytes of the buffer would complete it."""
    for size in range(len(REPLY)):
        data = bytearray(REPLY[:size]) + rest[size:]
        with pytest.raises(ProtocolError, match="produce reply"):
            parse(data, 0, size)


def test_a_reply_with_bytes_left_is_refused() -> None:
    """A reply that says more than it should is none of ours."""
    data = bytearray(REPLY + b"\0")
    with pytest.raises(ProtocolError):
        parse(data, 0, len(data))


@pytest.mark.parametrize("count", [-(2**31), -1, 3, 2**31 - 1])
@pytest.mark.parametrize("at", [4, 8 + 2 + len(A)], ids=["topics", "partitions"])
def test_forged_counts_are_refused(at: int, count: int) -> None:
    """A count that the bytes do not bear out must end in an error, not in a long walk or a shorter list."""
    data = bytearray(REPLY)
    struct.pack_into(">i", data, at, count)
    with pytest.raises(ProtocolError):
        parse(data, 0, len(data))


@pytest.mark.parametrize("size", [-1, -(2**15), 2**15 - 1])
def test_a_forged_name_length_is_refused(size: int) -> None:
    """A topic's name cannot be shorter than nothing or longer than the reply."""
    data = bytearray(REPLY)
    struct.pack_into(">h", data, 8, size)
    with pytest.raises(ProtocolError):
        parse(data, 0, len(data))


def test_a_name_that_is_no_text_is_refused() -> None:
    """Kafka's names are text."""
    data = bytearray(REPLY)
    data[10] = 0xFF
    with pytest.raises(ProtocolError):
        parse(data, 0, len(data))
