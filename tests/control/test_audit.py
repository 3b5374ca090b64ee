"""Notes of what was done with refused records: their form, which stays for years, and what is known from them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.control import audit
from node.control.audit import NOTE_RANGES_MAX, Handled, Note, NoteKind, decode_note, encode_note, ranges
from node.errors import DataError
from node.model.limits import AUDIT_NOTE_BYTES_MAX
from node.model.names import Department, Topic
from node.model.values import Actor

TOPIC = Topic("445102.tax.fees.quarantine")
ID = "3d0a1cf4-1a2b-4c3d-8e5f-001122334455"
HEAD = Actor(name="林海", role="head", department=Department("445102.tax"))


def note(*offsets: tuple[int, int], kind: NoteKind = "quarantine-replayed", partition: int = 0, topic_id: str = ID) -> Note:
    """A note about a quarantine."""
    at = "2026-11-25T08:00:00.000Z"
    return Note(at=at, kind=kind, topic=TOPIC, topic_id=topic_id, partition=partition, offsets=offsets, why="")


def test_the_form_is_written_for_years() -> None:
    """Names and order of a note are what other years' nodes will read; nothing of a record is in it."""
    value = encode_note(msgspec.structs.replace(note((3, 5), (9, 9)), why="复核", by=HEAD, forced=True, records=4))
    assert value.decode() == (
        '{"version":1,"at":"2026-11-25T08:00:00.000Z","kind":"quarantine-replayed","topic":"445102.tax.fees.quarantine",'
        f'"topic_id":"{ID}","partition":0,"offsets":[[3,5],[9,9]],"why":"复核","by":{{"name":"林海","role":"head","department":"445102.tax"}},"forced":true,"records":4}}'
    )
    assert decode_note(value) == msgspec.structs.replace(note((3, 5), (9, 9)), why="复核", by=HEAD, forced=True, records=4)


def test_notes_about_other_things_are_passed_over() -> None:
    """The audit topic has more than what was done with refused records."""
    assert decode_note(b'{"version":7,"kind":"signed-in","who":"x"}') is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b'{"version":2,"at":"","kind":"quarantine-replayed"}',
        b'{"version":1,"at":"","kind":"quarantine-discarded","topic":"t","topic_id":"i","partition":0,"offsets":[[1]],"why":""}',
        b'{"kind":"quarantine-replayed"}',
    ],
)
def test_a_note_that_cannot_be_read_stops_whoever_asks(value: bytes) -> None:
    """Who does not know what was done would do it again."""
    with pytest.raises(DataError):
        decode_note(value)


def test_the_largest_note_fits_its_topic() -> None:
    """As many ranges as a note may have, with the longest offsets that there are."""
    offsets = tuple((2**63 - 2, 2**63 - 1) for _ in range(NOTE_RANGES_MAX))
    assert len(encode_note(note(*offsets))) < AUDIT_NOTE_BYTES_MAX


def test_neighbours_are_one_range() -> None:
    """Offsets that no record has, such as those of transaction markers, part nobody."""
    assert ranges([]) == ()
    assert ranges([(5, 1), (6, 2), (9, 3), (10, 5), (40, 6), (41, 9)]) == ((5, 9), (10, 40), (41, 41))


def test_what_the_notes_say_is_told_of_each_record() -> None:
    """By partition; ends of ranges count; a note about a topic of that name that is no more says nothing."""
    handled = Handled({TOPIC: ID})
    for one in (
        note((5, 9), (20, 20)),
        note((0, 1)),
        note((10, 12), kind="quarantine-discarded"),
        note((3, 3), partition=1),
        note((13, 14), topic_id="another"),
        msgspec.structs.replace(note((15, 15)), topic=Topic("445102.tax.other.quarantine")),
        note(),
    ):
        handled.add(one)
    states = handled.states(TOPIC, 0, range(22))
    assert [number for number, state in enumerate(states) if state == "replayed"] == [0, 1, 5, 6, 7, 8, 9, 20]
    assert [number for number, state in enumerate(states) if state == "discarded"] == [10, 11, 12]
    assert handled.states(TOPIC, 1, [2, 3, 4]) == ["waiting", "replayed", "waiting"]
    assert handled.states(TOPIC, 2, []) == []


RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=6)


@given(st.lists(RANGES, max_size=5), st.integers(0, 4))
def test_notes_in_any_order_and_overlapping_say_the_same(notes: list[list[tuple[int, int]]], asked_between: int) -> None:
    """A record is handled exactly when some note has it, also when some is asked before all are added."""
    handled = Handled({TOPIC: ID})
    for number, offsets in enumerate(notes):
        handled.add(note(*offsets))
        if number == asked_between:
            handled.states(TOPIC, 0, [0])
    expected = {offset for offsets in notes for first, last in offsets for offset in range(first, last + 1)}
    states = handled.states(TOPIC, 0, range(80))
    assert {offset for offset, state in enumerate(states) if state == "replayed"} == expected


def test_more_ranges_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than to fill the memory, or to forget some."""
    monkeypatch.setattr(audit, "RANGES_MAX", 3)
    handled = Handled({TOPIC: ID})
    handled.add(note((0, 0), (2, 2), (4, 4)))
    with pytest.raises(DataError, match="more than 3 ranges"):
        handled.add(note((6, 6)))
