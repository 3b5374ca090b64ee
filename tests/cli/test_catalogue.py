"""`catalogue`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.avro.rules import RULES
from node.cli.catalogue import _type
from node.http.book import ResourceFace
from node.model.names import Topic
from node.model.shipped import shipped
from node.model.values import Kind, ResourceValue

VILLAGES = ResourceValue(name=Topic("445102.civil-affairs.villages"), title="[村]", kind=Kind.STATE, schema=7, partitions=2)
LICENCES = ResourceValue(
    name=Topic("445102.a.licences"), title="证照", kind=Kind.FACTS, schema=8, partitions=4, retention_ms=7 * 86_400_000
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


def test_list_shows_resources(cli: Callable[..., Any], node: Any) -> None:
    """One line for each resource, titles as they are; retention in days."""
    node.answer("/v1/resources", [VILLAGES, LICENCES])
    lines = cli("catalogue", "list").out.splitlines()
    assert lines[1].split() == ["445102.civil-affairs.villages", "[村]", "state", "2", "for", "ever", "7"]
    assert lines[2].split()[-3:] == ["7", "days", "8"]
    assert len(cli("catalogue", "list", "--json").json) == 2


def test_show_tells_fields_and_key(cli: Callable[..., Any], node: Any) -> None:
    """What an engineer needs to feed or take it."""
    node.answer(f"/v1/resources/{VILLAGES.name}", ResourceFace(VILLAGES, SCHEMA, 7))
    out = cli("catalogue", "show", VILLAGES.name).out
    assert all(part in out for part in ("state, 2 partitions", "schema 7, key: code", "all of them", "twelve digits", "null | string"))
    assert cli("catalogue", "show", VILLAGES.name, "--json").json["schema"] == SCHEMA


def test_show_of_what_is_not_there_fails(cli: Callable[..., Any]) -> None:
    """The node's own words."""
    done = cli("catalogue", "show", "445102.a.b")
    assert (done.status, done.err) == (1, "not there\n")


@pytest.mark.parametrize(
    ("avro", "told"),
    [
        ("string", "string"),
        (["null", {"type": "int", "logicalType": "date"}], "null | date (int)"),
        ({"type": "array", "items": {"type": "string"}}, "array of string"),
        ({"type": "map", "values": "long"}, "map of long"),
        ({"type": "enum", "name": "Kind", "symbols": ["A", "B"]}, "enum A|B"),
        ({"type": "record", "name": "Holder", "fields": []}, "record Holder"),
        (None, "?"),
    ],
)
def test_types_are_told_in_few_words(avro: Any, told: str) -> None:
    """People read types, not JSON."""
    assert _type(avro) == told
