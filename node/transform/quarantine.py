"""Refused records: as they came, with the reason in headers behind their own.

| header | what |
|---|---|
| `exchange.reason` | one word: the broken rule's name, or what is wrong with the record |
| `exchange.field` | path of the field in the value, where one is at fault |
| `exchange.place` | byte in the value where it was seen, where one is at fault |
| `exchange.message.zh`, `exchange.message.en` | the reason in a sentence |
| `exchange.inbox.offset` | where it lies in the inbox |
| `exchange.inbox.timestamp` | its timestamp there (ms), where it could not be kept: before 1970 or far ahead |
| `exchange.form` | `record` or `batch`: the value is the bytes of a whole record or batch that cannot be opened |
| `exchange.records` | how many records such a batch says it has |

No header tells anything of the value's content.
"""

from collections.abc import Iterator, Sequence

import msgspec

from node.batch.build import build
from node.batch.header import NONE, Buffer, Header, read
from node.batch.records import Record, record_at
from node.errors import BatchError
from node.model.names import Topic
from node.transform.writes import Write

PREFIX = "exchange."
_CHUNK_BYTES = 512 * 1024
"""Records of one batch in the quarantine, before compression: one refused record must not wait for megabytes of others."""
_HEADERS_BYTES = 1024
"""What the headers add to a record, at least: names, words and two sentences."""


class Reason(msgspec.Struct, frozen=True):
    """Why a record was refused."""

    word: str
    zh: str
    en: str
    field: str = ""
    place: int = -1


def refused(data: Buffer, span: tuple[int, int], header: Header, offset: int, reason: Reason, *, now_ms: int, latest_ms: int) -> Record:
    """Return the quarantine's record of the one between two bytes of an uncompressed section, whose inbox offset is `offset`.

    A timestamp before 1970 or behind `latest_ms` would upset retention: `now_ms` takes its place.
    """
    start, end = span
    try:
        record, _end = record_at(data, start, header)
    except BatchError:
        told = _told(reason, offset, form="record")
        return Record(offset=0, timestamp=now_ms, key=None, value=bytes(data[start:end]), headers=told)
    kept = 0 <= record.timestamp <= latest_ms
    told = _told(reason, offset, timestamp="" if kept else str(record.timestamp))
    return msgspec.structs.replace(record, timestamp=record.timestamp if kept else now_ms, headers=record.headers + told)


def refused_batch(data: Buffer, start: int, header: Header, reason: Reason, now_ms: int) -> Record:
    """Return the quarantine's record of a whole batch that cannot be opened."""
    told = _told(reason, header.base_offset, form="batch", records=str(header.count))
    return Record(offset=0, timestamp=now_ms, key=None, value=bytes(data[start : start + header.size]), headers=told)


def _told(reason: Reason, offset: int, *, timestamp: str = "", form: str = "", records: str = "") -> tuple[tuple[str, bytes | None], ...]:
    texts = {
        "reason": reason.word,
        "field": reason.field,
        "place": str(reason.place) if reason.place >= 0 else "",
        "message.zh": reason.zh,
        "message.en": reason.en,
        "inbox.offset": str(offset),
        "inbox.timestamp": timestamp,
        "form": form,
        "records": records,
    }
    return tuple((PREFIX + name, text.encode()) for name, text in texts.items() if text)


def write_refused(topic: Topic, records: Sequence[Record], codec: int) -> Iterator[Write]:
    """Yield batches of refused records, in order."""
    chunk: list[Record] = []
    size = 0
    for record in records:
        record_size = len(record.key or b"") + len(record.value or b"") + _HEADERS_BYTES
        if chunk and size + record_size > _CHUNK_BYTES:
            yield _write(topic, chunk, codec)
            chunk, size = [], 0
        chunk.append(record)
        size += record_size
    if chunk:
        yield _write(topic, chunk, codec)


def _write(topic: Topic, records: Sequence[Record], codec: int) -> Write:
    # What cannot be opened is compressed already.
    opaque = any(name == PREFIX + "form" for record in records for name, _value in record.headers)
    data = build(records, codec=NONE if opaque else codec)
    return Write(topic, data, 0, read(data, 0))
