"""Answers for node/demo/licences.py."""

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from node.adapters import read_rows
from node.avro import ParsedSchema, encode, key_of, parse
from node.demo.licences import events, write
from node.model.shipped import shipped

COUNT, LICENCES = 3000, 1200


@pytest.fixture(scope="module")
def schema() -> ParsedSchema:
    """Return the shipped schema of licences."""
    return parse(json.loads(shipped("schemas/licences/licences.avsc").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def drawn() -> list[dict[str, Any]]:
    """Return the events of one seed."""
    return list(events(7, count=COUNT, licences=LICENCES))


def test_the_same_seed_gives_the_same_events(drawn: list[dict[str, Any]]) -> None:
    """Events follow from the seed alone, and another seed gives others."""
    assert list(events(7, count=COUNT, licences=LICENCES)) == drawn
    assert list(events(8, count=COUNT, licences=LICENCES)) != drawn


def test_there_are_as_many_events_and_licences_as_asked(drawn: list[dict[str, Any]]) -> None:
    """Every licence has an event, and no event is missing."""
    assert len(drawn) == COUNT
    assert len({event["licence_no"] for event in drawn}) == LICENCES


def test_versions_ascend_by_one_and_nothing_follows_a_revocation(drawn: list[dict[str, Any]]) -> None:
    """A licence begins ISSUED with version 1; each later version is one more, until REVOKED ends it."""
    stories: dict[str, list[dict[str, Any]]] = {}
    for event in drawn:
        stories.setdefault(event["licence_no"], []).append(event)
    for story in stories.values():
        assert [event["version"] for event in story] == list(range(1, len(story) + 1))
        assert [event["event"] == "ISSUED" for event in story] == [True] + [False] * (len(story) - 1)
        assert "REVOKED" not in [event["event"] for event in story[:-1]]
        assert len({(event["holder_id"], event["issued_on"], event["licence_type"]) for event in story}) == 1
    assert {event["event"] for event in drawn} == {"ISSUED", "CHANGED", "REVOKED"}


def test_timestamps_ascend(drawn: list[dict[str, Any]]) -> None:
    """Events come in the order in which they were recorded, no two at once, to the millisecond."""
    assert all(earlier["recorded_at"] < later["recorded_at"] for earlier, later in pairwise(drawn))
    assert all(event["recorded_at"].microsecond % 1000 == 0 for event in drawn)


def test_terms_begin_and_end(drawn: list[dict[str, Any]]) -> None:
    """A term ends after it begins or never; a licence is issued on the Beijing day of its first event."""
    for event in drawn:
        assert event["valid_to"] is None or event["valid_to"] > event["valid_from"] >= event["issued_on"]
        if event["version"] == 1:
            assert event["issued_on"] == (event["recorded_at"] + timedelta(hours=8)).date()
    assert {event["valid_to"] is None for event in drawn} == {True, False}


def test_holders_are_persons_or_bodies(drawn: list[dict[str, Any]]) -> None:
    """A person has an identity number and no legal representative; a body has a credit code and one."""
    for event in drawn:
        body = event["holder_kind"] == "LEGAL_PERSON"
        assert (event["legal_person"] is not None) == body
        assert event["holder_id"].startswith(("91", "92")) == body
        assert event["issuer_uscc"].startswith("11445102")


def test_events_are_records_of_the_shipped_schema(drawn: list[dict[str, Any]], schema: ParsedSchema) -> None:
    """Each event fits the schema, and its key is the licence's number."""
    for event in drawn:
        assert encode(schema, event)
        assert key_of(schema, event) == event["licence_no"].encode()


def test_the_file_reads_in_as_the_events(drawn: list[dict[str, Any]], schema: ParsedSchema, tmp_path: Path) -> None:
    """What is written is read by the adapter row for row."""
    path = tmp_path / "licences.ndjson"
    assert write(path, iter(drawn)) == COUNT
    assert [row.datum for row in read_rows(path, schema)] == drawn


@pytest.mark.parametrize(("count", "licences"), [(1, 2), (1, 0), (0, 0)])
def test_fewer_events_than_licences_are_refused(count: int, licences: int) -> None:
    """Every licence needs an event, so the figures must allow it."""
    with pytest.raises(ValueError, match="cannot tell"):
        next(events(1, count=count, licences=licences))
