"""Topics of a benchmark's clusters, made, removed and looked at by librdkafka: independent of the node's own clients."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from types import MappingProxyType
from typing import Any

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # type: ignore[attr-defined]  # imported there for us, not re-exported

from node.errors import Unavailable

LOG_LEVEL = 2
"""librdkafka prints every lost connection; what matters of them comes as an error of ours."""
_TIMEOUT_S = 30.0
_PAUSE_S = 0.05


_latest: Callable[[], OffsetSpec] = OffsetSpec.latest  # typed here, as it is not there


class Topics:
    """The topics of one cluster, each of one replica. Every method waits for its answer and raises Unavailable without one."""

    def __init__(self, bootstrap: str, login: Mapping[str, str] = MappingProxyType({})) -> None:
        self._bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": LOG_LEVEL, **login})

    def make(self, topic: str, partitions: int, settings: Mapping[str, str]) -> None:
        """Make a topic anew: one of that name that stands there is removed first."""
        self.remove([topic])
        self._answers(self._admin.create_topics([NewTopic(topic, partitions, 1, config=dict(settings))]))
        late = time.monotonic() + _TIMEOUT_S
        while not self._answers_for(topic, partitions):
            if time.monotonic() > late:
                raise Unavailable(f"{self._bootstrap}: its broker does not learn of the new topic {topic}")
            time.sleep(_PAUSE_S)

    def _answers_for(self, topic: str, partitions: int) -> bool:
        """Tell whether the broker leads a topic that the controller has made: it learns of it some milliseconds later."""
        # Asked for by name first: librdkafka takes a topic that it has not seen yet for missing during half a minute.
        found = self._admin.list_topics(topic, timeout=_TIMEOUT_S).topics[topic].partitions
        if len(found) != partitions or any(one.leader < 0 for one in found.values()):
            return False
        self.stable(topic, partitions)
        return True

    def remove(self, topics: Iterable[str]) -> None:
        """Remove those of these topics that are there."""
        there = self._admin.list_topics(timeout=_TIMEOUT_S).topics
        gone = [topic for topic in topics if topic in there]
        if gone:
            self._answers(self._admin.delete_topics(gone))

    def forget_group(self, group: str) -> None:
        """Remove a consumer group and its places, if it is there."""
        there = self._admin.list_consumer_groups().result(_TIMEOUT_S).valid
        if any(one.group_id == group for one in there):
            self._answers(self._admin.delete_consumer_groups([group]))

    def stable(self, topic: str, partitions: int) -> int:
        """Return the sum of the last stable offsets: records that a read_committed consumer may see, and Kafka's markers."""
        asked = {TopicPartition(topic, one): _latest() for one in range(partitions)}
        late = time.monotonic() + _TIMEOUT_S
        while True:
            try:
                answers = self._answers(self._admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED))
            except Unavailable:  # of a topic made anew under its name librdkafka may still know the old one's leader epoch
                if time.monotonic() > late:
                    raise
                time.sleep(_PAUSE_S)
                self._admin.list_topics(topic, timeout=_TIMEOUT_S)
            else:
                return sum(answer.offset for answer in answers)

    def _answers(self, futures: Mapping[Any, Future[Any]]) -> list[Any]:
        try:
            return [future.result(_TIMEOUT_S) for future in futures.values()]
        except (KafkaException, TimeoutError) as error:
            raise Unavailable(f"{self._bootstrap}: {error}") from error
