"""What a gate made of batches, held against the oracle."""

import copy
import struct
import zlib
from collections import Counter

import cramjam
import msgspec
from aiokafka import codec as codecs

from node.batch.header import GZIP, LZ4, NONE, SNAPPY, ZSTD
from node.transform import Made, Write
from node.transform.quarantine import PREFIX
from tests.avro.ruling import NOW_MS
from tests.transform.cases import Inbox
from tests.transform.oracle import AHEAD_MS, Judged, Oracle, warnings
from tests.transform.wire import Row, opened

_DECODE = {GZIP: codecs.gzip_decode, SNAPPY: codecs.snappy_decode, LZ4: codecs.lz4_decode, ZSTD: codecs.zstd_decode}


class Held(msgspec.Struct):
    """What the oracle says of a batch."""

    raw: Write
    section: bytes | None
    judged: list[Judged] | None
    """None: it cannot be opened"""


def content(raw: Write) -> bytes | None:
    """Return a batch's section as aiokafka unfolds it, None if it cannot."""
    packed = bytes(raw.data[raw.start + 61 : raw.start + raw.header.size])
    if raw.header.codec == NONE:
        return packed
    if raw.header.codec == SNAPPY and packed[:8] == b"\x82SNAPPY\0" and not _is_whole(packed):
        return None  # aiokafka takes what is left of a block that is cut
    if raw.header.codec == GZIP and packed[3:4] >= b"\x20":
        return None  # reserved flags must give an error (RFC 1952, 2.3.1.2), Python's gzip passes over them
    try:
        return bytes(_DECODE[raw.header.codec](packed))
    except (cramjam.DecompressionError, zlib.error, struct.error, OSError, EOFError, ValueError):
        return None


def _is_whole(packed: bytes) -> bool:
    """Tell whether the blocks of snappy-java's framing fill a section."""
    at = 16
    while at < len(packed):
        size = int.from_bytes(packed[at : at + 4], signed=True)
        if size <= 0:
            return False
        at += 4 + size
    return at == len(packed)


def make(inbox: Inbox) -> Made:
    """Return all that the gate makes of an inbox's batches, however many it takes at a time."""
    left, parts = list(inbox.raws), []
    while left:
        parts.append(inbox.gate.judge(inbox.partition, left, NOW_MS))
        assert 1 <= parts[-1].taken <= len(left)
        left = left[parts[-1].taken :]
    refused, warned = Counter[str](), Counter[str]()
    for part in parts:
        refused.update(part.refused)
        warned.update(part.warned)
    return Made(len(inbox.raws), tuple(write for part in parts for write in part.writes), dict(refused), dict(warned))


def hold(inbox: Inbox) -> Counter[str]:
    """Hold what the gate makes against the oracle; return how often each word was said."""
    before = [copy.deepcopy(raw.data) for raw in inbox.raws]
    made = make(inbox)
    assert [raw.data for raw in inbox.raws] == before, "what came was altered"
    oracle = Oracle(inbox.resource)
    held = [_held(oracle, raw, inbox.partition) for raw in inbox.raws]
    passed = [one.row for batch in held for one in batch.judged or () if one.why is None]
    resource, quarantine = inbox.gate.resource, inbox.gate.quarantine
    assert {write.topic for write in made.writes} <= {resource, quarantine}
    own = {id(raw.data) for raw in inbox.raws if not raw.header.log_append_time}  # whose greatest timestamps mutants may have made untrue
    written = [row for write in made.writes if write.topic == resource for row in opened(write, stamped=id(write.data) not in own)]
    assert written == passed
    kept = [row for write in made.writes if write.topic == quarantine for row in opened(write)]
    stand_for = sum(write.header.count + write.hidden for write in made.writes)
    assert sum(raw.header.count for raw in inbox.raws) == stand_for, "what was read is not what was written"
    words = _hold_quarantine(held, kept)
    assert made.refused == dict(words)
    assert made.warned == dict(warnings(inbox.resource.schemas, [one for batch in held for one in batch.judged or ()]))
    assert sum(raw.header.count for raw in inbox.raws) == len(passed) + words.total(), "consumed is not passed and quarantined"
    _hold_raw(held, made, resource)
    return words + Counter(passed=len(passed))


def _held(oracle: Oracle, raw: Write, partition: int) -> Held:
    found = content(raw)
    judged = None if found is None else oracle.judge(found, raw.header.count, base=raw.header.base_timestamp, partition=partition)
    return Held(raw, found, judged)


def _hold_quarantine(held: list[Held], kept: list[Row]) -> Counter[str]:
    words = Counter[str]()
    rows = iter(kept)
    for batch in held:
        header = batch.raw.header
        if batch.judged is None:
            row = next(rows)
            words["unreadable"] += header.count
            assert (row.key, row.timestamp) == (None, NOW_MS)
            assert row.value == bytes(batch.raw.data[batch.raw.start : batch.raw.start + header.size])
            told = _told(row, 0)
            assert (told["reason"], told["form"], told["records"]) == ("unreadable", "batch", str(header.count))
            continue
        for number, one in enumerate(batch.judged):
            if one.why is not None:
                words[one.why.word] += 1
                _hold_record(one, next(rows), header.base_offset + number)
    assert list(rows) == []
    return words


def _hold_record(one: Judged, row: Row, offset: int) -> None:
    assert one.why is not None
    told = _told(row, len(one.row.headers) if one.row else 0)
    assert (told["reason"], told.get("field", "")) == (one.why.word, one.why.field)
    assert told["inbox.offset"] == str(offset)
    assert told["message.zh"]
    assert told["message.en"] == one.why.message or not one.why.message
    if one.row is None:
        assert (row.timestamp, row.key, row.value, told["form"]) == (NOW_MS, None, one.raw, "record")
        return
    assert (row.key, row.value, row.headers[: len(one.row.headers)]) == (one.row.key, one.row.value, one.row.headers)
    assert "form" not in told
    assert (row.timestamp, told["inbox.timestamp"]) == (NOW_MS, str(one.row.timestamp))
    if place := told.get("place"):
        assert 0 <= int(place) <= len(one.row.value or b"")
    assert bool(place) or not one.why.message


def _told(row: Row, own: int) -> dict[str, str]:
    """Return what the gate tells of a record, behind its own headers."""
    told = row.headers[own:]
    assert all(name.startswith(PREFIX) and value for name, value in told)
    assert len({name for name, _value in told}) == len(told)
    return {name.removeprefix(PREFIX): (value or b"").decode() for name, value in told}


def _hold_raw(held: list[Held], made: Made, resource: str) -> None:
    """What passes and is large, or alone, goes on in its own buffer; nothing else does."""
    raws = {id(write.data): write for write in made.writes if write.topic == resource}
    for batch in held:
        all_pass = batch.judged is not None and all(one.why is None for one in batch.judged)
        there = raws.get(id(batch.raw.data))
        if there is not None:
            assert all_pass
            header = batch.raw.header
            if header.log_append_time and batch.judged is not None:
                latest = max(one.row.timestamp for one in batch.judged if one.row is not None)
                header = msgspec.structs.replace(header, attributes=header.codec, max_timestamp=latest)
            assert (there.start, there.header) == (batch.raw.start, header)
        elif all_pass and 0 <= batch.raw.header.base_timestamp <= NOW_MS + AHEAD_MS:
            assert batch.raw.header.count < 100
            assert len(held) > 1
