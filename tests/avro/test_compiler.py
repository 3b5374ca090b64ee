"""Answers for node/avro/compiler.py. That programs read what they should is answered for by the kernel's battery; here stand their bounds."""

from typing import Any

import pytest

from node.avro import layout
from node.avro.compiler import ROWS_MAX
from node.avro.program import compile_program
from node.avro.schema import parse
from node.errors import SchemaError


def _compile(*fields: Any) -> Any:
    return compile_program(parse({"type": "record", "name": "R", "fields": list(fields)}))


def _field(kind: Any, name: str = "a", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def _rows(program: Any) -> list[int]:
    return list(program.tables.rows.reshape(-1, layout.ROW_WIDTH)[:, layout.OP])


def test_records_are_flattened_and_a_nullable_leaf_is_one_row() -> None:
    """Each row costs a turn of the kernel."""
    inner = {"type": "record", "name": "In", "fields": [_field("int"), _field(["null", "string"], "b")]}
    assert _rows(_compile(_field(inner), _field("null", "n"))) == [layout.INT, layout.STRING, layout.END]


def test_an_array_has_a_row_before_its_blocks_and_its_count_behind() -> None:
    """Its count is cleared once, and known when rules ask for it."""
    program = _compile(_field({"type": "map", "values": "long"}))
    assert _rows(program) == [layout.OPEN, layout.BLOCK, layout.STRING, layout.LONG, layout.LOOP, layout.COUNT, layout.END]


def test_a_named_type_has_its_rules_wherever_it_stands() -> None:
    """Each place has a path and rules of its own."""
    inner = {"type": "record", "name": "In", "fields": [_field("int", "x", rules=[{"rule": "minimum", "value": 0}])]}
    program = _compile(_field(inner), _field({"type": "array", "items": "In"}, "b"), _field(["null", "int", "In"], "c"))
    assert [rule.field for rule in program.rules] == ["a.x", "b[].x", "c|2.x"]


def test_a_program_of_too_many_rows_is_refused() -> None:
    """The place of the field that is one too many is named."""
    with pytest.raises(SchemaError, match=rf"^f{ROWS_MAX}: the program of the schema is larger than {ROWS_MAX} rows"):
        _compile(*(_field("int", f"f{index}") for index in range(ROWS_MAX + 1)))


def test_arrays_nest_as_deeply_as_the_state_has_cells() -> None:
    """One level more has no place to count its items."""
    kind: Any = "int"
    for _ in range(layout.DEPTH_MAX):
        kind = {"type": "array", "items": kind}
    assert _rows(_compile(_field(kind))).count(layout.BLOCK) == layout.DEPTH_MAX
    with pytest.raises(SchemaError, match=f"arrays and maps are nested more than {layout.DEPTH_MAX} deep"):
        _compile(_field({"type": "map", "values": kind}))


@pytest.mark.parametrize(
    "kind",
    [
        {"type": "array", "items": {"type": "string", "rules": [{"rule": "pattern", "pattern": "a"}]}},
        {"type": "map", "values": {"type": "string", "rules": [{"rule": "pattern", "pattern": "a"}]}},
        ["int", {"type": "string", "rules": [{"rule": "pattern", "pattern": "a"}]}],
    ],
)
def test_a_pattern_stands_where_a_value_has_the_field_once(kind: Any) -> None:
    """RE2 is asked outside of the kernel, about the one place that the kernel leaves."""
    with pytest.raises(SchemaError, match=r"^a(\[\]|\{\}|\|1): rule pattern: it cannot stand in an array, a map or a union"):
        _compile(_field(kind))
