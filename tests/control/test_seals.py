"""Answers for node/control/seals.py: what of one log is let through, and what is said of the rest."""

import hashlib
from collections.abc import Sequence

import pytest

from node.control.book import Folded
from node.control.seals import Alarm
from node.model.keys import Signed, seal
from node.model.names import Division
from node.model.values import DepartmentValue
from tests.control.sealing import (
    CITY,
    DISTRICT,
    ROOT,
    Logs,
    changed,
    department,
    departments,
    division,
    fold,
    folding,
    private,
    public,
    realm,
    sealed,
)

OWN = {f"{DISTRICT}.{name}" for name in "abcd"}


def taken(*records: Signed) -> tuple[set[str], Alarm | None]:
    """What of the district's log is let through when it reads so, the others being as they should; and the alarm, if there is one."""
    folded = fold(realm().logs | {DISTRICT: list(records)})
    return departments(folded) & OWN, folded.alarms.get(DISTRICT)


def log() -> list[Signed]:
    """The district's log: a run of one event and one of three."""
    return list(realm().logs[DISTRICT])


def spoiled(record: Signed) -> Signed:
    """A record with another byte somewhere in its body."""
    return Signed(record.value.replace(b'"name":"', b'"name":"x', 1), record.seal)


def bare(record: Signed) -> Signed:
    """A record that lost its header."""
    return Signed(record.value)


def test_what_is_signed_is_let_through_run_by_run() -> None:
    """The events of a run wait for its signature; then all of them are folded at once."""
    one, two, three, four = log()
    folded = fold({ROOT: realm().logs[ROOT], CITY: realm().logs[CITY]})
    outcomes = [list(folded.take(DISTRICT, [record])) for record in (one, two, three, four)]
    assert [sum(len(one.events) for one in found if isinstance(one, Folded)) for found in outcomes] == [1, 0, 0, 3]
    assert folded.alarms == {}


def test_repetitions_are_harmless() -> None:
    """The reader rewinds and links repeat: whatever comes again, held or let through, counts once."""
    one, two, three, four = log()
    assert taken(one, two, two, one, three, two, four, three, one, four) == (OWN, None)


def test_a_later_signature_covers_what_lost_its_own() -> None:
    """It chains to all before it; so a header that was lost or spoiled on the way hurts nobody in the end."""
    one, two, three, four = log()
    assert four.seal is not None
    assert taken(bare(one), two, three, four) == (OWN, None)
    assert taken(Signed(one.value, four.seal), two, three, four) == (OWN, None)
    assert taken(Signed(one.value, four.seal)) == (set(), Alarm(DISTRICT, 1, "signature", "its signature does not fit"))


@pytest.mark.parametrize("at", range(4))
def test_a_changed_byte_lets_nothing_of_its_run_through(at: int) -> None:
    """In the last event its signature does not fit, in another what follows does not chain to it."""
    records = log()
    records[at] = spoiled(records[at])
    found, alarm = taken(*records)
    assert found == (OWN - {f"{DISTRICT}.{name}" for name in "bcd"} if at else set())
    assert alarm is not None
    assert (alarm.author, alarm.sequence, alarm.why) == (
        DISTRICT,
        *{0: (2, "chain"), 1: (3, "chain"), 2: (4, "chain"), 3: (4, "signature")}[at],
    )


@pytest.mark.parametrize(("order", "sequence"), [((1, 0, 2, 3), 2), ((0, 2, 1, 3), 3), ((0, 1, 3, 2), 4)])
def test_two_that_changed_places_are_a_gap(order: tuple[int, ...], sequence: int) -> None:
    """Nothing of their run is let through."""
    records = log()
    found, alarm = taken(*(records[at] for at in order))
    assert found == ({f"{DISTRICT}.a"} if order[0] == 0 else set())
    assert alarm is not None
    assert (alarm.sequence, alarm.why) == (sequence, "gap")


def test_without_its_last_event_a_run_is_nobodys_word() -> None:
    """It waits for a signature; without its first there is a gap."""
    one, two, three, four = log()
    assert taken(one, two, three) == ({f"{DISTRICT}.a"}, None)
    found, alarm = taken(one, three, four)
    assert found == {f"{DISTRICT}.a"}
    assert alarm is not None
    assert (alarm.sequence, alarm.why) == (3, "gap")


def test_a_run_that_was_dropped_is_seen_when_the_log_goes_on() -> None:
    """The next event does not follow."""
    one, two, three, four = log()
    assert one is not two
    found, alarm = taken(two, three, four)
    assert (found, alarm) == (set(), Alarm(DISTRICT, 2, "gap", "it follows event 0: there is a gap"))


def test_a_history_that_was_said_otherwise_is_a_fork() -> None:
    """Whoever signed it: an author that says two things under one number is not believed any further."""
    one = realm()
    again = changed(one.logs, DISTRICT, 1, [])
    second = sealed(log()[1].value.replace(b'"name":"b"', b'"name":"z"'), DISTRICT)
    assert again[DISTRICT] == log()[:1]
    found, alarm = taken(*log(), second)
    assert found == OWN
    assert alarm == Alarm(DISTRICT, 2, "fork", "it was said before with other bytes")


def test_a_key_that_nobody_vouched_for_is_waited_for() -> None:
    """Held with an alarm, and taken up when the key event comes; the log is read again for that."""
    logs = realm().logs
    folded = fold({DISTRICT: logs[DISTRICT], ROOT: logs[ROOT]})
    assert departments(folded) == {f"{ROOT}.a"}
    assert folded.alarms[DISTRICT].why == "key"
    assert folded.book.broken[DISTRICT].startswith("event 1: nobody vouched for the key")
    fold(logs, into=folded)
    assert departments(folded) >= OWN
    assert folded.alarms == {}
    assert folded.book.broken == {}


def test_unsigned_logs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody signs is not held without end; with a signature in its place it is taken, however much came before."""
    monkeypatch.setattr("node.control.seals.CONTROL_RUN_EVENTS_MAX", 3)
    records = [bare(record) for record in log()]
    found, alarm = taken(*records)
    assert found == set()
    assert alarm is not None
    assert (alarm.sequence, alarm.why) == (1, "unsigned")
    assert taken(*records[:3], log()[3]) == (OWN, None)


def test_what_is_held_of_an_unknown_key_is_bounded_and_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound it is let go; when the key is vouched for the log is read from its beginning."""
    monkeypatch.setattr("node.control.seals.CONTROL_RUN_EVENTS_MAX", 2)
    logs = realm().logs
    folded = folding()
    for record in logs[DISTRICT]:
        assert list(folded.take(DISTRICT, [record])) == []
    held = folded._now.seals._logs[DISTRICT]
    assert (held.held, held.bytes, held.parked) == ([], 0, True)
    monkeypatch.setattr("node.control.seals.CONTROL_RUN_EVENTS_MAX", 3)
    fold({ROOT: logs[ROOT], CITY: logs[CITY], DISTRICT: logs[DISTRICT]}, into=folded)
    assert departments(folded) >= OWN


def test_what_waits_for_a_key_tells_whose_log_is_needed_next() -> None:
    """From its parent's log alone a node learns who is above that, though nobody has vouched for the parent yet: a hint, and nothing else."""
    folded = fold({CITY: realm().logs[CITY]})
    assert folded.book.above(CITY) == ROOT
    assert departments(folded) == set()
    assert list(folded.book.tree.divisions) == []


def test_bytes_that_are_no_event_break_the_log() -> None:
    """Signed or not."""
    for record in (Signed(b"no event"), sealed(b"no event", DISTRICT), Signed(b"")):
        found, alarm = taken(*log(), record)
        assert found == OWN
        assert alarm is not None
        assert alarm.why == "gap"
    said = sealed(log()[0].value.replace(b'"kind"', b'"kinds"'), DISTRICT)
    folded = fold(realm().logs | {DISTRICT: [said]})
    assert "kinds" in folded.book.broken[DISTRICT] or "kind" in folded.book.broken[DISTRICT]


def test_one_signature_is_verified_for_what_was_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last under each key covers the others: a log is not dearer to read than its events."""
    looked: list[str] = []

    def counting(text: str, header: bytes, digest: bytes) -> bool:
        looked.append(text)
        return seal(text, private(DISTRICT).sign(digest)) == header

    logs = realm()
    for number in range(20):
        logs.say(DISTRICT, department(DISTRICT, f"x{number}"))
    folded = fold({ROOT: logs.logs[ROOT], CITY: logs.logs[CITY]})
    monkeypatch.setattr("node.control.seals.is_sealed", counting)
    fold({DISTRICT: logs.logs[DISTRICT]}, into=folded)
    assert len(departments(folded) & {f"{DISTRICT}.x{number}" for number in range(20)}) == 20
    assert looked == [public(DISTRICT)]


def test_events_that_wait_for_others_are_read_again_when_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """As without signatures: what the book did not take for want of room comes again, whole."""
    monkeypatch.setattr("node.control.chain.CONTROL_WAITING_MAX", 2)
    logs = realm()
    said = (DISTRICT, len(logs.logs[DISTRICT]) + 1)
    bodies: Sequence[DepartmentValue] = [department(CITY, f"w{number}") for number in range(5)]
    logs.say(CITY, *bodies, answers=said)
    logs.say(DISTRICT, department(DISTRICT, "last"))
    order: Logs = {ROOT: logs.logs[ROOT], CITY: logs.logs[CITY], DISTRICT: logs.logs[DISTRICT]}
    assert departments(fold(order)) >= {f"{CITY}.w4", f"{DISTRICT}.last"}


def test_the_root_is_known_by_its_pinned_key() -> None:
    """Nobody has to vouch for it; another root's log, well signed in itself, is nobody's."""
    logs = realm().logs
    assert departments(fold({ROOT: logs[ROOT]})) == {f"{ROOT}.a"}
    other = fold({ROOT: logs[ROOT]}, into=folding("another"))
    assert departments(other) == set()
    assert other.alarms[ROOT].why == "key"
    assert hashlib.sha256(logs[ROOT][0].value).digest() == other._now.seals._logs[ROOT].held[0].digest
    assert Division("440000") == ROOT
    assert division(ROOT, None).parent is None
