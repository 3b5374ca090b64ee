"""Produce v7 by hand: requests as lists of views, so that record bytes go from the receive buffer to the socket uncopied."""

import struct
from collections.abc import Sequence

from node.bus.wire import Part
from node.errors import ProtocolError
from node.lane import TopicPartition
from node.model.limits import REQUEST_TIMEOUT_S
from node.model.names import Topic

_INT = struct.Struct(">i")
_SHORT = struct.Struct(">h")
_API = struct.Struct(">hhi")
_ACKS = struct.Struct(">hi")
_PLACE = struct.Struct(">ii")
_RESULT = struct.Struct(">ihqqq")
_PRODUCE, _VERSION = 0, 7
_ALL_IN_SYNC = -1


def _text(text: str) -> bytes:
    data = text.encode()
    return _SHORT.pack(len(data)) + data


class Packer:
    """Packs Produce requests of one transactional.id."""

    def __init__(self, client_id: str, transactional_id: str) -> None:
        self._client = _text(client_id)
        self._middle = _text(transactional_id) + _ACKS.pack(_ALL_IN_SYNC, int(REQUEST_TIMEOUT_S * 1000))

    def pack(self, correlation: int, batches: Sequence[tuple[TopicPartition, memoryview]]) -> list[Part]:
        """Return the parts of a request with one batch for each of these partitions (the broker refuses two)."""
        topics: dict[Topic, list[tuple[int, memoryview]]] = {}
        for route, body in batches:
            topics.setdefault(route.topic, []).append((route.partition, body))
        parts: list[Part] = []
        lead = _API.pack(_PRODUCE, _VERSION, correlation) + self._client + self._middle + _INT.pack(len(topics))
        for topic, partitions in topics.items():
            lead += _text(topic) + _INT.pack(len(partitions))
            for partition, body in partitions:
                parts += (lead + _PLACE.pack(partition, len(body)), body)
                lead = b""
        parts[0] = _INT.pack(sum(map(len, parts))) + parts[0]
        return parts


Results = dict[TopicPartition, tuple[int, int, int]]
"""error code and base offset of each batch, and when the broker appended it (ms; -1 where it does not date what it takes)"""


def parse(data: bytearray, start: int, end: int) -> tuple[int, Results]:
    """Read a reply: its correlation id and what became of each batch. ProtocolError if it is cut."""
    try:
        return _INT.unpack_from(data, start)[0], _results(memoryview(data)[:end], start + _INT.size)
    except (struct.error, UnicodeDecodeError) as error:
        raise ProtocolError(f"a produce reply of {end - start} bytes cannot be read") from error


def _results(data: memoryview, at: int) -> Results:
    found: Results = {}
    (topics,) = _INT.unpack_from(data, at)
    at += _INT.size
    for _ in range(topics):
        (size,) = _SHORT.unpack_from(data, at)
        at += _SHORT.size
        topic = Topic(str(data[at : at + max(size, 0)], "utf-8"))
        at += size
        (partitions,) = _INT.unpack_from(data, at)
        at += _INT.size
        for _ in range(partitions):
            partition, code, offset, appended, _log_start = _RESULT.unpack_from(data, at)
            at += _RESULT.size
            found[TopicPartition(topic, partition)] = code, offset, appended
    if at + _INT.size != len(data):  # the throttle time ends a reply
        raise struct.error
    return found
