"""Which node it is and how it is, over HTTP, on a real node."""

import httpx

from tests.http.conftest import ROOT


async def test_the_node_tells_who_it_is(web: httpx.AsyncClient) -> None:
    """Division, name from the book, and where its cluster is."""
    face = (await web.get("/v1/node")).json()
    assert (face["division"], face["name"], face["parent"]) == (ROOT, "测试省", None)
    assert face["kafka"]["bootstrap"].startswith("127.0.0.1:")


async def test_status_shows_the_book_and_no_link_at_the_root(web: httpx.AsyncClient) -> None:
    """A root has no link and no routes but those of its gates; its own log is whole."""
    status = (await web.get("/v1/status")).json()
    assert status["ready"]
    assert status["link"] is None
    assert {route["lane"] for route in status["routes"]} <= {"gate"}
    author = status["control"]["authors"][ROOT]
    assert author["sequence"] >= 2
    assert (author["broken"], author["waiting"]) == ("", 0)


async def test_only_a_stopped_route_can_be_resumed(web: httpx.AsyncClient) -> None:
    """Resuming what is not stopped is refused; a mode that there is not is malformed."""
    answer = await web.post("/v1/routes/resume", json={"topic": "990000.a.b", "mode": "accept"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not-stopped")
    answer = await web.post("/v1/routes/resume", json={"topic": "990000.a.b", "mode": "backwards"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
