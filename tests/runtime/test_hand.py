"""Answers for node/runtime/hand.py: when a node may say something, and with which key."""

from pathlib import Path

import pytest

from node.control import Book
from node.control.folding import Folding
from node.errors import CommandRefused
from node.model.keys import Signed, fingerprint
from node.model.names import Division
from node.model.values import NodeKeyValue
from node.runtime.hand import Hand
from node.runtime.keys import Mark, node_key, read_mark, write_mark
from tests.control.sealing import CITY, DISTRICT, ROOT, Realm, changed, department, fold, public, realm


def child(folder: Path, here: Division = DISTRICT) -> Hand:
    """The hand of a node with a parent, whose log was not compared yet but is not being compared either."""
    hand = Hand(here, folder, parent=CITY, root=fingerprint(public(ROOT)))
    hand.comparing = False
    return hand


def code(hand: Hand, book: Book) -> str:
    """With which code the hand refuses, empty where it writes."""
    try:
        hand.check(book)
    except CommandRefused as refused:
        return refused.code
    return ""


def mark(book: Book, sequence: int) -> Mark:
    """That this node wrote an event of the district."""
    return Mark(sequence=sequence, digest=book.digest(DISTRICT, sequence).hex())


def test_a_root_pins_the_key_with_which_it_began(tmp_path: Path) -> None:
    """Also after it has taken another: what others have pinned stays so."""
    hand = Hand(ROOT, tmp_path, parent=None, root="")
    first = node_key(tmp_path).key
    assert hand.pin == fingerprint(first)
    assert hand.begins(Book()) == first
    (tmp_path / "node.key").unlink()
    assert node_key(tmp_path).key != first
    assert Hand(ROOT, tmp_path, parent=None, root="").pin == fingerprint(first)
    assert child(tmp_path).pin == fingerprint(public(ROOT))
    assert child(tmp_path).begins(Book()) is None


def test_a_node_signs_with_the_newest_key_that_counts(tmp_path: Path) -> None:
    """Not before anybody has vouched for it; with the next one as soon as the parent has answered."""
    hand, logs = child(tmp_path), Realm()
    own = node_key(tmp_path).key
    logs.logs = realm().logs | {DISTRICT: []}
    with pytest.raises(CommandRefused, match="exchange-node key vouch 445102 ed25519:") as refused:
        hand.signer(fold(changed(logs.logs, CITY, 3, [])).book)
    assert own in refused.value.en
    assert own in refused.value.zh
    logs.revoke(CITY, DISTRICT, 0)
    logs.say(CITY, NodeKeyValue(division=DISTRICT, key=own))
    book = fold(logs.logs).book
    assert hand.signer(book).key == own
    new = hand.another(book)
    assert hand.next == new == hand.another(book)
    assert hand.signer(book).key == own
    logs.revoke(CITY, DISTRICT, 0)
    vouched = Book(fingerprint(public(ROOT)))
    for author, records in logs.logs.items():
        for one in records:
            vouched.fold(author, one.value)
    declared = Realm()
    declared.logs = {DISTRICT: []}
    said = declared.say(DISTRICT, NodeKeyValue(division=DISTRICT, key=new))
    vouched.fold(DISTRICT, declared.logs[DISTRICT][0].value)
    assert hand.signer(vouched).key == own
    logs.say(CITY, NodeKeyValue(division=DISTRICT, key=new), answers=said)
    vouched.fold(CITY, logs.logs[CITY][-1].value)
    assert hand.signer(vouched).key == new == node_key(tmp_path).key
    assert hand.next == ""


def test_a_log_that_ends_before_what_was_written_is_not_gone_on_with(tmp_path: Path) -> None:
    """A cluster that was restored from a backup; the message says where the rest comes from, at the root and elsewhere."""
    logs = realm().logs
    whole, cut = fold(logs).book, fold(changed(logs, DISTRICT, 1, [])).book
    write_mark(tmp_path, mark(whole, 4))
    assert code(child(tmp_path), whole) == ""
    assert code(child(tmp_path), cut) == "log-older"
    root = Hand(DISTRICT, tmp_path, parent=None, root="")
    with pytest.raises(CommandRefused, match="log import"):
        root.check(cut)
    write_mark(tmp_path, mark(whole, 1))
    assert code(child(tmp_path), whole) == code(child(tmp_path), cut) == ""


def test_a_log_that_says_something_else_is_forked(tmp_path: Path) -> None:
    """Than this node has written, or than the copy of the parent's cluster has."""
    logs = realm().logs
    book = fold(logs).book
    write_mark(tmp_path, Mark(sequence=2, digest="0" * 64))
    assert code(child(tmp_path), book) == "log-forked"
    write_mark(tmp_path, mark(book, 4))
    hand = child(tmp_path)
    assert hand.compare(book, logs[DISTRICT]) == []
    assert code(hand, book) == ""
    assert hand.compare(book, [Signed(logs[DISTRICT][0].value.replace(b'"name":"a"', b'"name":"z"'))]) == []
    assert code(hand, book) == "log-forked"
    assert hand.compare(book, logs[DISTRICT]) == []
    assert code(hand, book) == ""


def test_nothing_is_written_before_the_log_was_compared(tmp_path: Path) -> None:
    """While that lasts; when the parent is away, a node goes on that knows what it wrote last, and one that does not know waits for the parent."""
    book = fold(realm().logs).book
    hand = Hand(DISTRICT, tmp_path, parent=CITY, root=fingerprint(public(ROOT)))
    assert code(hand, book) == "log-compared"
    hand.comparing = False
    assert code(hand, book) == "log-unproven"
    hand.wrote(4, book.digest(DISTRICT, 4).hex())
    assert read_mark(tmp_path).sequence == 4
    assert code(hand, book) == ""
    hand = child(tmp_path / "new")
    hand.proven = True
    (tmp_path / "new").mkdir()
    assert code(hand, book) == ""


def test_what_the_parent_has_cut_off_needs_not_come_back(tmp_path: Path) -> None:
    """It has named the history that counts: what this node wrote behind that is gone, and its log is whole without."""
    logs = realm()
    whole = fold(logs.logs).book
    logs.revoke(CITY, DISTRICT, 1)
    logs.vouch(CITY, DISTRICT, "new")
    logs.logs[DISTRICT] = logs.logs[DISTRICT][:1]
    logs.say(DISTRICT, department(DISTRICT, "after"), key="new")
    folded: Folding = fold(logs.logs)
    assert folded.book.taken(DISTRICT) == 2
    write_mark(tmp_path, mark(whole, 4))
    hand = child(tmp_path)
    assert code(hand, folded.book) == "log-older"
    hand.proven = True
    assert code(hand, folded.book) == ""
