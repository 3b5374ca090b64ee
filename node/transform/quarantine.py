"""Refused records: key, value and headers as they came, with the reason in headers behind their own.

| header | what |
|---|---|
| `exchange.reason` | one word: the broken rule's name, or what is wrong with the record |
| `exchange.field` | path of the field in the value, where one is at fault |
| `exchange.place` | byte in the value where it was seen, where one is at fault |
| `exchange.message.zh`, `exchange.message.en` | the reason in a sentence |
| `exchange.inbox.offset` | where it lies in the inbox |
| `exchange.inbox.timestamp` | its department's timestamp (ms); its own is the gate's clock, for retention goes by that |
| `exchange.form` | `record` or `batch`: the value is the bytes of a whole record or batch that cannot be opened |
| `exchange.records` | how many records such a batch says it has |

No header tells anything of the value's content.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from node.batch.build import assemble, zigzag
from node.batch.header import NONE, Buffer, Header, read, varint
from node.model.names import Topic
from node.transform.writes import Write

PREFIX = "exchange."
_CHUNK_BYTES = 512 * 1024
"""Records of one batch in the quarantine, before compression: one refused record must not wait for megabytes of others."""
_REASONS_KEPT = 4096
"""Headers that say a reason: as many as there are rules, words and fields at fault, which come again and again."""
_TEXT_MAX = 4096
"""Characters of a text that are told: three such texts stay below QUARANTINE_HEADERS_BYTES, whatever a schema has for messages and names."""
_ATTRIBUTES_AND_DELTA = b"\0\0"
_NOTHING = b"\x01"
"""The length -1: no key."""


class Reason(msgspec.Struct, frozen=True):
    """Why a record was refused."""

    word: str
    zh: str
    en: str
    field: str = ""


class Where(NamedTuple):
    """Where a record stands in an uncompressed section, by its bytes: the key's length, the count of headers, the end."""

    rest: int
    headers: int
    end: int


Refused = bytes
"""A record for the quarantine: its key, value and headers as Kafka lays them out."""


def refused(data: Buffer, where: Where, reason: Reason, *, offset: int, place: int, timestamp: int) -> Refused:
    """Return the quarantine's record of the one at data[where]: key, value and own headers untouched, the reason's headers behind them.

    `offset` is its inbox offset, `place` the byte in the value that was at fault (-1: none), `timestamp` its department's (ms).
    """
    told = {"place": str(place) if place >= 0 else "", "inbox.offset": str(offset), "inbox.timestamp": str(timestamp)}
    more, count = _headers(reason, told)
    own, at = varint(data, where.headers, where.end)
    return b"".join((data[where.rest : where.headers], zigzag(own + count), data[at : where.end], more))


def refused_record(data: Buffer, start: int, end: int, reason: Reason, *, offset: int) -> Refused:
    """Return the quarantine's record of one that cannot be opened: all of its bytes are the value."""
    return _opaque(data[start:end], reason, {"inbox.offset": str(offset), "form": "record"})


def refused_batch(data: Buffer, start: int, header: Header, reason: Reason) -> Refused:
    """Return the quarantine's record of a whole batch that cannot be opened."""
    told = {"inbox.offset": str(header.base_offset), "form": "batch", "records": str(header.count)}
    return _opaque(data[start : start + header.size], reason, told)


def _opaque(value: Buffer, reason: Reason, told: dict[str, str]) -> Refused:
    more, count = _headers(reason, told)
    return b"".join((_NOTHING, zigzag(len(value)), value, zigzag(count), more))


def _headers(reason: Reason, told: dict[str, str]) -> tuple[bytes, int]:
    """Return headers as Kafka lays them out, and how many."""
    said, count = _said(reason)
    more = [_header(name, text) for name, text in told.items() if text]
    return said + b"".join(more), count + len(more)


@lru_cache(_REASONS_KEPT)
def _said(reason: Reason) -> tuple[bytes, int]:
    texts = {"reason": reason.word, "field": reason.field, "message.zh": reason.zh, "message.en": reason.en}
    found = [_header(name, text[:_TEXT_MAX]) for name, text in texts.items() if text]
    return b"".join(found), len(found)


def _header(name: str, text: str) -> bytes:
    key, value = (PREFIX + name).encode(), text.encode()
    return b"".join((zigzag(len(key)), key, zigzag(len(value)), value))


def write_refused(topic: Topic, records: Sequence[Refused], codec: int, now_ms: int) -> list[Write]:
    """Return batches of refused records, in order. They bear the time of their refusal: retention goes by it."""
    writes: list[Write] = []
    chunk: list[Refused] = []
    size = 0
    for record in records:
        if chunk and size + len(record) > _CHUNK_BYTES:
            writes.append(_write(topic, chunk, codec, now_ms))
            chunk, size = [], 0
        chunk.append(record)
        size += len(record)
    if chunk:
        writes.append(_write(topic, chunk, codec, now_ms))
    return writes


def write_opaque(topic: Topic, record: Refused, count: int, now_ms: int) -> Write:
    """Return a batch of one record that is a batch of `count`, which could not be opened; it is compressed already."""
    return msgspec.structs.replace(_write(topic, [record], NONE, now_ms), hidden=count - 1)


def _write(topic: Topic, records: Sequence[Refused], codec: int, now_ms: int) -> Write:
    section = bytearray()
    for number, record in enumerate(records):
        body = b"".join((_ATTRIBUTES_AND_DELTA, zigzag(number), record))
        section += zigzag(len(body))
        section += body
    data = assemble(section, len(records), now_ms, now_ms, attributes=codec)
    return Write(topic, data, 0, read(data, 0))
