"""Answers for node/avro/ids.py."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.avro.ids import ID_MAX, canonical, schema_id, text_id
from node.errors import SchemaError

VILLAGE = {
    "type": "record",
    "name": "Village",
    "doc": "村",
    "key": ["code"],
    "fields": [{"type": "string", "name": "code"}, {"name": "people", "type": "int", "min": 0.0}],
}
TEXT = (
    '{"doc":"村","fields":[{"name":"code","type":"string"},{"min":0,"name":"people","type":"int"}],'
    '"key":["code"],"name":"Village","type":"record"}'
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=20,
)


def test_fixed_vector() -> None:
    """The id is the top 31 bits of SHA-256 over the canonical text, here from the hexadecimal digest by hand."""
    assert canonical(VILLAGE) == TEXT
    by_hand = int(hashlib.sha256(TEXT.encode("utf-8")).hexdigest(), 16) >> (256 - 31)
    assert schema_id(VILLAGE) == text_id(TEXT) == by_hand == 0x01862726  # sha256sum: 030c4e4d…


@given(JSON)
def test_spacing_and_order_do_not_matter(schema: object) -> None:
    """A schema read from another spelling of the same JSON has the same text and id, and the id is a positive int32."""
    other = json.loads(json.dumps(schema, indent=3, sort_keys=True))
    assert canonical(other) == canonical(schema)
    assert 0 <= schema_id(other) == schema_id(schema) <= ID_MAX
    assert json.loads(canonical(schema)) == schema


def nested(depth: int) -> object:
    """A schema of arrays in arrays."""
    schema: object = "int"
    for _ in range(depth):
        schema = [schema]
    return schema


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (2**53, "safe integer"),
        (float("nan"), "nan"),
        ("\ud800", "UTF-8"),
        ({1: "a"}, "keys"),
        (nested(5000), "deeply"),
        ({"\ud800": 1}, "JSON"),
    ],
)
def test_what_has_no_canonical_form_is_refused(schema: object, reason: str) -> None:
    """JSON that RFC 8785 cannot write is a SchemaError which says why, never another exception."""
    with pytest.raises(SchemaError, match=reason):
        canonical(schema)
