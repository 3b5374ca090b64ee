"""Grants over HTTP."""

from tests.control.acting import CITY, DISTRICT, answered, approved, asked, settled
from tests.http.catalogued import served
from tests.http.test_requests import told


async def test_a_grant_is_told_with_its_request_and_who_follows_it() -> None:
    """In the list as alone, by the number of the event that gave it."""
    nodes = settled()
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT))
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    grant = nodes.carry_out(DISTRICT, answered(ref, DISTRICT))[-1]
    nodes.bring_all()
    async with served(told(nodes)) as client:
        (found,) = (await client.get("/v1/grants")).json()
        assert found == (await client.get(f"/v1/grants/{grant[0]}/{grant[1]}")).json()
        for other in (f"{DISTRICT}/1", f"{CITY}/{grant[1]}", "x/1"):
            answer = await client.get(f"/v1/grants/{other}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (found["grant"], found["value"]["request"]) == ([*grant], [*ref])
    assert (found["state"], found["suspended"], found["awaited"]) == ("flowing", False, [DISTRICT, CITY])
    assert [step["kind"] for step in found["course"]] == ["grant"]
