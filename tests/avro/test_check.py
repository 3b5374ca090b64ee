"""Answers for node/avro/check.py."""

from typing import Any

import pytest

from node.avro.check import check
from node.errors import SchemaError


def _record(*fields: Any, **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": list(fields), **more}


def _field(kind: Any, name: str = "a", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
ADDRESS = {"type": "record", "name": "Address", "fields": [_field("string", "street")]}

GOOD: list[dict[str, Any]] = [
    _record(),
    _record(_field("string"), key=["a"], title="标题 / title"),
    _record(_field(["null", "string"], default=None)),
    _record(_field(["null", "int"], default=3)),
    _record(_field({"type": "array", "items": ADDRESS}), _field("Address", "b", default={"street": "x"})),
    _record(_field({"type": "map", "values": "long"}, default={})),
    _record(_field({"type": "string", "rules": [{"rule": "digits"}]}, rules=[{"rule": "length", "max": 18}])),
    _record(_field(["null", "string"], rules=[{"rule": "not-null", "severity": "warn"}, {"rule": "digits"}])),
    _record(_field(["null", "string", "int"], rules=[{"rule": "not-null"}])),
    _record(_field(ENUM), _field(["null", "E"], "b", rules=[{"rule": "set", "values": ["A"]}])),
    _record(_field({"type": "array", "items": {"type": "string", "rules": [{"rule": "digits"}]}}, rules=[{"rule": "length", "min": 1}])),
    _record(_field("int"), rules=[{"rule": "cel", "expression": "a > 0"}]),
    _record(_field("string", rules=[{"rule": "code-list", "name": "GB/T 2261.1", "file": "codes/gbt-2261-1.csv"}])),
    _record(_field({"type": "enum", "name": "E", "symbols": ["A", "B"]}, default="B"), _field("E", "b", default="A")),
    _record(_field({"type": "fixed", "name": "F", "size": 2}, default="\u00ff\u0000")),
    _record(_field({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2})),
    _record(_field({"type": "long", "logicalType": "not-known-here"})),
    _record(
        _field({"type": "record", "name": "x.y.In", "fields": [_field({"type": "enum", "name": "E", "symbols": ["A"]})]}),
        _field("x.y.E", "b"),
        namespace="gd",
    ),
    _record(  # a default of a type that is named from another namespace than it was defined in
        _field(ENUM),
        _field({"type": "record", "name": "In", "fields": [_field("E")]}, "b"),
        _field({"type": "record", "name": "x.y.Far", "fields": [_field("gd.In", default={"a": "B"})]}, "c"),
        namespace="gd",
    ),
    _record(_field({"type": "int", "logicalType": "date"}), key=["a"]),
]

BAD: list[tuple[Any, str]] = [
    ("string", "schema: expected an object"),
    ([], "schema: expected an object"),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "schema: expected an object"),
    ({"type": "record", "fields": []}, 'schema: the record needs a "name"'),
    ({"type": "record", "name": "1R", "fields": []}, 'schema: the record needs a "name"'),
    ({"type": "record", "name": "R"}, 'schema: a record needs "fields"'),
    (_record("a"), r"fields\[0\]: a field needs a \"name\""),
    (_record(_field("int"), _field("int", "b-c")), r"fields\[1\]: a field needs"),
    (_record({"name": "a"}), 'a: a field needs a "type"'),
    (_record(_field("int"), _field("int")), "a: the record has two fields"),
    (_record(_field("strnig")), "a: unknown type 'strnig'"),
    (_record(_field(3)), "a: a type is a name"),
    (_record(_field({"type": "Nowhere"})), "a: unknown type 'Nowhere'"),
    (_record(_field({"type": {"type": "string"}})), "a: a type stands in an object of its own"),
    (_record(_field({"type": ["null", "int"]})), "a: a type stands in an object of its own"),
    (_record(_field(ENUM), _field({"type": "E"}, "b")), "b: the type E is named already"),
    (_record(_field("string", rule="cn-uscc")), 'a: rules stand in "rules"'),
    (_record(_field("string", rules={"rule": "digits"})), 'a: "rules" must be a list'),
    (_record(_field("string", rules=[{"rule": "not-null"}])), "a: rule not-null: the type is never null"),
    (_record(_field(["int", "string"], rules=[{"rule": "digits"}])), "a: rule digits: it fits string, not union"),
    (_record(_field(["null", ENUM], rules=[{"rule": "set", "values": ["C"]}])), 'a: rule set: "values" has a text that is no symbol'),
    (
        _record(_field({"type": "map", "values": {"type": "int", "rules": [{"rule": "cn-uscc"}]}})),
        r"a\{\}: rule cn-uscc: it fits string, not int",
    ),
    (_record(_field(["null", {"type": "int", "rules": [{"rule": "digits"}]}])), r"a\|1: rule digits: it fits string, not int"),
    (_record(_field(ADDRESS | {"rules": [{"rule": "cel", "expression": "true"}]})), "a: rule cel: it stands on the outermost record"),
    (_record(rules=[{"rule": "cel"}]), 'rule cel: "expression" is missing'),
    (_record(_field({"type": "array"})), 'a: an array needs "items"'),
    (_record(_field({"type": "map"})), 'a: a map needs "values"'),
    (_record(_field({"type": "array", "items": {"type": "map", "values": "x"}})), r"a\[\]\{\}: unknown type"),
    (_record(_field({"type": "array", "items": "R"})), r"a\[\]: R contains itself"),
    (_record(_field([])), "a: a union needs"),
    (_record(_field(["int", ["null"]])), r"a\|1: a union does not stand"),
    (_record(_field(["int", {"type": "int", "logicalType": "date"}])), r"a\|1: the union has int twice"),
    (_record(_field(ADDRESS), _field(ADDRESS, "b")), "b: the name Address is defined twice"),
    (_record(_field({**ADDRESS, "fields": [_field("strnig", "street")]})), r"a.street: unknown type"),
    (_record(_field({"type": "enum", "name": "E", "symbols": []})), 'a: an enum needs "symbols"'),
    (_record(_field({"type": "enum", "name": "E", "symbols": ["A", "A"]})), "a: the enum has a symbol twice"),
    (_record(_field({"type": "enum", "name": "E", "symbols": ["A"], "default": "B"})), "a: the enum's default"),
    (_record(_field({"type": "fixed", "name": "F", "size": 0})), 'a: a fixed needs a "size"'),
    (_record(_field({"type": "string", "logicalType": "date"})), "a: date stands on int, not on string"),
    (_record(_field({"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3})), "a: a decimal needs a precision"),
    (_record(_field({"type": "bytes", "logicalType": "decimal"})), "a: a decimal needs a precision"),
    (_record(_field("int", default="x")), "a: the default does not fit"),
    (_record(_field("int", default=2**31)), "a: the default does not fit"),
    (_record(_field("boolean", default=1)), "a: the default does not fit"),
    (_record(_field("bytes", default="中")), "a: the default does not fit"),
    (_record(_field(["null", "int"], default="x")), "a: the default does not fit"),
    (_record(_field(ADDRESS, default={})), "a: the default does not fit"),
    (_record(_field({"type": "array", "items": "int"}, default=["x"])), "a: the default does not fit"),
    (_record(_field("int"), key="a"), '"key" must be a list'),
    (_record(_field("int"), key=["a", "a"]), '"key" must be a list'),
    (_record(_field("int"), key=["b"]), '"key" names the field b'),
    (_record(_field(["null", "string"]), key=["a"]), "a: a key field must be"),
    (_record(_field({"type": "long", "logicalType": "timestamp-millis"}), key=["a"]), "a: a key field must be"),
]


@pytest.mark.parametrize("schema", GOOD)
def test_a_schema_without_fault_passes(schema: dict[str, Any]) -> None:
    """What the specification allows and we can carry is not refused."""
    check(schema)


@pytest.mark.parametrize(("schema", "message"), BAD)
def test_a_fault_is_named_with_its_place(schema: Any, message: str) -> None:
    """The error says where the fault is and what would be right."""
    with pytest.raises(SchemaError, match=f"^(schema: )?{message}"):
        check(schema)
