"""The peer's side of `gate`: what fastavro and plain Python check of each record.

`python -m benchmarks.gate_loop BOOTSTRAP RESOURCE PARTITIONS`.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import fastavro

from benchmarks.flat import checks, flat
from benchmarks.loop import Put, loop
from node.avro import frame_header
from node.model.names import Topic, inbox_topic, quarantine_topic
from node.model.partition import partition_of

_AHEAD_MS = 3_600_000
_ALLOWED = {"traceparent", "tracestate"}


class Gate:
    """The checks of one inbox."""

    def __init__(self, resource: Topic, partitions: int) -> None:
        self._resource, self._quarantine, self._partitions = resource, quarantine_topic(resource), partitions
        ready = flat()
        self._schema, self._frame = ready.schema.avro, frame_header(ready.number)
        self._check = checks()

    def take(self, partition: int, records: Sequence[Any], put: Put) -> None:
        """Write each record to the resource or to the quarantine."""
        now = int(time.time() * 1000)
        today = now // 86_400_000
        for record in records:
            why = self._fault(record, partition, now, today)
            headers = list(record.headers)
            if why:
                headers += [("exchange.reason", why.encode()), ("exchange.inbox.offset", str(record.offset).encode())]
            put(self._quarantine if why else self._resource, partition, record.timestamp, record.key, record.value, headers)

    def _fault(self, record: Any, partition: int, now: int, today: int) -> str:
        """Return why a record is refused, empty if it passes."""
        if any(name not in _ALLOWED for name, _value in record.headers):
            return "header"
        if not 0 <= record.timestamp <= now + _AHEAD_MS:
            return "timestamp"
        datum = self._decoded(record.value)
        if datum is None:
            return "value"
        why = self._check(datum, today)
        if not why and record.key != datum["id"].encode():
            why = "key"
        if not why and partition_of(record.key, self._partitions) != partition:
            why = "partition"
        return why

    def _decoded(self, value: bytes | None) -> dict[str, Any] | None:
        if value is None or value[:5] != self._frame:
            return None
        source = BytesIO(value)
        source.seek(5)
        try:
            datum: Any = fastavro.schemaless_reader(source, self._schema, None)
        except (EOFError, ValueError, IndexError, KeyError, TypeError, OverflowError):
            return None
        return datum if source.tell() == len(value) else None


if __name__ == "__main__":
    own = Topic(sys.argv[2])
    asyncio.run(loop(sys.argv[1], inbox_topic(own), Gate(own, int(sys.argv[3])).take))
