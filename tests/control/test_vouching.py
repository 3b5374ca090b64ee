"""Answers for node/control/vouching.py."""

from datetime import UTC, datetime

import msgspec
import pytest

from node.control.commands import Command, DeclareKey, RevokeKey, RotateKey, VouchKey
from node.control.decide import decide
from node.control.events import encode
from node.control.vouching import key_answers, newest_key
from node.errors import CommandRefused
from node.model.names import Division
from node.model.values import RULE, Actor, EventRef, KeyRevokedValue, NodeKeyValue
from tests.control.sealing import CITY, DISTRICT, ROOT, public
from tests.control.test_keys import Logs

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
OPERATOR = Actor(name="黄山", role="operator")


class Desk(Logs):
    """Nodes that decide by one book."""

    def carry_out(self, author: Division, command: Command, key: str = "") -> list[tuple[object, EventRef | None]]:
        """Decide and fold; return what was said and what it answers."""
        events = decide(command, self.book, author, AT)
        for event in events:
            assert not isinstance(event.body, msgspec.Raw)
            super().say(author, event.body, answers=event.answers, key=key)
            assert self.logs[author][-1].value.split(b'"body"')[1] == encode(event).split(b'"body"')[1]
        return [(event.body, event.answers) for event in events]

    def refused(self, author: Division, command: Command) -> CommandRefused:
        """Return the refusal of a command."""
        with pytest.raises(CommandRefused) as caught:
            decide(command, self.book, author, AT)
        return caught.value


@pytest.fixture
def desk() -> Desk:
    """A root with a child whose key it has vouched for."""
    one = Desk()
    one.carry_out(ROOT, VouchKey(division=CITY, key=public(CITY)))
    return one


def test_a_parent_vouches_once_for_what_it_is_given(desk: Desk) -> None:
    """Said again, nothing is to be said."""
    assert newest_key(desk.book, CITY) == public(CITY)
    assert desk.carry_out(ROOT, VouchKey(division=CITY, key=public(CITY))) == []


def test_a_rotation_goes_from_the_node_to_its_parent_and_back(desk: Desk) -> None:
    """The node declares, the parent answers that by rule, and the newest key is the one to sign with."""
    assert list(key_answers(desk.book, ROOT)) == []
    ((_body, _answers),) = desk.carry_out(CITY, DeclareKey(by=RULE, key=public("new")))
    assert desk.carry_out(CITY, DeclareKey(by=RULE, key=public("new"))) == []
    (answer,) = key_answers(desk.book, ROOT)
    assert list(key_answers(desk.book, CITY)) == []
    assert newest_key(desk.book, CITY) == public(CITY)
    assert desk.carry_out(ROOT, answer) == [(NodeKeyValue(division=CITY, key=public("new")), (CITY, 1))]
    assert newest_key(desk.book, CITY) == public("new")
    assert list(key_answers(desk.book, ROOT)) == []


def test_a_second_key_that_its_node_has_not_declared_is_refused(desk: Desk) -> None:
    """With both ways out: rotate there, or revoke the one that is lost."""
    refused = desk.refused(ROOT, VouchKey(division=CITY, key=public("new")))
    assert refused.code == "not-declared"
    assert "key rotate" in refused.en
    assert "key revoke" in refused.zh
    assert desk.carry_out(ROOT, RevokeKey(division=CITY, key=public(CITY), last=0))
    assert newest_key(desk.book, CITY) is None
    assert desk.carry_out(ROOT, VouchKey(division=CITY, key=public("new")))
    assert newest_key(desk.book, CITY) == public("new")


def test_a_revocation_names_the_history_that_this_node_holds(desk: Desk) -> None:
    """With the digest of its last event; said again nothing, said of another event the newer word."""
    desk.carry_out(CITY, DeclareKey(by=RULE, key=public("new")))
    digest = desk.book.digest(CITY, 1).hex()
    revoke = RevokeKey(division=CITY, key=public(CITY), last=1)
    assert desk.carry_out(ROOT, revoke) == [(KeyRevokedValue(division=CITY, key=public(CITY), last=1, digest=digest), None)]
    assert desk.carry_out(ROOT, revoke) == []
    assert desk.carry_out(ROOT, RevokeKey(division=CITY, key=public(CITY), last=0))
    assert desk.refused(ROOT, RevokeKey(division=CITY, key=public(CITY), last=2)).code == "out-of-bounds"
    assert desk.refused(ROOT, VouchKey(division=CITY, key=public(CITY))).code == "key-revoked"


def test_nobody_speaks_of_others_keys(desk: Desk) -> None:
    """Only the parent by the tree, of its own children; and of its own key only the root."""
    assert desk.refused(CITY, VouchKey(division=DISTRICT, key=public("x"))).code == "not-own-child"
    assert desk.refused(CITY, RevokeKey(division=ROOT, key=public(ROOT), last=0)).code == "not-own-child"
    assert desk.refused(CITY, VouchKey(division=CITY, key=public("x"))).code == "own-key"
    assert desk.refused(CITY, RevokeKey(division=CITY, key=public(CITY), last=0)).code == "own-key"
    assert desk.refused(CITY, DeclareKey(by=OPERATOR, key=public("x"))).code == "not-entitled"
    assert desk.refused(CITY, RotateKey()).code == "no-key"


def test_what_is_no_key_is_told(desk: Desk) -> None:
    """An algorithm that is not known here, or half a key."""
    for text in ("", "sm2:AAAA", public(CITY)[:-1]):
        assert desk.refused(ROOT, VouchKey(division=CITY, key=text)).code == "bad-key"
        assert desk.refused(ROOT, RevokeKey(division=CITY, key=text, last=0)).code == "bad-key"
    assert desk.refused(ROOT, VouchKey(division=Division("x"), key=public(CITY))).code == "bad-name"


def test_the_root_revokes_its_own_key_under_another(desk: Desk) -> None:
    """Which was declared before what is taken back: else the revocation would take back itself."""
    assert "key rotate" in desk.refused(ROOT, RevokeKey(division=ROOT, key=public(ROOT), last=3)).en
    desk.carry_out(ROOT, DeclareKey(by=RULE, key=public("new")))
    assert newest_key(desk.book, ROOT) == public("new")
    declared = desk.book.taken(ROOT)
    refused = desk.refused(ROOT, RevokeKey(division=ROOT, key=public(ROOT), last=declared - 1))
    assert f"--last {declared} or later" in refused.en
    assert desk.carry_out(ROOT, RevokeKey(division=ROOT, key=public(ROOT), last=declared), key="new")
    assert desk.keys(ROOT) == {public(ROOT): declared, public("new"): None}
