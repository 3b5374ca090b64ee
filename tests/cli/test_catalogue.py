"""`catalogue`."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from node.avro.described import data_items
from node.avro.rules import RULES
from node.control.clocks import Clock, Problem
from node.control.offered import Offer, Pending
from node.http.catalogue import OfferFace
from node.model.names import Department, Topic
from node.model.shipped import shipped
from node.model.values import Actor, Kind, ResourceValue
from tests.control.offers import FACTS

VILLAGES = ResourceValue(name=Topic("445102.civil-affairs.villages"), title="[村]", kind=Kind.STATE, schema=7, partitions=2)
LICENCES = ResourceValue(
    name=Topic("445102.a.licences"),
    title="证照",
    kind=Kind.FACTS,
    schema=8,
    partitions=4,
    retention_ms=7 * 86_400_000,
    sharing="unconditional",
)
VILLAGES_OFFER = Offer(
    name=VILLAGES.name,
    title=VILLAGES.title,
    state="published",
    since="",
    owner=Department("445102.civil-affairs"),
    owner_name="民政局",
    resource=VILLAGES,
    facts=None,
    grade="",
)
LICENCES_OFFER = Offer(
    name=LICENCES.name,
    title=LICENCES.title,
    state="updated",
    since="",
    owner=Department("445102.a"),
    owner_name="",
    resource=LICENCES,
    facts=FACTS,
    grade="general-2",
    takers=(Department("445102.tax"),),
    pending=Pending(version=3, state="returned", at="2026-11-22T12:00:00.000Z", reasons=("缺依据",)),
)
SCHEMA = {
    "type": "record",
    "name": "Village",
    "doc": "all of them",
    "key": ["code"],
    "fields": [{"name": "code", "type": "string", "doc": "twelve digits"}, {"name": "since", "type": ["null", "string"]}],
}


def test_apply_gives_all_files_in_one_command(cli: Callable[..., Any], node: Any) -> None:
    """They are applied together or not at all."""
    node.answer("/v1/commands", {"events": []})
    files = [str(shipped(f"schemas/{name}/{name}.yaml")) for name in ("villages", "licences")]
    assert cli("catalogue", "apply", *files).status == 0
    (path, body), *more = node.asked
    assert (path, body["command"], more) == ("/v1/commands", "apply-catalogue", [])
    assert [(one["name"].rpartition(".")[2], one["partitions"]) for one in body["resources"]] == [("villages", 2), ("licences", 4)]
    assert body["resources"][0]["schema"]["key"] == ["code"]


def test_wrong_item_is_told_and_nothing_is_asked(cli: Callable[..., Any], node: Any, tmp_path: Any) -> None:
    """A file that is wrong is as a wrong configuration: every problem, exit status 2."""
    (tmp_path / "x.yaml").write_text("name: x\n")
    done = cli("catalogue", "apply", str(tmp_path / "x.yaml"))
    assert (done.status, len(done.err.splitlines()), node.asked) == (2, 5, [])


def test_rules_lists_every_rule_in_both_languages(cli: Callable[..., Any]) -> None:
    """Each rule of the one table, with what it takes and means; no node is asked."""
    names = [line.split()[0] for line in cli("catalogue", "rules").out.splitlines() if line[:1].isalpha()]
    assert names[1:] == list(RULES)
    assert RULES["cn-uscc"].zh in " ".join(cli("catalogue", "rules", "--lang", "zh").out.split())
    told = cli("catalogue", "rules", "--json").json
    assert {one["rule"]: one["zh"] for one in told} == {rule.name: rule.zh for rule in RULES.values()}


def test_list_shows_what_is_offered(cli: Callable[..., Any], node: Any) -> None:
    """One line for each, titles as they are; the state of what is in force, and that of what is to take its place."""
    node.answer("/v1/catalogue", [VILLAGES_OFFER, LICENCES_OFFER])
    lines = cli("catalogue", "list").out.splitlines()
    assert lines[1].split() == ["445102.civil-affairs.villages", "[村]", "published", "conditional", "state"]
    assert lines[2].split()[2:] == ["updated", "(version", "3", "returned)", "unconditional", "facts", "P1D", "general-2"]
    assert "已更新 (第 3 版已退回)" in cli("catalogue", "list", "--lang", "zh").out
    assert len(cli("catalogue", "list", "--json").json) == 2


def test_list_asks_the_node_for_what_is_looked_for(cli: Callable[..., Any], node: Any) -> None:
    """Words in Chinese, and whatever else; what is left out is not asked."""
    asked = (
        "--search",
        "证照 年",
        "--theme",
        "信用",
        "--sharing",
        "not-shared",
        "--owner",
        "445102",
        "--base",
        "credit",
        "--kind",
        "facts",
        "--state",
        "draft",
        "--due",
    )
    cli("catalogue", "list", *asked)
    ((path, _),) = node.asked
    query = dict(parse_qsl(path.partition("?")[2]))
    assert query == {
        "words": "证照 年", "theme": "信用", "sharing": "not-shared", "owner": "445102", "base": "credit", "kind": "facts", "state": "draft", "due": "true",
    }  # fmt: skip


def test_show_tells_all_of_an_item(cli: Callable[..., Any], node: Any) -> None:
    """What an engineer needs to feed or take it, and a head to decide on it."""
    node.answer(f"/v1/catalogue/{VILLAGES.name}", OfferFace(VILLAGES_OFFER, data_items(SCHEMA), SCHEMA))
    out = cli("catalogue", "show", VILLAGES.name).out
    assert all(part in out for part in ("state, 2 partitions", "schema 7, key: code", "all of them", "twelve digits", "null | string"))
    assert cli("catalogue", "show", VILLAGES.name, "--json").json["schema"] == SCHEMA
    node.answer(f"/v1/catalogue/{LICENCES.name}", OfferFace(LICENCES_OFFER, data_items(SCHEMA), SCHEMA))
    out = cli("catalogue", "show", LICENCES.name, "--lang", "zh").out
    assert all(
        part in out
        for part in ("共享：无条件共享", "代码：3010020001/000001, 第 1 版", "理由：缺依据", "保留：7 天", "上次变更涉及：445102.tax")
    )


def test_acts_are_given_as_who_acts(cli: Callable[..., Any], node: Any) -> None:
    """Each as a command of its own, with name, role and department."""
    node.answer("/v1/commands", {"events": []})
    node.me = Actor(name="林海", role="head", department=Department("445102.civil-affairs"))
    cli("catalogue", "draft", str(shipped("schemas/villages/villages.yaml")))
    cli("catalogue", "submit", VILLAGES.name)
    cli("catalogue", "review", VILLAGES.name)
    cli("catalogue", "review", VILLAGES.name, "--return", "缺依据", "--return", "分级偏低")
    cli("catalogue", "publish", VILLAGES.name)
    cli("catalogue", "draft", str(shipped("schemas/villages/villages.yaml")), "--changed", "2026-11-20")
    cli("catalogue", "extend", VILLAGES.name, "--reason", "区划调整尚未公布")
    cli("catalogue", "consent", VILLAGES.name)
    cli("catalogue", "withdraw", VILLAGES.name, "--reason", "职能调整")
    bodies = [body for _, body in node.asked]
    assert [body["command"] for body in bodies] == [
        "draft-item", "submit-item", "review-item", "review-item", "publish-item",
        "draft-item", "extend-item", "consent-item-extension", "withdraw-item",
    ]  # fmt: skip
    assert all(body["by"] == {"name": "林海", "role": "head", "department": "445102.civil-affairs"} for body in bodies)
    assert bodies[0]["item"]["facts"]["sharing"]["type"] == "unconditional"
    assert [body.get("passes") for body in bodies[2:4]] == [True, False]
    assert bodies[3]["reasons"] == ["缺依据", "分级偏低"]
    assert (bodies[0].get("changed", ""), bodies[5]["changed"], bodies[6]["reason"]) == ("", "2026-11-20", "区划调整尚未公布")


def test_clocks_are_shown_in_the_list_and_with_the_item(cli: Callable[..., Any], node: Any) -> None:
    """What is due, by when and by which rule, since when what is published is no longer right, and how far an extension is; a year that lacks is told once."""
    started = datetime(2026, 11, 23, 4, tzinfo=UTC)
    update = Clock(kind="item-update", article="Decree 809", started=started, due=date(2026, 12, 7), left_working_days=9, state="running")
    review = msgspec.structs.replace(update, kind="item-review", due=date(2026, 11, 25), left_working_days=2, state="soon")
    pending = Pending(
        version=3, state="submitted", at="2026-11-23T04:00:00.000Z", changed="2026-11-20", extension="asked", extension_reason="尚未公布"
    )
    due = msgspec.structs.replace(LICENCES_OFFER, pending=pending, clocks=(review, update))
    lacks = msgspec.structs.replace(VILLAGES_OFFER, clock_problem=Problem("the days off of 2031 are not known here", "不掌握 2031 年"))
    node.answer("/v1/catalogue", [due, lacks, lacks])
    done = cli("catalogue", "list")
    told = " ".join(done.out.split())
    assert "review: due soon:" in told
    assert "not known" in told
    assert done.err.count("2031") == 1
    assert [one["kind"] for one in cli("catalogue", "list", "--json").json[0]["clocks"]] == ["item-review", "item-update"]
    node.answer(f"/v1/catalogue/{LICENCES.name}", OfferFace(due, data_items(SCHEMA), SCHEMA))
    lines = cli("catalogue", "show", LICENCES.name).out.splitlines()
    assert lines[1] == "review: due soon: 2026-11-25, 2 working days left"
    assert lines[2] == "Decree 809: the authority reviews a catalogue item within 2 working days"
    assert lines[3] == "update: due 2026-12-07, 9 working days left"
    assert {"no longer right since: 2026-11-20", "extension: asked for (尚未公布)"} <= set(lines)
    node.answer(f"/v1/catalogue/{VILLAGES.name}", OfferFace(lacks, data_items(SCHEMA), SCHEMA))
    assert "不掌握 2031 年" in cli("catalogue", "show", VILLAGES.name, "--lang", "zh").out


def test_a_draft_is_whole(cli: Callable[..., Any], node: Any, tmp_path: Any) -> None:
    """A file that tells a resource alone is applied, not drafted: all that is missing is told."""
    (tmp_path / "v.avsc").write_text('{"type": "record", "name": "V", "fields": []}')
    (tmp_path / "v.yaml").write_text(f"name: {VILLAGES.name}\ntitle: 村\nkind: facts\nschema: v.avsc\npartitions: 2\n")
    done = cli("catalogue", "draft", str(tmp_path / "v.yaml"))
    assert (done.status, len(done.err.splitlines()), node.asked) == (2, 7, [])


def test_show_of_what_is_not_there_fails(cli: Callable[..., Any]) -> None:
    """The node's own words."""
    done = cli("catalogue", "show", "445102.a.b")
    assert (done.status, done.err) == (1, "not there\n")
