"""Answers for node/avro/cutting.py."""

from random import Random

import msgspec
import numpy as np
import pytest

from node.avro import layout
from node.avro.cutting import ALL, NEVER, compile_cuts
from node.avro.kernel_cel import outcome
from node.avro.program import compile_program
from node.avro.schema import parse
from node.avro.selection import Selection
from node.avro.values import check_values
from node.errors import SchemaError
from tests.avro.cut_cases import cut_case
from tests.avro.cutter import array, cut_values, views
from tests.avro.expressions import expression
from tests.avro.ruling import NOW_MS

SCHEMA_JSON = {
    "type": "record",
    "name": "R",
    "key": ["id"],
    "fields": [{"name": "id", "type": "string"}, {"name": "n", "type": "long"}, {"name": "name", "type": "string"}],
}
SCHEMA = parse(SCHEMA_JSON)


def test_rows_become_tests_and_rows_that_do_not_fit_never_hold() -> None:
    """A schema of another version may lack what the rows ask for."""
    program = compile_cuts(SCHEMA, [Selection(), Selection(rows="n > 3"), Selection(rows="other > 3")])
    assert program.filters[0] == ALL
    assert program.filters[1] >= layout.N_HEADER
    assert program.filters[2] == NEVER


def test_the_key_stays_where_all_its_fields_are_whole() -> None:
    """A key field that is not granted, or is masked, takes the key with it."""
    views = [Selection(), Selection(fields=("n",)), Selection(masks={"id": "hmac"}), Selection(fields=("id",))]
    assert compile_cuts(SCHEMA, views).key_whole == (True, False, False, True)


def test_a_filter_holds_for_the_records_that_a_rule_of_its_words_lets_pass() -> None:
    """Rows are read by the walk that cuts, whatever the views leave out; error counts as not."""
    asked = 0
    for seed in range(150):
        one, rng = cut_case(seed, 1, 6), Random(seed)
        rows = expression(rng, one.schema)
        if not rows or not one.values:
            continue
        rule = {"rule": "cel", "expression": rows, "message": {"zh": "x", "en": "x"}}
        program = compile_program(parse(one.schema | {"rules": [rule]}))
        ends = np.cumsum([0, *map(len, one.values)])
        codes = check_values(program, b"".join(one.values), ends, NOW_MS).found[:, 0]
        ready = views(one.schema, [*one.selections, msgspec.structs.replace(one.selections[0], rows=rows)])
        _, numbers, text = ready.program.tables
        for value, code in zip(one.values, codes, strict=True):
            data = array(value)
            ready.cut(data, 0, len(value))
            found = outcome(ready.program.filters[1], data, numbers, text, ready.state)
            assert (found == layout.IS_TRUE) == (code == layout.OK)
            asked += 1
    assert asked > 200


def test_a_filter_of_all_rows_or_of_none_needs_no_record() -> None:
    """The kernel takes their places for what they say."""
    ready = views(SCHEMA_JSON, [Selection(), Selection(rows="other > 3")])
    _, numbers, text = ready.program.tables
    found = [outcome(place, array(b""), numbers, text, ready.state) for place in ready.program.filters]
    assert found == [layout.IS_TRUE, layout.IS_FALSE]


def test_a_mask_within_a_mask_does_nothing() -> None:
    """What a view does not have cannot be masked."""
    inner = {"type": "record", "name": "I", "fields": [{"name": "x", "type": "string"}]}
    schema = {"type": "record", "name": "R", "fields": [{"name": "i", "type": inner}, {"name": "y", "type": "int"}]}
    for masks in ({"i": "hide", "i.x": "hmac"}, {"i.x": "hmac", "i": "hide"}, {"i": "hide"}):
        assert cut_values(schema, Selection(masks=masks), [b"\x02A\x08"]) == [b"\x00\x08"]


def test_a_schema_of_too_many_rows_is_refused() -> None:
    """As it is for the gate."""
    fields = [{"name": f"f{number}", "type": "int"} for number in range(4100)]
    with pytest.raises(SchemaError, match="larger than 4000 rows"):
        compile_cuts(parse({"type": "record", "name": "R", "fields": fields}), [Selection()])
