"""Answers for node/avro/kernel_cut.py."""

from node.avro.selection import Selection
from tests.avro.cutter import cut_values

TEXT = {"type": "record", "name": "R", "fields": [{"name": name, "type": "string"} for name in "abcd"]}


def test_fields_are_left_out_and_neighbours_kept() -> None:
    """Three of four, of which two stand together; what follows the value in the buffer does not matter."""
    value = b"\x02A\x04BB\x02C\x06DDD"
    assert cut_values(TEXT, Selection(fields=("a", "b", "d")), [value, value]) == [b"\x02A\x04BB\x06DDD"] * 2
    assert cut_values(TEXT, Selection(fields=("c",)), [value]) == [b"\x02C"]


def test_a_hidden_field_is_null() -> None:
    """The first branch of the union that the view has for it."""
    assert cut_values(TEXT, Selection(masks={"b": "hide", "c": "keep-first:0"}), [b"\x02A\x04BB\x02C\x06DDD"]) == [b"\x02A\x00\x02*\x06DDD"]
