"""Answers for node/control/lacking.py."""

import pytest

from node.control.lacking import Forked, lacking, verified
from node.model.keys import Signed, fingerprint
from node.model.values import NodeKeyValue
from tests.control.sealing import CITY, DISTRICT, ROOT, changed, department, fold, public, realm, sealed


@pytest.mark.parametrize("at", range(5))
def test_a_log_that_was_cut_lacks_what_the_copy_has_behind_it(at: int) -> None:
    """In order, with the signatures; nothing where it is whole, and repetitions count once."""
    logs = realm().logs
    whole = logs[DISTRICT]
    book = fold(changed(logs, DISTRICT, at if at in {0, 1, 4} else 1, [])).book
    taken = book.taken(DISTRICT)
    assert lacking(book, DISTRICT, whole) == whole[taken:]
    assert lacking(book, DISTRICT, [*whole[:3], *whole]) == whole[taken:]
    assert lacking(book, DISTRICT, whole[:taken]) == []
    assert lacking(book, DISTRICT, []) == []


def test_two_histories_are_told_by_their_first_difference() -> None:
    """Whether it lies in what the log has, or right behind."""
    logs = realm().logs
    other = sealed(logs[DISTRICT][0].value.replace(b'"name":"a"', b'"name":"z"'), DISTRICT)
    assert lacking(fold(logs).book, DISTRICT, [other]) == Forked(1)
    cut = fold(changed(logs, DISTRICT, 1, [])).book
    assert lacking(
        cut,
        DISTRICT,
        [logs[DISTRICT][0], *(sealed(one.value.replace(b'"previous":"', b'"previous":"0'), DISTRICT) for one in logs[DISTRICT][1:2])],
    ) == Forked(2)


def test_nothing_is_taken_that_no_known_key_has_signed() -> None:
    """The keys may still come; what is unsigned at the end of a copy is no part of it, and neither is what comes behind a gap."""
    logs = realm().logs
    whole = logs[DISTRICT]
    nobody = fold(changed(logs, CITY, 0, []) | {DISTRICT: []}).book
    assert lacking(nobody, DISTRICT, whole) is None
    cut = fold(changed(logs, DISTRICT, 0, [])).book
    assert lacking(cut, DISTRICT, whole[:3]) == whole[:1]
    assert lacking(cut, DISTRICT, [whole[0], *whole[2:]]) == whole[:1]
    assert lacking(cut, DISTRICT, [sealed(whole[0].value, "thief")]) is None


def test_a_roots_copy_is_verified_from_its_pinned_key_on() -> None:
    """Also where the root has rotated; up to the first event that is not signed so."""
    logs = realm()
    logs.say(ROOT, NodeKeyValue(division=ROOT, key=public("new")))
    logs.say(ROOT, department(ROOT, "x"), key="new")
    whole, pin = logs.logs[ROOT], fingerprint(public(ROOT))
    assert verified(whole, ROOT, pin) == len(whole)
    assert verified([*whole, sealed(whole[-1].value, "thief")], ROOT, pin) == len(whole)
    assert verified([*whole[:-1], Signed(whole[-1].value)], ROOT, pin) == len(whole) - 1
    assert verified(whole, ROOT, fingerprint(public("other"))) == 0
    assert verified(whole, CITY, pin) == 0
    assert verified([], ROOT, pin) == 0
    assert verified([Signed(b"no event", whole[0].seal)], ROOT, pin) == 0
