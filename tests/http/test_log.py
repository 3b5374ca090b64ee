"""Answers for node/http/log.py: the level of the log, over HTTP, on a real node."""

from collections.abc import Iterator

import httpx
import pytest

from node.model.values import Actor
from node.telemetry.log import LEVEL
from tests.http.tokens import as_
from tests.telemetry.undoing import undone

pytestmark = pytest.mark.kafka
INSPECTOR = Actor(name="监", role="inspector")


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    with undone():
        LEVEL.configure("info")
        yield
        LEVEL.configure("info")


async def test_an_operator_changes_the_level_for_a_while_and_it_is_audited(web: httpx.AsyncClient) -> None:
    """The answer says when it ends; the audit who asked for what."""
    assert (await web.get("/v1/log/level")).json() == {"level": "info", "configured": "info", "ends_in_s": None}
    answer = await web.post("/v1/log/level", json={"level": "debug"})
    assert (answer.status_code, answer.json()["level"]) == (200, "debug")
    assert 800 < answer.json()["ends_in_s"] <= 900
    back = await web.post("/v1/log/level", json={"level": "info"})
    assert back.json() == {"level": "info", "configured": "info", "ends_in_s": None}
    acts = [line for line in (await web.get("/v1/audit?act=change-log-level")).text.splitlines() if '"acted"' in line or '"act"' in line]
    assert any('"level":"debug","seconds":"900"' in line for line in acts)


@pytest.mark.parametrize("body", [{"level": "trace"}, {"level": "debug", "for_s": 0}, {"level": "debug", "for_s": 1e9}, {"level": 1}, {}])
async def test_what_is_no_level_or_no_bounded_time_is_refused(web: httpx.AsyncClient, body: dict[str, object]) -> None:
    """Nothing changes."""
    answer = await web.post("/v1/log/level", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert LEVEL.now == "info"


async def test_nobody_else_may(web: httpx.AsyncClient) -> None:
    """An inspector reads what was done, and does not turn the log."""
    request = web.build_request("POST", "/v1/log/level", json={"level": "debug"})
    answer = await web.send(request, auth=as_(web, INSPECTOR))
    assert (answer.status_code, LEVEL.now) == (403, "info")
