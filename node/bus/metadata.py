"""Metadata v12 (KIP-516): topic ids and leaders, which aiokafka's own Metadata requests stop short of."""

import uuid
from io import BytesIO
from typing import Any

import msgspec
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from node.errors import ProtocolError
from node.model.names import Topic

_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
_IDS = CompactArray(Int32)
_NO_ID = uuid.UUID(int=0)


class _Uuid(AbstractType[uuid.UUID]):  # type: ignore[misc]  # aiokafka ships no types
    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        return uuid.UUID(bytes=data.read(16))


class _Answer(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), _TAGS)),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _TEXT),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", _IDS),
                        ("isr", _IDS),
                        ("offline", _IDS),
                        _TAGS,
                    ),
                ),
                ("operations", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Ask(RequestStruct):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 3
    API_VERSION = 12
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", _TEXT), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_operations", Boolean),
        _TAGS,
    )


class Prepared:
    """A request that needs no version chosen, in the shape `AIOKafkaClient.send` asks for."""

    def __init__(self, request: RequestStruct) -> None:
        self._request = request

    def prepare(self, versions: dict[int, tuple[int, int]]) -> RequestStruct:
        """Return the request; ProtocolError if the broker is older than Kafka 3.1, which knows no topic ids in Fetch."""
        low, high = versions.get(self._request.API_KEY, (0, -1))
        if not low <= self._request.API_VERSION <= high:
            raise ProtocolError("the broker is too old: the node needs Kafka 3.1 or newer (topic ids, KIP-516)")
        return self._request


class TopicInfo(msgspec.Struct, frozen=True):
    """A topic as the cluster knows it now. `leaders` leaves out partitions without a leader."""

    id: uuid.UUID
    leaders: dict[int, int]
    partitions: int


class Metadata(msgspec.Struct, frozen=True):
    """What one Metadata answer says."""

    brokers: dict[int, tuple[str, int]]
    topics: dict[Topic, TopicInfo]
    errors: dict[Topic, int]


def request(topics: list[Topic]) -> Prepared:
    """Ask for these topics, never making them."""
    return Prepared(_Ask([(_NO_ID, topic, {}) for topic in topics], False, False, {}))


def parse(answer: Any) -> Metadata:
    """Read an answer. A topic with an error (unknown, not authorized) stands in `errors` with its code."""
    topics: dict[Topic, TopicInfo] = {}
    errors: dict[Topic, int] = {}
    for code, name, topic_id, _internal, partitions, _operations, _tags in answer.topics:
        if code:
            errors[Topic(name)] = code
        else:
            topics[Topic(name)] = TopicInfo(topic_id, {p[1]: p[2] for p in partitions if p[2] >= 0}, len(partitions))
    return Metadata({b[0]: (b[1], b[2]) for b in answer.brokers}, topics, errors)
