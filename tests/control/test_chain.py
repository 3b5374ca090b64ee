"""Answers for node/control/chain.py."""

import pytest

from node.control import chain as chain_module
from node.control.chain import Broken, Chains, Released, Repeated, Stuck, Taken, Waiting
from node.control.events import digest, encode
from node.control.run import Run
from node.model.names import Department, Division
from node.model.values import DepartmentValue, EventRef

A, B, C = Division("440000"), Division("445100"), Division("445102")
AT = "2026-11-22T12:00:00.000Z"


def log(author: Division, *answers: EventRef | None, name: str = "") -> list[bytes]:
    """A log with one event for each of `answers`."""
    run = Run(author, (0, None), AT)
    for answered in answers:
        run.say(DepartmentValue(department=Department(f"{author}.a"), name=name), answered)
    return [encode(event) for event in run.events]


def released(taken: Taken) -> list[EventRef]:
    """The events that were released, by name."""
    assert isinstance(taken, Released)
    return [event.ref for event in taken.events]


def test_a_log_is_taken_in_its_order() -> None:
    """Each event that waits for nothing is released at once, and head and tail are the last one."""
    chains, values = Chains(), log(A, None, None)
    assert chains.tail(A) == (0, None)
    assert [released(chains.take(A, value)) for value in values] == [[(A, 1)], [(A, 2)]]
    assert chains.tail(A) == (2, digest(values[1]))
    assert chains.heads == {A: (2, digest(values[1]))}
    assert not chains.broken
    assert not chains.waiting


def test_a_repetition_is_ignored() -> None:
    """The same bytes again, the newest or older ones, do nothing, and the log goes on."""
    chains, values = Chains(), log(A, None, None, None)
    for value in values[:2]:
        chains.take(A, value)
    assert chains.take(A, values[0]) == Repeated((A, 1))
    assert chains.take(A, values[1]) == Repeated((A, 2))
    assert released(chains.take(A, values[2])) == [(A, 3)]


def test_a_repetition_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is read again, for too many of its events waited, is not held to all rules anew: there may be tens of thousands of them."""
    chains, values = Chains(), log(A, None, None)
    for value in values:
        chains.take(A, value)
    monkeypatch.setattr("node.control.chain.decode_form", None)
    assert [chains.take(A, value) for value in values] == [Repeated((A, 1)), Repeated((A, 2))]


def test_a_waiting_event_is_recognised_when_repeated() -> None:
    """What was taken and waits is known by its digest too."""
    chains, values = Chains(), log(A, (B, 1))
    assert chains.take(A, values[0]) == Waiting((A, 1), (B, 1))
    assert chains.take(A, values[0]) == Repeated((A, 1))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (log(A, None, None)[1:], "gap"),
        ([*log(A, None), *log(A, None, name="other")], "other bytes"),
        ([*log(A, None), log(A, None, None, name="other")[1]], "previous"),
        (log(B, None), "author is 445100"),
        ([b"{"], "event 1"),
    ],
)
def test_a_broken_log_stays_broken_and_harms_no_other(values: list[bytes], reason: str) -> None:
    """A gap, a fork, a false link, a foreign author or no event at all break that log alone, for good, with the reason."""
    chains = Chains()
    *_, taken = [chains.take(A, value) for value in values]
    assert isinstance(taken, Broken)
    assert reason in taken.reason
    assert chains.take(A, log(A, None, None)[1]) == taken
    assert chains.broken == {A: taken.reason}
    assert released(chains.take(B, log(B, None)[0])) == [(B, 1)]


def test_an_answer_releases_what_waits_and_that_releases_more() -> None:
    """Everything behind a waiting event waits in its log's order, and all comes in a cascade when the answer is there."""
    chains = Chains()
    a, b, c = log(A, (B, 1), None), log(B, (C, 2), None), log(C, None, (B, 2))
    assert chains.take(A, a[0]) == Waiting((A, 1), (B, 1))
    assert chains.take(A, a[1]) == Waiting((A, 2), (B, 1))
    assert chains.waiting == {A: (2, (B, 1))}
    assert [event.ref for event in chains.held(A)] == [(A, 1), (A, 2)]
    assert chains.tail(A) == (2, digest(a[1]))
    assert chains.take(B, b[0]) == Waiting((B, 1), (C, 2))
    assert released(chains.take(C, c[0])) == [(C, 1)]
    assert chains.take(C, c[1]) == Waiting((C, 2), (B, 2)), "two authors that wait for each other wait, and harm no third"
    assert not list(chains.held(Division("999999")))


def test_a_cascade_crosses_authors() -> None:
    """What one release sets free is released in the same act, each after what it answers."""
    chains = Chains()
    chains.take(A, log(A, (B, 1))[0])
    for value in log(B, (C, 1), (A, 1)):
        chains.take(B, value)
    assert released(chains.take(C, log(C, None)[0])) == [(C, 1), (B, 1), (A, 1), (B, 2)]
    assert not chains.waiting


def test_a_broken_log_still_releases_what_it_held() -> None:
    """What was good before the break counts, whether it waited or not: else the order of logs would show."""
    chains = Chains()
    chains.take(A, log(A, (B, 1))[0])
    assert isinstance(chains.take(A, b"{"), Broken)
    assert released(chains.take(B, log(B, None)[0])) == [(B, 1), (A, 1)]


def test_an_answer_to_oneself_never_waits() -> None:
    """An event that answers its own author's is judged by the book; waiting for one's own later event would never end."""
    assert released(Chains().take(A, log(A, (A, 7))[0])) == [(A, 1)]


def test_too_many_waiting_are_stuck_until_others_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the bound an event is not taken, nor are those behind it; offered again after the release, the log goes on whole."""
    monkeypatch.setattr(chain_module, "CONTROL_WAITING_MAX", 2)
    chains, values = Chains(), log(A, (B, 1), None, None, None)
    assert [type(chains.take(A, value)) for value in values] == [Waiting, Waiting, Stuck, Stuck]
    assert chains.take(A, values[2]) == Stuck(A, 3)
    assert released(chains.take(B, log(B, None)[0])) == [(B, 1), (A, 1), (A, 2)]
    assert chains.take(A, values[3]) == Stuck(A, 3), "no gap yet: the log must be offered again from there"
    assert [released(chains.take(A, value)) for value in values[2:]] == [[(A, 3)], [(A, 4)]]
    assert isinstance(chains.take(A, log(A, *[None] * 6)[5]), Broken), "and a gap is a gap again"
