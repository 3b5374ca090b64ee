"""The generator against the record kernel: who makes records and who judges them must agree, for every shipped schema."""

from datetime import UTC, datetime

import numpy as np
import pytest

from node.avro import encode
from node.avro.layout import SLOT_LENGTH, SLOT_OFFSET, SLOT_THERE
from node.avro.program import Program, compile_program
from node.avro.values import check_values
from node.demo.generate import Source, load, shipped_names, stream

COUNT = 80
NOW_MS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""After the last day of any generated record."""
_BEFORE_AVRO = {"schema-id", "frame"}
"""Damage to the five bytes of the frame, which the kernel does not see."""


def verdict(program: Program, value: bytes) -> tuple[str, str] | None:
    """Return what the exchange finds wrong with a value, by field and rule: the kernel first, then patterns, which it leaves to RE2."""
    found = check_values(program, value, np.array([0, len(value)]), NOW_MS)
    fault = found.fault(0)
    if fault:
        return fault.field, fault.word
    for pattern in program.patterns:
        there, start, length = (int(found.state[pattern.slot + word]) for word in (SLOT_THERE, SLOT_OFFSET, SLOT_LENGTH))
        rule = program.rules[pattern.rule]
        if there and not rule.warns and not pattern.regex.fullmatch(value[start : start + length]):
            return rule.field, rule.name
    return None


@pytest.fixture(scope="module", params=shipped_names())
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of each shipped schema in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def source(name: str) -> Source:
    """Return it as it is registered."""
    return load(name)


@pytest.fixture(scope="module")
def program(source: Source) -> Program:
    """Return its program."""
    return compile_program(source.schema)


def test_every_valid_record_passes_without_a_warning(source: Source, program: Program) -> None:
    """Nothing in it breaks a rule, not even one that only warns."""
    values = [encode(source.schema, made.datum) for made in stream(source, count=COUNT, seed=11)]
    assert [one for value in values if (one := verdict(program, value))] == []
    found = check_values(program, b"".join(values), np.cumsum([0, *map(len, values)]), NOW_MS)
    assert {(rule.field, rule.name) for rule, count in zip(program.rules, program.warned(found.state), strict=True) if count} == set()


def test_every_wrong_record_is_refused_for_the_rule_that_it_breaks(source: Source, program: Program) -> None:
    """By the field and the rule that the generator claims."""
    made = stream(source, count=COUNT, seed=12, wrong=1.0)
    told = [(one.wrong, verdict(program, encode(source.schema, one.datum))) for one in made]
    assert [pair for pair in told if pair[0] != pair[1]] == []


def test_every_malformed_record_is_refused_where_it_is_damaged(source: Source, program: Program) -> None:
    """By the field and the word."""
    made = [one for one in stream(source, count=COUNT, seed=13, malformed=1.0) if one.wrong and one.wrong[1] not in _BEFORE_AVRO]
    assert len(made) > COUNT / 2
    told = [(one.wrong, verdict(program, one.value[5:])) for one in made if one.value]
    assert [pair for pair in told if pair[0] != pair[1]] == []
