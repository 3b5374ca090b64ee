"""Answers for node/avro/program.py."""

from typing import Any

import numpy as np
import pytest

from node.avro import layout
from node.avro.program import Fault, Program, compile_program
from node.avro.schema import encode, parse
from node.avro.values import check_values
from node.errors import SchemaError

NOW_MS = 1_767_225_600_000
"""2026-01-01"""


def _program(*fields: dict[str, Any], **more: Any) -> Program:
    return compile_program(parse({"type": "record", "name": "R", "fields": list(fields), **more}))


def _fault(program: Program, value: bytes) -> Fault | None:
    return check_values(program, value, np.array([0, len(value)]), NOW_MS).fault(0)


def test_a_fault_says_field_rule_and_message() -> None:
    """Whoever repairs a record reads which field broke which rule, in Chinese and English."""
    program = _program({"name": "age", "type": "int", "rules": [{"rule": "maximum", "value": 150}]})
    value = encode(program.schema, {"age": 151})
    assert _fault(program, value) == Fault("age", "maximum", "不得大于 150", "must be at most 150")
    assert _fault(program, encode(program.schema, {"age": 150})) is None


def test_a_rule_may_bring_its_own_message() -> None:
    """The schema's author knows what the reader needs."""
    rule = {"rule": "maximum", "value": 150, "message": {"zh": "年龄过大", "en": "too old"}}
    program = _program({"name": "age", "type": "int", "rules": [rule]})
    assert _fault(program, encode(program.schema, {"age": 151})) == Fault("age", "maximum", "年龄过大", "too old")


def test_bytes_that_are_no_record_are_explained_by_one_word() -> None:
    """Each kind of damage has a word, a field and a text."""
    program = _program({"name": "name", "type": "string"}, {"name": "on", "type": {"type": "int", "logicalType": "date"}})
    assert _fault(program, b"") == Fault("name", "truncated", "数据在此字段中断", "the bytes end within this field")
    damaged = {b"\x02\xff\x00": ("name", "utf8"), b"\x02a\x00\x00": ("", "trailing"), b"\x00\xff\xff\xff\xff\x0f": ("on", "date")}
    for value, expected in damaged.items():
        fault = _fault(program, value)
        assert fault is not None
        assert (fault.field, fault.word) == expected


def test_every_verdict_has_words() -> None:
    """Nobody should have to look a number up."""
    kinds = [("date", "int"), ("time-millis", "int"), ("time-micros", "long"), ("uuid", "string")]
    kinds += [(f"{local}timestamp-{unit}", "long") for local in ("", "local-") for unit in ("millis", "micros")]
    fields = [{"name": name.replace("-", "_"), "type": {"type": kind, "logicalType": name}} for name, kind in kinds]
    program = _program(*fields, {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 3}})
    codes = [value for name, value in vars(layout).items() if name.startswith("E_") and name != "E_RULE"]
    faults = [program.explain(code, field, -1) for code in codes for field in range(1, len(program.fields))]
    assert {fault.word for fault in faults} >= {"truncated", "utf8", "items", "date", "decimal", "uuid", "local-timestamp-micros"}
    assert all(fault.field and fault.zh and fault.en.isascii() for fault in faults)


def test_a_warning_passes_and_is_counted_by_values_that_pass() -> None:
    """A rule that only warns refuses nothing, and a value that another rule refuses counts no warning."""
    warn = {"rule": "minimum", "value": 18, "severity": "warn"}
    program = _program({"name": "age", "type": "int", "rules": [warn, {"rule": "maximum", "value": 150}]}, {"name": "b", "type": "boolean"})
    assert [(rule.field, rule.name, rule.warns) for rule in program.rules] == [("age", "minimum", True), ("age", "maximum", False)]
    values = [encode(program.schema, {"age": age, "b": True}) for age in (17, 18, 3)] + [b"\x02\x02", b"\xae\x02\x00"]
    found = check_values(program, b"".join(values), np.cumsum([0, *map(len, values)]), NOW_MS)
    assert found.found[:, 0].tolist() == [layout.OK, layout.OK, layout.OK, layout.E_BOOLEAN, layout.E_RULE]
    assert program.warned(found.state).tolist() == [2, 0]


def test_a_pattern_is_left_to_re2_with_the_place_of_its_bytes() -> None:
    """The kernel says where the field's bytes stand; the pattern itself is RE2's, for the whole text."""
    program = _program({"name": "a", "type": ["null", "string"], "rules": [{"rule": "pattern", "pattern": "[一-龥]{2,4}"}]})
    (pattern,) = program.patterns
    value = encode(program.schema, {"a": "张三"})
    state = check_values(program, value, np.array([0, len(value)]), NOW_MS).state
    assert state[pattern.slot + layout.SLOT_THERE] == 1
    at, length = state[pattern.slot + layout.SLOT_OFFSET], state[pattern.slot + layout.SLOT_LENGTH]
    assert pattern.regex.fullmatch(value[at : at + length])
    assert not pattern.regex.fullmatch("张三a".encode())
    value = encode(program.schema, {"a": None})
    assert check_values(program, value, np.array([0, len(value)]), NOW_MS).state[pattern.slot + layout.SLOT_THERE] == 0


@pytest.mark.parametrize(
    ("rules", "kind", "message"),
    [
        ([{"rule": "pattern", "pattern": "(a"}], "string", r"^a: rule pattern: .* RE2: missing \)"),
        ([{"rule": "code-list", "name": "GB/T 2261.1", "file": "x.csv"}], "string", "^a: rule code-list: its codes are not in the schema"),
        ([{"rule": "cn-division"}], "string", "^a: rule cn-division: its codes are not in the schema"),
    ],
)
def test_what_the_kernel_does_not_support_is_refused_with_its_place(rules: list[Any], kind: Any, message: str) -> None:
    """A schema that asks for more is refused when it is registered, never when records come."""
    with pytest.raises(SchemaError, match=message):
        _program({"name": "a", "type": kind, "rules": rules})
