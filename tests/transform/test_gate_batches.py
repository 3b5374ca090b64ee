"""How batches go on behind a gate: as they came, rebuilt, joined, divided; and what is kept of those that cannot be opened."""

import msgspec
import pytest

from node.batch.header import NONE, SNAPPY
from node.transform.gate import SMALL_RECORDS
from tests.avro.ruling import NOW_MS
from tests.transform.desk import flat, good, goods, opened_gate, pass_through, passed, quarantined
from tests.transform.oracle import AHEAD_MS
from tests.transform.wire import CODECS, OFFSET, RESOURCE, Row, batch, body, opened, rows, sealed, section, write


def _with(row: Row, **changes: object) -> Row:
    return msgspec.structs.replace(row, **changes)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("count", [1, SMALL_RECORDS - 1, SMALL_RECORDS, 500])
def test_a_batch_that_passes_alone_goes_on_as_it_came(codec: int, count: int) -> None:
    """In the same buffer, at the same place, to the byte: nothing is copied."""
    inner = rows(goods(count), codec=codec)
    raw = write(inner.data, before=b"before", behind=b"behind")
    before = bytes(raw.data)
    made = pass_through(opened_gate(), raw)
    (found,) = made.writes
    assert found.data is raw.data
    assert (found.topic, found.start, found.header) == (RESOURCE, raw.start, raw.header)
    assert bytes(raw.data) == before


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_with_wrong_records_is_rebuilt_without_them(codec: int) -> None:
    """In its codec and order, with keys, values, timestamps and headers as they were; the batch that came stays as it was."""
    traced = [
        _with(good(number), headers=(("traceparent", b"00-1"), ("tracestate", None)), timestamp=NOW_MS - 9 * number)
        for number in range(300)
    ]
    order = [_with(row, key=b"?") if number % 7 == 3 else row for number, row in enumerate(traced)]
    raw = rows(order, codec=codec)
    before = bytes(raw.data)
    made = pass_through(opened_gate(), raw)
    assert passed(made) == [[row for row in order if row.key != b"?"]]
    refused = [row for row in order if row.key == b"?"]
    assert [kept.row for kept in quarantined(made)] == [_with(row, timestamp=NOW_MS) for row in refused]
    assert [kept.told["inbox.timestamp"] for kept in quarantined(made)] == [str(row.timestamp) for row in refused]
    assert {found.header.codec for found in made.writes} == {codec}
    assert bytes(raw.data) == before


def test_a_batch_of_wrong_records_alone_leaves_nothing() -> None:
    """Nothing goes on."""
    made = pass_through(opened_gate(), rows([_with(row, key=None) for row in goods(200)]))
    assert passed(made) == []
    assert len(quarantined(made)) == 200


def _sizes(*counts: int, codecs: tuple[int, ...] = ()) -> list[int]:
    """Return the sizes of the batches that go on, of batches of so many good records; raw ones are negative."""
    raws = [rows(goods(count, first=1000 * number), codec=codecs[number] if codecs else NONE) for number, count in enumerate(counts)]
    made = pass_through(opened_gate(), *raws)
    assert flat(passed(made)) == [row for number, count in enumerate(counts) for row in goods(count, first=1000 * number)]
    own = {id(raw.data) for raw in raws}
    return [-found.header.count if id(found.data) in own else found.header.count for found in made.writes]


def test_small_batches_that_come_together_are_rebuilt_as_one() -> None:
    """Each costs every hop behind the gate as much as a large one. Large ones stay as they are, and so does a small one without company."""
    assert _sizes(1, 1, 1) == [3]
    assert _sizes(99, 99) == [198]
    assert _sizes(100, 100) == [-100, -100]
    assert _sizes(100, 99, 100) == [-100, -99, -100]
    assert _sizes(5, 100, 5, 6, 300, 7) == [-5, -100, 11, -300, -7]


def test_batches_of_different_codecs_stay_apart() -> None:
    """Each was within its bounds in its own codec; in another it may not be."""
    assert _sizes(5, 6, 7, 8, codecs=(NONE, NONE, SNAPPY, NONE)) == [11, -7, -8]


def test_a_run_of_small_batches_ends_at_a_mebibyte() -> None:
    """Whoever waits for the first must not wait for all."""
    wide = [rows([good(number, code="x" * 150_000 + str(number))]) for number in range(5)]
    assert [len(batch) for batch in passed(pass_through(opened_gate(), *wide))] == [3, 2]


def test_timestamps_survive_where_batches_are_joined() -> None:
    """Deltas of the second batch start from another time than those of the first, earlier or later."""
    for shift in (-86_400_000, 3_000_000, 0):
        first, second = [good(1), good(2, at=-5)], [good(3, at=shift), good(4, at=shift + 7)]
        made = pass_through(opened_gate(), rows(first), rows(second))
        assert passed(made) == [first + second]


def test_a_batch_out_of_all_bounds_does_not_lend_its_time_to_others() -> None:
    """Its records are refused; those behind it are rebuilt from their own time."""
    odd = write(batch(section([body(0, _with(good(1), timestamp=-(2**63)), base=-(2**63))]), 1, base=-(2**63)))
    (found,) = [one for one in pass_through(opened_gate(), odd, rows([good(2)]), rows([good(3)])).writes if one.topic == RESOURCE]
    assert opened(found) == [good(2), good(3)]
    assert found.header.base_timestamp == NOW_MS


@pytest.mark.parametrize("base", [-1, NOW_MS + AHEAD_MS + 1, 2**62, -(2**62), -(2**63) + NOW_MS + 10, 2**63 - 1])
def test_a_batch_whose_deltas_start_out_of_bounds_is_rebuilt(base: int) -> None:
    """Its records are well; but how far a lane is behind is told by that time, here and on all nodes behind. Alone and among others."""
    odd = write(batch(section(body(number, good(number), base=base) for number in range(3)), 3, base=base, latest=NOW_MS))
    for raws in ([odd], [odd, rows(goods(2, first=3))], [rows(goods(2, first=3)), odd]):
        (found,) = pass_through(opened_gate(), *raws).writes
        assert sorted(row.key or b"" for row in opened(found)) == [b"%d" % number for number in range(len(opened(found)))]
        assert {row.timestamp for row in opened(found)} == {NOW_MS}
        assert found.header.base_timestamp == NOW_MS
        assert found.data is not odd.data


def test_bad_batches_are_joined_with_small_ones() -> None:
    """What is copied anyway is copied into one batch, and what is refused lies in one batch of the quarantine."""
    wrong = [_with(row, key=None) if number % 2 else row for number, row in enumerate(goods(300))]
    made = pass_through(opened_gate(), rows(goods(3)), rows(wrong), rows(goods(2)))
    assert [len(batch) for batch in passed(made)] == [155]
    assert len(made.writes) == 2


# ---- bounds


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_that_became_too_large_is_divided(codec: int) -> None:
    """Small batches are each within the bound and not together; in order, and none above the bound."""
    raws = [rows(goods(90, first=100 * number), codec=codec) for number in range(12)]
    most = max(raw.header.size for raw in raws) + 200
    made = pass_through(opened_gate(batch_bytes_max=most), *raws)
    assert flat(passed(made)) == [row for number in range(12) for row in goods(90, first=100 * number)]
    assert max(found.header.size for found in made.writes) <= most
    assert made.refused == {}


def test_a_record_that_is_too_large_alone_is_refused() -> None:
    """The others go on; what it warned of is not counted."""
    large = good(5, code="x" * 5000, age=18, place="AB-")
    made = pass_through(opened_gate(batch_bytes_max=4000), rows([good(1), large, good(2, age=18, place="AB-")]), rows([good(3)]))
    assert flat(passed(made)) == [good(1), good(2, age=18, place="AB-"), good(3)]
    (kept,) = quarantined(made)
    assert (kept.row, kept.told["reason"]) == (large, "too-large")
    assert (made.refused, made.warned) == ({"too-large": 1}, {"minimum": 1, "pattern": 1})


def test_a_section_whose_lengths_do_not_add_up_is_refused_whole() -> None:
    """Nobody can tell where its records begin: the batch as it came is the value of one record, which says how many it holds."""
    content = section(body(number, good(number)) for number in range(3))
    for wrong in (content + b"\0", content[:-1], b"\0" + content):
        raw = write(batch(wrong, 3), before=b"x")
        made = pass_through(opened_gate(), raw)
        (kept,) = quarantined(made)
        assert kept.row == Row(NOW_MS, None, bytes(raw.data[1:]))
        told = {"reason": "unreadable", "form": "batch", "records": "3", "inbox.offset": str(OFFSET)}
        assert told.items() <= kept.told.items()
        assert made.refused == {"unreadable": 3}
        assert made.warned == {}


def test_what_cannot_be_opened_ends_what_is_taken() -> None:
    """It may have cost as much as the greatest batch: the rest is for another time."""
    bad = write(sealed(b"garbled", 3, codec=SNAPPY))
    raws = [rows([good(1)]), bad, rows([good(2)])]
    made = opened_gate().judge(0, raws, NOW_MS)
    assert (made.taken, passed(made), made.refused) == (2, [[good(1)]], {"unreadable": 3})


def test_what_is_taken_ends_where_most_is_refused() -> None:
    """Refusing a record costs some hundred times what passing one does: a transaction must end in time."""
    wrong = [_with(row, key=None) for row in goods(6000)]
    made = opened_gate().judge(0, [rows(wrong)] * 5, NOW_MS)
    assert (made.taken, made.refused) == (3, {"no-key": 18_000})
