"""Answers for node/control/folding.py: one book whatever the order, and nothing that whoever steals, lies or spoils can do about it."""

from random import Random

import pytest

from node.control.folding import PASSES_MAX, Folding
from node.model.keys import Signed
from node.model.names import Division
from node.model.values import NodeKeyValue
from tests.control.sealing import (
    CITY,
    DISTRICT,
    OTHER,
    ROOT,
    Logs,
    Realm,
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
    state,
)

NODES = (ROOT, CITY, DISTRICT, OTHER)
PARENT = {CITY: ROOT, DISTRICT: CITY, OTHER: ROOT}


def stolen() -> Realm:
    """The district's key is stolen behind its event 4, and two runs are signed with it; the city revokes it and vouches for a new one."""
    logs = realm()
    logs.say(DISTRICT, department(DISTRICT, "stolen"))
    logs.say(DISTRICT, department(DISTRICT, "too"))
    logs.revoke(CITY, DISTRICT, 4)
    logs.vouch(CITY, DISTRICT, "new")
    logs.say(DISTRICT, department(DISTRICT, "after"), key="new")
    return logs


def story(dice: Random) -> Logs:
    """Logs in which nodes do what they may and what they may not: they rotate, steal, revoke, vouch for others' children and claim them."""
    logs = realm()
    claim = logs.say(ROOT, division(OTHER, ROOT))
    logs.vouch(ROOT, OTHER)
    names = {code: [str(code)] for code in NODES}
    for number in range(dice.randint(2, 14)):
        who = dice.choice(NODES)
        parent, key = PARENT.get(who, who), dice.choice(names[who]) if dice.random() < 0.3 else names[who][-1]
        deed = dice.choice(["say", "say", "rotate", "rotate", "revoke", "revoke", "thief", "stray", "claim", "anew"])
        new = f"{who}-{number}"
        match deed:
            case "say":
                logs.say(who, *(department(who, f"x{number}-{at}") for at in range(dice.randint(1, 3))), key=key)
            case "rotate":
                said = logs.say(who, NodeKeyValue(division=who, key=public(new)), key=key)
                if who in PARENT:
                    logs.vouch(parent, who, new, answers=said if dice.random() < 0.9 else None, key=dice.choice(names[parent]))
                names[who].append(new)
            case "anew" if who in PARENT:
                logs.vouch(parent, who, new, key=names[parent][-1])
                names[who].append(new)
            case "revoke" | "thief":
                issuer, whom = (CITY, DISTRICT) if deed == "thief" else (parent, who)
                last = dice.randint(0, len(logs.logs.get(whom, [])))
                logs.revoke(issuer, whom, last, dice.choice(names[whom]), key=dice.choice(names[issuer]))
            case "stray":
                logs.vouch(dice.choice([OTHER, DISTRICT]), dice.choice([CITY, DISTRICT]), "evil")
            case "claim":
                logs.say(OTHER, division(DISTRICT, OTHER), answers=claim)
                logs.vouch(OTHER, DISTRICT, dice.choice(names[DISTRICT]))
            case _:
                pass
    return logs.logs


def spoil(logs: Logs, dice: Random) -> Logs:
    """The same logs, one of them spoiled somewhere on its way."""
    author = dice.choice(sorted(logs))
    records = list(logs[author])
    at = dice.randrange(len(records))
    match dice.randrange(5):
        case 0:
            records[at] = Signed(records[at].value.replace(b"-", b"+", 1), records[at].seal)
        case 1:
            del records[at]
        case 2:
            records[at] = Signed(records[at].value, b"x" * 72 if dice.random() < 0.5 else None)
        case 3:
            records.insert(dice.randrange(len(records)), records[at])
        case _:
            records[at : at + 2] = records[at : at + 2][::-1]
    return logs | {author: records}


@pytest.mark.parametrize("seed", range(150))
def test_the_order_in_which_logs_come_does_not_matter(seed: int) -> None:
    """Every interleaving, and every way to cut logs into what is read together, makes the same book, the same standings and the same alarms."""
    dice = Random(seed)
    logs = story(dice)
    if seed % 3 == 0:
        logs = spoil(logs, dice)
    expected = state(fold(logs).book)
    for order in range(4):
        assert state(fold(logs, Random(order)).book) == expected, order


def test_what_a_stolen_key_signed_is_void_and_the_log_goes_on_behind_it() -> None:
    """Whether the revocation or what it undoes came first. Others may answer what is void: it stands in the chain, and moves nothing."""
    logs = stolen().logs
    for dice in (None, *map(Random, range(20))):
        folded = fold(logs, dice)
        assert departments(folded) == departments(fold(realm().logs)) | {f"{DISTRICT}.after"}
        assert folded.book.refused == {(DISTRICT, "key-revoked"): 2}
        assert folded.book.heads[DISTRICT][0] == 7
        assert folded.alarms == {}


def test_the_former_book_serves_until_the_new_one_is_level() -> None:
    """A revocation that undoes something begins another pass; until its end the node has a whole book, and knows that it is not the last."""
    logs = stolen().logs
    folded = fold(changed(logs, CITY, len(realm().logs[CITY]), []))
    before = departments(folded)
    assert f"{DISTRICT}.stolen" in before
    assert list(folded.take(CITY, logs[CITY][-2:]))
    assert folded.again() == set(logs)
    for author in (ROOT, CITY):
        for _outcome in folded.take(author, logs[author]):
            pass
        assert departments(folded) == before
    assert folded.is_anew
    fold(logs, into=folded)
    assert departments(folded) == before - {f"{DISTRICT}.stolen", f"{DISTRICT}.too"} | {f"{DISTRICT}.after"}


def test_what_comes_while_logs_are_rewound_is_not_taken_for_their_beginning() -> None:
    """A read brings records of several logs: those behind the one that began another pass are of the middle of theirs."""
    logs = stolen().logs
    folded = fold(changed(logs, CITY, len(realm().logs[CITY]), []))
    for author in (CITY, DISTRICT, ROOT):
        for _outcome in folded.take(author, logs[author][-2:]):
            pass
    assert folded.again() == set(logs)
    assert departments(fold(logs, into=folded)) == departments(fold(logs))
    assert folded.alarms == {}


def test_passes_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever revokes without end does not keep a node from ever having a book again."""
    assert PASSES_MAX > 8
    monkeypatch.setattr("node.control.folding.PASSES_MAX", 0)
    folded = fold(stolen().logs, Random(3))
    assert not folded.is_anew


def test_a_key_is_rotated_under_the_old_one_and_the_parents_word() -> None:
    """The child's word and the parent's answer; what it signs with the new key waits for that."""
    logs = realm()
    said = logs.say(CITY, NodeKeyValue(division=CITY, key=public("new")))
    logs.say(CITY, department(CITY, "x"), key="new")
    assert fold(logs.logs).alarms[CITY].why == "key"
    logs.vouch(ROOT, CITY, "new", answers=said)
    for dice in (None, *map(Random, range(10))):
        folded = fold(logs.logs, dice)
        assert f"{CITY}.x" in departments(folded)
        assert dict(folded.standing(CITY).keys) == {public(CITY): None, public("new"): None}


def test_the_root_rotates_under_its_own_word() -> None:
    """Its first key stays the one that is pinned."""
    logs = realm()
    logs.say(ROOT, NodeKeyValue(division=ROOT, key=public("new")))
    logs.say(ROOT, department(ROOT, "x"), key="new")
    logs.revoke(ROOT, ROOT, len(logs.logs[ROOT]), key="new")
    logs.say(ROOT, department(ROOT, "evil"))
    logs.say(ROOT, department(ROOT, "y"), key="new")
    for dice in (None, *map(Random, range(10))):
        folded = fold(logs.logs, dice)
        assert departments(folded) >= {f"{ROOT}.x", f"{ROOT}.y"}
        assert f"{ROOT}.evil" not in departments(folded)


# ---- whoever attacks: nothing of it moves the book, and the alarm names author and sequence


def test_an_old_event_played_again_behind_the_log_is_a_repetition() -> None:
    """A grant after its end, a department after its change: the same bytes count once, and in another place they do not chain."""
    logs = realm().logs
    again = logs | {DISTRICT: [*logs[DISTRICT], logs[DISTRICT][0]]}
    assert state(fold(again).book) == state(fold(logs).book)
    moved = sealed(logs[DISTRICT][0].value.replace(b'"sequence":1,"previous":null', b'"sequence":5,"previous":null'), "thief")
    folded = fold(logs | {DISTRICT: [*logs[DISTRICT], moved]})
    assert departments(folded) == departments(fold(logs))
    assert (folded.alarms[DISTRICT].sequence, folded.alarms[DISTRICT].why) == (5, "chain")


def test_who_has_no_key_that_counts_says_nothing() -> None:
    """A run that chains well and is signed well, with a key that nobody vouched for."""
    logs = realm()
    logs.say(DISTRICT, department(DISTRICT, "evil"), key="thief")
    folded = fold(logs.logs)
    assert departments(folded) == departments(fold(realm().logs))
    assert (folded.alarms[DISTRICT].author, folded.alarms[DISTRICT].sequence, folded.alarms[DISTRICT].why) == (DISTRICT, 5, "key")


def test_a_parent_in_the_middle_cannot_present_another_root() -> None:
    """The grandchild has pinned the root: a whole tree below another key, well signed from the root down, is nobody's."""
    lie = Realm()
    lie.say(ROOT, NodeKeyValue(division=ROOT, key=public("liar")), key="liar")
    lie.say(ROOT, division(ROOT, None), key="liar")
    claim = lie.say(ROOT, division(CITY, ROOT), key="liar")
    lie.vouch(ROOT, CITY, key="liar")
    lie.say(CITY, division(DISTRICT, CITY), answers=claim)
    lie.vouch(CITY, DISTRICT)
    lie.say(DISTRICT, department(DISTRICT, "evil"))
    folded = fold(lie.logs)
    assert departments(folded) == set()
    assert list(folded.book.tree.divisions) == []
    assert (folded.alarms[ROOT].sequence, folded.alarms[ROOT].why) == (1, "key")
    assert departments(fold(lie.logs, into=folding("liar"))) == {f"{DISTRICT}.evil"}


def test_another_nodes_child_is_not_to_be_had() -> None:
    """Only the parent by the tree vouches; a node that makes itself a root, or the root its child, moves nothing."""
    logs = realm()
    logs.say(CITY, division(CITY, None))
    logs.say(CITY, division(ROOT, CITY), answers=(ROOT, 4))
    logs.vouch(CITY, ROOT, "liar")
    logs.vouch(DISTRICT, CITY, "liar")
    logs.say(ROOT, department(ROOT, "evil"), key="liar")
    folded = fold(logs.logs)
    assert folded.book.tree.parent(CITY) == ROOT
    assert f"{ROOT}.evil" not in departments(folded)
    assert folded.alarms[ROOT].why == "key"


@pytest.mark.parametrize("at", [0, 3, 4])
def test_a_revoked_key_does_not_write_another_history(at: int) -> None:
    """Neither at or before the last sequence that counts, for the history up to there was named, nor behind it, where the key is void."""
    logs = stolen().logs
    run = Realm()
    run.logs[DISTRICT] = logs[DISTRICT][:at]
    for number in range(5):
        run.say(DISTRICT, department(DISTRICT, f"evil{number}"))
    folded = fold(changed(logs, DISTRICT, at, run.logs[DISTRICT][at:]))
    assert not any("evil" in name for name in departments(folded))
    if at < 4:
        assert (folded.alarms[DISTRICT].author, folded.alarms[DISTRICT].sequence, folded.alarms[DISTRICT].why) == (DISTRICT, 4, "history")
    else:
        assert folded.book.refused == {(DISTRICT, "key-revoked"): 5}


def test_a_revocation_by_a_thief_is_void_with_the_thiefs_other_words() -> None:
    """A stolen city key revokes the district's; when the root revokes that, the district's log counts again."""
    logs = realm()
    last = len(logs.logs[CITY])
    logs.revoke(CITY, DISTRICT, 0)
    assert not any(name.startswith(DISTRICT) for name in departments(fold(logs.logs)))
    logs.revoke(ROOT, CITY, last)
    for dice in (None, *map(Random, range(20))):
        assert departments(fold(logs.logs, dice)) == departments(fold(realm().logs))


def test_a_copy_that_was_cut_off_is_no_lie_and_goes_on() -> None:
    """A whole run that is missing at the end is seen by nobody but the neighbours' copies; what comes later fits or is a gap."""
    logs = realm().logs
    folded = Folding(folding()._pin)
    fold(changed(logs, DISTRICT, 1, []), into=folded)
    assert folded.alarms == {}
    fold(logs, into=folded)
    assert departments(folded) == departments(fold(logs))
    assert private("x").sign(b"") != private("y").sign(b"")
    assert Division("445102") == DISTRICT
