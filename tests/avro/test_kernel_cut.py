"""Answers for node/avro/kernel_cut.py: what views get of random records, against fastavro and a cutter that shares no line with the kernel."""

from collections import Counter
from io import BytesIO
from typing import Any

import fastavro
import numpy as np
import pytest

from node.avro import layout
from node.avro.cutting import compile_cuts
from node.avro.deriving import derive
from node.avro.kernel_cut import walk_cut
from node.avro.program import compile_program
from node.avro.schema import parse
from node.avro.selection import Selection
from node.avro.values import check_values
from tests.avro.cut_cases import CutCase, bare, cut_case, cut_edges
from tests.avro.cut_reference import cutter
from tests.avro.cutter import SECRET, Views, array, cases, checked_digests, cut_all, cut_values, digest, views
from tests.avro.reference import same
from tests.avro.ruling import NOW_MS

SEEDS, VIEWS, VALUES = 120, 4, 8
FULL_SEED, FULL_SEEDS = 10_000, 4000

TEXT = {"type": "record", "name": "R", "fields": [{"name": name, "type": "string"} for name in "abcd"]}


def decoded(schema: Any, value: bytes) -> Any:
    """The one datum that bytes are under a schema."""
    source = BytesIO(value)
    datum = fastavro.schemaless_reader(source, schema, None)
    assert source.tell() == len(value)
    return datum


def differences(one: CutCase, found: list[tuple[int, list[bytes]]]) -> list[str]:
    """Where the kernel's views are not those of the reference."""
    schema, wrong = parse(one.schema).avro, []
    for number, selection in enumerate(one.selections):
        derived, reference = parse(derive(one.schema, selection)).avro, cutter(schema, selection, SECRET)
        for value, (code, outs) in zip(one.values, found, strict=False):
            assert code == layout.OK
            expected = reference.cut(schema, decoded(schema, value))
            if not same(decoded(derived, outs[number]), expected):
                wrong.append(f"{one.text}\n{selection}\n{value!r}\n{outs[number]!r}\n{expected!r}")
    return wrong


def test_views_have_what_was_granted_and_nothing_else() -> None:
    """Every view of every value reads as the reference has it: nested, repeated and optional records, blocks of all forms, all masks."""
    masks: Counter[str] = Counter()
    for seed in range(SEEDS):
        one = cut_case(seed, VIEWS, VALUES)
        assert not differences(one, cut_all(one, views(one.schema, one.selections))), f"seed {seed}"
        masks.update(mask.partition(":")[0] for selection in one.selections for mask in selection.masks.values())
    assert min(masks[name] for name in ("hide", "keep-first", "keep-last", "hmac", "year", "round")) > 5


def test_masks_hold_at_the_edges_of_their_types() -> None:
    """Halves, ends of 64 bits, zeros with a sign, characters of every length, the last hours of a year in China and elsewhere."""
    for one in cut_edges():
        assert not differences(one, cut_all(one, views(one.schema, one.selections)))


@pytest.mark.full
@pytest.mark.parametrize("start", range(FULL_SEED, FULL_SEED + FULL_SEEDS, 400))
def test_many_views_have_what_was_granted(start: int) -> None:
    """The same, at length, and by the checked build."""
    digests = []
    for one in cases(start, start + 400, VIEWS, VALUES):
        found = cut_all(one, views(one.schema, one.selections))
        assert not differences(one, found)
        digests.append(digest(found))
    assert checked_digests(start, start + 400, VIEWS, VALUES) == digests


@pytest.mark.full
def test_the_checked_build_finds_the_same_and_reads_nothing_outside() -> None:
    """Values and mutants of them: verdicts and bytes, each value in a buffer that ends where it does, and output of the promised size."""
    found = [digest(cut_all(one, views(one.schema, one.selections))) for one in cases(0, 60, VIEWS, VALUES)]
    assert checked_digests(0, 60, VIEWS, VALUES) == found


def test_garbled_values_are_refused_as_the_gate_refuses_them() -> None:
    """By the same codes: a walk that cuts reads as strictly, but for what logical types ask."""
    refused = 0
    for seed in range(SEEDS):
        one = cut_case(seed, 1, VALUES)
        schema = bare(one.schema, "logicalType", "precision", "scale")
        ends = np.cumsum([0, *map(len, one.mutants)])
        codes = check_values(compile_program(parse(schema)), b"".join(one.mutants), ends, NOW_MS).found[:, 0].tolist()
        assert [code for code, _ in cut_all(one, views(one.schema, one.selections))[len(one.values) :]] == codes
        refused += sum(code != layout.OK for code in codes)
    assert refused > SEEDS


def test_fields_are_left_out_and_neighbours_kept() -> None:
    """Three of four, of which two stand together; what follows the value in the buffer does not matter."""
    value = b"\x02A\x04BB\x02C\x06DDD"
    assert cut_values(TEXT, Selection(fields=("a", "b", "d")), [value, value]) == [b"\x02A\x04BB\x06DDD"] * 2
    assert cut_values(TEXT, Selection(fields=("c",)), [value]) == [b"\x02C"]
    assert cut_values(TEXT, Selection(fields=("none",)), [value]) == [b""]


def test_a_hidden_field_is_null() -> None:
    """The first branch of the union that the view has for it."""
    assert cut_values(TEXT, Selection(masks={"b": "hide", "c": "keep-first:0"}), [b"\x02A\x04BB\x02C\x06DDD"]) == [b"\x02A\x00\x02*\x06DDD"]


def test_items_are_counted_anew_where_some_of_each_is_left_out() -> None:
    """The size of a block in bytes was that of the whole items."""
    item = {"type": "record", "name": "I", "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": "string"}]}
    schema = {"type": "record", "name": "R", "fields": [{"name": "many", "type": {"type": "array", "items": item}}]}
    block = b"\x02a\x02b\x02c\x02d"
    value = b"\x03" + bytes([2 * len(block)]) + block + b"\x02\x02e\x02f\x00"
    assert cut_values(schema, Selection(fields=("many[].b",)), [value]) == [b"\x04\x02b\x02d\x02\x02f\x00"]
    assert cut_values(schema, Selection(fields=("many",)), [value]) == [value]


def test_a_walk_says_when_there_is_no_room_for_its_events() -> None:
    """Nothing is written beyond it, and what was there before stays."""
    ready = views(TEXT, [Selection(fields=("a", "c"))])
    data = array(b"\x02A\x04BB\x02C\x06DDD")
    for room in range(6):
        events = np.full(room + 2, -7, np.int64)
        last = walk_cut(data, 0, len(data), ready.program.tables, ready.state, events[: room + 1], 1)
        assert last == (5 if room >= 4 else layout.EVENTS_FULL)
        assert events[0] == events[room + 1] == -7


def test_nothing_that_is_left_out_or_masked_stands_in_a_view() -> None:
    """Each text of a record is planted; a view holds those that were granted and no other."""
    person = {"type": "record", "name": "P", "fields": [{"name": "name", "type": "string"}, {"name": "id", "type": ["null", "string"]}]}
    kinds = [person, ["null", "P"], {"type": "array", "items": "P"}, {"type": "map", "values": ["null", "P"]}, ["null", "string", "P"]]
    schema = {"type": "record", "name": "R", "fields": [{"name": f"f{number}", "type": kind} for number, kind in enumerate(kinds)]}
    planted = iter(f"planted{number:04}" for number in range(10_000))

    def one() -> dict[str, str]:
        return {"name": next(planted), "id": next(planted)}

    record: dict[str, Any] = {"f0": one(), "f1": one(), "f2": [one(), one()], "f3": {next(planted): one()}, "f4": one()}
    source = BytesIO()
    fastavro.schemaless_writer(source, fastavro.parse_schema(schema), record)
    hidden = ["hide", "hmac", "keep-first:3", "keep-last:2"]
    for number, mask in enumerate(hidden * 2):
        fields = ("f0.id", "f1.name", "f2[].id", "f3{}.id") if number < 4 else ("f0.id", "f2[].id", "f3{}.name")
        masks = dict.fromkeys(fields[1:3], mask)
        value = source.getvalue()
        (cut,) = cut_values(schema, Selection(fields=fields, masks=masks), [value])
        kept = {record["f0"]["id"], *record["f3"]} | {one["id" if number < 4 else "name"] for one in record["f3"].values() if number < 4}
        assert {text for text in (f"planted{n:04}" for n in range(20)) if text.encode() in cut} == kept


def test_views_of_one_schema_share_a_walk_and_know_nothing_of_each_other() -> None:
    """What a view has is the same alone and among others, whose cuts lie elsewhere."""
    for seed in range(40):
        one = cut_case(seed, VIEWS, VALUES)
        together: Views = views(one.schema, one.selections)
        for number, selection in enumerate(one.selections):
            alone = views(one.schema, [selection])
            for value in one.values:
                data = array(value)
                assert together.cut(data, 0, len(value))[1][number] == alone.cut(data, 0, len(value))[1][0]


def test_a_walk_without_cuts_copies_in_one() -> None:
    """A view of all fields has one event, and one that leaves out neighbours has one for them together."""
    for fields, cuts in ((None, 1), (("a", "b"), 2), (("b", "c"), 2), (("a", "c"), 4), ((), 0)):
        program = compile_cuts(parse(TEXT), [Selection(fields=fields)])
        assert len(program.actions[0]) == cuts * layout.ACTION_WIDTH
