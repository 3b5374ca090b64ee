"""The battery of the gate can fail: each of these bugs, planted in its source, makes it do something else with what the battery has."""

import hashlib
import struct
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Any

import msgspec
import pytest

from node.batch.header import LZ4, ZSTD
from node.transform import Made, Write
from tests.avro.ruling import NOW_MS
from tests.transform.cases import Inbox, damaged, inbox
from tests.transform.desk import ID, SCHEMA, good, goods, opened_gate
from tests.transform.holding import content
from tests.transform.oracle import AHEAD_MS
from tests.transform.planted import planted
from tests.transform.test_gate import GARBLED
from tests.transform.wire import Row, batch, body, rows, section, write

SEEDS = 16

KERNEL_BUGS = [
    ("the key is not looked at", "if not key_fits(data, key, key + max(key_length, 0), tables, state):", "if False:"),
    ("three bytes left over are two", "    if left == 3:\n        h ^= load8(data, at + 2) << 16\n", ""),
    ("the partition is signed", "return (h & 0x7FFF_FFFF) % partitions", "return (h - (h >> 31 << 32)) % partitions"),
    ("the partition is not looked at", "!= number_at(job, JOB_PARTITION)", "< 0"),
    ("keys need not be text", "if utf8_fault(data, key, key + key_length) >= 0:", "if False:"),
    ("an empty key is one", "    if key_length <= 0:\n        return G_NO_KEY\n", "    if key_length < 0:\n        return G_NO_KEY\n"),
    ("facts may have tombstones", "if not number_at(job, JOB_STATE):", "if False:"),
    ("a frame may be short", "value_length < _FRAME_BYTES or", "value_length < 1 or"),
    ("the magic byte is not looked at", " or load8(data, value) != 0:", ":"),
    ("schema ids are three bytes", "load8(data, at) << 24 | ", ""),
    ("all headers are allowed", "if not allowed:", "if False:"),
    ("a context may be of any length", "size <= _CONTEXT_BYTES_MAX and ", ""),
    ("the last letter of a name is not looked at", " and load8(data, at + 10) == 0x74", ""),
    ("header names are any bytes", " or utf8_fault(data, name, name + length) >= 0", ""),
    ("any number of headers", " or count > _HEADERS_MAX", ""),
    ("bytes may follow the headers", "if after != end:", "if after < 0:"),
    ("offsets are not looked at", "rest < 0 or number != place", "rest < 0"),
    ("an hour ahead is too far", "base + delta > latest:", "base + delta >= latest:"),
    ("1970 is too early", "base + delta < 0 or", "base + delta <= 0 or"),
    ("lengths need not add up", "return passed if at == end else -1", "return passed"),
    (
        "the last record is dropped",
        "record, records = begin, found.shape[0] // FOUND_WIDTH",
        "record, records = begin, found.shape[0] // FOUND_WIDTH - (begin == 0)",
    ),
    ("timestamps do not shift", "spans[span + SPAN_DELTA] + shift", "spans[span + SPAN_DELTA]"),
    ("the greatest timestamp is the last", "latest = max(latest, delta) if count else delta", "latest = delta"),
    ("records keep their numbers", "put_head(out, at, delta, count, end - rest)", "put_head(out, at, delta, record, end - rest)"),
    ("a tombstone has the fields of the one before", "if spans[record * SPAN_WIDTH + SPAN_VALUE] >= 0:", "if True:"),
    ("all are judged again", "if not number_at(job, JOB_AGAIN) or found[row] == G_SCHEMA:", "if True:"),
    ("a refused key still warns", "            uncount(tables, state)\n            return G_NO_KEY", "            return G_NO_KEY"),
    ("a refused partition still warns", "        if value_length >= 0:\n            uncount(tables, state)\n", ""),
]
GATE_BUGS = [
    ("kernel_record", "attributes are not looked at", "if load8(data, body) != 0:", "if False:"),
    ("kernel_record", "a record's length forgets its attributes", "put_long(out, at, 1 + size_of", "put_long(out, at, size_of"),
    ("gate", "the first schema alone", "            if judged.passed == judged.count:\n                break\n", "            break\n"),
    ("gate", "words of another schema", "judged.judged_by[judged.codes == kernel.G_SCHEMA] = len(judged.judges)", "pass"),
    ("gate", "a pattern that refuses is counted as passed", "        refused_records += 1\n    return", "    return"),
    ("gate", "a pattern that warns refuses", "if not rules[pattern.rule].warns), None)", "), None)"),
    ("gate", "warnings of what a pattern refuses", "        counts.warned.subtract(_warned_by(judged, record, patterns=False))\n", ""),
    ("gate", "patterns do not warn", "            counts.warned.update(rules[pattern.rule].name for pattern, _at in broken)\n", ""),
    ("gate", "warnings of what is too large", "                    counts.warned.subtract(_warned_by(one, record, patterns=True))\n", ""),
    (
        "gate",
        "a warned record is refused",
        "        return passed - (",
        "        counts.refused.update(_warnings(program, state))\n        return passed - (",
    ),
    ("gate", "offsets of all batches begin at 0", "header.base_offset + record", "record"),
    ("gate", "the first time is another's", "next(_first_timestamp(one) for one in run if one.passed)", "run[0].raw.header.base_timestamp"),
    ("gate", "deltas may start from anywhere", "self.passed == self.count and self.dated", "self.passed == self.count"),
    ("gate", "numbers do not wrap", "return (number + (1 << 63)) % (1 << 64) - (1 << 63)", "return number"),
    ("gate", "codecs are mixed", " or run[0].raw.header.codec != judged.raw.header.codec", ""),
    ("gate", "large batches are joined", "if judged.stays_alone or run[-1].stays_alone or", "if"),
    (
        "gate",
        "what came last is not written",
        "        writes += self._written(run, now_ms, counts)\n        return Made",
        "        return Made",
    ),
    ("gate", "bad records go on in the raw batch", "self.passed == self.count and self.dated", "self.dated"),
    ("gate", "too large is not refused", "                    one.codes[record] = kernel.G_TOO_LARGE\n", ""),
    ("gate", "batches are not divided", "if all(len(batch) <= self.batch_bytes_max for batch in batches):", "if True:"),
    ("gate", "what cannot be opened is let go", "                writes += self._unreadable(raw, now_ms, counts)\n", ""),
    (
        "gate",
        "a batch that cannot be opened is one record",
        "counts.refused[UNREADABLE.word] += raw.header.count",
        "counts.refused[UNREADABLE.word] += 1",
    ),
    ("gate", "the broker's time is passed on", "header=_restored(run[0])", "header=run[0].raw.header"),
    ("gate", "the greatest timestamp stays the broker's", "max_timestamp=latest)", "max_timestamp=header.max_timestamp)"),
    ("quarantine", "the department's timestamp is lost", ', "inbox.timestamp": str(timestamp)}', "}"),
    ("quarantine", "a batch that is one record counts as one", "hidden=count - 1", "hidden=0"),
    ("quarantine", "own headers are lost", "data[at : where.end], more", "more"),
    ("quarantine", "headers are miscounted", "zigzag(own + count)", "zigzag(count)"),
    ("quarantine", "fields are not told", '"field": reason.field, ', ""),
    ("quarantine", "a garbled record loses a byte", "_opaque(data[start:end]", "_opaque(data[start + 1 : end]"),
    ("quarantine", "the last chunk is lost", "    if chunk:\n        writes.append(_write(topic, chunk, codec, now_ms))\n", ""),
]


def _garbled(spoil: Callable[[bytes], bytes]) -> Write:
    bodies = [body(number, good(number)) for number in range(3)]
    bodies[1] = spoil(bodies[1])
    return write(batch(section(bodies), 3, codec=LZ4))


def _special() -> list[Inbox]:
    """Return what chance seldom makes: batches that are joined, divided, too large, and the bounds of timestamps."""
    early = write(batch(section([body(0, msgspec.structs.replace(good(1), timestamp=-(2**63)), base=-(2**63))]), 1, base=-(2**63)))
    edges = [
        msgspec.structs.replace(good(number), timestamp=at) for number, at in enumerate((NOW_MS + AHEAD_MS, 0, NOW_MS + AHEAD_MS + 1, 5))
    ]
    odd = write(batch(section([body(0, good(1), base=NOW_MS + AHEAD_MS + 9)]), 1, base=NOW_MS + AHEAD_MS + 9))
    far = write(batch(section([body(0, good(1), base=NOW_MS + 10 - 2**63)]), 1, base=NOW_MS + 10 - 2**63))
    large = good(5, code="x" * 5000, age=18, place="AB-")
    joined = [rows([good(1), good(2, at=-5)]), rows([good(3, at=9_000), good(4, at=1)], codec=ZSTD), rows([good(6)], codec=ZSTD)]
    names = tuple((name, b"") for name in ("tracestate", "traceparenu"))
    named = [msgspec.structs.replace(good(number), headers=(pair,)) for number, pair in enumerate(names)]
    many = [msgspec.structs.replace(good(number), headers=(("x", None),) * count) for number, count in enumerate((10_000, 10_001))]
    no_frame = Row(NOW_MS, b"", ID.to_bytes(5)[:4])
    at_start = msgspec.structs.replace(good(1), value=b"\1" + (good(1).value or b"")[1:])
    sets: Sequence[list[Write]] = [
        [early, rows(goods(2)), rows(goods(3))],
        [rows(edges), odd],
        [odd],
        [rows([good(2, at=3_000_000), good(3)]), far],
        joined,
        [rows(goods(150)), rows(goods(160))],
        [write(batch(section([body(number, good(number)) for number in range(3)]), 3, codec=LZ4, latest=NOW_MS + 77, append_time=True))],
        [rows([good(1), large, good(2, age=18)]), rows([good(3)])],
        [rows([good(1), good(2, place="xx")])],
        [rows([good(1, age=18, place="xx"), good(2, place="A"), good(3, place="AB-"), msgspec.structs.replace(good(4), value=None)])],
        [_garbled(spoil) for spoil in GARBLED.values()],
        [rows(goods(90)), rows(goods(90, first=100)), rows(goods(2, first=400))],
        [rows([*named, *many, no_frame, at_start, msgspec.structs.replace(good(1, age=9), key=b"2")])],
    ]
    found = [Inbox(resource=None, gate=opened_gate(batch_bytes_max=2500), partition=0, raws=raws) for raws in sets]  # type: ignore[arg-type]
    spread = rows([good(number, code="k" * number, age=9) for number in range(1, 12)])
    found += [Inbox(resource=None, gate=opened_gate(partitions=5), partition=part, raws=[spread]) for part in range(5)]  # type: ignore[arg-type]
    deleted = [msgspec.structs.replace(good(number), value=None, key=key) for number, key in enumerate((b"1", b"\xff", b"", None))]
    state = opened_gate(SCHEMA, is_state=True)
    return [*found, Inbox(resource=None, gate=state, partition=0, raws=[rows([good(9, place="xx"), *deleted])])]  # type: ignore[arg-type]


@cache
def _corpus() -> list[tuple[Inbox, str]]:
    """Return inboxes with what the gate makes of them as it is, which the battery holds against the oracle."""
    found = [inbox(seed, batches=3, sizes=(1, 3, 8)) for seed in range(SEEDS)]
    for one in list(found):
        rng, sound = Random(len(found)), content(one.raws[0])
        assert sound is not None
        found.append(msgspec.structs.replace(one, raws=[damaged(one.raws[0], sound, rng)]))
    return [(one, _digest(one.gate.judge(one.partition, one.raws, NOW_MS))) for one in [*_special(), *found]]


def _digest(made: Made) -> str:
    told = [
        (write.topic, write.header, write.hidden, bytes(write.data[write.start : write.start + write.header.size])) for write in made.writes
    ]
    return hashlib.sha256(repr((made.taken, told, sorted(made.refused.items()), sorted(made.warned.items()))).encode()).hexdigest()


def _agrees(module: Any) -> bool:
    """Tell whether a gate's module makes the same of all inboxes."""
    for one, known in _corpus():
        gate = module.Gate(**{name: getattr(one.gate, name) for name in one.gate.__struct_fields__})
        try:
            found = _digest(gate.judge(one.partition, one.raws, NOW_MS))
        except (AssertionError, IndexError, OverflowError, ValueError, KeyError, StopIteration, struct.error):
            return False
        if found != known:
            return False
    return True


def test_run_by_python_the_gate_makes_what_it_makes_compiled() -> None:
    """So a bug that shows here would show there."""
    with planted(by_python=True) as module:
        assert _agrees(module)


@pytest.mark.parametrize(("name", "right", "wrong"), KERNEL_BUGS, ids=[name for name, *_ in KERNEL_BUGS])
def test_a_bug_in_the_kernel_is_caught(name: str, right: str, wrong: str) -> None:
    """The battery tells the kernel with the bug from the one without."""
    with planted("kernel_gate", right, wrong) as module:
        assert not _agrees(module), name


@pytest.mark.parametrize(("where", "name", "right", "wrong"), GATE_BUGS, ids=[name for _where, name, *_ in GATE_BUGS])
def test_a_bug_in_the_gate_is_caught(where: str, name: str, right: str, wrong: str) -> None:
    """The battery tells the gate with the bug from the one without."""
    with planted(where, right, wrong) as module:
        assert not _agrees(module), name
