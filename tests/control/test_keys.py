"""Answers for node/control/keys.py."""

import pytest

from node.control.bodies import Body
from node.control.book import Book
from node.control.chain import Broken
from node.control.keys import Standing
from node.model.keys import fingerprint
from node.model.names import Division
from node.model.values import EventRef, NodeKeyValue
from tests.control.sealing import CITY, DISTRICT, OTHER, ROOT, Realm, division, public


class Logs(Realm):
    """Logs that one book folds as they are said, signed by whom they name."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(fingerprint(public(ROOT)))
        self.say(ROOT, NodeKeyValue(division=ROOT, key=public(ROOT)))
        self.say(ROOT, division(ROOT, None))
        self.claim = self.say(ROOT, division(CITY, ROOT))

    def say(self, author: Division, *bodies: Body, key: str = "", answers: EventRef | None = None) -> EventRef:
        """Say and fold."""
        ref = super().say(author, *bodies, key=key, answers=answers)
        for record in self.logs[author][-len(bodies) :]:
            assert not isinstance(self.book.fold(author, record.value, signer=public(key or author)), Broken)
        return ref

    def keys(self, code: Division) -> dict[str, int | None]:
        """The keys that count for a node's log."""
        return dict(self.book.keys.standing(code).keys)


def test_the_first_key_is_the_parents_word_alone() -> None:
    """Who joins has said nothing yet; who is not its parent says nothing of it at all."""
    logs = Logs()
    assert logs.keys(CITY) == {}
    logs.vouch(CITY, DISTRICT)
    logs.vouch(OTHER, CITY, "evil")
    assert logs.keys(CITY) == logs.keys(DISTRICT) == {}
    assert logs.book.refused == {(CITY, "not-own-child"): 1, (OTHER, "not-own-child"): 1}
    logs.vouch(ROOT, CITY)
    assert logs.keys(CITY) == {public(CITY): None}


def test_a_further_key_answers_the_nodes_own_word() -> None:
    """Neither the parent alone nor the node alone changes a key, and the answer is to the very key that was said."""
    logs = Logs()
    logs.vouch(ROOT, CITY)
    logs.vouch(ROOT, CITY, "alone")
    said = logs.say(CITY, NodeKeyValue(division=CITY, key=public("new")))
    assert logs.keys(CITY) == {public(CITY): None}
    assert logs.book.keys.wanted(CITY, ROOT) == (public("new"), said)
    logs.vouch(ROOT, CITY, "other", answers=said)
    assert logs.keys(CITY) == {public(CITY): None}
    logs.vouch(ROOT, CITY, "new", answers=said)
    assert logs.keys(CITY) == {public(CITY): None, public("new"): None}
    assert logs.book.keys.wanted(CITY, ROOT) is None
    assert logs.book.refused == {(ROOT, "not-declared"): 2}


def test_a_key_that_was_lost_is_replaced_when_none_is_left() -> None:
    """Nobody can sign under it any more: the parent revokes it, and its word alone is enough again."""
    logs = Logs()
    logs.vouch(ROOT, CITY)
    logs.say(CITY, division(DISTRICT, CITY), answers=logs.claim)
    logs.revoke(ROOT, CITY, 1)
    logs.vouch(ROOT, CITY, "new")
    assert logs.keys(CITY) == {public(CITY): 1, public("new"): None}
    logs.vouch(ROOT, CITY)
    assert logs.keys(CITY)[public(CITY)] == 1
    assert logs.book.refused == {(ROOT, "key-revoked"): 1}


def test_the_newer_word_of_a_revocation_holds() -> None:
    """The theft may have been earlier than was thought; the history that was named ends with the greatest of all keys."""
    logs = Logs()
    logs.vouch(ROOT, CITY)
    said = logs.say(CITY, NodeKeyValue(division=CITY, key=public("new")))
    logs.vouch(ROOT, CITY, "new", answers=said)
    logs.say(CITY, division(DISTRICT, CITY), answers=logs.claim, key="new")
    logs.revoke(ROOT, CITY, 2)
    logs.revoke(ROOT, CITY, 1)
    logs.revoke(ROOT, CITY, 2, "new")
    standing = logs.book.keys.standing(CITY)
    assert standing == Standing(((public(CITY), 1), (public("new"), 2)), 2, logs.revocation(CITY, 2).digest)
    assert [standing.judged(key, 1, 3) for key in (public(CITY), public("new"), "unknown")] == [2, 2, None]
    assert standing.judged("unknown", 1, 2) == 2


def test_the_root_is_the_one_whose_key_is_pinned() -> None:
    """Its log begins with that key. Nobody else is a root, whatever it says of itself, and nobody is above the root."""
    logs = Logs()
    logs.vouch(ROOT, CITY)
    assert logs.book.keys.root == ROOT
    logs.say(CITY, division(CITY, None))
    logs.say(CITY, division(ROOT, CITY), answers=logs.claim)
    logs.vouch(CITY, ROOT, "evil")
    assert logs.book.keys.parent(ROOT) is None
    assert logs.keys(ROOT) == {public(ROOT): None}
    assert logs.book.refused == {(CITY, "not-the-root"): 1}
    assert logs.book.tree.parent(CITY) == logs.book.keys.parent(CITY) == ROOT


def test_the_root_rotates_by_its_own_word_and_does_not_saw_off_its_branch() -> None:
    """What takes a key of its own back is signed with another, which stood before what is taken back."""
    logs = Logs()
    logs.say(ROOT, NodeKeyValue(division=ROOT, key=public("new")))
    logs.revoke(ROOT, ROOT, 2)
    logs.revoke(ROOT, ROOT, 2, key="new")
    assert logs.keys(ROOT) == {public(ROOT): None, public("new"): None}
    assert logs.book.refused == {(ROOT, "by-its-own-key"): 1, (ROOT, "key-too-young"): 1}
    logs.revoke(ROOT, ROOT, 4, key="new")
    assert logs.keys(ROOT) == {public(ROOT): 4, public("new"): None}


@pytest.mark.parametrize("body", ["not a key", 7])
def test_what_cannot_be_read_moves_nothing(body: object) -> None:
    """A key of an algorithm that is not known here is refused where it is folded, as any body that is wrong."""
    logs = Logs()
    super(Logs, logs).say(ROOT, NodeKeyValue(division=CITY, key=public(CITY)))
    value = logs.logs[ROOT][-1].value.replace(f'"{public(CITY)}"'.encode(), str(body).encode() if isinstance(body, int) else b'"sm2:AAAA"')
    logs.book.fold(ROOT, value)
    assert logs.keys(CITY) == {}
    assert logs.book.refused == {(ROOT, "malformed"): 1}
