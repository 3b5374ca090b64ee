"""Answers for node/control/exporting.py."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from node.avro.ids import schema_id
from node.control.commands import ApplyCatalogue, CatalogueItem, EndGrant, ResumeGrant, SuspendGrant, WithdrawRequest
from node.control.exporting import Export, ExportAsked, export_of, period
from node.errors import CommandRefused
from node.model.names import Topic
from node.model.values import EventRef, Kind
from tests.control.acting import CITY, DISTRICT, SCHEMA, Nodes, actor, answered, approved, asked, bills, department, settled

POLICE = department(CITY)
BILLS = bills(DISTRICT)
TODAY = date(2026, 11, 22)
WANTED = ExportAsked(by=actor("steward", POLICE), resource=BILLS, taker=POLICE)


@pytest.fixture
def nodes() -> Nodes:
    """Three nodes, nothing granted yet."""
    return settled()


def given(nodes: Nodes, **parts: Any) -> EventRef:
    """A grant on the district's resource to the city's police, which every node knows."""
    (request,) = nodes.carry_out(CITY, asked(CITY, DISTRICT, **parts))
    nodes.carry_out(CITY, approved(request))
    nodes.bring_all()
    grant = nodes.carry_out(DISTRICT, answered(request, DISTRICT))[-1]
    nodes.bring_all()
    return grant


def export(nodes: Nodes, today: date = TODAY, **parts: Any) -> Export:
    """What the city's node decides."""
    return export_of(msgspec.structs.replace(WANTED, **parts), nodes.books[CITY], CITY, today)


def refusal(nodes: Nodes, today: date = TODAY, **parts: Any) -> CommandRefused:
    """Why it exports nothing, in both languages."""
    with pytest.raises(CommandRefused) as refused:
        export(nodes, today, **parts)
    assert refused.value.en.isascii()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.zh)
    return refused.value


@pytest.mark.parametrize("way", ["stream", "file"])
def test_a_whole_resource_is_exported_as_it_stands(nodes: Nodes, way: str) -> None:
    """From its own topic, in the newest of its versions, under a grant of either way."""
    grant = given(nodes, way=way)
    assert export(nodes) == Export(
        grant=grant,
        topic=BILLS,
        partitions=1,
        kind=Kind.STATE,
        schema_id=schema_id(SCHEMA),
        schemas={schema_id(SCHEMA): SCHEMA},
        from_ms=None,
        to_ms=None,
    )


def test_a_view_is_exported_with_the_schema_of_each_version(nodes: Nodes) -> None:
    """Derived and registered by the owner; the newest is the one to write in, as soon as the owner's log has brought it."""
    grant = given(nodes, fields=("code",))
    before = export(nodes)
    assert (before.grant, before.topic) == (grant, nodes.books[CITY].grants[grant].view)
    fields = [{"name": "code", "type": "string", "doc": "代码"}, {"name": "sum", "type": "long", "default": 0}]
    item = CatalogueItem(name=BILLS, title="账单", kind=Kind.STATE, schema=SCHEMA | {"fields": fields}, partitions=1)
    nodes.carry_out(DISTRICT, ApplyCatalogue(resources=(item,)))
    assert export(nodes) == before
    nodes.bring_all()
    after = export(nodes)
    assert after.schemas.keys() == {before.schema_id, after.schema_id}
    assert after.schema_id != before.schema_id
    assert [[field["name"] for field in schema["fields"]] for schema in after.schemas.values()] == [["code"], ["code"]]
    assert after.schemas[after.schema_id]["fields"][0]["doc"] == "代码"


@pytest.mark.parametrize(
    ("parts", "code", "part"),
    [
        ({"resource": f"{BILLS}.v-0123456789ab"}, "bad-name", "is no resource"),
        ({"resource": Topic("445102.tax.none")}, "no-such-resource", "445102.tax.none"),
        ({"taker": "police"}, "bad-name", "is no department"),
        ({"taker": department(DISTRICT)}, "not-own-department", "445102"),
        ({"taker": department(CITY, "health")}, "no-such-department", "445100.health"),
        ({"by": actor("head", department(CITY, "tax"))}, "not-entitled", "head of 445100.police"),
        ({"by": actor("inspector", POLICE)}, "not-entitled", "inspector"),
        ({"resource": bills(CITY), "taker": department(CITY, "tax"), "by": actor("head", department(CITY, "tax"))}, "own-resource", "tail"),
        ({"from_time": "yesterday"}, "bad-time", "from_time: 'yesterday'"),
        ({}, "no-active-grant", "there is none; a new one is asked for with `exchange-node request new 445102.tax.bills`"),
    ],
)
def test_what_cannot_be_exported_is_told(nodes: Nodes, parts: dict[str, Any], code: str, part: str) -> None:
    """Who may not, for whom, and what there is not; with the next step."""
    refused = refusal(nodes, **parts)
    assert refused.code == code
    assert part in refused.en


def test_only_an_active_grant_is_exported(nodes: Nodes) -> None:
    """Suspended, past its term, withdrawn and ended ones are told as such, resumed ones are active; the last day of a term counts."""
    grant = given(nodes, until="2026-12-31", fields=("code",))
    named, authority = f"{grant[0]}/{grant[1]}", actor("authority")
    assert export(nodes, date(2026, 12, 31)).grant == grant
    assert f"{named} is expired" in refusal(nodes, date(2027, 1, 1)).en
    nodes.carry_out(DISTRICT, SuspendGrant(by=authority, grant=grant, reason="超范围使用"))
    assert export(nodes).grant == grant
    nodes.bring_all()
    refused = refusal(nodes)
    assert (refused.code, f"{named} is suspended" in refused.en, f"{named} 已暂停" in refused.zh) == ("no-active-grant", True, True)
    nodes.carry_out(DISTRICT, ResumeGrant(by=authority, grant=grant))
    nodes.bring_all()
    assert export(nodes).grant == grant
    nodes.carry_out(DISTRICT, EndGrant(grant=grant, by=authority))
    nodes.bring_all()
    assert f"{named} is ended" in refusal(nodes).en


def test_a_withdrawn_request_leaves_nothing_to_export(nodes: Nodes) -> None:
    """Whether the grant that crossed it has been ended already or not."""
    (request,) = nodes.carry_out(CITY, asked(CITY, DISTRICT))
    nodes.carry_out(CITY, approved(request))
    nodes.bring_all()
    nodes.carry_out(CITY, WithdrawRequest(by=actor("head", POLICE), request=request))
    nodes.carry_out(DISTRICT, answered(request, DISTRICT))
    nodes.bring_all()
    assert "is ended" in refusal(nodes).en


def test_of_grants_that_differ_one_is_named(nodes: Nodes) -> None:
    """By its number; one of another resource or taker, or none at all, is no grant on this one."""
    first, second = given(nodes, fields=("code",)), given(nodes, rows="sum > 3")
    refused = refusal(nodes)
    assert (refused.code, f"{first[0]}/{first[1]} is flowing, {second[0]}/{second[1]} is flowing" in refused.en) == ("several-grants", True)
    assert [export(nodes, grant=ref).grant for ref in (first, second)] == [first, second]
    refused = refusal(nodes, grant=(DISTRICT, 1))
    assert refused.code == "no-active-grant"
    assert "no active grant 445102/1" in refused.en
    nodes.carry_out(DISTRICT, SuspendGrant(by=actor("authority"), grant=second, reason="核查"))
    nodes.bring_all()
    assert export(nodes).grant == first
    assert f"{second[0]}/{second[1]} is suspended;" in refusal(nodes, grant=second).en


def test_of_grants_that_show_the_same_any_will_do(nodes: Nodes) -> None:
    """One that was given for files before others, else the oldest."""
    first, second = (given(nodes, fields=("code",), purpose=purpose) for purpose in ("核对", "统计"))
    assert export(nodes).grant == first
    assert export(nodes, grant=second).grant == second
    third = given(nodes, fields=("code",), way="file")
    assert export(nodes).grant == third


def test_a_view_whose_schema_has_not_come_is_waited_for(nodes: Nodes) -> None:
    """Nothing is written in a schema that nobody registered."""
    grant = given(nodes, fields=("code",))
    book = nodes.books[CITY]
    book.schemas = {number: said for number, said in book.schemas.items() if number == schema_id(SCHEMA)}
    assert refusal(nodes, grant=grant).code == "schema-not-here"


@pytest.mark.parametrize(
    ("from_time", "to_time", "begin", "end"),
    [
        ("", "", None, None),
        ("2026-11-01", "2026-11-30", datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC)),
        ("2026-11-22", "2026-11-22", datetime(2026, 11, 21, 16, tzinfo=UTC), datetime(2026, 11, 22, 16, tzinfo=UTC)),
        ("2026-11-22T08:30", "2026-11-22 09:00:00", datetime(2026, 11, 22, 0, 30, tzinfo=UTC), datetime(2026, 11, 22, 1, tzinfo=UTC)),
        ("2026-11-22T08:30:00Z", "", datetime(2026, 11, 22, 8, 30, tzinfo=UTC), None),
        ("", "2026-11-22T08:30:00.0005+05:30", None, datetime(2026, 11, 22, 3, 0, 0, 1000, tzinfo=UTC)),
    ],
)
def test_times_are_days_and_moments_of_shanghai(from_time: str, to_time: str, begin: datetime | None, end: datetime | None) -> None:
    """Unless they name a zone; the last day is part of it, the last moment is not, and milliseconds that have begun count as the next."""
    expected = tuple(None if moment is None else round(moment.timestamp() * 1000) for moment in (begin, end))
    assert period(from_time, to_time) == expected


@pytest.mark.parametrize(
    ("from_time", "to_time"),
    [
        ("2026-11-31", ""),
        ("20261122", ""),
        ("2026-W47-7", ""),
        ("08:30", ""),
        ("", "9999-12-31"),
        ("2026-11-22T08:30:00+99:00", ""),
        ("2026-11-23", "2026-11-22"),
        ("2026-11-22T08:00", "2026-11-22T08:00"),
    ],
)
def test_times_that_cannot_be_are_refused(from_time: str, to_time: str) -> None:
    """No guess is made, and no empty file for times that hold nothing."""
    with pytest.raises(CommandRefused) as refused:
        period(from_time, to_time)
    assert refused.value.code == "bad-time"
