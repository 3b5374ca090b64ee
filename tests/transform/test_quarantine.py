"""Answers for node/transform/quarantine.py: refused records as they came, with the reason behind their own headers."""

import pytest

from node.batch.header import GZIP, LZ4, NONE, ZSTD, read
from node.model.limits import QUARANTINE_HEADERS_BYTES
from node.model.names import Topic
from node.transform.quarantine import (
    PREFIX,
    Reason,
    Refused,
    Where,
    refused,
    refused_batch,
    refused_record,
    write_opaque,
    write_refused,
)
from tests.transform.wire import Row, batch, body, nullable, opened, section

QUARANTINE = Topic("445102.a.b.quarantine")
WHY = Reason("maximum", "年龄不得大于 150", "age must be at most 150", "age")
NOW_MS = 1_790_000_000_000
BARE = Reason("key", "主键不一致", "the key differs")


def _refused(row: Row, why: Reason, *, place: int = -1) -> Refused:
    """Refuse the record of a section that has others before and behind it."""
    bodies = [
        body(number, one, base=row.timestamp)
        for number, one in enumerate((Row(row.timestamp, b"a", b"b"), row, Row(row.timestamp, b"c", b"d")))
    ]
    content = section(bodies)
    end = len(section(bodies[:2]))
    headers = len(bodies[1]) - len(_headers(row))
    start = end - len(bodies[1])
    rest = start + headers - len(nullable(row.key)) - len(nullable(row.value))
    where = Where(rest, start + headers, end)
    return refused(content, where, why, offset=7, place=place, timestamp=row.timestamp)


def _headers(row: Row) -> bytes:
    none = Row(row.timestamp, row.key, row.value)
    return body(1, row, base=row.timestamp)[len(body(1, none, base=row.timestamp)) - 1 :]


ROWS = [
    Row(5, b"key", b"value"),
    Row(5, None, None),
    Row(5, b"", b""),
    Row(5, b"k" * 300, b"v" * 70_000, (("traceparent", b"1"), ("x", None), ("", b""))),
    Row(5, b"k", b"v", tuple((f"h{number}", b"x") for number in range(200))),
]


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
@pytest.mark.parametrize("codec", [NONE, GZIP, ZSTD])
def test_a_record_is_kept_as_it_came(row: Row, codec: int) -> None:
    """Key, value and headers; what we tell of it stands behind, its timestamp among it."""
    (write,) = write_refused(QUARANTINE, [_refused(row, WHY, place=3)], codec, NOW_MS)
    assert (write.topic, write.start, write.header.codec) == (QUARANTINE, 0, codec)
    (kept,) = opened(write)
    assert (kept.timestamp, kept.key, kept.value, kept.headers[: len(row.headers)]) == (NOW_MS, row.key, row.value, row.headers)
    assert {name: (value or b"").decode() for name, value in kept.headers[len(row.headers) :]} == {
        f"{PREFIX}reason": "maximum",
        f"{PREFIX}field": "age",
        f"{PREFIX}place": "3",
        f"{PREFIX}message.zh": "年龄不得大于 150",
        f"{PREFIX}message.en": "age must be at most 150",
        f"{PREFIX}inbox.offset": "7",
        f"{PREFIX}inbox.timestamp": "5",
    }


def test_only_what_there_is_is_told() -> None:
    """No field and no place where there is nothing to say; place 0 is one."""
    (kept,) = opened(write_refused(QUARANTINE, [_refused(ROWS[0], BARE)], NONE, NOW_MS)[0])
    assert {name.removeprefix(PREFIX) for name, _value in kept.headers} == {
        "reason",
        "message.zh",
        "message.en",
        "inbox.offset",
        "inbox.timestamp",
    }
    (kept,) = opened(write_refused(QUARANTINE, [_refused(ROWS[0], BARE, place=0)], NONE, NOW_MS)[0])
    assert (f"{PREFIX}place", b"0") in kept.headers


def test_retention_goes_by_the_time_of_the_refusal() -> None:
    """Whatever timestamp a department gave: one of years ago would be gone at once, one of years ahead would never go."""
    (kept,) = opened(write_refused(QUARANTINE, [_refused(Row(-9, b"k", b"v"), BARE)], NONE, NOW_MS)[0])
    assert kept.timestamp == NOW_MS
    assert (f"{PREFIX}inbox.timestamp", b"-9") in kept.headers


def test_what_cannot_be_opened_is_a_value() -> None:
    """A record by its bytes, a batch by its own, with how many records it says it has; neither is compressed again."""
    (kept,) = opened(write_refused(QUARANTINE, [refused_record(b"xxxGARBLEDxx", 3, 10, BARE, offset=9)], NONE, 44)[0])
    assert (kept.timestamp, kept.key, kept.value) == (44, None, b"GARBLED")
    assert {(f"{PREFIX}form", b"record"), (f"{PREFIX}inbox.offset", b"9")} <= set(kept.headers)
    data = batch(b"garbled", 3, codec=LZ4, offset=12)
    write = write_opaque(QUARANTINE, refused_batch(b"ab" + data + b"cd", 2, read(data, 0), BARE), 3, 44)
    assert (write.header.codec, write.header.count, write.hidden) == (NONE, 1, 2)
    (kept,) = opened(write)
    assert (kept.timestamp, kept.key, kept.value) == (44, None, bytes(data))
    assert {(f"{PREFIX}form", b"batch"), (f"{PREFIX}records", b"3"), (f"{PREFIX}inbox.offset", b"12")} <= set(kept.headers)


def test_many_are_written_in_batches_of_half_a_mebibyte() -> None:
    """In order; one that is larger stands alone."""
    rows = [Row(100 - number % 7, b"%d" % number, bytes(1000)) for number in range(1500)]
    rows.insert(700, Row(5, b"large", bytes(700_000)))
    writes = write_refused(QUARANTINE, [_refused(row, BARE) for row in rows], NONE, NOW_MS)
    assert max(write.header.size for write in writes if write.header.count > 1) < 600_000
    assert [1 for write in writes if write.header.size > 600_000] == [1]
    found = [row for write in writes for row in opened(write)]
    assert [(row.timestamp, row.key, row.value) for row in found] == [(NOW_MS, row.key, row.value) for row in rows]
    assert len(writes) < 8
    assert write_refused(QUARANTINE, [], NONE, NOW_MS) == []


def test_texts_are_told_within_bounds() -> None:
    """Whatever a schema has for messages and names: three of four bytes a character stay below what is set aside for them."""
    long = Reason("w" * 10_000, "𝄞" * 10_000, "x" * 10_000, "f" * 10_000)
    (write,) = write_refused(QUARANTINE, [_refused(ROWS[0], long)], NONE, NOW_MS)
    (kept,) = opened(write)
    assert {len((value or b"").decode()) for name, value in kept.headers if "inbox" not in name} == {4096}
    assert write.header.size < QUARANTINE_HEADERS_BYTES
