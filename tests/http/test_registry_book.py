"""Subjects and versions as the book has them."""

import json
from typing import Any

import pytest
from litestar.exceptions import HTTPException

from node.avro.ids import canonical, schema_id
from node.http.registry_book import schema_text, served_by, subjects_of, topic_of, version, versions
from node.model.names import Department, Topic
from node.model.values import DepartmentValue, GrantEndedValue
from node.runtime import Node
from tests.granting import AUTHORITY
from tests.http.catalogued import (
    FIRST,
    HERE,
    PERMITS,
    R22037,
    R30270,
    SECOND,
    TWIN,
    VILLAGES,
    catalogued_node,
    registered,
    resource,
    say,
    show,
    show_unregistered,
)
from tests.http.tokens import OPERATOR


@pytest.fixture(scope="module")
def node() -> Node:
    """A node with a catalogue."""
    return catalogued_node()


def code(refused: pytest.ExceptionInfo[HTTPException]) -> Any:
    """Confluent's error code of a refusal."""
    extra = refused.value.extra
    assert isinstance(extra, dict)
    return extra["error_code"]


def test_a_resource_and_its_inbox_are_subjects() -> None:
    """Two for each resource, in order of the names."""
    assert list(subjects_of([VILLAGES, PERMITS])) == [
        f"{PERMITS}-value",
        f"{PERMITS}.inbox-value",
        f"{VILLAGES}-value",
        f"{VILLAGES}.inbox-value",
    ]


def test_a_subject_is_of_a_resource(node: Node) -> None:
    """Of the resource itself and of its inbox; also where a resource is called inbox."""
    book = node.ledger.book
    assert topic_of(book, f"{VILLAGES}-value") == topic_of(book, f"{VILLAGES}.inbox-value") == VILLAGES
    inbox = Topic("990000.civil-affairs.inbox")
    other = catalogued_node()
    say(other, HERE, resource(inbox, FIRST))
    assert topic_of(other.ledger.book, f"{inbox}-value") == topic_of(other.ledger.book, f"{inbox}.inbox-value") == inbox


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        (f"{VILLAGES}-key", "serializer of strings"),
        (f"{VILLAGES}.quarantine-value", "is not in the catalogue"),
        ("990000.civil-affairs.nothing-value", "990000.civil-affairs.nothing is not in the catalogue"),
        ("cn.gov.Village", "TopicNameStrategy"),
        (VILLAGES, "TopicNameStrategy"),
        ("", "TopicNameStrategy"),
    ],
)
def test_what_is_no_subject_is_refused_with_the_cause(node: Node, subject: str, why: str) -> None:
    """Keys, other topics and other strategies each have their reason."""
    with pytest.raises(HTTPException, match=why) as refused:
        topic_of(node.ledger.book, subject)
    assert (refused.value.status_code, code(refused)) == (404, 40401)


def test_versions_are_numbered_as_registered(node: Node) -> None:
    """From one, each with its id and its text as registered."""
    book = node.ledger.book
    assert versions(book, VILLAGES) == [(1, schema_id(FIRST), canonical(FIRST)), (2, schema_id(SECOND), canonical(SECOND))]
    assert [version(book, VILLAGES, asked).number for asked in ("1", " 2 ", "latest", "LATEST", "-1")] == [1, 2, 2, 2, 2]


@pytest.mark.parametrize("asked", ["0", "-2", "one", "", "1.0", "²", "2147483648", "1" * 100])
def test_what_is_no_version_is_told(node: Node, asked: str) -> None:
    """By Confluent's code and words."""
    with pytest.raises(HTTPException, match=r"not a valid version id. Allowed values are between \[1, 2\^31-1\]") as refused:
        version(node.ledger.book, VILLAGES, asked)
    assert (refused.value.status_code, code(refused)) == (422, 42202)


@pytest.mark.parametrize("asked", ["3", "2147483647"])
def test_a_version_that_is_not_there_is_told(node: Node, asked: str) -> None:
    """With how many there are."""
    with pytest.raises(HTTPException, match=f"Version {asked} not found. There are 2") as refused:
        version(node.ledger.book, VILLAGES, asked)
    assert (refused.value.status_code, code(refused)) == (404, 40402)


def test_the_subject_settles_an_id_of_two_schemas(node: Node) -> None:
    """Each owner's subjects have its own schema; without a subject, that of the least division code."""
    book, number = node.ledger.book, schema_id(R22037)
    assert schema_text(book, number, f"{TWIN}-value") == canonical(R30270)
    assert schema_text(book, number, f"{PERMITS}.inbox-value") == schema_text(book, number, "") == canonical(R22037)
    assert served_by(book, number, "", OPERATOR) == [PERMITS]
    assert served_by(book, number, f"{TWIN}-value", OPERATOR) == [TWIN]


def test_a_subject_that_nobody_knows_settles_nothing(node: Node) -> None:
    """A deserializer may name the topic that it reads, whatever the book says of it: the id alone finds the schema."""
    assert schema_text(node.ledger.book, schema_id(FIRST), "445102.tax.mirror-value") == canonical(FIRST)


def test_an_unknown_id_is_told(node: Node) -> None:
    """With what may be the cause."""
    with pytest.raises(HTTPException, match="Schema 7 not found") as refused:
        schema_text(node.ledger.book, 7, "")
    assert (refused.value.status_code, code(refused)) == (404, 40403)


def test_resources_that_share_a_schema_are_all_told() -> None:
    """Those that have it and those that had it, in order."""
    node = catalogued_node()
    rolls = Topic("990000.tax.rolls")
    say(node, HERE, DepartmentValue(department=Department("990000.tax"), name="税务局"), registered(FIRST), resource(rolls, FIRST))
    assert served_by(node.ledger.book, schema_id(FIRST), "", OPERATOR) == [VILLAGES, rolls]


def test_a_view_is_a_subject_with_versions_of_its_own() -> None:
    """What it leaves of each version of its resource, that of two once where it is the same; it has no inbox, and its end changes nothing."""
    node = catalogued_node()
    book = node.ledger.book
    code_only, both = show(node, fields=("code",)), show(node, fields=("code", "area"), rows="code == '1'")
    assert list(subjects_of([both, VILLAGES])) == [f"{VILLAGES}-value", f"{VILLAGES}.inbox-value", f"{both}-value"]
    for view, fields in ((code_only, [["code"]]), (both, [["code"], ["code", "area"]])):
        assert topic_of(book, f"{view}-value") == view
        known = versions(book, view)
        assert [one.number for one in known] == [*range(1, len(fields) + 1)]
        assert [[field["name"] for field in json.loads(one.text)["fields"]] for one in known] == fields
        assert version(book, view, "latest") == known[-1]
    assert served_by(book, versions(book, code_only)[0].id, "", OPERATOR) == sorted([code_only, both])
    assert served_by(book, versions(book, both)[1].id, f"{both}-value", OPERATOR) == [both]
    say(node, HERE, *(GrantEndedValue(by=AUTHORITY, grant=ref) for ref in book.grants))
    assert topic_of(book, f"{both}-value") == both


def test_a_view_with_all_of_a_version_has_the_schema_of_its_resource() -> None:
    """Rows change no schema: one id, told under both."""
    node = catalogued_node()
    view = show(node, rows="code == '1'")
    assert [one.id for one in versions(node.ledger.book, view)] == [schema_id(FIRST), schema_id(SECOND)]
    assert served_by(node.ledger.book, schema_id(FIRST), "", OPERATOR) == [VILLAGES, view]


def test_a_view_whose_schemas_are_not_registered_has_no_versions() -> None:
    """Of a node that said a grant alone: there is nothing to answer, and no defect of ours."""
    node = catalogued_node()
    view = show_unregistered(node)
    assert versions(node.ledger.book, view) == []
    with pytest.raises(HTTPException, match="There are 0"):
        version(node.ledger.book, view, "latest")


def test_a_view_that_no_grant_needs_is_told(node: Node) -> None:
    """With what shows which there are; an inbox of a view there is none."""
    view = show(catalogued_node(), fields=("code",))
    for subject in (f"{view}-value", f"{view}.inbox-value"):
        with pytest.raises(HTTPException) as refused:
            topic_of(node.ledger.book, subject)
        assert code(refused) == 40401
    with pytest.raises(HTTPException, match="exchange-node view list"):
        topic_of(node.ledger.book, f"{view}-value")
