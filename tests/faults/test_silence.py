"""Nothing of people and no secret is in what a federation writes about itself: logs, metrics, audit, control logs, errors, files, processes.

Records with planted identity numbers and names flow, are refused and are broken, while nodes are killed and links cut; bad requests and wrong
passwords bring more. All nodes log everything. Then all that they wrote is searched, for the real secrets of their files too.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from node.avro import encode, frame, parse, schema_id
from node.bus.passwords import Login, read_login, write_login
from node.demo.requesting import come_to
from node.demo.world import CITY, DISTRICT, PROVINCE, NodeProcess, World
from node.model.names import inbox_topic, quarantine_topic
from tests.faults.flow import Face, offer, publishing, until, wanted
from tests.faults.planting import Mint
from tests.faults.searching import Search, on_disk, person, processes, secrets, topics
from tests.http.test_silence import bad_requests

pytestmark = [pytest.mark.full, pytest.mark.kafka, pytest.mark.timeout(300)]

_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Person",
    "key": ["number"],
    "fields": [
        {"name": "number", "type": "string", "rules": [{"rule": "cn-resident-id"}]},
        {"name": "name", "type": "string"},
        {"name": "age", "type": "int", "rules": [{"rule": "maximum", "value": 150}]},
    ],
}
_PARSED, _ID = parse(_SCHEMA), schema_id(_SCHEMA)
_RECORDS = 4_000


def _people(mint: Mint, numbers: list[str]) -> Iterator[tuple[bytes, bytes]]:
    """Yield people: of five, two pass, one breaks a rule by its age, one by its number, and one cannot be read."""
    for at in count():
        number, name = person(at), mint.text()
        wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
        numbers += [number, wrong]
        datum = {"number": wrong if at % 5 == 1 else number, "name": name, "age": 999 if at % 5 == 0 else at % 100}
        value = frame(_ID, encode(_PARSED, datum))
        yield str(datum["number"]).encode(), value[:-1] + name.encode() if at % 5 == 2 else value


async def _asked_badly(node: NodeProcess, plants: list[str], tokens: list[str]) -> list[bytes]:
    """Ask a node what cannot be, with plants in paths, queries, bodies and headers, and as nobody with wrong tokens; return what it answered."""
    said: list[bytes] = []
    async with httpx.AsyncClient(base_url=node.url, timeout=20) as http:
        for plant in plants:
            for request in bad_requests(http, plant):
                request.headers["authorization"] = node.headers()["authorization"]
                answer = await http.send(request)
                said.append(answer.content + str(answer.headers).encode())
        for token in tokens:
            for header in (f"Bearer {token}", f"Basic {token}", token):
                for path in ("/v1/node", f"/subjects/{quote(token)}/versions", "/v1/commands"):
                    answer = await http.get(path, headers={"authorization": quote(header), "x-request-id": quote(token)})
                    said.append(answer.content + str(answer.headers).encode())
    return said


async def _with_a_wrong_password(world: World, mint: Mint) -> None:
    """Start the city's node with another password for its parent's cluster, until it says that it is not let in; then with its own."""
    city, file = world.nodes[CITY], world.folder / f"{CITY}-parent.login"
    own, since = read_login(file), Face(city).lines
    await city.kill()
    write_login(file, Login(username=own.username, password=mint.text().encode("punycode").decode(), mechanism=own.mechanism))
    await city.start()
    await until(lambda: any(one["part"] == "link" for one in Face(city).not_ready(since)), "the node is not let in")
    await city.kill()
    write_login(file, own)
    await city.start()
    await Face(city).until_ready()


async def _told(world: World) -> dict[str, bytes]:
    """Return what the nodes show, what stands in the topics that they write about themselves, what lies on their disks, and how their processes look."""
    found = on_disk(world) | processes(world)
    for code, node in world.nodes.items():
        for path in ("/metrics", "/readyz", "/v1/status", "/v1/doctor", "/v1/audit", "/v1/keys", "/v1/quarantine"):
            found[f"{code} {path}"] = (await Face(node).text(path))[1].encode()
        found |= {f"{code} {name}": data for name, data in (await asyncio.to_thread(topics, world.clusters[code], ".node.")).items()}
    return found


async def test_a_federation_under_fault_tells_nothing_of_people_and_no_secret(world: World) -> None:
    """Searched are logs at the level of debug, metrics, audits, control logs and progress, answers to bad requests, data folders with dumps, processes."""
    mint, numbers = Mint(Random(9)), list[str]()
    for node in world.nodes.values():
        assert (await Face(node).text("/v1/log/level", body={"level": "debug"}))[0] == 200
    topic = await offer(world, "silent", "440000.civil-affairs", schema=_SCHEMA)
    await come_to(world, wanted(topic, "445100.taxation", fields=("name", "age"), rows="age > 3", masks={"name": "keep-first:1"}))
    district = Face(world.nodes[DISTRICT])
    with publishing(world.clusters[DISTRICT], inbox_topic(topic), per_second=500, records=_people(mint, numbers)) as publisher:
        await until(lambda: publisher.sent > 200, "records flow")
        for code in (DISTRICT, CITY):
            await world.nodes[code].kill()
            await world.nodes[code].start()
        world.cut(CITY)
        await asyncio.gather(*(Face(world.nodes[code]).until_ready() for code in (DISTRICT, PROVINCE)))
        world.mend(CITY)
        for node in world.nodes.values():  # a level does not outlive its process
            await Face(node).until_ready()
            await Face(node).text("/v1/log/level", body={"level": "debug"})
        plants = [numbers[0], mint.text(), f"{numbers[2]}{mint.text()}", "xn-" + "Zq3" * 14 + "A"]
        tokens = [numbers[4], "xn-" + "Zq4" * 14 + "A", "xn-" + mint.text().encode("punycode").decode()]
        said = [await _asked_badly(node, plants, tokens) for node in world.nodes.values()]
        await until(lambda: publisher.sent > _RECORDS, f"{_RECORDS} records")
        sent = await asyncio.to_thread(publisher.stop)
    await _with_a_wrong_password(world, mint)
    async with asyncio.timeout(60):
        while sum(route["records"] for route in await district.routes(inbox_topic(topic))) < sent:
            await asyncio.sleep(0.1)
    for node in world.nodes.values():
        os.kill(node.pid, signal.SIGUSR1)
        await until(lambda node=node: bool(Face(node).logged("dumped")), "a dump")  # type: ignore[misc]  # mypy infers no type for a default
    search = Search({*numbers, *plants}, secrets(world) | {token for token in (*tokens, *plants) if token.startswith("xn-")})
    found = {where: hits for where, data in (await _told(world)).items() if (hits := search.within(data))}
    assert found == {}
    # A name may be told to who wrote it, in the answer; a number and a secret to nobody.
    told = Search({*numbers, *plants}, secrets(world))
    assert [one for answers in said for one in answers if {hit for hit in told.within(one) if not hit.startswith(b"~")}] == []
    held = await asyncio.to_thread(topics, world.clusters[DISTRICT], topic)
    for place in (topic, inbox_topic(topic), quarantine_topic(topic)):  # where it may stand it is found: the search is not blind
        assert len(search.within(held[place])) > _RECORDS / 5
    for node in world.nodes.values():
        assert Face(node).logged("http-answered"), "the log held all that there is to say"
