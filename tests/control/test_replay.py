"""Which refused records may go back, and which stay."""

import os

import pytest

from node.batch.records import Record
from node.control.quarantine import State
from node.control.replay import LATER, Later, why_not, why_not_discarded
from node.transform.refusal import Refusal, read_refusal

LARGE = 10_000


def refusal(key: bytes | None = b"k", own: int | None = None, *, at: int = 100, form: str = "", value: bytes = b"v") -> Refusal:
    """A refused record with the timestamp `at` in the quarantine, and `own` where its department's could not stay."""
    told = {"reason": "minimum", "form": form, "inbox.timestamp": "" if own is None else str(own)}
    headers = tuple((f"exchange.{name}", text.encode()) for name, text in told.items() if text)
    return read_refusal(Record(0, at, key, value, headers))


@pytest.mark.parametrize(
    ("record", "state", "code"),
    [
        (refusal(), "waiting", None),
        (refusal(key=None), "waiting", None),
        (refusal(), "replayed", "handled-before"),
        (refusal(), "discarded", "handled-before"),
        (refusal(form="record"), "waiting", "cannot-be-opened"),
        (refusal(form="batch"), "waiting", "cannot-be-opened"),
        (refusal(value=os.urandom(LARGE)), "waiting", "too-large"),
        (refusal(value=bytes(LARGE)), "waiting", None),
        (refusal(value=bytes(65 << 20)), "waiting", "too-large"),
    ],
)
def test_why_a_record_cannot_be_replayed_at_all(record: Refusal, state: State, code: str | None) -> None:
    """It was handled, cannot be opened, or does not fit the inbox: by the bytes that a compressed batch of it has."""
    why = why_not(record, state, batch_bytes_max=LARGE)
    assert (why.code if why else None) == code


def test_whatever_waits_can_be_discarded() -> None:
    """Also what cannot be opened; once only."""
    assert why_not_discarded("waiting") is None
    assert {state: why.code for state in ("replayed", "discarded") if (why := why_not_discarded(state))} == dict.fromkeys(
        ("replayed", "discarded"), "handled-before"
    )


@pytest.mark.parametrize(("seen", "held"), [([99], False), ([100], True), ([101], True), ([101, 5], True), ([], False)])
def test_a_record_of_the_key_that_is_no_older_holds_it_back(seen: list[int], held: bool) -> None:  # noqa: FBT001  # a column of the table
    """By timestamps; in one millisecond nobody can tell, so that holds it back too."""
    later = Later([refusal()])
    later.see(Record(number, at, b"k", b"v") for number, at in enumerate(seen))
    assert later.holds_back(refusal()) is held


def test_other_keys_hold_nothing_back() -> None:
    """Nor do records without a key: they have no order among each other."""
    later = Later([refusal(), refusal(key=None)])
    later.see([Record(0, 500, b"other", b"v"), Record(1, 500, None, b"v")])
    assert not later.holds_back(refusal())
    assert not later.holds_back(refusal(key=None))
    assert Later([refusal(key=None)]).since is None
    assert Later([]).since is None


def test_a_removal_is_a_later_record_too() -> None:
    """A tombstone says that the subject is no more: a replay would bring it back."""
    later = Later([refusal()])
    later.see([Record(0, 200, b"k", None)])
    assert later.holds_back(refusal())


def test_a_clock_that_runs_ahead_makes_nothing_young() -> None:
    """Where the record's own time lies behind that of its refusal, the refusal counts; where it lies before, its own does."""
    ahead, behind = refusal(own=900), refusal(own=50)
    later = Later([ahead, behind])
    assert later.since == 50
    later.see([Record(0, 99, b"k", b"v")])
    assert not later.holds_back(ahead)
    assert later.holds_back(behind)
    later.see([Record(1, 100, b"k", b"v")])
    assert later.holds_back(ahead)


def test_each_record_is_judged_by_its_own_time() -> None:
    """Two of one key: the older one stays, the newer one goes."""
    older, newer = refusal(at=100), refusal(at=300)
    later = Later([older, newer])
    later.see([Record(0, 200, b"k", b"v")])
    assert (later.holds_back(older), later.holds_back(newer)) == (True, False)


def test_a_reason_is_told_of_its_record() -> None:
    """With its place, in both languages, and what to do."""
    kept = LATER.of(3, 17)
    assert (kept.partition, kept.offset, kept.code) == (3, 17, "later-record")
    assert "--force" in kept.zh
    assert "--force" in kept.en
