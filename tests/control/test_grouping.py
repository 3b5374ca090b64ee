"""Refused records by reason and field."""

import msgspec
import pytest

from node.batch.records import Record
from node.control import grouping
from node.control.grouping import OTHERS, Grouping
from node.transform.refusal import Refusal, read_refusal


def refusal(reason: str = "minimum", field: str = "amount", at: int = 100, claimed: int = 0) -> Refusal:
    """A refused record."""
    headers = {"reason": reason, "field": field, "message.en": f"{reason} broken", "message.zh": f"违反 {reason}", "records": str(claimed)}
    return read_refusal(Record(0, at, b"k", b"v", tuple((f"exchange.{name}", text.encode()) for name, text in headers.items())))


def test_each_group_tells_what_waits_and_what_was_done() -> None:
    """Times are those of what still waits; the sentence comes from the first record of the group."""
    groups = Grouping()
    for at, state in ((500, "waiting"), (300, "waiting"), (400, "waiting"), (100, "replayed"), (900, "discarded"), (950, "discarded")):
        groups.add(refusal(at=at), state)  # type: ignore[arg-type]  # one of the three words
    groups.add(refusal("cn-uscc", "holder"), "replayed")
    groups.add(refusal("unreadable", "", claimed=40), "waiting")
    groups.add(refusal("unreadable", "", claimed=2), "waiting")
    groups.add(refusal("unreadable", "", claimed=7), "discarded")
    amount, batches, holder = groups.groups()
    assert (amount.reason, amount.field, amount.en, amount.zh) == ("minimum", "amount", "minimum broken", "违反 minimum")
    assert (amount.waiting, amount.replayed, amount.discarded) == (3, 1, 2)
    assert (amount.since_ms, amount.newest_ms) == (300, 500)
    assert (batches.reason, batches.waiting, batches.claimed) == ("unreadable", 2, 42)
    assert (holder.reason, holder.waiting, holder.since_ms, holder.newest_ms) == ("cn-uscc", 0, None, None)


def test_groups_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands in headers, as many as fit have their own, and the rest is counted in one."""
    monkeypatch.setattr(grouping, "GROUPS_MAX", 3)
    groups = Grouping()
    for number in range(10):
        groups.add(refusal(f"r{number}"), "waiting")
    assert sorted((one.reason, one.waiting) for one in groups.groups()) == [("r0", 1), ("r1", 1), ("r2", 1), (OTHERS[0], 7)]


def test_rules_over_several_fields_are_told_apart_by_their_sentences() -> None:
    """They have the same word and no field: one sentence for all of them would be wrong of most."""
    groups, term = Grouping(), refusal("cel", "")
    groups.add(term, "waiting")
    groups.add(msgspec.structs.replace(term, en="the term ends before it begins"), "waiting")
    assert [(one.reason, one.en, one.waiting) for one in groups.groups()] == [
        ("cel", "cel broken", 1),
        ("cel", "the term ends before it begins", 1),
    ]


def test_nothing_makes_no_group() -> None:
    """A quarantine without records has nothing to tell."""
    assert Grouping().groups() == ()
