"""The demo's request; that its course works as a whole is `test_run`'s matter."""

from typing import Any

import pytest

from node.control.rights import has_authority, may
from node.demo import requesting
from node.demo.requesting import AUTHORITY, HEAD, OWNERS_HEAD, STEWARD
from node.demo.story import DEPARTMENTS, GRANT, LICENCES, TAXATION
from node.demo.world import DISTRICT
from node.errors import Unavailable
from node.model.names import Department, Division, department_of

_ASKED = (Division("445100"), 7)


def test_who_acts_is_entitled() -> None:
    """A steward and a head of the taker, a head of the owner, and the authority of the owner's level."""
    assert may(STEWARD, Department(TAXATION), "steward")
    assert may(HEAD, Department(TAXATION), "head")
    assert may(OWNERS_HEAD, department_of(GRANT.resource), "head")
    assert has_authority(AUTHORITY, Division(DISTRICT))
    assert {HEAD.department, OWNERS_HEAD.department} <= DEPARTMENTS.keys()
    assert GRANT.resource == LICENCES


class Answering:
    """A node that shows its requests."""

    def __init__(self, *states: str) -> None:
        self.division, self.log = "445102", "a log"
        self._states = list(states)

    async def get(self, path: str) -> list[dict[str, Any]]:
        """Return the request in its next state."""
        assert path == "/v1/requests"
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return [{"request": ["445100", 8], "state": "waiting"}, {"request": list(_ASKED), "state": state}]


async def test_a_request_is_waited_for_in_its_state() -> None:
    """Other requests, and other states of it, are passed over."""
    node: Any = Answering("draft", "draft", "waiting")
    assert (await requesting._until(node, _ASKED, "waiting"))["state"] == "waiting"


async def test_a_request_that_never_comes_so_far_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the node and its log."""
    monkeypatch.setattr(requesting, "_PATIENCE_S", 0.1)
    node: Any = Answering("draft")
    with pytest.raises(Unavailable, match=r"445102 does not show .*445100/7 as granted: see a log"):
        await requesting._until(node, _ASKED, "granted")
