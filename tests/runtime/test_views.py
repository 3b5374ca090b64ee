"""The views of a node's resources follow the book."""

import asyncio
import hashlib
import hmac
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from node.avro import encode, frame, parse, schema_id
from node.batch.build import build
from node.batch.header import NONE, read
from node.batch.records import Record, records
from node.control import ApplyCatalogue, CatalogueItem, Command, EndGrant, Grant, decide
from node.control import encode as encode_event
from node.control.events import day_of
from node.errors import CommandRefused
from node.model.names import Department, Topic
from node.model.values import DepartmentValue, EventRef, Kind
from node.runtime.secret import read_secret, secret_file
from node.runtime.views import OwnViews
from node.transform import Write
from tests.granting import AUTHORITY, give, wanted
from tests.runtime.test_gates import FACT, HERE, Stand

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
FIRST: dict[str, Any] = {
    "type": "record",
    "name": "Bill",
    "key": ["number"],
    "fields": [{"name": "number", "type": "string"}, {"name": "sum", "type": "long"}],
}
SECOND = FIRST | {"fields": [*FIRST["fields"], {"name": "paid", "type": "boolean", "default": False}]}
TAKER = Department("445102.police")


class Desk(Stand):
    """A book in which grants are given, and the views that follow it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.views = OwnViews(HERE, lambda: self.book, folder)

    def carry_out(self, command: Command) -> EventRef:
        """Carry out a command as the node does; return the last event that it made."""
        events = decide(command, self.book, HERE, NOW)
        for event in events:
            self.book.fold(HERE, encode_event(event))
        assert not self.book.refused
        return events[-1].ref

    def come_to(self, **parts: Any) -> Grant:
        """Let a request come to its grant, the secret made before that as the node does."""
        asked = wanted(FACT, TAKER, str(len(self.book.requests)), **parts)
        self.views.prepare(asked.value)
        return self.book.grants[give(lambda _here, command: self.carry_out(command), asked)]

    def give(self, **parts: Any) -> Topic:
        """Let a part be granted; return its view."""
        view = self.come_to(**parts).view
        assert view is not None
        return view

    def end(self, view: Topic) -> None:
        """End all grants of a view."""
        for ref in [grant.ref for grant in self.book.unended_on(FACT) if grant.view == view]:
            self.carry_out(EndGrant(by=AUTHORITY, grant=ref))

    def cut(self, view: Topic, schema: dict[str, Any], datum: dict[str, Any]) -> list[Record]:
        """Return what a view has of a record."""
        value = frame(schema_id(schema), encode(parse(schema), datum))
        data = build([Record(0, 0, datum["number"].encode(), value)], codec=NONE)
        views = self.views(FACT)
        made = views.make(0, [Write(FACT, data, 0, read(data, 0))], 0, {view: views.memory(view, bytes(16))})[view]
        return [one for write in made.writes for one in records(memoryview(write.data)[write.start :], write.header)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A resource of three partitions, without grants."""
    desk = Desk(tmp_path)
    desk.say(HERE, DepartmentValue(department=TAKER, name="公安局"))
    desk.describe(FACT, FIRST)
    return desk


async def test_a_grant_of_a_part_gets_a_view_and_a_whole_one_gets_none(desk: Desk) -> None:
    """With the resource's partitions; the same for several grants, and those that begin now are told."""
    assert await desk.views.open(TODAY) == ([], frozenset())
    assert desk.come_to().view is None
    assert await desk.views.open(TODAY) == ([], frozenset())
    view, late = desk.give(fields=("number",)), desk.give(fields=("number",), history="from-now")
    routed, from_now = await desk.views.open(TODAY)
    assert sorted(routed) == sorted([(view, 3), (late, 3)])
    assert from_now == {late}
    assert desk.views.trouble == ""


async def test_views_stay_while_the_book_says_the_same(desk: Desk) -> None:
    """They are not compiled again each time that somebody looks."""
    desk.give(fields=("number",))
    await desk.views.open(TODAY)
    before = desk.views(FACT)
    desk.describe(Topic("445102.tax.others"), FIRST)
    await desk.views.open(TODAY)
    assert desk.views(FACT) is before


async def test_a_record_may_follow_its_schema_at_once(desk: Desk) -> None:
    """Before anybody has looked at the book again: it is cut under the schema that was registered with its version."""
    view = desk.give(fields=("sum", "number"))
    await desk.views.open(TODAY)
    (first,) = desk.cut(view, FIRST, {"number": "7", "sum": 3})
    item = CatalogueItem(name=FACT, title="账单", kind=Kind.FACTS, schema=SECOND, partitions=3)
    desk.carry_out(ApplyCatalogue(resources=(item,)))
    (second,) = desk.cut(view, SECOND, {"number": "7", "sum": 3, "paid": True})
    assert first.value is not None
    assert second.value is not None
    assert first.value[5:] == second.value[5:]
    assert [one.key for one in (first, second)] == [b"7", b"7"]
    (again,) = desk.cut(view, FIRST, {"number": "7", "sum": 3})
    assert again == first


async def test_a_view_that_ended_can_still_be_made_for_a_moment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read of it goes with the open transaction; after that it is gone."""
    view = desk.give(fields=("sum",))
    await desk.views.open(TODAY)
    desk.end(view)
    other = desk.give(fields=("number",))
    assert [topic for topic, _partitions in (await desk.views.open(TODAY))[0]] == [other]
    assert len(desk.cut(view, FIRST, {"number": "7", "sum": 3})) == 1
    monkeypatch.setattr("node.runtime.views._DRAIN_S", -1.0)
    await desk.views.open(TODAY)
    assert set(desk.views(FACT).views) == {other}


async def test_a_version_that_comes_after_a_grants_end_harms_no_view(desk: Desk) -> None:
    """Whether the node has seen the end yet or not: others go on, and what is still made of the ended one has the id that a new grant registers."""
    view, other = desk.give(masks={"sum": "round:10"}), desk.give(fields=("number",))
    await desk.views.open(TODAY)
    desk.end(view)
    item = CatalogueItem(name=FACT, title="账单", kind=Kind.FACTS, schema=SECOND, partitions=3)
    desk.carry_out(ApplyCatalogue(resources=(item,)))
    datum = {"number": "7", "sum": 3, "paid": True}
    for _look in range(2):
        (cut,) = desk.cut(view, SECOND, datum)
        assert len(desk.cut(other, SECOND, datum)) == 1
        assert await desk.views.open(TODAY) == ([(other, 3)], frozenset())
        assert desk.views.trouble == ""
    assert desk.give(masks={"sum": "round:10"}) == view
    await desk.views.open(TODAY)
    assert desk.cut(view, SECOND, datum) == [cut]


async def test_keys_are_hidden_under_a_secret_of_the_view_that_is_made_once(desk: Desk, tmp_path: Path) -> None:
    """With the first grant that needs it; two views hide the same key differently, and a restarted node as before."""
    desk.give(fields=("number",))
    assert read_secret(tmp_path) is None, "nothing is hidden yet"
    one, two = desk.give(fields=("sum",)), desk.give(fields=("sum",), rows="sum > 0")
    await desk.views.open(TODAY)
    datum = {"number": "440582", "sum": 3}
    keys = [desk.cut(view, FIRST, datum)[0].key for view in (one, two)]
    secret = read_secret(tmp_path)
    assert secret is not None
    for view, key in zip((one, two), keys, strict=True):
        own = hmac.digest(hmac.digest(secret, view.encode(), "sha256"), b"key", "sha256")
        assert key == hmac.new(own, b"440582", hashlib.sha256).hexdigest()[:32].encode()
    again = OwnViews(HERE, lambda: desk.book, tmp_path)
    await again.open(TODAY)
    desk.views = again
    assert [desk.cut(view, FIRST, datum)[0].key for view in (one, two)] == keys


async def test_a_lost_secret_closes_what_needs_it_and_is_never_made_anew(desk: Desk, tmp_path: Path) -> None:
    """Under another one the same subject would get another name. Once it is restored, all goes on."""
    view = desk.give(fields=("sum",))
    kept = secret_file(tmp_path).read_bytes()
    secret_file(tmp_path).unlink()
    fresh = OwnViews(HERE, lambda: desk.book, tmp_path)
    with capture_logs() as logged:
        assert await fresh.open(TODAY) == ([], frozenset())
        await fresh.open(TODAY)
    assert "restore it from the backup" in fresh.trouble
    assert [one["event"] for one in logged] == ["views-closed"]
    with pytest.raises(CommandRefused) as refused:
        fresh.prepare(wanted(FACT, TAKER, fields=("sum",), rows="sum > 1").value)
    assert refused.value.code == "no-secret"
    assert not secret_file(tmp_path).exists()
    secret_file(tmp_path).write_bytes(kept)
    assert await fresh.open(TODAY) == ([(view, 3)], frozenset())
    assert fresh.trouble == ""


async def test_two_that_open_at_once_end_alike(desk: Desk) -> None:
    """The supervisor's parts look at the book when they like."""
    view = desk.give(fields=("number",))
    found = await asyncio.gather(desk.views.open(TODAY), desk.views.open(TODAY))
    assert found[0] == found[1] == ([(view, 3)], frozenset())
    assert day_of(NOW) == TODAY
