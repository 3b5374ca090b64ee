"""Answers for node/transform/gate.py: what passes, what does not and why, and how batches go on."""

import json
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from node.errors import SchemaError
from node.transform import kernel_gate
from node.transform.gate import open_gate, warm
from node.transform.reasons import REASONS
from tests.avro.ruling import NOW_MS
from tests.avro.writer import zigzag
from tests.transform.desk import (
    ID,
    NEWER,
    SCHEMA,
    flat,
    good,
    goods,
    opened_gate,
    pass_through,
    passed,
    quarantined,
    value,
)
from tests.transform.oracle import AHEAD_MS
from tests.transform.wire import CODECS, OFFSET, RESOURCE, Row, batch, body, rows, section, write

_DAY = {"name": "day", "type": {"type": "int", "logicalType": "date"}}


def _with(**changes: Any) -> Callable[[Row], Row]:
    return lambda row: msgspec.structs.replace(row, **changes)


REFUSED: dict[str, tuple[str, Callable[[Row], Row], str, str]] = {
    "a value without a frame": ("no-frame", _with(value=b"\x02"), "", ""),
    "a value that is empty": ("no-frame", _with(value=b""), "", ""),
    "a frame of four bytes": ("no-frame", _with(value=ID.to_bytes(5)[:4]), "", ""),
    "a magic byte other than 0": ("no-frame", _with(value=b"\1" + value("7")[1:]), "", ""),
    "another resource's schema": ("schema", _with(value=value("7", schema_id=ID + 1)), "", ""),
    "a schema id that is negative": ("schema", _with(value=b"\0\xff\xff\xff\xff\0"), "", ""),
    "a header that misleads readers": ("header", _with(headers=(("__value_schema_id", b"\0"),)), "", ""),
    "a name that begins as an allowed one": ("header", _with(headers=(("traceparents", b""),)), "", ""),
    "a context that is too long": ("header", _with(headers=(("tracestate", b"x" * 513),)), "", ""),
    "one wrong header among right ones": ("header", _with(headers=(("traceparent", b""), ("x", b""), ("tracestate", b""))), "", ""),
    "a time before 1970": ("timestamp", _with(timestamp=-1), "", ""),
    "a time more than an hour ahead": ("timestamp", _with(timestamp=NOW_MS + AHEAD_MS + 1), "", ""),
    "no value, in facts": ("no-value", _with(value=None), "", ""),
    "no key": ("no-key", _with(key=None), "", ""),
    "an empty key": ("no-key", _with(key=b""), "", ""),
    "another's key": ("key", _with(key=b"8"), "", ""),
    "a key with more behind it": ("key", _with(key=b"7 "), "", ""),
    "a rule that does not hold": ("maximum", _with(value=value("7", age=151)), "age", "7"),
    "a pattern that does not match": ("pattern", _with(value=value("7", place="xx")), "place", "10"),
    "a value that is cut": ("truncated", _with(value=value("7")[:-1]), "place", "8"),
    "a value with more behind it": ("trailing", _with(value=value("7") + b"\0"), "", "9"),
    "a text that is not UTF-8": ("utf8", _with(value=ID.to_bytes(5) + b"\2\xff" + b"\x3c\0"), "code", "6"),
    "a branch that does not exist": ("union", _with(value=ID.to_bytes(5) + b"\x027\x3c\4"), "place", "8"),
}
"""What is wrong with a record: the word, how it comes about, the field and the place that are told."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_refused_for_that_and_nothing_else_is(name: str) -> None:
    """The record lies in the quarantine as it came with the reason, its field, place and inbox offset; its neighbours go on."""
    word, spoil, field, place = REFUSED[name]
    wrong = spoil(good(7))
    made = pass_through(opened_gate(), rows([good(1), wrong, good(2)]))
    assert passed(made) == [[good(1), good(2)]]
    (kept,) = quarantined(made)
    assert (kept.told["reason"], kept.told.get("field", ""), kept.told.get("place", "")) == (word, field, place)
    assert kept.told["inbox.offset"] == str(OFFSET + 1)
    assert kept.told["message.zh"] != kept.told["message.en"]
    assert kept.row == msgspec.structs.replace(wrong, timestamp=NOW_MS)
    assert kept.told["inbox.timestamp"] == str(wrong.timestamp)
    assert (made.refused, made.warned) == ({word: 1}, {})


def test_every_reason_is_refused_somewhere() -> None:
    """The table above, and the tests below, have each word that the gate knows of itself."""
    below = {"garbled", "key-text", "partition", "too-large"}
    assert {reason.word for reason in REASONS.values()} - below <= {word for word, *_ in REFUSED.values()}


GARBLED: dict[str, Callable[[bytes], bytes]] = {
    "attributes that nobody writes": lambda one: b"\1" + one[1:],
    "attributes that some read as two bytes": lambda one: b"\x80" + one[1:],
    "an offset that is not its place": lambda one: one[:2] + b"\0" + one[3:],
    "bytes behind its headers": lambda one: one + b"\0",
    "headers that are missing": lambda one: one[:-1] + b"\2",
    "a header without a name": lambda one: one[:-1] + b"\2\1\0",
    "a header name that is not UTF-8": lambda one: one[:-1] + b"\2\2\xff\0",
    "more headers than bytes": lambda one: one[:-1] + b"\x80\x80\x04",
    "a key that goes beyond it": lambda one: one[:3] + b"\x7e" + one[4:],
    "a number of eleven bytes": lambda one: one[:1] + b"\x80" * 10 + b"\0" + one[2:],
    "nothing but its attributes": lambda one: one[:1],
}


@pytest.mark.parametrize("name", GARBLED)
def test_a_garbled_record_harms_no_neighbour(name: str) -> None:
    """Within its length anything may stand; the whole of it, length included, becomes the value of the quarantine's record."""
    bodies = [body(number, good(number)) for number in range(3)]
    bodies[1] = GARBLED[name](bodies[1])
    made = pass_through(opened_gate(), write(batch(section(bodies), 3)))
    assert passed(made) == [[good(0), good(2)]]
    (kept,) = quarantined(made)
    assert kept.row == Row(NOW_MS, None, section([bodies[1]]))
    assert (kept.told["reason"], kept.told["form"], kept.told["inbox.offset"]) == ("garbled", "record", str(OFFSET + 1))
    assert made.refused == {"garbled": 1}


def test_more_headers_than_a_reader_takes_are_garbled() -> None:
    """What lies in the quarantine must be read again: ten thousand are told by their names, one more is not looked at."""
    for count, word in ((9_990, "header"), (10_000, "header"), (10_001, "garbled")):
        row = msgspec.structs.replace(good(0), headers=(("x", None),) * count)
        assert pass_through(opened_gate(), rows([row])).refused == {word: 1}


# ---- the key


@pytest.mark.parametrize("partitions", [2, 3, 7, 1024])
def test_a_record_stands_where_murmur2_puts_its_key(partitions: int) -> None:
    """In every other partition it is refused: order for its subject would not hold."""
    gate = opened_gate(partitions=partitions)
    from aiokafka.partitioner import murmur2  # noqa: PLC0415 - an independent one

    for length in range(1, 14):
        code = "k" * length
        right = (murmur2(code.encode()) & 0x7FFFFFFF) % partitions
        raw = rows([good(0, code=code)])
        assert pass_through(gate, raw, partition=right).refused == {}
        assert pass_through(gate, raw, partition=(right + 1) % partitions).refused == {"partition": 1}


def test_a_schema_without_a_key_has_records_without_one() -> None:
    """They may stand in any partition; a key that nobody asked for is refused."""
    keyless = {name: content for name, content in SCHEMA.items() if name != "key"}
    gate = opened_gate(keyless, partitions=4)
    bare = msgspec.structs.replace(good(1), key=None)
    empty = msgspec.structs.replace(good(1), key=b"")
    for partition in range(4):
        made = pass_through(gate, rows([bare, empty, good(1)]), partition=partition)
        assert passed(made) == [[bare, empty]]
        assert made.refused == {"key": 1}


def test_tombstones_belong_to_state() -> None:
    """There they need a key that is text, in its partition; nothing else is asked of them."""
    deleted = _with(value=None)(good(1))
    no_text, no_key = (msgspec.structs.replace(deleted, key=key) for key in (b"\xff", None))
    made = pass_through(opened_gate(is_state=True), rows([deleted, no_text, no_key]))
    assert passed(made) == [[deleted]]
    assert [kept.told["reason"] for kept in quarantined(made)] == ["key-text", "no-key"]
    assert [kept.row.value for kept in quarantined(made)] == [None, None]
    strict = opened_gate(is_state=True, partitions=2)
    assert [pass_through(strict, rows([deleted]), partition=partition).refused.get("partition", 0) for partition in range(2)].count(1) == 1


def test_a_tombstone_is_not_held_against_the_record_before_it() -> None:
    """A pattern that the record before does not match is nothing to a record without a value."""
    deleted = _with(value=None)(good(2))
    made = pass_through(opened_gate(is_state=True), rows([good(1, place="xx"), deleted, good(3, place="AB1")]))
    assert passed(made) == [[deleted, good(3, place="AB1")]]
    assert made.refused == {"pattern": 1}


# ---- schemas


def test_records_of_all_versions_stand_side_by_side() -> None:
    """Each is judged by its own schema, whichever is the newest; a third is refused."""
    newer = SCHEMA | {"fields": [*SCHEMA["fields"], _DAY]}
    gate = opened_gate(SCHEMA, newer)
    old, new = good(1), _with(value=value("2", schema_id=NEWER) + b"\x02")(good(2))
    crossed = _with(value=value("3") + b"\x02")(good(3)), _with(value=value("4", schema_id=NEWER))(good(4))
    unknown = _with(value=value("5", schema_id=5))(good(5))
    for order in ([old, new, *crossed, unknown, new, old], [new, unknown, old, *crossed, old, new]):
        made = pass_through(gate, rows(order))
        assert flat(passed(made)) == [row for row in order if row in (old, new)]
        assert made.refused == {"trailing": 1, "truncated": 1, "schema": 1}


def test_a_resource_without_a_schema_has_no_gate() -> None:
    """Nothing passes unchecked."""
    with pytest.raises(SchemaError, match="no schema"):
        open_gate(resource=RESOURCE, schemas={}, partitions=1, is_state=False, batch_bytes_max=1000)


def test_a_schema_that_cannot_be_checked_is_told() -> None:
    """With its place."""
    bad = SCHEMA | {"fields": [{"name": "code", "type": "string", "rules": [{"rule": "pattern", "pattern": "("}]}]}
    with pytest.raises(SchemaError, match="code"):
        open_gate(resource=RESOURCE, schemas={1: json.dumps(bad)}, partitions=1, is_state=False, batch_bytes_max=1000)


# ---- rules that warn


def test_a_rule_that_warns_lets_pass_and_is_counted() -> None:
    """By its name, once a record; patterns too."""
    made = pass_through(opened_gate(), rows([good(1, age=18), good(2, place="ABC"), good(3, age=3, place="ABC"), good(4)]))
    assert len(flat(passed(made))) == 4
    assert made.warned == {"minimum": 2, "pattern": 2}
    assert made.refused == {}


@pytest.mark.parametrize(
    "spoil",
    [_with(key=b"8"), _with(key=None), _with(value=value("1", 18, "xx-")), _with(value=value("1", 18) + b"\0")],
    ids=["key", "no key", "pattern", "bytes"],
)
def test_what_is_refused_warns_of_nothing(spoil: Callable[[Row], Row]) -> None:
    """A warning is of a record that passed, whatever it was refused for later on; its neighbour's counts."""
    made = pass_through(opened_gate(), rows([spoil(good(1, age=18)), good(2, age=18)]))
    assert made.refused.keys()
    assert made.warned == {"minimum": 1}


def test_a_pattern_that_is_null_is_no_pattern() -> None:
    """Null is for not-null to refuse."""
    assert pass_through(opened_gate(), rows([good(1), good(2, place="AB7")])).refused == {}


# ---- timestamps


@pytest.mark.parametrize("stamp", [0, 1, NOW_MS, NOW_MS + AHEAD_MS])
def test_timestamps_up_to_the_bounds_pass(stamp: int) -> None:
    """1970 itself, and an hour ahead; alone and behind another."""
    row = _with(timestamp=stamp)(good(1))
    for order in ([row], [good(2), row], [row, good(2)]):
        raw = rows(order)
        (found,) = pass_through(opened_gate(), raw).writes
        assert found.data is raw.data


@pytest.mark.parametrize("stamp", [-1, -(2**63), NOW_MS + AHEAD_MS + 1, 2**63 - 1])
def test_timestamps_out_of_bounds_are_told_and_replaced(stamp: int) -> None:
    """The quarantine's retention goes by timestamps: there it is now."""
    made = pass_through(opened_gate(), write(batch(section([body(0, _with(timestamp=stamp)(good(1)), base=stamp)]), 1, base=stamp)))
    (kept,) = quarantined(made)
    assert (kept.row.timestamp, kept.told["inbox.timestamp"], kept.told["reason"]) == (NOW_MS, str(stamp), "timestamp")


def test_a_first_record_out_of_time_harms_no_neighbour() -> None:
    """Clients let the deltas of a batch start from its first record: the others go on with their own times."""
    for stamp in (-1, -(2**40), NOW_MS + AHEAD_MS + 1, 2**62):
        order = [_with(timestamp=stamp)(good(1)), good(2), good(3, at=-7)]
        raw = write(batch(section(body(number, row, base=stamp) for number, row in enumerate(order)), 3, base=stamp))
        made = pass_through(opened_gate(), raw)
        assert (passed(made), made.refused) == ([order[1:]], {"timestamp": 1})


def test_times_that_come_right_by_wrapping_alone_are_refused() -> None:
    """Base and delta each fit 64 bits, their sum does not; what is left of it would be a fine timestamp."""
    for base, delta in ((-(2**63), -(2**63) + NOW_MS), (-(2**63) + NOW_MS, -(2**63)), (2**63 - 1, 2**63 - 1)):
        content = body(0, good(1))
        assert content[1] == 0
        raw = write(batch(section([content[:1] + zigzag(delta) + content[2:]]), 1, base=base))
        assert pass_through(opened_gate(), raw).refused == {"timestamp": 1}


# ---- one gate for all


def test_threads_may_share_a_gate() -> None:
    """Each makes the same of the same batches."""
    gate, found = opened_gate(), []
    order = [_with(key=b"?")(row) if number % 3 else row for number, row in enumerate(goods(900))]

    def run() -> None:
        for _ in range(20):
            made = gate.judge(0, [rows(order)], NOW_MS)
            found.append(([bytes(one.data) for one in made.writes], made.refused))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    assert all(one == found[0] for one in found)


def test_no_record_waits_for_a_compiler() -> None:
    """After `warm`, whatever comes is judged by what was compiled."""
    warm()
    functions: list[Any] = [kernel_gate.judge, kernel_gate.put]
    before = [list(function.signatures) for function in functions]
    newer = SCHEMA | {"fields": [*SCHEMA["fields"], _DAY]}
    gate = opened_gate(SCHEMA, newer, is_state=True, partitions=3)
    for codec in CODECS:
        gate.judge(
            0, [rows([*goods(3), good(4, place="xx"), _with(value=None)(good(5))], codec=codec), rows(goods(2), codec=codec)], NOW_MS
        )
    assert [list(function.signatures) for function in functions] == before
