"""The server around the node: its own refusals, its bounds, its description."""

from collections.abc import AsyncIterator

import httpx

from tests.http.tokens import OPERATOR, as_


async def test_the_interface_is_described(web: httpx.AsyncClient) -> None:
    """OpenAPI names every path that tools may use."""
    paths = (await web.get("/v1/openapi/openapi.json")).raise_for_status().json()["paths"]
    assert {"/v1/commands", "/v1/status", "/v1/routes/resume", "/v1/me"} <= set(paths)


async def test_a_body_without_bound_is_refused(web: httpx.AsyncClient) -> None:
    """More than 4 MiB is refused, and the node goes on."""
    answer = await web.post("/v1/commands", content=b" " * (5 << 20))
    assert answer.status_code == 413
    assert (await web.get("/v1/me")).status_code == 200


async def test_a_body_that_does_not_say_how_long_it_is_has_the_same_bound(web: httpx.AsyncClient) -> None:
    """Chunked: refused as soon as it is too long, whatever is still to come."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield b" " * (1 << 16)

    headers = {"authorization": f"Bearer {as_(web, OPERATOR).secret(OPERATOR)}"}
    answer = await web.send(web.build_request("POST", "/v1/exports", content=endless(), headers=headers), auth=None)
    assert (answer.status_code, set(answer.json())) == (413, {"code", "en", "zh", "request_id"})


async def test_an_unknown_path_is_told_as_json(web: httpx.AsyncClient) -> None:
    """Even what nobody serves is answered in the form that all errors have."""
    answer = await web.get("/v2/nothing")
    assert (answer.status_code, set(answer.json())) == (404, {"code", "en", "zh", "request_id"})
