"""Acts as the audit keeps them."""

import msgspec
import pytest

from node.control.acts import NAMES_MAX, Act, Sought, acted, commanded, concerns, encode_act, is_sought, read_act
from node.control.audit import Note, encode_note
from node.control.book import Book
from node.control.commands import ApplyCatalogue, CatalogueItem, RevokeKey, RotateKey, SeeGrant
from node.errors import DataError
from node.model.keys import fingerprint, key_text
from node.model.names import Department, Division, Topic
from node.model.values import RULE, Kind
from tests.control.acting import AT, CITY, DISTRICT, SCHEMA, actor, answered, approved, asked, bills, department, settled

HEAD = actor("head", "445100.police", "林海")


def test_an_act_names_what_was_done_and_to_what_and_holds_no_words() -> None:
    """Names and numbers are there; purpose, basis, filter and reason are not: they may hold anything."""
    nodes = settled()
    command = asked(CITY, DISTRICT, rows='code == "440111199001011234"', basis="依据甲", purpose="用途乙", fields=("code",))
    events = nodes.carry_out(CITY, command)
    act = commanded(command, command.by, nodes.books[CITY], AT)
    assert (act.act, act.outcome) == ("new-request", "held-already")
    assert act.subject == {"resource": bills(DISTRICT), "taker": department(CITY)}
    text = encode_act(act).decode()
    assert not [word for word in ("440111199001011234", "依据甲", "用途乙") if word in text]
    nodes.carry_out(CITY, approved(events[0]))
    nodes.bring_all()
    answering = answered(events[0], DISTRICT, "refuse", reason="理由丙")
    act = commanded(answering, answering.by, nodes.books[DISTRICT], AT, code="wrong-state")
    assert (act.outcome, act.code) == ("refused", "wrong-state")
    assert act.subject == {
        "resource": bills(DISTRICT),
        "taker": department(CITY),
        "request": f"{CITY}/{events[0][1]}",
        "version": "1",
        "answer": "refuse",
    }
    assert "理由丙" not in encode_act(act).decode()


def test_a_key_is_named_by_its_fingerprint() -> None:
    """Which people compare; what is no key was typed by somebody, and may hold anything."""
    key = key_text(bytes(32))
    for given, told in ((key, fingerprint(key)), ("secret", "?")):
        act = commanded(RevokeKey(division=Division("445100"), key=given, last=7), actor("operator"), Book(), AT)
        assert act.subject == {"division": "445100", "last": "7", "key": told}
    assert commanded(RotateKey(), actor("operator"), Book(), AT).subject == {}


def test_a_disposal_names_what_was_removed() -> None:
    """That is what an inspector asks for."""
    command = SeeGrant(
        by=RULE, grant=(DISTRICT, 7), seen=(DISTRICT, 9), state="ended", disposed=(bills(DISTRICT), Topic("445102.tax.bills.v-1"))
    )
    subject = commanded(command, RULE, settled().books[CITY], AT).subject
    assert (subject["disposed"], subject["state"], subject["grant"]) == (
        f"{bills(DISTRICT)}, 445102.tax.bills.v-1",
        "ended",
        f"{DISTRICT}/7",
    )


def test_many_resources_are_named_up_to_a_bound() -> None:
    """And how many more there were."""
    items = tuple(
        CatalogueItem(name=Topic(f"445100.tax.r{number}"), title="税", kind=Kind.STATE, schema=SCHEMA, partitions=1)
        for number in range(NAMES_MAX + 2)
    )
    act = commanded(ApplyCatalogue(resources=items), HEAD, settled().books[CITY], AT)
    assert act.subject["more"] == "2"
    assert act.subject["resources"].count(", ") == NAMES_MAX - 1


def test_what_is_written_is_read() -> None:
    """An act as it was; a note as the act that it was; what a newer node wrote is passed over; what is damaged is told."""
    act = acted("export", HEAD, AT, subject={"resource": bills(CITY)}, events=[(CITY, 4)])
    assert read_act(encode_act(act)) == act
    note = Note(
        at="2026-11-22T12:00:00.000Z",
        kind="quarantine-replayed",
        topic=Topic(f"{bills(CITY)}.quarantine"),
        topic_id="x",
        partition=3,
        offsets=((1, 2), (5, 5)),
        why="张三 补正",
        by=HEAD,
    )
    told = read_act(encode_note(note))
    assert told is not None
    assert (told.act, told.by, told.subject["resource"], told.subject["partition"], told.subject["records"]) == (
        "quarantine-replayed",
        HEAD,
        bills(CITY),
        "3",
        "3",
    )
    assert "张三" not in encode_act(told).decode()
    assert (read_act(encode_note(msgspec.structs.replace(note, by=None))) or told).by == RULE
    assert read_act(msgspec.json.encode({"version": 2, "kind": "act", "new": 1})) is None
    assert read_act(msgspec.json.encode({"version": 1, "kind": "of-a-newer-node"})) is None
    assert read_act(msgspec.json.encode({"version": 2, "kind": "quarantine-replayed", "new": 1})) is None
    for damaged in (b"", b"{", b'{"version": 1, "kind": "act"}', b'{"version": "x", "kind": "act"}'):
        with pytest.raises(DataError):
            read_act(damaged)


@pytest.mark.parametrize(
    ("sought", "holds"),
    [
        (Sought(), True),
        (Sought(name="林海"), True),
        (Sought(name="林"), False),
        (Sought(act="export"), True),
        (Sought(act="resume-route"), False),
        (Sought(outcome="refused"), False),
        (Sought(about="445100/12"), True),
        (Sought(about="445100/1"), False),
        (Sought(about="445100.tax"), True),
        (Sought(about="445100.tax.bills"), True),
        (Sought(about="445100.tax.bill"), False),
        (Sought(department="445100.tax"), True),
        (Sought(department="445100.police"), True),
        (Sought(department="445100.t"), False),
        (Sought(name="林海", outcome="done", about="445100.tax"), True),
    ],
)
def test_acts_are_found_by_all_that_is_asked(sought: Sought, *, holds: bool) -> None:
    """Names as a whole, or up to a dot."""
    act = acted("export", HEAD, AT, subject={"resource": bills(CITY), "request": "445100/12"})
    assert is_sought(act, sought) is holds


def test_an_act_concerns_who_did_it_and_whose_it_was_done_to() -> None:
    """The owner of the resource and the taker; no other department."""
    act: Act = acted("answer-request", actor("head", "445102.tax"), AT, subject={"resource": bills(DISTRICT), "taker": department(CITY)})
    assert [concerns(act, Department(one)) for one in ("445102.tax", "445100.police", "445102.police", "445100.tax")] == [
        True,
        True,
        False,
        False,
    ]


def test_what_an_asker_drafts_is_not_its_owners_to_read_of() -> None:
    """Owner and asker may be departments of one node, whose audit has both."""
    for act, seen in (("new-request", False), ("amend-request", False), ("withdraw-request", False), ("approve-request", True)):
        one = acted(act, actor("steward", department(CITY)), AT, subject={"resource": bills(CITY), "taker": department(CITY)})
        assert [concerns(one, Department(of)) for of in ("445100.police", "445100.tax")] == [True, seen], act


@pytest.mark.parametrize(
    "typed",
    [
        "张三 440111199001011234 ",
        "440111199001011234",
        "nothing, 445102.tax",
        "x" * 2_000_000,
        "445102/1; 张三",
        "2026-11-22 张三",
        "A",
        "445102.a.b\n",
    ],
)
def test_what_somebody_typed_does_not_get_into_the_audit(typed: str) -> None:
    """A refused command may hold anything where a name is asked for."""
    act = acted("new-request", HEAD, AT, subject={"resource": typed, "taker": "445100.police"}, outcome="refused", code="bad-name")
    assert act.subject == {"resource": "?", "taker": "445100.police"}


def test_all_that_acts_name_is_kept() -> None:
    """Names, lists of them, events, days and moments, words of ours and counts."""
    names = (
        bills(CITY),
        f"{bills(CITY)}, 445102.tax.bills.v-1a2b",
        "445100",
        "445100/12",
        "2026-11-22",
        "2026-11-22T08:30:00.000Z",
        "held-already",
        "12",
        "",
        "True",
    )
    for name in names:
        assert acted("x", HEAD, AT, subject={"field": name}).subject == {"field": name}
