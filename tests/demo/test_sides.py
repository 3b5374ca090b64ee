"""A view from both sides: the demo's own cut of it, and what it says of a difference."""

from collections.abc import Callable
from typing import Any

import confluent_kafka
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from node.avro import encode, frame, parse
from node.demo.sides import Rows, compare, cut, is_granted, read_rows
from node.demo.story import ASKED, GRANTED_STREETS
from tests.conftest import Kafka

_HERE, _ELSEWHERE = GRANTED_STREETS[0], "445102111"


def _licence(number: str, street: str, **changes: Any) -> tuple[bytes, dict[str, Any]]:
    datum = {
        "licence_no": number,
        "licence_type": "食品经营许可证",
        "holder_kind": "LEGAL_PERSON",
        "holder_name": "某公司",
        "holder_uscc": "91445102MAQHYFQW3M",
        "legal_person": "林桂兰",
        "street": street,
    }
    return number.encode(), datum | changes


def _shown(*licences: tuple[bytes, dict[str, Any]]) -> Rows:
    return [(b"hidden-" + key, cut(datum, ASKED)) for key, datum in licences]


def test_four_fields_of_some_rows_are_granted() -> None:
    """Of bodies in three streets, the representative's name masked."""
    _key, datum = _licence("1", _HERE)
    assert is_granted(datum, GRANTED_STREETS)
    assert not is_granted(datum | {"street": _ELSEWHERE}, GRANTED_STREETS)
    assert not is_granted(datum | {"holder_kind": "NATURAL_PERSON"}, GRANTED_STREETS)
    assert cut(datum, ASKED) == {
        "licence_type": "食品经营许可证",
        "holder_name": "某公司",
        "holder_uscc": "91445102MAQHYFQW3M",
        "legal_person": "林**",
    }
    assert cut(datum | {"legal_person": None}, ASKED)["legal_person"] is None


def test_sides_are_equal_row_for_row() -> None:
    """In each partition in order; the sample is the first row, field by field, with what is not granted left empty."""
    mine, other, more = _licence("1", _HERE), _licence("2", _ELSEWHERE), _licence("3", _HERE)
    sides = compare([[mine, other], [more]], [_shown(mine), _shown(more)], ASKED, GRANTED_STREETS)
    assert (sides.owned, sides.taken, sides.equal) == (2, 2, True)
    assert sides.sample[0] == ("key", "1", "hidden-1")
    assert ("legal_person", "林桂兰", "林**") in sides.sample
    assert ("street", _HERE, "") in sides.sample


def test_a_difference_is_told() -> None:
    """A row too many or too few, another order, another value, a key that is not hidden."""
    mine, more, foreign = _licence("1", _HERE), _licence("2", _HERE, holder_name="另一公司"), _licence("3", _ELSEWHERE)
    owned = [[mine, more, foreign]]
    wrong: list[Rows] = [
        _shown(mine),
        _shown(mine, more, foreign),
        _shown(more, mine),
        [*_shown(mine), (b"hidden-2", cut(more[1], ASKED) | {"legal_person": "林桂兰"})],
        [*_shown(mine), (b"2", cut(more[1], ASKED))],
    ]
    assert compare(owned, [_shown(mine, more)], ASKED, GRANTED_STREETS).equal
    assert not any(compare(owned, [taken], ASKED, GRANTED_STREETS).equal for taken in wrong)
    assert compare([[foreign]], [[]], ASKED, GRANTED_STREETS).sample == []


def test_rows_are_read_to_the_end(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """Of all partitions, an empty one too, in order, under the schema that each record names."""
    topic = topic_name()
    admin = AdminClient(kafka.librdkafka())
    admin.create_topics([NewTopic(topic, 3, 1)])[topic].result()
    schema: dict[str, Any] = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": "string"}]}
    producer = confluent_kafka.Producer(kafka.librdkafka())
    for number, partition in enumerate((0, 2, 0)):
        producer.produce(topic, frame(7, encode(parse(schema), {"text": str(number)})), b"k", partition=partition)
    assert producer.flush(20) == 0
    assert read_rows(kafka.way, topic, {7: schema}) == [[(b"k", {"text": "0"}), (b"k", {"text": "2"})], [], [(b"k", {"text": "1"})]]
