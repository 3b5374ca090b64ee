"""Answers for node/avro/kernel.py: its verdicts on random schemas, values and mutants, against readers that share no line with it."""

import resource
from collections import Counter
from io import BytesIO
from time import process_time
from typing import Any

import fastavro
import numpy as np
import pytest

from node.avro import layout
from node.avro.program import Program, compile_program
from node.avro.rules import RULES
from node.avro.schema import parse
from node.avro.values import Verdicts, check_values
from tests.avro.checked import checked_digests, digest
from tests.avro.corpus import Case, case
from tests.avro.edges import edges
from tests.avro.reference import Reading, has_free_items, read, same
from tests.avro.ruling import NOW_MS, Rulings
from tests.avro.writer import zigzag

SCHEMAS, VALUES, MUTANTS = 200, 25, 25
FULL_SEED, FULL_MUTANTS = 1000, 500

STRICTER = {
    "varint": "more than 64 bits, which fastavro cuts off",
    "int": "more than 32 bits, or more bytes than 32 bits take",
    "enum": "an index of more than five bytes, or a negative one, which Python counts from the end",
    "union": "an index of more than five bytes, or a negative one",
    "boolean": "neither 0 nor 1",
    "block": "a block's size that is not its size, which fastavro passes over; a count that cannot fit",
    "length-prefix": "a negative length, which reads as nothing or as all",
    "items": "more items of no bytes than a value needs",
    "decimal": "no bytes at all, or more digits than the precision, which fastavro rounds",
    "time-millis": "a negative time, or one of more than a day",
    "time-micros": "a negative time, or one of more than a day",
    "uuid": "another form than 8-4-4-4-12, which Python's UUID takes",
}
"""Bytes that the kernel refuses although fastavro reads them, each with the reason."""


def _readings(one: Case, program: Program, rulings: Rulings) -> list[Reading]:
    return [read(program.schema.avro, program.schema.named, value, rulings) for value in one.values]


def _fastavro(program: Program, value: bytes) -> tuple[bool, Any]:
    """Tell whether fastavro reads exactly one datum, and which."""
    source = BytesIO(value)
    try:
        datum = fastavro.schemaless_reader(source, program.schema.avro, None)
    except (EOFError, ValueError, IndexError, KeyError, TypeError, OverflowError):
        return False, None
    return source.tell() == len(value), datum


def _words(verdicts: Verdicts) -> list[tuple[str, str, str] | None]:
    faults = [verdicts.fault(index) for index in range(len(verdicts.found))]
    return [(fault.field, fault.word, fault.en if fault.word in RULES else "") if fault else None for fault in faults]


def _check(one: Case, rulings: Rulings, seen: Counter[str]) -> None:
    """Hold the kernel against the reference, and what the reference reads against fastavro."""
    program = one.program()
    verdicts = check_values(program, *one.joined(), NOW_MS)
    readings = _readings(one, program, rulings)
    assert _words(verdicts) == [reading.verdict for reading in readings], one.text
    warned = Counter(message for reading in readings for message in reading.warned)
    assert program.warned(verdicts.state).tolist() == [warned[rule.en] for rule in program.rules], one.text
    free = has_free_items(program.schema.avro, program.schema.named)
    for value, reading in zip(one.values, readings, strict=True):
        seen[reading.verdict[1] if reading.verdict else "passed"] += 1
        if reading.unread and free:
            continue  # fastavro makes as many empty items as a value claims: gigabytes
        fits, datum = _fastavro(program, value)
        if reading.unread is None:
            assert fits, one.text
            assert same(reading.datum, datum), one.text
        elif fits:
            assert reading.unread in STRICTER, (one.text, value)


def test_verdicts_are_those_of_an_independent_reader() -> None:
    """Field, rule and damage are told alike for 5,000 values and 5,000 mutants; what fastavro refuses never passes."""
    rulings, seen = Rulings(), Counter[str]()
    for seed in range(SCHEMAS):
        _check(case(seed, VALUES, MUTANTS), rulings, seen)
    assert len(seen) > 30, seen
    assert seen["passed"] > SCHEMAS * VALUES // 5, seen


@pytest.mark.parametrize("one", edges(), ids=lambda one: one.text[61:90])
def test_edges_are_judged_as_the_independent_reader_judges_them(one: Case) -> None:
    """Boundaries of UTF-8, varints, decimals and blocks, which chance seldom finds."""
    _check(one, Rulings(), Counter())


def test_the_checked_build_agrees() -> None:
    """With every load and index checked nothing is read beyond a value, and all verdicts are the same."""
    found = checked_digests(0, SCHEMAS, VALUES, MUTANTS)
    assert found == [digest(seed, VALUES, MUTANTS) for seed in range(SCHEMAS)]


@pytest.mark.full
def test_100_000_mutants() -> None:
    """The same for 100,000 mutants of other schemas."""
    rulings, seen = Rulings(), Counter[str]()
    for seed in range(FULL_SEED, FULL_SEED + SCHEMAS):
        _check(case(seed, VALUES, FULL_MUTANTS), rulings, seen)
    assert seen.total() == SCHEMAS * (VALUES + FULL_MUTANTS)


@pytest.mark.full
def test_the_checked_build_agrees_on_100_000_mutants() -> None:
    """The same for the bounds-checked build."""
    found = checked_digests(FULL_SEED, FULL_SEED + SCHEMAS, VALUES, FULL_MUTANTS)
    assert found == [digest(seed, VALUES, FULL_MUTANTS) for seed in range(FULL_SEED, FULL_SEED + SCHEMAS)]


def _program(kind: Any) -> Program:
    return compile_program(parse({"type": "record", "name": "R", "fields": [{"name": "a", "type": kind}]}))


def _nested(depth: int) -> Any:
    return {"type": "array", "items": _nested(depth - 1)} if depth else "null"


HOSTILE = {
    "a count of 2^40 items": (_program({"type": "array", "items": "int"}), zigzag(2**40) + b"\x00" * 100_000),
    "100,000 blocks of one empty item": (_program({"type": "array", "items": "null"}), b"\x02" * 100_000 + b"\x00"),
    "blocks in blocks to the greatest depth": (_program(_nested(layout.DEPTH_MAX)), (b"\x02" * layout.DEPTH_MAX) * 6250),
    "a text that claims 2^62 bytes": (_program("string"), zigzag(2**62) + b"a" * 100_000),
    "100,000 empty texts": (_program({"type": "array", "items": "string"}), zigzag(99_990) + b"\x00" * 99_990 + b"\x00"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_value_takes_neither_time_nor_memory(name: str) -> None:
    """Whatever 100 kB claim, they are judged in milliseconds and nothing is set aside for them."""
    program, value = HOSTILE[name]
    check_values(program, b"", np.array([0, 0]), NOW_MS)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, process_time()
    for _ in range(10):
        check_values(program, value, np.array([0, len(value)]), NOW_MS)
    assert process_time() - start < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024  # KiB
