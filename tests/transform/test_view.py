"""Answers for node/transform/view.py: who gets which records, under which key, in which batches."""

import hmac
import json
import threading
from typing import Any

import msgspec
import pytest

from node.avro.selection import Selection
from node.batch.header import LZ4, NONE, ZSTD
from node.errors import BatchError, SchemaError
from node.transform import Made, Transform, Write, kernel_shown, kernel_view
from node.transform.shown import Shown
from node.transform.view import Views, open_views, warm
from tests.avro.ruling import NOW_MS
from tests.transform.cutting import NEWEST, SECRET, VERSIONS, Reader, gone, licence, opened_views, row, spec, topic, value
from tests.transform.wire import CODECS, OFFSET, RESOURCE, Row, batch, body, opened, rows, section, write

SEED = bytes(range(16))


def made_of(views: Views, *raws: Write, shown: Shown | None = None, number: int = 0) -> Made:
    """Return what one view has of batches."""
    return views.make(0, raws, NOW_MS, {topic(number): shown})[topic(number)]


def got(made: Made) -> list[Row]:
    """Return its records."""
    return [one for write in made.writes for one in opened(write)]


def cut(made: Made, **selection: Any) -> list[dict[str, Any] | None]:
    """Return what its records say."""
    reader = Reader(Selection(**selection))
    return [None if one.value is None else reader.read(one.value)[1] for one in got(made)]


def remembered(views: Views, number: int = 0) -> Shown:
    """Return the memory of a view that has one, opened."""
    shown = views.memory(topic(number), SEED)
    assert shown is not None
    shown.opened(0)
    return shown


# ---- fields, rows, masks


def test_a_view_has_the_fields_and_rows_that_were_granted() -> None:
    """Under the view's schema id, with the source's timestamps and order."""
    selection: dict[str, Any] = {"fields": ("code", "holder.name"), "rows": "age >= 18", "masks": {"holder.name": "keep-first:1"}}
    views = opened_views(spec(**selection), is_state=False)
    made = made_of(views, rows([row("a", at=5), row("b", age=17), row("c", at=-3)]))
    assert cut(made, **selection) == [{"code": code, "holder": {"name": "王**"}} for code in "ac"]
    assert [(one.key, one.timestamp - NOW_MS, one.headers) for one in got(made)] == [(b"a", 5, ()), (b"c", -3, ())]
    assert {(one.value or b"")[:5] for one in got(made)} == {(NEWEST + 7).to_bytes(5)}
    assert (made.taken, made.refused, made.warned) == (1, {}, {})
    assert {write.topic for write in made.writes} == {topic(0)}


def test_headers_are_left_out() -> None:
    """Nobody granted them."""
    traced = msgspec.structs.replace(row("a"), headers=(("traceparent", b"00-1"), ("tracestate", None)))
    assert [one.headers for one in got(made_of(opened_views(spec()), rows([traced])))] == [()]


def test_a_view_of_everything_copies_values() -> None:
    """To the byte, but for the schema's id."""
    (found,) = got(made_of(opened_views(spec()), rows([row("a")])))
    assert (found.value or b"")[5:] == (row("a").value or b"")[5:]


# ---- keys


@pytest.mark.parametrize(
    "selection", [{"fields": ("age",)}, {"masks": {"code": "keep-first:1"}}, {"fields": ("code",), "masks": {"code": "hmac"}}]
)
def test_a_key_that_is_not_granted_is_hidden(selection: dict[str, Any]) -> None:
    """Under the view's secret, for tombstones too; no key stays no key. Fields are hidden under another secret."""
    views = opened_views(spec(**selection))
    made = made_of(views, rows([row("445102"), gone("445102"), msgspec.structs.replace(row("x"), key=None)]))
    secret = hmac.digest(SECRET[:31] + b"\0", b"key", "sha256")
    expected = hmac.digest(secret, b"445102", "sha256")[:16].hex().encode()
    assert [one.key for one in got(made)] == [expected, expected, None]
    assert all(b"445102" not in write.data for write in made.writes)
    assert all(expected not in (one.value or b"") for one in got(made))


def test_two_views_cannot_be_joined_by_their_keys() -> None:
    """Each has its own secret."""
    views = opened_views(spec(0, fields=("age",)), spec(1, fields=("age",)))
    made = views.make(0, [rows([row("a")])], NOW_MS, {topic(0): None, topic(1): None})
    assert got(made[topic(0)])[0].key != got(made[topic(1)])[0].key


def test_a_key_is_hidden_if_only_one_of_its_fields_is() -> None:
    """What is left of it would tell."""
    schema = {"type": "record", "name": "R", "key": ["a", "b"], "fields": [{"name": name, "type": "string"} for name in "abc"]}
    one = msgspec.structs.replace(spec(fields=("a", "c")), schemas={3: 4})
    views = open_views(resource=RESOURCE, schemas={3: json.dumps(schema)}, is_state=False, batch_bytes_max=1 << 20, views=[one])
    (found,) = got(made_of(views, rows([Row(NOW_MS, b"A\x1fB", (3).to_bytes(5) + b"\x02A\x02B\x02C")])))
    assert len(found.key or b"") == 32
    assert found.value == (4).to_bytes(5) + b"\x02A\x02C"


# ---- state


def test_who_leaves_the_rows_becomes_a_tombstone_if_it_was_shown() -> None:
    """For keys that were never shown nothing is said, neither of updates nor of deletes; who enters is sent whole."""
    views = opened_views(spec(fields=("code", "age"), rows="age >= 18"))
    shown = remembered(views)
    order = [row("a"), row("b", age=3), gone("b"), row("a", age=4), row("a", age=5), gone("a"), row("b"), gone("b"), gone("b"), row("c")]
    made = made_of(views, rows(order), shown=shown)
    assert [(one.key, one.value is None) for one in got(made)] == [
        (b"a", False),
        (b"a", True),
        (b"b", False),
        (b"b", True),
        (b"c", False),
    ]
    assert [key in shown for key in (b"a", b"b", b"c")] == [False, False, True]


def test_a_tombstone_has_the_time_of_what_took_the_record_back() -> None:
    """Retention goes by it."""
    views = opened_views(spec(rows="age >= 18"))
    made = made_of(views, rows([row("a"), row("a", age=1, at=77)]), shown=remembered(views))
    assert [one.timestamp - NOW_MS for one in got(made)] == [0, 77]


def test_hidden_keys_are_remembered_as_they_are_shown() -> None:
    """So what was learned from the view itself is the same."""
    views = opened_views(spec(fields=("age",), rows="age >= 18"))
    shown = remembered(views)
    made = made_of(views, rows([row("a"), row("b"), gone("b")]), shown=shown)
    assert [one.value is None for one in got(made)] == [False, False, True]
    again = Shown(SEED)
    for one in made.writes:
        again.learn(one)
    again.opened(1)
    assert [(one.key, one.value is None) for one in got(made_of(views, rows([gone("b"), row("a", age=1)]), shown=again))] == [
        (got(made)[0].key, True)
    ]


def test_a_view_from_now_on_says_nothing_of_what_was_before() -> None:
    """A delete of a record that it never had is none of its takers' business, though all rows are theirs."""
    views = opened_views(spec(from_now=True))
    made = made_of(views, rows([gone("old"), row("new"), gone("new")]), shown=remembered(views))
    assert [(one.key, one.value is None) for one in got(made)] == [(b"new", False), (b"new", True)]


def test_a_view_of_all_rows_from_the_beginning_needs_no_memory() -> None:
    """Every delete passes."""
    views = opened_views(spec(fields=("code",)))
    assert views.memory(topic(0), SEED) is None
    assert [(one.key, one.value is None) for one in got(made_of(views, rows([gone("x"), row("a"), gone("a")])))] == [
        (b"x", True),
        (b"a", False),
        (b"a", True),
    ]


def test_without_its_memory_a_view_takes_nothing_back() -> None:
    """A sample is cut so: no tombstone could be told to be right."""
    views = opened_views(spec(rows="age >= 18"))
    assert [one.value is None for one in got(made_of(views, rows([row("a"), gone("a"), row("b", age=1), gone("c")])))] == [False]


def test_facts_are_never_taken_back() -> None:
    """So nothing is remembered of them, and a record without a value is none."""
    views = opened_views(spec(rows="age >= 18", from_now=True), is_state=False)
    assert views.memory(topic(0), SEED) is None
    assert [one.key for one in got(made_of(views, rows([row("a"), row("a", age=1), row("b")])))] == [b"a", b"b"]
    with pytest.raises(BatchError, match="without a value"):
        made_of(views, rows([row("a"), gone("a")]))


# ---- versions


def test_records_of_all_versions_are_cut_in_their_order() -> None:
    """Each under the view's schema of its own version; a field that a version lacks is not there."""
    numbers = list(VERSIONS)
    order = [numbers[one] for one in (2, 0, 1, 1, 2, 0, 0, 2)]
    selection: dict[str, Any] = {"fields": ("code", "tags", "kind")}
    made = made_of(opened_views(spec(**selection)), rows([row(f"{at}", number) for at, number in enumerate(order)]))
    assert [(one.value or b"")[:5] for one in got(made)] == [((number + 7) % 2**31).to_bytes(5) for number in order]
    fields = {numbers[0]: {"code"}, numbers[1]: {"code", "tags"}, numbers[2]: {"code", "tags", "kind"}}
    assert [set(datum or ()) for datum in cut(made, **selection)] == [fields[number] for number in order]
    assert [one.key for one in got(made)] == [b"%d" % at for at in range(len(order))]


def test_a_version_that_cannot_answer_has_no_rows() -> None:
    """A record of it leaves the view like any other."""
    views = opened_views(spec(rows='kind == "A"'))
    shown = remembered(views)
    old = next(iter(VERSIONS))
    made = made_of(views, rows([row("a", kind="A"), row("b", old), row("a", old)]), shown=shown)
    assert [(one.key, one.value is None) for one in got(made)] == [(b"a", False), (b"a", True)]


def test_what_no_gate_of_the_resource_has_let_pass_is_told() -> None:
    """With resource, partition and offset, and nothing of its content."""
    views = opened_views(spec(rows="age >= 18"), versions=2)
    content = (row("secret-code").value or b"")[5:]
    fine = row("a", next(iter(VERSIONS)))
    for wrong, word in (
        (b"\0\0\0\0\1" + content, "schema"),
        ((5).to_bytes(5) + content[:-1], "value"),
        ((5).to_bytes(5) + content + b"\0", "value"),
        (b"\0\0\0\0", "garbled"),
        (b"\1\0\0\0\5" + content, "garbled"),
    ):
        with pytest.raises(BatchError, match=word) as caught:
            made_of(views, rows([fine, Row(NOW_MS, b"secret-key", wrong), fine], offset=OFFSET))
        assert f"{RESOURCE}-0" in str(caught.value)
        assert str(OFFSET) in str(caught.value)
        assert "secret" not in str(caught.value)


def test_views_without_what_they_need_are_not_opened() -> None:
    """A schema, the view's own for each, and a secret where something is hidden under it."""
    told: dict[str, Any] = {"resource": RESOURCE, "is_state": True, "batch_bytes_max": 1000}
    schemas = {number: json.dumps(schema) for number, schema in VERSIONS.items()}
    with pytest.raises(SchemaError, match="no schema"):
        open_views(schemas={}, views=[spec()], **told)
    with pytest.raises(SchemaError, match="no schema for"):
        open_views(schemas=schemas, views=[msgspec.structs.replace(spec(), schemas={5: 6})], **told)
    for hiding in (spec(fields=("age",), secret=b""), spec(masks={"place": "hmac"}, secret=b"short")):
        with pytest.raises(SchemaError, match="no secret"):
            open_views(schemas=schemas, views=[hiding], **told)
    open_views(schemas=schemas, views=[spec(masks={"place": "hide"}, secret=b"")], **told)


# ---- batches


@pytest.mark.parametrize("codec", CODECS)
def test_batches_that_come_together_become_one(codec: int) -> None:
    """In the first one's codec, numbered from 0; those that came stay as they were."""
    raws = [
        rows([row(f"{at}")], codec=codec if not at else ZSTD) if at % 2 else write(rows([row(f"{at}")], codec=codec).data, before=b"x")
        for at in range(5)
    ]
    before = [bytes(raw.data) for raw in raws]
    made = made_of(opened_views(spec(fields=("code",))), *raws)
    (found,) = made.writes
    assert (found.header.codec, found.header.count, found.start, found.hidden, made.taken) == (codec, 5, 0, 0, 5)
    assert [one.key for one in opened(found)] == [b"%d" % at for at in range(5)]
    assert [bytes(raw.data) for raw in raws] == before


def test_a_batch_ends_where_the_broker_or_a_mebibyte_would() -> None:
    """A record that is larger stands alone; nothing is lost or turned round."""
    sizes = [10, 300, 900, 20, 5000, 10, 880, 100, 0, 1]
    records = [row(f"{at}", place="x" * size) for at, size in enumerate(sizes)]
    for bound in (100, 1000, 2000):
        made = made_of(opened_views(spec(fields=("code", "place")), batch_bytes_max=bound), rows(records))
        assert [one.key for one in got(made)] == [b"%d" % at for at in range(len(sizes))]
        assert all(write.header.count == 1 or write.header.size <= bound for write in made.writes)
    wide = [row(f"{at}", place="x" * 300_000) for at in range(7)]
    made = made_of(opened_views(spec(fields=("code", "place")), batch_bytes_max=1 << 24), rows(wide, codec=LZ4))
    assert [write.header.count for write in made.writes] == [3, 3, 1]


def test_what_was_shown_in_a_batch_that_was_full_is_known_in_the_next() -> None:
    """Where batches end makes no difference to tombstones."""
    order = [one for at in range(60) for one in (row(f"{at}", place="x" * 40), row(f"{at}", age=1), row(f"{at}", age=2))]
    for bound in (200, 333, 1 << 20):
        views = opened_views(spec(fields=("code", "place"), rows="age > 10"), batch_bytes_max=bound)
        made = made_of(views, rows(order), shown=remembered(views))
        assert [(one.key, one.value is None) for one in got(made)] == [(b"%d" % at, dead) for at in range(60) for dead in (False, True)]


def test_timestamps_stay_where_batches_become_one() -> None:
    """Whatever each of them starts from."""
    raws = [rows([row("a", at=5), row("b", at=-9)]), rows([row("c", at=-86_400_000)]), rows([row("d", at=3_000_000), row("e")])]
    made = made_of(opened_views(spec(rows='code != "a"')), *raws)
    assert [one.timestamp - NOW_MS for one in got(made)] == [-9, -86_400_000, 3_000_000, 0]


def test_batches_of_a_compacted_log_are_cut() -> None:
    """Their offsets have holes, at either end too, and some have nothing left."""
    numbers = [2, 3, 700, 65_000]
    holes = batch(section(body(number, row(f"{number}")) for number in numbers), len(numbers), codec=LZ4)
    holes[23:27] = (70_000).to_bytes(4)
    empty = batch(b"", 1)
    empty[57:61] = bytes(4)
    raws = [write(bytes(empty)), write(bytes(holes)), write(bytes(empty))]
    made = made_of(opened_views(spec()), *raws)
    assert made.taken == 3
    assert [one.key for one in got(made)] == [b"%d" % number for number in numbers]


@pytest.mark.parametrize("numbers", [(0, 0), (3, 2), (0, 5), (-1, 0)])
def test_offsets_that_go_back_or_beyond_are_told(numbers: tuple[int, int]) -> None:
    """They only grow, up to the batch's last."""
    with pytest.raises(BatchError, match="garbled"):
        made_of(opened_views(spec()), write(batch(section(body(number, row("a")) for number in numbers), 2)))


def test_a_batch_of_many_chunks_is_cut_whole() -> None:
    """More records than one holds, of values and tombstones in turn."""
    count = 3 * kernel_view.CHUNK_RECORDS + 5
    order = [gone(f"{at - 1}") if at % 3 == 2 else row(f"{at}", tags=[], extra={}) for at in range(count)]
    made = made_of(opened_views(spec(fields=("code",))), rows(order, codec=LZ4))
    assert [(one.key, one.value is None) for one in got(made)] == [(one.key, one.value is None) for one in order]


def test_events_of_any_number_find_room() -> None:
    """One record may have more of them than there was room for at first."""
    tags = [f"{at}" for at in range(70_000)]
    selection: dict[str, Any] = {"fields": ("code", "tags"), "masks": {"tags[]": "keep-first:1"}}
    made = made_of(opened_views(spec(**selection)), rows([row("a"), row("b", tags=tags), row("c")]))
    assert [len((datum or {})["tags"]) for datum in cut(made, **selection)] == [2, 70_000, 2]
    assert (cut(made, **selection)[1] or {})["tags"][-1] == "6****"


# ---- several views


def test_only_what_was_asked_for_is_made() -> None:
    """Views of the resource that stand elsewhere are left alone, in whatever order the others are named."""
    specs = [spec(number, fields=("code",), rows=f"age > {number}") for number in range(5)]
    views = opened_views(*specs, is_state=False)
    order = [row(f"{age}", age=age) for age in range(8)]
    for numbers in ([3], [4, 0], [0, 1, 2, 3, 4], []):
        made = views.make(0, [rows(order)], NOW_MS, {topic(number): None for number in numbers})
        assert list(made) == [topic(number) for number in numbers]
        for number in numbers:
            assert [one.key for one in got(made[topic(number)])] == [b"%d" % age for age in range(number + 1, 8)]


def test_nothing_is_written_where_nothing_is_in_the_rows() -> None:
    """But the batch is taken."""
    made = made_of(opened_views(spec(rows="age > 99")), rows([row("a")]))
    assert (made.taken, made.writes) == (1, ())


def test_views_are_a_transform() -> None:
    """A route of its own for each view, which sends."""
    views: Transform = opened_views(spec())
    assert views.outcomes(topic(0)) == {topic(0): "sent"}


def test_threads_may_share_views() -> None:
    """Each makes the same of the same batches."""
    views, found = opened_views(spec(rows="age >= 18", masks={"place": "hmac"}), spec(1, fields=("age",))), []
    order = [row(f"{at}", age=at % 40) for at in range(900)]

    def run() -> None:
        for _ in range(10):
            made = views.make(0, [rows(order, codec=LZ4)], NOW_MS, {topic(0): remembered(views), topic(1): None})
            found.append([bytes(one.data) for one in made[topic(0)].writes + made[topic(1)].writes])

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert all(one == found[0] for one in found)


def test_no_record_waits_for_a_compiler() -> None:
    """After `warm`, whatever comes is cut by what was compiled."""
    warm()
    functions: list[Any] = [
        kernel_view.read_heads,
        kernel_view.look,
        kernel_view.cut,
        kernel_view.put,
        kernel_shown.learn,
        kernel_shown.undo,
    ]
    before = [list(function.signatures) for function in functions]
    views = opened_views(spec(rows="age >= 18"), spec(1, fields=("age", "place"), masks={"place": "hmac"}), spec(2, rows='kind == "A"'))
    shown = {topic(0): remembered(views), topic(1): None, topic(2): remembered(views, 2)}
    for codec in CODECS:
        made = views.make(0, [rows([row("a"), row("b", next(iter(VERSIONS))), gone("a"), row("b", age=1)], codec=codec)], NOW_MS, shown)
        Shown(SEED).learn(made[topic(1)].writes[0])
    assert [list(function.signatures) for function in functions] == before
    assert all(len(one) == 1 for one in before)


def test_a_licence_is_cut_as_its_name_says() -> None:
    """The desk's own record: what a test means by a licence is what fastavro writes of it."""
    assert Reader(Selection()).read((NEWEST + 7).to_bytes(5) + value(licence("x"), NEWEST)[5:]) == (NEWEST, licence("x"))
    assert rows([row("x")]).header.codec == NONE
