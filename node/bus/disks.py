"""How much room a broker's disks have: DescribeLogDirs v4 (KIP-827, Kafka 3.3 and newer), which aiokafka has no request for."""

from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

from node.bus.client import Client
from node.bus.faults import name_of
from node.bus.metadata import Prepared
from node.control.checkup_cluster import Space
from node.errors import BusError

KEY, VERSION = 35, 4

_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
_UNKNOWN = -1
"""What a broker says of a folder whose disk it cannot ask."""


class _Answer(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = KEY
    API_VERSION = VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        (
            "folders",
            CompactArray(
                ("error_code", Int16),
                ("folder", _TEXT),
                (
                    "topics",
                    CompactArray(
                        ("name", _TEXT),
                        (
                            "partitions",
                            CompactArray(("partition", Int32), ("size", Int64), ("lag", Int64), ("is_future", Boolean), _TAGS),
                        ),
                        _TAGS,
                    ),
                ),
                ("total_bytes", Int64),
                ("usable_bytes", Int64),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Ask(RequestStruct):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = KEY
    API_VERSION = VERSION
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(("topics", CompactArray(("topic", _TEXT), ("partitions", CompactArray(Int32)), _TAGS)), _TAGS)


async def spaces(client: Client, broker: int) -> list[Space]:
    """Return the room of a broker's folders, of those whose disk it tells. BusError where it does not let us ask, or is older than Kafka 3.3."""
    answer = await client.call(broker, Prepared(_Ask([], {})))  # of no topic: their sizes are not asked for
    if answer.error_code:
        raise BusError(f"{client.bootstrap}: broker {broker} does not tell its disks: {name_of(answer.error_code)}")
    return [
        Space(broker, folder, total, usable)
        for code, folder, _topics, total, usable, _tags in answer.folders
        if not code and _UNKNOWN not in (total, usable)
    ]
