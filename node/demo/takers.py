"""The demo's takers: an independent client (librdkafka) that reads committed records at its own node and keeps their digest."""

import hashlib
import struct
import threading
import time
from collections import Counter

import confluent_kafka
import msgspec

from node.bus.security import Way

_POLL_S = 0.2
_BATCH = 5_000
_HEAD = struct.Struct(">iqii")


class Received(msgspec.Struct, frozen=True):
    """What a taker has: a count, and SHA-256 over (partition, key, value, timestamp) of all records, partition by partition in order."""

    records: int
    sha256: str
    reasons: dict[str, int] = {}
    """of a quarantine: records by reason and field, as `reason field`"""


class Taker(threading.Thread):
    """Reads a topic from its beginning on a cluster, in a thread of its own, until `stop`."""

    def __init__(self, name: str, way: Way, topic: str) -> None:
        super().__init__(name=f"taker {name} {topic}", daemon=True)
        self.taker = name
        self.way = way
        self.topic = topic
        self.records = 0
        self.first_at: float | None = None
        """monotonic time of the first record"""
        self.last_at = time.monotonic()
        self._digests: dict[int, hashlib._Hash] = {}
        self._reasons: Counter[str] = Counter()
        self._ending = threading.Event()
        self._consumer = confluent_kafka.Consumer(
            {
                **way.librdkafka(),
                "group.id": f"{way.security.username}.demo",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "log_level": 0,
            },
            logger=None,
        )

    def run(self) -> None:
        """Read until stopped."""
        partitions = self._partitions()
        self._digests = {number: hashlib.sha256() for number in partitions}
        self._consumer.assign([confluent_kafka.TopicPartition(self.topic, number, 0) for number in partitions])
        while not self._ending.is_set():
            for message in self._consumer.consume(_BATCH, _POLL_S):
                if not message.error():
                    self._take(message)
        self._consumer.close()

    def _partitions(self) -> list[int]:
        """Wait until the taker's node has made the topic."""
        while not self._ending.wait(_POLL_S):
            try:
                found = self._consumer.list_topics(self.topic, timeout=_POLL_S * 10).topics[self.topic]
            except confluent_kafka.KafkaException:
                continue
            if found.error is None and found.partitions:
                return sorted(found.partitions)
        return []

    def _take(self, message: confluent_kafka.Message) -> None:
        key, value = message.key() or b"", message.value() or b""
        partition = message.partition()
        assert partition is not None
        digest = self._digests[partition]
        digest.update(_HEAD.pack(partition, message.timestamp()[1], len(key), len(value)))
        digest.update(key)
        digest.update(value)
        if headers := message.headers():
            said = {header[0]: header[1].decode() for header in headers if isinstance(header[1], bytes)}
            self._reasons[f"{said.get('exchange.reason', '')} {said.get('exchange.field', '')}".strip()] += 1
        self.records += 1
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at

    def received(self) -> Received:
        """Return what has come so far."""
        whole = hashlib.sha256(b"".join(self._digests[number].digest() for number in sorted(self._digests)))
        return Received(self.records, whole.hexdigest(), dict(self._reasons))

    def stop(self) -> None:
        """End the reading and wait for it."""
        self._ending.set()
        self.join()
