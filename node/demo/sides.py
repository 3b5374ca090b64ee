"""A view from both sides: what its owner holds and what its taker got of it, cut once more by plain Python to compare."""

import json
from collections.abc import Iterator
from typing import Any

import confluent_kafka
import msgspec

from node.avro import decode, parse, readable, unframe
from node.bus.security import Way
from node.control import NewRequest

_ANSWER_S = 10.0
_POLL_S = 0.5
"""librdkafka waits so long for a whole batch, though the end of every partition is told by then."""
_BATCH = 5_000
Rows = list[tuple[bytes, dict[str, Any]]]
"""key and value, as JSON can hold it, of a partition's records in order"""


class Sides(msgspec.Struct, frozen=True):
    """What both sides hold of a view."""

    owned: int
    """rows of the owner's that were granted"""
    taken: int
    equal: bool
    """in each partition the taker's rows are the owner's, in order, field for field, and every key is hidden"""
    sample: list[tuple[str, str, str]]
    """of one row: field, its value at the owner, its value at the taker (empty: not there)"""


def is_granted(datum: dict[str, Any], streets: tuple[str, ...]) -> bool:
    """Tell whether a licence is among the rows that were granted: of bodies in some streets."""
    return datum["holder_kind"] == "LEGAL_PERSON" and datum["street"] in streets


def cut(datum: dict[str, Any], asked: NewRequest) -> dict[str, Any]:
    """Return what is asked for of a licence."""
    name = datum["legal_person"]
    shown = datum | {"legal_person": None if name is None else name[:1] + "*" * (len(name) - 1)}
    return {field: value for field, value in shown.items() if field in (asked.fields or ())}


def compare(owned: list[Rows], taken: list[Rows], asked: NewRequest, streets: tuple[str, ...]) -> Sides:
    """Return how both sides compare; the sample is of the first row that was granted."""
    granted = [[row for row in rows if is_granted(row[1], streets)] for rows in owned]
    equal = [[cut(datum, asked) for _key, datum in rows] for rows in granted] == [[datum for _key, datum in rows] for rows in taken]
    hidden = {key for rows in granted for key, _datum in rows}.isdisjoint(key for rows in taken for key, _datum in rows)
    first = next(((a[0], b[0]) for a, b in zip(granted, taken, strict=True) if a and b), None)
    return Sides(
        owned=sum(map(len, granted)),
        taken=sum(map(len, taken)),
        equal=equal and hidden,
        sample=[] if first is None else list(_sample(*first)),
    )


def _sample(owner: tuple[bytes, dict[str, Any]], taker: tuple[bytes, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    yield "key", owner[0].decode(), taker[0].decode()
    for field, value in owner[1].items():
        yield field, _text(value), _text(taker[1][field]) if field in taker[1] else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def read_rows(way: Way, topic: str, schemas: dict[int, dict[str, Any]]) -> list[Rows]:
    """Return the committed records of a topic, partition by partition, by schemas that stand under their ids. It blocks until it has them."""
    known = {number: parse(schema) for number, schema in schemas.items()}
    consumer = confluent_kafka.Consumer(
        {
            **way.librdkafka(),
            "group.id": f"{way.security.username}.sides",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "log_level": 0,
        },
        logger=None,
    )
    try:
        partitions = sorted(consumer.list_topics(topic, timeout=_ANSWER_S).topics[topic].partitions)
        consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in partitions])
        found: list[Rows] = [[] for _ in partitions]
        open_ones = set(partitions)
        while open_ones:
            for message in consumer.consume(_BATCH, _POLL_S):
                partition = message.partition()
                assert partition is not None
                if message.error():
                    open_ones.discard(partition)
                    continue
                number, payload = unframe(message.value() or b"")
                found[partition].append((message.key() or b"", readable(decode(known[number], payload))))
        return found
    finally:
        consumer.close()
