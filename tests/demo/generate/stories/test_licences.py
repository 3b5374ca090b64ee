"""Answers for node/demo/generate/stories/licences.py."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from stdnum.cn import uscc

from node.demo.generate import records
from node.demo.generate.identity import resident_check

COUNT = 3000


@pytest.fixture(scope="module")
def drawn() -> list[dict[str, Any]]:
    """Return the events of one seed."""
    return [made.datum for made in records("licences", count=COUNT, seed=7)]


def test_there_are_about_two_licences_for_five_events(drawn: list[dict[str, Any]]) -> None:
    """As many as the schema says: its subjects' share is 0.4."""
    assert 0.35 * COUNT < len({event["licence_no"] for event in drawn}) < 0.45 * COUNT


def test_versions_ascend_by_one_and_nothing_follows_a_revocation(drawn: list[dict[str, Any]]) -> None:
    """A licence begins ISSUED with version 1; each later version is one more, until REVOKED ends it."""
    stories: dict[str, list[dict[str, Any]]] = {}
    for event in drawn:
        stories.setdefault(event["licence_no"], []).append(event)
    for story in stories.values():
        assert [event["version"] for event in story] == list(range(1, len(story) + 1))
        assert [event["event"] == "ISSUED" for event in story] == [True] + [False] * (len(story) - 1)
        assert "REVOKED" not in [event["event"] for event in story[:-1]]
        assert len({(event["holder_id_number"], event["holder_uscc"], event["issued_on"], event["licence_type"]) for event in story}) == 1
    assert {event["event"] for event in drawn} == {"ISSUED", "CHANGED", "REVOKED"}


def test_events_come_in_the_order_in_which_they_were_recorded(drawn: list[dict[str, Any]]) -> None:
    """No two at once, to the millisecond."""
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
    """A person has an identity number, or a foreigner's document, and no legal representative; a body has a credit code and one."""
    for event in drawn:
        number, code, other = (event[name] for name in ("holder_id_number", "holder_uscc", "holder_other_id"))
        assert sum(one is not None for one in (number, code, other)) == 1
        assert (code is not None) == (event["holder_kind"] == "LEGAL_PERSON") == (event["legal_person"] is not None)
        assert code is None or (uscc.is_valid(code) and code.startswith(("91", "92")))
        assert number is None or number[17] == resident_check(number[:17])
        assert uscc.is_valid(event["issuer_uscc"])
    assert any(event["holder_other_id"] for event in drawn)


def test_changes_change_what_they_say(drawn: list[dict[str, Any]]) -> None:
    """A new name is a new name, a new seat in another street, a renewal a new term, and a revocation says why."""
    former: dict[str, dict[str, Any]] = {}
    seen = set()
    for event in drawn:
        before = former.get(event["licence_no"])
        seen.add(event["remark"])
        if event["remark"] == "名称变更":
            assert before
            assert before["holder_name"] != event["holder_name"]
        if event["remark"] == "住所变更":
            assert before
            assert before["street"] != event["street"]
        if event["remark"] == "延续":
            assert before
            assert event["valid_from"] == (event["recorded_at"] + timedelta(hours=8)).date() >= before["valid_from"]
        former[event["licence_no"]] = event
    assert {"名称变更", "住所变更", "延续", "依法撤销", None} <= seen
