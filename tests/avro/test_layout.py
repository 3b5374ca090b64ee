"""Answers for node/avro/layout.py."""

from node.avro import layout
from node.avro.compiler import ROWS_MAX
from node.model.limits import DECOMPRESSED_BYTES_MAX


def _of(prefix: str) -> list[int]:
    return [value for name, value in vars(layout).items() if name.startswith(prefix) and isinstance(value, int)]


def test_no_two_names_of_a_kind_have_one_number() -> None:
    """Two operations, rules, tests or errors of one number would be taken for each other."""
    operations = [
        getattr(layout, name)
        for name in ["NOTHING", "BOOLEAN", "INT", "LONG", "FLOAT", "DOUBLE", "BYTES", "STRING", "FIXED", "ENUM", "COUNT"]
    ]
    turns = [layout.UNION, layout.JUMP, layout.OPEN, layout.BLOCK, layout.LOOP, layout.END]
    tests = [value for name, value in vars(layout).items() if name.startswith("T_") and name not in {"T_CREDIT", "T_PAIR_LAST"}]
    for numbers in ([*operations, *turns], _of("R_"), _of("E_"), _of("A_"), _of("F_"), tests, _of("KEY_")[4:9]):
        assert len(set(numbers)) == len(numbers) > 1
    assert max(operations) == layout.LEAF_LAST < min(turns)


def test_columns_fill_their_rows() -> None:
    """A row is as wide as its columns, so none is overwritten by the next."""
    assert layout.FIELD == layout.ROW_WIDTH - 1
    assert layout.RULE_Y == layout.RULE_WIDTH - 1
    assert layout.TEST_ERROR == layout.TEST_WIDTH - 1
    assert layout.RECORD_TEST == layout.RECORD_WIDTH - 1
    assert layout.SLOT_LENGTH == layout.SLOT_WORDS - 1
    assert layout.N_RECORD_RULES_END == layout.N_HEADER - 1
    assert layout.ACTION_Y == layout.ACTION_WIDTH - 1
    assert layout.H_ROUNDS + 64 == layout.H_WORDS


def test_an_event_has_room_for_every_cut() -> None:
    """The number of a cut is below that of the rows, and a place of 64 MiB is left with it in 63 bits."""
    assert ROWS_MAX <= 1 << layout.CUT_BITS
    assert DECOMPRESSED_BYTES_MAX.bit_length() + layout.CUT_BITS < 63


def test_what_two_values_can_be_to_each_other_is_a_bit_each() -> None:
    """A mask holds several outcomes, and unequal is all but equal."""
    bits = (layout.LESS, layout.EQUAL, layout.GREATER, layout.APART, layout.NEEDED)
    assert [bit.bit_count() for bit in bits] == [1] * 5
    assert sum(bits) == 31
    assert sum(bits) - layout.EQUAL - layout.NEEDED == layout.UNEQUAL


def test_slots_begin_behind_the_cells_of_the_deepest_array() -> None:
    """Else the last array's cell would be a slot."""
    assert layout.S_SLOTS - layout.S_CELLS == layout.DEPTH_MAX * layout.CELL_WORDS
    assert layout.S_PENDING < layout.S_CELLS
