"""Answers for node/avro/compatibility.py; the `avro` package and fastavro's canonical form are the judges."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from fastavro.schema import to_parsing_canonical_form
from hypothesis import given, settings
from hypothesis import strategies as st

from node.avro import compatibility
from node.avro.compatibility import DEPTH_MAX, TOLD_MAX, Difference, comparable, read, told
from node.errors import SchemaError
from tests.avro.chance import Chance

Json = Any
DATE = {"type": "int", "logicalType": "date"}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
UUID = {"type": "string", "logicalType": "uuid"}


def differences(registered: Json, asked: Json) -> list[Difference]:
    """Where two schemas differ."""
    return compatibility.differences(comparable(registered), comparable(asked))


def conflicts(new: Json, registered: Json) -> list[Difference]:
    """Why one may not follow the other."""
    return compatibility.conflicts(comparable(new), comparable(registered))


def unreadable(reader: Json, writer: Json) -> list[Difference]:
    """What one does not read of the other."""
    return compatibility.unreadable(comparable(reader), comparable(writer))


def record(*fields: Json, name: str = "R", **more: Json) -> dict[str, Json]:
    """A record; a field is a name and a type, or a whole field."""
    whole = [field if isinstance(field, dict) else {"name": field[0], "type": field[1]} for field in fields]
    return {"type": "record", "name": name, "fields": whole} | more


def field(name: str, type_: Json, **more: Json) -> dict[str, Json]:
    """A field with more than a name and a type."""
    return {"name": name, "type": type_} | more


def decimal(precision: int, scale: int) -> dict[str, Json]:
    """A decimal on bytes."""
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


def enum(*symbols: str, **more: Json) -> dict[str, Json]:
    """An enum."""
    return {"type": "enum", "name": "E", "symbols": list(symbols)} | more


def fixed(size: int, **more: Json) -> dict[str, Json]:
    """A fixed."""
    return {"type": "fixed", "name": "F", "size": size} | more


def package_reads(reader: Json, writer: Json) -> bool:
    """What the `avro` package says of two schemas as they stand."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # it has no annotations of its own
    verdict = checker.get_compatibility(avro.schema.parse(json.dumps(reader)), avro.schema.parse(json.dumps(writer)))
    return verdict.compatibility is SchemaCompatibilityType.compatible


def places(found: list[Difference]) -> list[str]:
    """Where differences are."""
    return [difference.place for difference in found]


ONE = record(("a", "int"))
EVOLUTIONS: dict[str, tuple[Json, Json, list[str], list[str]]] = {
    # old, new, where the new does not read the old, where the old does not read the new
    "same": (ONE, ONE, [], []),
    "field with a default": (ONE, record(("a", "int"), field("b", "string", default="")), [], []),
    "field without": (ONE, record(("a", "int"), ("b", "string")), ["b"], []),
    "field dropped": (record(("a", "int"), ("b", "int")), ONE, [], ["b"]),
    "optional field dropped": (record(("a", "int"), field("b", "int", default=0)), ONE, [], []),
    "field renamed": (ONE, record(("b", "int")), ["b"], ["a"]),
    "field renamed with an alias": (ONE, record(field("b", "int", aliases=["a"])), [], ["a"]),
    "fields in another order": (record(("a", "int"), ("b", "int")), record(("b", "int"), ("a", "int")), [], []),
    "int to long": (ONE, record(("a", "long")), [], ["a"]),
    "long to float": (record(("a", "long")), record(("a", "float")), [], ["a"]),
    "string to bytes": (record(("a", "string")), record(("a", "bytes")), [], []),
    "string to int": (record(("a", "string")), ONE, ["a"], ["a"]),
    "made nullable": (ONE, record(("a", ["null", "int"])), [], ["a|0"]),
    "branch added": (record(("a", ["null", "int"])), record(("a", ["null", "int", "string"])), [], ["a|2"]),
    "branch widened": (record(("a", ["null", "int"])), record(("a", ["null", "long"])), [], ["a|1"]),
    "symbol added": (record(("a", enum("X"))), record(("a", enum("X", "Y"))), [], ["a"]),
    "symbol added to an enum with a default": (record(("a", enum("X", default="X"))), record(("a", enum("X", "Y", default="X"))), [], []),
    "enum renamed": (record(("a", enum("X"))), record(("a", enum("X") | {"name": "G"})), ["a"], ["a"]),
    "enum renamed with an alias": (record(("a", enum("X"))), record(("a", enum("X", aliases=["E"]) | {"name": "G"})), [], ["a"]),
    "fixed widened": (record(("a", fixed(4))), record(("a", fixed(8))), ["a"], ["a"]),
    "items widened": (record(("a", {"type": "array", "items": "int"})), record(("a", {"type": "array", "items": "long"})), [], ["a[]"]),
    "values changed": (
        record(("a", {"type": "map", "values": "int"})),
        record(("a", {"type": "map", "values": "string"})),
        ["a{}"],
        ["a{}"],
    ),
    "record renamed": (ONE, record(("a", "int"), name="S"), ["schema"], ["schema"]),
    "record in another namespace": (ONE, record(("a", "int"), namespace="cn.gov"), [], []),
    "within a record": (record(("a", record(("b", "int"), name="I"))), record(("a", record(("b", "long"), name="I"))), [], ["a.b"]),
    "record to enum": (record(("a", record(name="E"))), record(("a", enum("X"))), ["a"], ["a"]),
}


@pytest.mark.parametrize("old, new, backward, forward", EVOLUTIONS.values(), ids=EVOLUTIONS.keys())  # noqa: PT006
def test_an_evolution_is_judged_as_the_avro_package_does(old: Json, new: Json, backward: list[str], forward: list[str]) -> None:
    """Each direction has the package's verdict, and names the place; what conflicts is what either direction has, each place once."""
    assert (not backward, not forward) == (package_reads(new, old), package_reads(old, new))
    assert places(unreadable(new, old)) == backward
    assert places(unreadable(old, new)) == forward
    assert places(conflicts(new, old)) == list(dict.fromkeys(backward + forward))


LOGICAL = {
    "scale": (decimal(10, 2), decimal(10, 4), "decimal(10,4) (bytes)", "decimal(10,2) (bytes)"),
    "precision": (decimal(10, 2), decimal(12, 2), "decimal(12,2) (bytes)", "decimal(10,2) (bytes)"),
    "scale of a fixed": (
        fixed(8, logicalType="decimal", precision=10, scale=2),
        fixed(8, logicalType="decimal", precision=10),
        "decimal(10,0) (fixed F of 8 bytes)",
        "decimal(10,2) (fixed F of 8 bytes)",
    ),
    "dropped": (DATE, "int", "int", "date (int)"),
    "added": ("string", UUID, "uuid (string)", "string"),
    "changed": (MILLIS, MILLIS | {"logicalType": "timestamp-micros"}, "timestamp-micros (long)", "timestamp-millis (long)"),
    "dropped on promotion": (DATE, "long", "long", "date (int)"),
    "unknown to the package": (MILLIS | {"logicalType": "local-timestamp-millis"}, "long", "long", "local-timestamp-millis (long)"),
}


@pytest.mark.filterwarnings("ignore::avro.errors.IgnoredLogicalType")
@pytest.mark.parametrize(
    "wrap", [lambda t: t, lambda t: ["null", t], lambda t: {"type": "array", "items": t}], ids=["bare", "nullable", "items"]
)
@pytest.mark.parametrize("old, new, reads, writes", LOGICAL.values(), ids=LOGICAL.keys())  # noqa: PT006
def test_a_changed_logical_type_is_a_conflict(wrap: Callable[[Json], Json], old: Json, new: Json, reads: str, writes: str) -> None:
    """The package reads it all the same; here the place is named, and both types in both languages."""
    before, after = record(("a", wrap(old))), record(("a", wrap(new)))
    assert package_reads(after, before)
    (found,) = conflicts(after, before)
    assert found.place in {"a", "a|1", "a[]"}
    assert found.en == f"the new schema has {reads}, which does not read {writes} of the registered schema"
    assert found.zh == f"新模式为 {reads}，不能读取已登记的模式的 {writes}"
    assert differences(before, after)


def test_the_branch_of_the_same_type_reads_a_branch() -> None:
    """A date is read by the date of a union, though a long before it would take its number."""
    old, new = record(("a", [DATE])), record(("a", ["null", "long", DATE]))
    assert unreadable(new, old) == []
    assert places(unreadable(record(("a", ["null", "long"])), old)) == ["a|0"]


def test_words_say_what_is_missing_on_which_side() -> None:
    """A missing default and a missing symbol name the schema that lacks it."""
    (default,) = conflicts(record(("a", "int"), ("b", "int")), ONE)
    (symbol,) = conflicts(record(("a", enum("X", "Y", "Z"))), record(("a", enum("X"))))
    assert default.en == "the registered schema has no such field, and in the new schema it has no default"
    assert default.zh == "已登记的模式没有该字段，新模式中又无默认值"
    assert symbol.en == "the registered schema lacks the symbols Y, Z of the new schema, and has no default symbol"
    assert symbol.zh == "已登记的模式缺少新模式的枚举值 Y, Z，又无默认枚举值"


DIFFERENT = {
    "type": (ONE, record(("a", "long")), ["a"]),
    "name": (ONE, record(("a", "int"), name="S"), ["schema"]),
    "namespace": (ONE, record(("a", "int"), namespace="cn.gov"), ["schema"]),
    "name and field": (ONE, record(("a", "long"), name="S"), ["schema", "a"]),
    "missing and surplus": (record(("a", "int"), ("b", "int")), record(("a", "int"), ("c", "int")), ["b", "c"]),
    "order of fields": (record(("a", "int"), ("b", "int")), record(("b", "int"), ("a", "int")), ["schema"]),
    "order of symbols": (record(("a", enum("X", "Y"))), record(("a", enum("Y", "X"))), ["a"]),
    "size": (record(("a", fixed(4))), record(("a", fixed(8))), ["a"]),
    "branch": (record(("a", ["null", "int"])), record(("a", ["int", "null"])), ["a"]),
    "union of one": (record(("a", "int")), record(("a", ["int"])), ["a"]),
    "within": (
        record(("a", {"type": "map", "values": {"type": "array", "items": ["null", record(("b", "int"), name="I")]}})),
        record(("a", {"type": "map", "values": {"type": "array", "items": ["null", record(("b", "long"), name="I")]}})),
        ["a{}[]|1.b"],
    ),
    "logical": (record(("a", DATE)), record(("a", "int")), ["a"]),
}


@pytest.mark.parametrize("registered, asked, where", DIFFERENT.values(), ids=DIFFERENT.keys())  # noqa: PT006
def test_differences_are_named_with_their_place(registered: Json, asked: Json, where: list[str]) -> None:
    """From both sides the places are the same, and both languages say something."""
    found = differences(registered, asked)
    assert places(found) == where
    assert sorted(places(differences(asked, registered))) == sorted(where)
    assert all(one.en.isascii() and any("\u4e00" <= letter <= "\u9fff" for letter in one.zh) for one in found)


def test_differences_are_told_in_words() -> None:
    """Whoever reads the message knows what is registered and what they have."""
    found = differences(record(("a", decimal(10, 2)), ("b", "int")), record(("a", decimal(10, 4)), ("c", enum("X"))))
    en, zh = told(found)
    assert en == (
        "a: registered is decimal(10,2) (bytes), yours is decimal(10,4) (bytes); b: is registered, yours has no such field; "
        "c: is not registered, yours has such a field"
    )
    assert (
        zh
        == "a：登记的是 decimal(10,2) (bytes)，您的是 decimal(10,4) (bytes)；b：已登记，您的模式没有该字段；c：未登记，您的模式却有该字段"
    )


def test_a_message_has_a_bound() -> None:
    """Of many differences the first are told, and how many there are; a long type is cut."""
    many = record(*((f"f{number}", "int") for number in range(TOLD_MAX + 5)))
    en, zh = told(differences(many, record()))
    assert (en.count("is registered"), zh.count("已登记")) == (TOLD_MAX, TOLD_MAX)
    assert (en[-10:], zh[-6:]) == ("and 5 more", "另有 5 处")
    long = [record(name="N" * 100 + str(number)) for number in range(50)]
    assert len(told(differences(record(("a", long)), record(("a", "int"))))[0]) < 500


SPELLINGS: dict[str, tuple[Json, Json]] = {
    "java's own string": (record(("a", "string")), record(("a", {"type": "string", "avro.java.string": "String"}))),
    "names": (
        record(("a", enum("X")), ("b", "E"), name="cn.gov.R"),
        record(("a", enum("X") | {"name": "cn.gov.E"}), ("b", "cn.gov.E"), namespace="cn.gov"),
    ),
    "null namespace": (
        record(("a", enum("X", namespace="")), name="cn.gov.R"),
        record(("a", enum("X", namespace="")), namespace="cn.gov"),
    ),
    "scale left out": (record(("a", decimal(9, 0))), record(("a", {"type": "bytes", "logicalType": "decimal", "precision": 9}))),
    "default and doc": (record(("a", "int"), doc="x"), record(field("a", "int", default=3, doc="y", order="ignore"))),
    "rules and key": (record(("a", "int"), key=["a"]), record(field("a", "int", min=3))),
}


@pytest.mark.parametrize("one, other", SPELLINGS.values(), ids=SPELLINGS.keys())  # noqa: PT006
def test_spelling_makes_no_difference(one: Json, other: Json) -> None:
    """What serializers of other languages write of the same schema is the same."""
    assert differences(one, other) == differences(other, one) == []
    assert conflicts(one, other) == []


def test_a_null_namespace_stays_one() -> None:
    """Two enums of one short name, one of them in no namespace, are two."""
    inside = record(("a", enum("X", namespace="")), ("b", enum("X")), name="cn.gov.R")
    assert differences(inside, inside) == []
    assert places(differences(inside, record(("a", enum("X", namespace="")), ("b", enum("X", namespace="other")), name="cn.gov.R"))) == [
        "b"
    ]


@pytest.mark.parametrize(
    "wrong",
    [None, "string", [], {"type": "enum", "name": "E", "symbols": ["A"]}, record(("a", "nope")), record(("a", "R"))],
    ids=["null", "primitive", "union", "enum", "unknown", "recursive"],
)
def test_what_is_no_record_schema_is_refused(wrong: Json) -> None:
    """By the check that guards all schemas, as JSON and as text."""
    with pytest.raises(SchemaError):
        comparable(wrong)
    with pytest.raises(SchemaError):
        read(json.dumps(wrong))


@pytest.mark.parametrize(
    "text", ["", "{", "R", "\ud800", "[" * 100_000, "1" * 5000], ids=["empty", "open", "word", "surrogate", "deep", "long"]
)
def test_what_is_no_json_is_refused(text: str) -> None:
    """The text is not repeated: it may be anything."""
    with pytest.raises(SchemaError, match="no JSON"):
        read(text)


def test_a_text_is_read_as_its_json() -> None:
    """However it is spaced."""
    assert compatibility.differences(read(json.dumps(ONE, indent=4)), comparable(ONE)) == []


@pytest.mark.parametrize("levels", [DEPTH_MAX, 400, 100_000])
def test_nesting_has_a_bound(levels: int) -> None:
    """Deeper types are refused, not met with the end of the stack."""
    deep: Json = "int"
    for _ in range(levels):
        deep = {"type": "array", "items": deep}
    with pytest.raises(SchemaError, match="nested"):
        comparable(record(("a", deep)))


def test_nesting_up_to_the_bound_is_compared() -> None:
    """The `avro` package's stack suffices for it."""
    deep: Json = "int"
    for number in range(DEPTH_MAX // 2 - 1):
        deep = record(("a", ["null", deep]), name=f"R{number}")
    assert differences(deep, deep) == conflicts(deep, deep) == []


def test_work_does_not_grow_with_the_paths() -> None:
    """Thirty records, each used twice by the next, are a thousand million paths and thirty pairs."""
    schema = record(("x", "int"), name="R0")
    for number in range(1, 30):
        schema = record(("a", schema), ("b", f"R{number - 1}"), name=f"R{number}")
    other = json.loads(json.dumps(schema).replace('"int"', '"string"'))
    assert differences(schema, schema) == conflicts(schema, schema) == []
    assert places(differences(schema, other)) == [f"{'.'.join('a' * 29)}.x"]


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_verdicts_are_the_avro_packages(seed: int) -> None:
    """Of a schema and what became of it, without logical types, each direction has the package's verdict."""
    chance = Chance(seed)
    old = chance.schema()
    new = chance.changed(old)
    assert (not unreadable(new, old)) == package_reads(new, old)
    assert (not unreadable(old, new)) == package_reads(old, new)
    assert (not conflicts(new, old)) == (package_reads(new, old) and package_reads(old, new))


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_differences_are_those_of_the_canonical_form(seed: int) -> None:
    """Without logical types, a difference is found exactly where the parsing canonical forms differ."""
    chance = Chance(seed)
    one = chance.schema()
    other = chance.changed(one)
    forms = [to_parsing_canonical_form(deepcopy(schema)) for schema in (one, other)]
    assert (not differences(one, other)) == (forms[0] == forms[1])


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_a_schema_is_itself_however_it_is_spelled(seed: int) -> None:
    """Order of keys, docs, aliases, defaults and foreign properties make no difference, and no conflict but for a default."""
    chance = Chance(seed)
    one = chance.schema()
    other = chance.respelled(one)
    assert differences(one, other) == differences(other, one) == []
    assert conflicts(other, one) == []
