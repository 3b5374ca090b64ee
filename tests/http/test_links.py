"""Answers for node/http/links.py: what a link may carry, over HTTP, on a real node: a root, and a child whose parent cannot be reached."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from node.http import open_http
from node.lane.pace import Limits
from node.model.names import Division, Topic
from node.model.values import Actor
from node.runtime import NodeSettings
from tests.conftest import Kafka
from tests.http.tokens import AsNamed, as_
from tests.runtime.linked import running

pytestmark = pytest.mark.kafka
CHILD, PARENT = Division("990031"), Division("990030")
"""Divisions that no other test uses: the cluster is shared."""
VILLAGES = Topic(f"{CHILD}.civil-affairs.villages")


@pytest.fixture(scope="module")
async def child(kafka: Kafka, work_folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a node below another one, whose configuration limits the link and a resource."""
    folder = work_folder / "child-data"
    settings = NodeSettings(
        division=CHILD,
        bootstrap=kafka.bootstrap,
        security=kafka.security,
        replication=1,
        data_dir=folder,
        parent=PARENT,
        parent_bootstrap="127.0.0.1:1",
        root="SHA256:" + "0" * 64,
        limits=Limits(link=2_000_000, resources={VILLAGES: 50_000}),
    )
    async with (
        running(settings) as node,
        open_http(node, "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, auth=AsNamed(folder)) as client,
    ):
        async with asyncio.timeout(30):
            while node.shown.troubles["own cluster"]:
                await asyncio.sleep(0.05)
        yield client


def _rates(face: httpx.Response) -> dict[tuple[str, str], tuple[int | None, str]]:
    assert face.status_code == 200, face.text
    return {(one["lane"], one["resource"]): (one["bytes_per_s"], one["said_by"]) for one in face.json()["rates"]}


async def test_an_operators_word_stands_over_the_configuration_and_is_audited(child: httpx.AsyncClient) -> None:
    """In one direction or both; taken back, the configuration's stands again."""
    configured = {
        (lane, topic): (rate, "configuration") for lane in ("link-up", "link-down") for topic, rate in (("", 2_000_000), (VILLAGES, 50_000))
    }
    assert _rates(await child.get("/v1/link")) == configured
    one = await child.post("/v1/link/rate", json={"rate": 300_000, "lane": "link-up"})
    assert _rates(one) == configured | {("link-up", ""): (300_000, "command")}
    both = await child.post("/v1/link/rate", json={"rate": "none"})
    assert _rates(both) == configured | {("link-up", ""): (None, "command"), ("link-down", ""): (None, "command")}
    assert _rates(await child.post("/v1/link/rate", json={"rate": "default"})) == configured
    acts = (await child.get("/v1/audit?act=set-rate")).text
    assert '"lane":"link-up","rate":"300000"' in acts


async def test_what_the_book_does_not_have_is_not_limited(child: httpx.AsyncClient) -> None:
    """A misspelt name would limit nothing; a word on what is gone can be taken back all the same."""
    missing = await child.post("/v1/link/rate", json={"rate": 300_000, "resource": VILLAGES})
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
    assert (await child.post("/v1/link/rate", json={"rate": "default", "resource": VILLAGES})).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rate": 0},
        {"rate": 1023},
        {"rate": 2**50},
        {"rate": "much"},
        {"rate": 5000, "lane": "gate"},
        {"rate": 5000, "resource": f"{CHILD}.node.control"},
        {"rate": 5000, "resource": "x"},
        {"rate": 5000, "resource": f"{VILLAGES}.inbox"},
    ],
)
async def test_what_is_no_limit_is_refused(child: httpx.AsyncClient, body: dict[str, object]) -> None:
    """Nothing changes; the node's own topics are never limited."""
    before = _rates(await child.get("/v1/link"))
    answer = await child.post("/v1/link/rate", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert _rates(await child.get("/v1/link")) == before


async def test_only_operators_may(child: httpx.AsyncClient) -> None:
    """An inspector sees the limits and sets none."""
    inspector = as_(child, Actor(name="监", role="inspector"))
    request = child.build_request("POST", "/v1/link/rate", json={"rate": 5000})
    assert (await child.send(request, auth=inspector)).status_code == 403
    assert (await child.send(child.build_request("GET", "/v1/link"), auth=inspector)).status_code == 200


async def test_a_root_has_no_link(web: httpx.AsyncClient) -> None:
    """Said so, whoever asks for what."""
    for answer in (await web.get("/v1/link"), await web.post("/v1/link/rate", json={"rate": 5000})):
        assert (answer.status_code, answer.json()["code"]) == (409, "no-link")
