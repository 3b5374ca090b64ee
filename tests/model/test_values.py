"""The entities as values."""

import msgspec
import pytest

from node.model.names import Department, Division, Topic
from node.model.values import GrantValue, Kind, ResourceValue

GRANT = GrantValue(resource=Topic("445102.a.b"), taker=Department("440000.c"), purpose="p", request=(Division("440000"), 7))


def test_a_newer_nodes_field_is_kept_out_not_refused() -> None:
    """The log of a newer node stays readable."""
    data = b'{"name":"445102.a.b","title":"t","kind":"facts","schema":1,"partitions":2,"colour":"red"}'
    value = msgspec.json.decode(data, type=ResourceValue)
    assert (value.kind, value.retention_ms, value.sharing) == (Kind.FACTS, -1, "conditional")


def test_values_cannot_be_changed() -> None:
    """What stands in the book is replaced, never altered."""
    with pytest.raises(AttributeError):
        GRANT.purpose = "q"  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize("part", [{"fields": ("a",)}, {"rows": "x > 1"}, {"masks": {"a": "hide"}}, {"history": "from-now"}])
def test_a_grant_of_a_part_is_not_whole(part: dict[str, object]) -> None:
    """Only a grant of all fields, all rows, unmasked, from all history lets the resource's own topic move."""
    assert GRANT.whole
    assert not msgspec.structs.replace(GRANT, **part).whole
