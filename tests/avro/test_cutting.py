"""Answers for node/avro/cutting.py."""

from node.avro import layout
from node.avro.cutting import ALL, NEVER, compile_cuts
from node.avro.schema import parse
from node.avro.selection import Selection

SCHEMA = parse(
    {
        "type": "record",
        "name": "R",
        "key": ["id"],
        "fields": [{"name": "id", "type": "string"}, {"name": "n", "type": "long"}, {"name": "name", "type": "string"}],
    }
)


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
