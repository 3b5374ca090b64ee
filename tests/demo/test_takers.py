"""The demo's takers, on real Kafka."""

import hashlib
import struct
import time
from collections.abc import Callable

import confluent_kafka
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from node.demo.takers import Taker
from tests.conftest import Kafka


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_taker_waits_for_its_topic_and_digests_what_is_committed(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """It starts before the topic is there, reads committed records only, and its digest is the documented one."""
    topic = topic_name()
    taker = Taker("t", kafka.way, topic)
    taker.start()
    admin = AdminClient(kafka.librdkafka())
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result()
    producer = confluent_kafka.Producer({**kafka.librdkafka(), "transactional.id": topic})
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(topic, b"never", b"k", partition=0)
    producer.flush()
    producer.abort_transaction()
    producer.begin_transaction()
    for partition in (0, 1):
        producer.produce(topic, b"value", b"key", partition=partition, timestamp=1_700_000_000_000)
    producer.commit_transaction()
    _until(lambda: taker.records == 2)
    taker.stop()
    assert taker.received().reasons == {}
    parts = [hashlib.sha256(struct.pack(">iqii", number, 1_700_000_000_000, 3, 5) + b"keyvalue").digest() for number in (0, 1)]
    assert taker.received().records == 2
    assert taker.received().sha256 == hashlib.sha256(b"".join(parts)).hexdigest()


def test_a_taker_whose_topic_never_comes_ends_when_told(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """Waiting for a topic does not keep a demo from ending."""
    taker = Taker("t", kafka.way, topic_name())
    taker.start()
    taker.stop()
    assert taker.received().records == 0


def test_a_taker_of_a_quarantine_counts_reasons(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """By reason and field; a reason of the record as a whole stands alone."""
    topic = topic_name()
    admin = AdminClient(kafka.librdkafka())
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
    producer = confluent_kafka.Producer(kafka.librdkafka())
    for field in (b"id", b"id", b""):
        producer.produce(topic, b"value", b"key", headers=[("exchange.reason", b"length"), ("exchange.field", field)])
    producer.flush()
    taker = Taker("t", kafka.way, topic)
    taker.start()
    _until(lambda: taker.records == 3)
    taker.stop()
    assert taker.received().reasons == {"length id": 2, "length": 1}
