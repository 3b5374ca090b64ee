"""Refused records read back: what the gate really wrote of them, and keys that name nobody."""

import msgspec
import pytest

from node.avro import encode, frame, parse, schema_id
from node.batch.build import build
from node.batch.header import LZ4, read
from node.batch.records import Record, records
from node.model.names import Topic
from node.transform.gate import AHEAD_MS_MAX, open_gate
from node.transform.refusal import masked, read_refusal
from node.transform.writes import Write

NOW = 1_795_600_000_000
TOPIC = Topic("445102.tax.fees")
SCHEMA = {
    "type": "record",
    "name": "Fee",
    "key": ["code"],
    "fields": [{"name": "code", "type": "string"}, {"name": "amount", "type": "int", "rules": [{"rule": "minimum", "value": 0}]}],
}


def fee(code: str, amount: int) -> bytes:
    """A record's value."""
    return frame(schema_id(SCHEMA), encode(parse(SCHEMA), {"code": code, "amount": amount}))


def judged(data: bytearray) -> list[Record]:
    """Let a gate judge a batch; return what it put into the quarantine."""
    schemas = {schema_id(SCHEMA): msgspec.json.encode(SCHEMA).decode()}
    gate = open_gate(resource=TOPIC, schemas=schemas, partitions=1, is_state=True, batch_bytes_max=1 << 20)
    made = gate.judge(0, [Write(TOPIC, data, 0, read(data, 0))], NOW)
    return [one for write in made.writes if write.topic == gate.quarantine for one in records(write.data, write.header)]


def quarantined(*published: Record) -> list[Record]:
    """Let a gate judge some records of one batch; return what it put into the quarantine."""
    return judged(build(published, codec=LZ4))


def test_what_was_published_comes_back_to_the_byte() -> None:
    """Key, value, headers and timestamp are the department's own again, also where the timestamp could not stay and a header bore our name."""
    published = [
        Record(0, NOW - 5, b"a", fee("a", -1)),
        Record(1, NOW + 2 * AHEAD_MS_MAX, b"b", fee("b", 1), (("traceparent", b"00"),)),
        Record(2, -1, b"c", fee("c", 1)),
        Record(3, NOW, None, None),
        Record(4, NOW, b"e", b"\x00", (("exchange.reason", b"minimum"), ("exchange.field", b"amount"), ("x", None))),
    ]
    refusals = [read_refusal(one) for one in quarantined(*published)]
    assert [msgspec.structs.replace(one.published, offset=number) for number, one in enumerate(refusals)] == published
    assert [one.inbox_offset for one in refusals] == [0, 1, 2, 3, 4]
    assert [one.word for one in refusals] == ["minimum", "timestamp", "timestamp", "no-key", "header"]


def test_reason_field_place_and_both_sentences_are_told() -> None:
    """As the gate wrote them."""
    (refusal,) = map(read_refusal, quarantined(Record(0, NOW, b"a", fee("a", -1))))
    assert (refusal.word, refusal.field, refusal.form, refusal.claimed) == ("minimum", "amount", "", 0)
    assert refusal.place == 7  # behind the frame, the text's length and the text
    assert (refusal.en, refusal.zh) == ("must be at least 0", "不得小于 0")
    assert refusal.at == NOW


def test_an_old_record_with_a_young_timestamp_was_known_when_it_was_refused() -> None:
    """Where the quarantine has an earlier timestamp than the record itself, the record cannot be younger than that."""
    ahead, behind, kept = map(
        read_refusal,
        quarantined(
            Record(0, NOW + 2 * AHEAD_MS_MAX, b"a", fee("a", 1)), Record(1, -7, b"b", fee("b", 1)), Record(2, NOW - 9, b"c", fee("c", -1))
        ),
    )
    assert (ahead.known_by, behind.known_by, kept.known_by) == (NOW, -7, NOW - 9)


def test_a_batch_that_cannot_be_opened_tells_its_form_and_what_it_claims() -> None:
    """It stays as it came, and its records are those it says it has."""
    data = build([Record(0, NOW, b"a", fee("a", 1)), Record(1, NOW, b"b", fee("b", 1))], codec=LZ4)
    data[-8:] = bytes(8)
    (refusal,) = map(read_refusal, judged(data))
    assert (refusal.form, refusal.word, refusal.claimed) == ("batch", "unreadable", 2)
    assert refusal.published.value == bytes(data)


@pytest.mark.parametrize("headers", [(), (("traceparent", b"00"),), (("exchange.reason", None), ("exchange.place", b"far"))])
def test_a_record_that_no_gate_wrote_is_no_error(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    """What is not told, or not as a number, is not known; the rest is read."""
    refusal = read_refusal(Record(3, NOW, b"k", b"v", headers))
    assert (refusal.word, refusal.place, refusal.inbox_offset, refusal.claimed) == ("", -1, -1, 0)
    assert refusal.published.headers == (headers if headers[:1] == (("traceparent", b"00"),) else ())


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (None, None),
        (b"", ""),
        (b"abc", "***"),
        (b"abcd", "a***"),
        ("张三李四".encode(), "张***"),
        (b"445102199001011234", "4451**************"),
        (b"a\x1fbcdefgh", "a?*******"),
        (b"\xff\xfe", "(2 bytes)"),
        (b"x" * 5000, "xxxx" + "*" * 28),
    ],
)
def test_a_masked_key_names_nobody(key: bytes | None, shown: str | None) -> None:
    """A quarter of it is shown, four characters at most, and no sign that would upset a terminal."""
    assert masked(key) == shown
