"""The demo's requests; that their course works as a whole is `test_run`'s matter."""

from typing import Any

import pytest

from node.control.rights import has_authority, may
from node.demo import requesting
from node.demo.requesting import AUTHORITY, head, steward
from node.demo.story import ASKED, DEPARTMENTS, LICENCES, TAXATION
from node.demo.world import DISTRICT
from node.errors import CommandRefused, Unavailable
from node.model.names import Department, Division

_ASKED = (Division("445100"), 7)


def test_who_acts_is_entitled() -> None:
    """A steward and a head of each department, no two of the same name, and the authority of the owner's level."""
    departments = [Department(name) for name in DEPARTMENTS]
    assert all(may(steward(one), one, "steward") and may(head(one), one, "head") for one in departments)
    assert len({act(one).name for one in departments for act in (steward, head)}) == 2 * len(departments)
    assert has_authority(AUTHORITY, Division(DISTRICT))
    assert (ASKED.resource, ASKED.taker, ASKED.by) == (LICENCES, TAXATION, steward(TAXATION))


class Answering:
    """A node that shows a request, once it has it."""

    def __init__(self, *states: str) -> None:
        self.division, self.log = "445102", "a log"
        self._states = list(states)

    async def get(self, path: str) -> dict[str, Any]:
        """Return the request in its next state."""
        assert path == "/v1/requests/445100/7"
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if not state:
            raise CommandRefused("not-found", "the book has no request", "")
        return {"request": list(_ASKED), "state": state}


async def test_a_request_is_waited_for_in_its_state() -> None:
    """Until the links have brought it, and through its other states."""
    node: Any = Answering("", "draft", "draft", "waiting")
    assert (await requesting._stands(node, _ASKED, "waiting", "granted"))["state"] == "waiting"


async def test_a_request_that_never_comes_so_far_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the node and its log."""
    monkeypatch.setattr(requesting, "_PATIENCE_S", 0.1)
    node: Any = Answering("draft")
    with pytest.raises(Unavailable, match=r"445102 does not come so far with .*445100/7: see a log"):
        await requesting._stands(node, _ASKED, "granted")
