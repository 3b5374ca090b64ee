"""Keys over HTTP."""

from pathlib import Path

import httpx
import pytest

from node.model.keys import fingerprint
from node.model.values import Actor
from node.runtime.keys import node_key
from tests.http.conftest import ROOT
from tests.http.tokens import as_

pytestmark = pytest.mark.kafka


async def test_a_node_tells_its_key_and_whose_count(web: httpx.AsyncClient, work_folder: Path) -> None:
    """A root has declared its own, which is the one that others pin; a steward has no business here."""
    key = node_key(work_folder / "data").key
    ring = (await web.get("/v1/keys")).json()
    assert ring["own"] | {"reasons": []} == {
        "division": ROOT,
        "key": key,
        "fingerprint": fingerprint(key),
        "state": "valid",
        "reasons": [],
        "next": "",
        "root": fingerprint(key),
    }
    (own,) = (one for one in ring["divisions"] if one["division"] == ROOT)
    assert [(one["key"], one["said"], one["state"]) for one in own["keys"]] == [(key, [ROOT, 1], "valid")]
    steward = Actor(name="李", role="steward", department="990000.police")  # type: ignore[arg-type]  # a name of our own
    assert (await web.get("/v1/keys", auth=as_(web, steward))).status_code == 403


async def test_keys_are_the_operators_affair(web: httpx.AsyncClient) -> None:
    """The authority of a level neither vouches nor revokes; and nobody says that he has the node's key."""
    authority = Actor(name="吴敏", role="authority")
    for command in ({"command": "rotate-key"}, {"command": "vouch-key", "division": "990100", "key": "x"}):
        answer = await web.post("/v1/commands", json=command, auth=as_(web, authority))
        assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
    by = {"name": "rule", "role": "rule"}
    answer = await web.post("/v1/commands", json={"command": "declare-key", "by": by, "key": "ed25519:" + "A" * 43 + "="})
    assert answer.json()["code"] == "not-entitled"
