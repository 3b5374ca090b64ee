"""Answers for node/bus/fetch.py: what is asked, and what a reply may say (what of it is carried: test_fetch_batches)."""

import random
import struct
import uuid

import pytest

from node.bus import fetch
from node.bus.fetch import Wanted, parse, request, topic_id
from node.errors import ProtocolError
from node.model.limits import FETCH_BYTES_MAX, FETCH_PARTITION_BYTES_MAX, FETCH_WAIT_S
from tests.bus.replies import Part, fetch_reply

A, B = bytes(range(16)), bytes(range(16, 32))
PARTS = {
    A: [Part(partition=0, stable=9, data=b"abc"), Part(partition=300, error=3, data=None)],
    B: [Part(partition=1, stable=7, aborted=[(5, 2), (6, 3)], data=b"x" * 300, tags=b"\x01\x00\x02hi")],
}
REPLY = fetch_reply(42, PARTS)


def test_a_request_says_what_kafka_expects() -> None:
    """Every field of a Fetch v13 request, read back by a reader of this test's own from Kafka's protocol description."""
    wanted = [Wanted(A, 3, 100), Wanted(B, 0, 7), Wanted(A, 1, 2**40)]
    data = request(5, "445102.link", wanted)
    assert struct.unpack_from(">ihhih", data) == (len(data) - 4, 1, 13, 5, 11)
    at = 4 + 10 + 11 + 1
    assert data[14:25] == b"445102.link"
    assert struct.unpack_from(">iiiibii", data, at) == (-1, FETCH_WAIT_S * 1000, 1, FETCH_BYTES_MAX, 1, 0, -1)
    at += 25
    assert data[at] == 2 + 1
    at += 1
    found = []
    for _ in range(2):
        name, count = data[at : at + 16], data[at + 16] - 1
        at += 17
        for _ in range(count):
            partition, epoch, offset, last_epoch, start, size = struct.unpack_from(">iiqiqi", data, at)
            assert (epoch, last_epoch, start, size, data[at + 32]) == (-1, -1, -1, FETCH_PARTITION_BYTES_MAX, 0)
            found.append(Wanted(name, partition, offset))
            at += 33
        assert data[at] == 0
        at += 1
    assert found == [wanted[0], wanted[2], wanted[1]]
    assert data[at:] == b"\x01\x01\0"


def test_many_partitions_need_longer_counts() -> None:
    """From 127 on a count takes two bytes, and so on."""
    assert [fetch._uvarint(number) for number in (0, 127, 128, 300, 2**28)] == [
        b"\0",
        b"\x7f",
        b"\x80\x01",
        b"\xac\x02",
        b"\x80\x80\x80\x80\x01",
    ]
    data = request(1, "", [Wanted(A, partition, 0) for partition in range(1000)])
    assert len(data) > 33_000


def test_a_reply_tells_each_partition() -> None:
    """Errors, stable offset, aborted transactions and the place of the records, tagged fields passed over."""
    correlation, replies = parse(REPLY, len(REPLY))
    assert correlation == 42
    assert [(one.topic_id, one.partition, one.error, one.stable, list(one.aborted)) for one in replies] == [
        (A, 0, 0, 9, []),
        (A, 300, 3, 0, []),
        (B, 1, 0, 7, [(5, 2), (6, 3)]),
    ]
    assert [bytes(REPLY[one.start : one.end]) for one in replies] == [b"abc", b"", b"x" * 300]


@pytest.mark.parametrize("rest", [b"", bytes(REPLY)], ids=["nothing-behind", "an-older-reply-behind"])
def test_a_cut_reply_is_refused(rest: bytes) -> None:
    """Cut at any length it must be refused, even where the older reply in the same buffer would complete it."""
    for size in range(len(REPLY)):
        data = REPLY[:size] + rest[size:]
        with pytest.raises(ProtocolError):
            parse(data, size)


def test_a_reply_with_bytes_left_is_refused() -> None:
    """Its own size must be the whole of it."""
    with pytest.raises(ProtocolError, match="ends at byte"):
        parse(REPLY + b"\0", len(REPLY) + 1)


def test_a_broker_that_refuses_is_told_by_name() -> None:
    """An error of the reply as a whole names what Kafka calls it."""
    data = fetch_reply(1, {}, error=76)
    with pytest.raises(ProtocolError, match="UNSUPPORTED_COMPRESSION_TYPE"):
        parse(data, len(data))


def test_a_number_without_end_is_refused() -> None:
    """A varint of more than five bytes is not Kafka's."""
    data = bytearray(struct.pack(">i", 1) + b"\x80" * 5 + b"\x01")
    with pytest.raises(ProtocolError, match="varint"):
        parse(data, len(data))


def test_forged_bytes_never_do_worse_than_protocol_error() -> None:
    """Whatever byte is changed, the reply is read in its bounds or refused."""
    dice = random.Random(3)
    for at in range(len(REPLY)):
        for value in {0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)}:
            data = bytearray(REPLY)
            data[at] = value
            try:
                replies = parse(data, len(data))[1]
            except ProtocolError:
                continue
            assert all(0 <= one.start <= one.end <= len(data) for one in replies)


def test_a_topic_id_is_sixteen_bytes() -> None:
    """As Kafka writes UUIDs."""
    assert topic_id(str(uuid.UUID(bytes=A))) == A
