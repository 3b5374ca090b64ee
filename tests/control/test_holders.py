"""Answers for node/control/holders.py."""

from node.control.holders import holders
from node.model.keys import fingerprint
from node.model.names import Division
from node.model.values import NodeKeyValue
from tests.control.sealing import CITY, DISTRICT, ROOT, fold, public, realm


def test_people_see_whose_keys_count_and_by_whose_word() -> None:
    """All divisions, with how far each log is taken: that is what a revocation asks for. The node itself is there before anybody has named it."""
    logs = realm()
    logs.revoke(CITY, DISTRICT, 1)
    logs.say(CITY, NodeKeyValue(division=CITY, key=public("new")))
    logs.vouch(ROOT, CITY, "alone")
    found = holders(fold(logs.logs).book, Division("445103"))
    assert [(one.division, one.sequence) for one in found] == [(ROOT, 6), (CITY, 6), (DISTRICT, 4), ("445103", 0)]
    states = {one.division: [(key.key, key.state, key.last) for key in one.keys] for one in found}
    assert states == {
        ROOT: [(public(ROOT), "valid", None)],
        CITY: [(public(CITY), "valid", None), (public("alone"), "undeclared", None)],
        DISTRICT: [(public(DISTRICT), "revoked", 1)],
        "445103": [],
    }
    (revoked,) = found[2].keys
    assert (revoked.said, revoked.revoked, revoked.fingerprint) == ((CITY, 4), (CITY, 5), fingerprint(public(DISTRICT)))
