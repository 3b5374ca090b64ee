"""What Kafka says to those who try what they may not: a department without a grant, a child's node outside its subtree, and nobody at all."""

import asyncio
from collections.abc import Callable
from typing import Any

import confluent_kafka
import msgspec
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from node.bus.security import Security, Way
from node.demo.story import LICENCES, VILLAGES
from node.demo.world import CITY, DISTRICT, PROVINCE, World
from node.model.names import Division, Topic, inbox_topic, principal_of

_WAIT_S = 4.0
_CUT_OFF = "_TRANSPORT"
"""What librdkafka says where the broker ends the connection: to whoever does not log in it says nothing."""
_STRANGER = "445102.civil-affairs"
"""It was granted nothing of the licences."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Who tried what, and what Kafka answered."""

    who: str
    what: str
    topic: str
    answer: str

    @property
    def refused(self) -> bool:
        """Whether Kafka itself refused it."""
        return self.answer.endswith("AUTHORIZATION_FAILED") or (not self.who and self.answer == _CUT_OFF)


async def try_all(world: World) -> list[Attempt]:
    """Try what must be refused, all at the same time."""
    stranger = await world.way(_STRANGER)
    child = Way(world.clusters[PROVINCE].bootstrap, world.nodes[CITY].parent_login())
    nobody = Way(world.clusters[DISTRICT].bootstrap, Security())
    tries: list[tuple[str, Way, Callable[[Way, str], str], str, str]] = [
        (_STRANGER, stranger, read, "read", LICENCES),
        (_STRANGER, stranger, write, "write", inbox_topic(Topic(LICENCES))),
        (_STRANGER, stranger, create, "create", f"{_STRANGER}.new"),
        (principal_of(Division(CITY)), child, write, "write", "440000.civil-affairs.streets"),
        ("", nobody, read, "read", VILLAGES),
    ]
    answers = await asyncio.gather(*(asyncio.to_thread(do, way, topic) for _who, way, do, _what, topic in tries))
    return [
        Attempt(who=who, what=what, topic=topic, answer=answer)
        for (who, _way, _do, what, topic), answer in zip(tries, answers, strict=True)
    ]


def read(way: Way, topic: str) -> str:
    """Read a topic from its beginning; return the name of Kafka's error, empty where a record came."""
    consumer = confluent_kafka.Consumer({**_settings(way), "group.id": f"{way.security.username or 'nobody'}.trespass"}, logger=None)
    try:
        # Asked before it is read: librdkafka waits without a word for a topic that it may not see.
        seen = consumer.list_topics(topic, timeout=_WAIT_S).topics[topic]
        if seen.error is not None:
            return _name(seen.error)
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
        message = consumer.poll(_WAIT_S)
        error = None if message is None else message.error()
        return "" if message is not None and error is None else _name(error)
    except confluent_kafka.KafkaException as error:
        return _name(error.args[0])
    finally:
        consumer.close()


def write(way: Way, topic: str) -> str:
    """Write a record; return the name of Kafka's error, empty where it stands."""
    answers: list[str] = []
    producer = confluent_kafka.Producer({**_settings(way), "message.timeout.ms": int(_WAIT_S * 1000)}, logger=None)
    producer.produce(topic, b"trespass", on_delivery=lambda error, _message: answers.append("" if error is None else _name(error)))
    producer.flush(2 * _WAIT_S)
    return answers[0] if answers else _name(None)


def create(way: Way, topic: str) -> str:
    """Make a topic; return the name of Kafka's error, empty where it is made."""
    admin = AdminClient(_settings(way), logger=None)
    try:
        admin.create_topics([NewTopic(topic, 1, 1)], request_timeout=_WAIT_S)[topic].result()
    except confluent_kafka.KafkaException as error:
        return _name(error.args[0])
    return ""


def _settings(way: Way) -> dict[str, Any]:
    return {**way.librdkafka(), "log_level": 0, "enable.auto.commit": False}


def _name(error: confluent_kafka.KafkaError | None) -> str:
    return "no answer" if error is None else str(error.name())
