"""Answers for node/control/grants.py."""

import msgspec
import pytest

from node.control.bodies import GrantAct
from node.control.grants import Grant, changed
from node.model.names import Department, Division, Topic
from node.model.values import (
    RULE,
    Actor,
    EndFiledValue,
    EventRef,
    GrantEndedValue,
    GrantResumedValue,
    GrantSeenValue,
    GrantSuspendedValue,
    GrantValue,
)
from tests.control.acting import CITY, DISTRICT, PROVINCE, actor, bills
from tests.control.test_requests import event

REF: EventRef = (DISTRICT, 20)
WITHDRAWAL: EventRef = (CITY, 30)
AUTHORITY, HEAD = actor("authority"), actor("head", "445102.tax")
VALUE = GrantValue(resource=bills(DISTRICT), taker=Department("445100.police"), purpose="核对", request=(CITY, 10))
GRANT = Grant(REF, VALUE)
SUSPENDED = GrantSuspendedValue(by=AUTHORITY, grant=REF, reason="超范围使用")
RESUMED = GrantResumedValue(by=AUTHORITY, grant=REF)
FILED = EndFiledValue(by=HEAD, grant=REF, reason="系统停用")
ENDED = GrantEndedValue(grant=REF, by=AUTHORITY)
SEEN = GrantSeenValue(by=RULE, grant=REF, state="flowing")


def told(grant: Grant | None, body: GrantAct, author: Division = DISTRICT, answers: EventRef | None = None) -> Grant | str:
    """Apply an act to a grant whose request was withdrawn."""
    return changed(grant, event(author, 40, body, answers), body, WITHDRAWAL)


def known(grant: Grant | str) -> Grant:
    """A grant that was changed."""
    assert isinstance(grant, Grant)
    return grant


def test_a_grant_is_suspended_and_resumed_in_turn() -> None:
    """Each once, by the authority of its owner's level; and neither when it is over."""
    suspended = known(told(GRANT, SUSPENDED))
    assert suspended.suspended
    assert told(suspended, SUSPENDED) == told(GRANT, RESUMED) == "wrong-state"
    resumed = known(told(suspended, RESUMED))
    assert not resumed.suspended
    assert [said.body for said in resumed.acts] == [SUSPENDED, RESUMED]
    for body in (SUSPENDED, RESUMED):
        for by in (HEAD, actor("operator"), actor("authority", "445100.data"), RULE):
            assert told(suspended, msgspec.structs.replace(body, by=by)) == "not-entitled"
    assert told(known(told(GRANT, ENDED)), SUSPENDED) == "already-ended"


def test_an_owner_files_and_the_authority_ends() -> None:
    """The end may name the filing that it agrees to, the newest; the owner's head alone ends nothing."""
    filed = known(told(GRANT, FILED))
    assert not filed.ended
    assert filed.filed is not None
    assert (filed.filed.ref, filed.filed.body) == ((DISTRICT, 40), FILED)
    agreed = msgspec.structs.replace(ENDED, filed=(DISTRICT, 40))
    assert known(told(filed, agreed)).ended
    assert told(GRANT, agreed) == told(filed, msgspec.structs.replace(ENDED, filed=(DISTRICT, 41))) == "no-such-filing"
    for by in (HEAD, actor("authority", "445100.data"), actor("operator")):
        assert told(filed, msgspec.structs.replace(ENDED, by=by)) == "not-entitled"
    for filer in (AUTHORITY, actor("head", "445102.police"), actor("operator", "445102.tax")):
        assert told(GRANT, msgspec.structs.replace(FILED, by=filer)) == "not-entitled"
    assert known(told(GRANT, msgspec.structs.replace(FILED, by=actor("steward", "445102.tax")))).filed


@pytest.mark.parametrize(("answers", "ended"), [(WITHDRAWAL, True), ((CITY, 31), False), (None, False)])
def test_the_rule_ends_what_was_withdrawn(answers: EventRef | None, *, ended: bool) -> None:
    """In answer to the withdrawal, so that every node has it before; never by itself."""
    after = told(GRANT, msgspec.structs.replace(ENDED, by=RULE), answers=answers)
    assert known(after).ended if ended else after == "not-entitled"
    assert changed(GRANT, event(DISTRICT, 40, ENDED, answers), msgspec.structs.replace(ENDED, by=RULE), None) == "not-entitled"


def test_only_the_owners_log_changes_a_grant() -> None:
    """What is said of it elsewhere, or of one that is not there, moves nothing."""
    for body in (SUSPENDED, RESUMED, FILED, ENDED):
        assert told(GRANT, body, CITY) == told(None, body) == "no-such-grant"


def test_it_flows_when_the_takers_node_first_says_so() -> None:
    """Not when the owner's says it, nor for another state; and a later word, after a suspension, does not make it later."""
    before = known(told(GRANT, SEEN))
    suspended = msgspec.structs.replace(SEEN, state="suspended")
    assert (before.flowing, known(told(GRANT, suspended, CITY, REF)).flowing) == ("", "")
    flowing = known(changed(before, msgspec.structs.replace(event(CITY, 41, SEEN, REF), at="2026-11-23T04:00:00.000Z"), SEEN, None))
    again = known(told(known(told(flowing, suspended, CITY, REF)), SEEN, CITY, REF))
    assert flowing.flowing == again.flowing == "2026-11-23T04:00:00.000Z"


@pytest.mark.parametrize(
    ("author", "answers", "by", "reason"),
    [
        (CITY, (DISTRICT, 20), RULE, ""),
        (CITY, (DISTRICT, 25), RULE, ""),
        (DISTRICT, None, RULE, ""),
        (CITY, (DISTRICT, 19), RULE, "no-such-grant"),
        (CITY, (PROVINCE, 20), RULE, "no-such-grant"),
        (CITY, None, RULE, "no-such-grant"),
        (CITY, (DISTRICT, 20), AUTHORITY, "not-entitled"),
    ],
)
def test_nodes_tell_what_they_have_seen(author: Division, answers: EventRef | None, by: Actor, reason: str) -> None:
    """Each for itself, after an event that every node has before; also of a grant that is over."""
    grant = known(told(GRANT, ENDED))
    body = msgspec.structs.replace(SEEN, by=by, state="ended")
    after = told(grant, body, author, answers)
    if reason:
        assert after == reason
    else:
        assert {node: said.body for node, said in known(after).seen.items()} == {author: body}
    assert told(None, body, author, answers) == "no-such-grant"


@pytest.mark.parametrize(
    ("author", "answers", "disposed", "reason"),
    [
        (CITY, (DISTRICT, 20), (bills(DISTRICT),), ""),
        (CITY, (DISTRICT, 20), (bills(CITY),), "no-such-copy"),
        (CITY, (DISTRICT, 20), (bills(DISTRICT), bills(DISTRICT)), "no-such-copy"),
        (DISTRICT, (DISTRICT, 20), (bills(DISTRICT),), "no-such-copy"),
    ],
)
def test_only_a_copy_that_the_grant_made_is_disposed_of_for_it(
    author: Division, answers: EventRef, disposed: tuple[Topic, ...], reason: str
) -> None:
    """The resource of its owner is none."""
    grant = known(told(GRANT, ENDED))
    body = msgspec.structs.replace(SEEN, state="ended", disposed=disposed)
    after = told(grant, body, author, answers)
    assert after == reason if reason else known(after).seen[author].body == body


def test_an_owner_tells_as_of_which_of_its_events_it_has_disposed_of_a_view() -> None:
    """Others count from it: no event, one before the grant or one that is to come tells nothing."""
    view = Topic(f"{bills(DISTRICT)}.v-0123456789ab")
    grant = msgspec.structs.replace(known(told(GRANT, ENDED)), view=view)
    body = msgspec.structs.replace(SEEN, state="ended", disposed=(view,))
    answers: list[EventRef | None] = [None, (DISTRICT, 19), (DISTRICT, 20), (DISTRICT, 999)]
    assert [told(grant, body, DISTRICT, one) == "no-such-copy" for one in answers] == [True, True, False, True]
