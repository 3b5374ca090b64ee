"""Exports over HTTP, and all of one on a real node: asked for, approved, answered, cut, and written to files."""

import asyncio
import csv
import io
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import fastavro
import httpx
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from node.control.acts import Act
from node.control.exporting import ExportAsked
from node.model.names import Topic
from node.runtime import Node
from tests.control.acting import CITY, DISTRICT, actor, answered, approved, asked, bills, department, settled
from tests.http.catalogued import served
from tests.http.conftest import ROOT
from tests.http.test_requests import told
from tests.http.tokens import as_

EXPORTS = "/v1/exports"
POLICE = department(CITY)
WANTED = ExportAsked(by=actor("steward", POLICE), resource=bills(DISTRICT), taker=POLICE, from_time="2026-11-01")


@pytest.fixture
def node() -> Node:
    """The city's node, whose police holds a grant on the district's resource."""
    nodes = settled()
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT, fields=("code",)))
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    nodes.carry_out(DISTRICT, answered(ref, DISTRICT))
    nodes.bring_all()
    return told(nodes)


@pytest.fixture
def recorded(node: Node, monkeypatch: pytest.MonkeyPatch) -> list[Act]:
    """What the audit would have, had the node a cluster."""
    acts: list[Act] = []

    async def record(act: Act) -> None:
        acts.append(act)

    monkeypatch.setattr(node.ledger, "record", record)
    return acts


@pytest.fixture
async def client(node: Node, recorded: list[Act]) -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of that node."""
    assert recorded == []
    async with served(node) as client:
        yield client


async def test_what_may_be_exported_is_told_when_the_book_is_read(node: Node, client: AsyncTestClient[Any], recorded: list[Act]) -> None:
    """Before that a grant might be suspended in what is not read yet."""
    body = msgspec.json.encode(WANTED)
    answer = await client.post(EXPORTS, content=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not-ready")
    node.folded = True
    found = (await client.post(EXPORTS, content=body)).raise_for_status().json()
    (grant,) = node.ledger.book.grants.values()
    assert (found["grant"], found["topic"], found["from_ms"], found["to_ms"]) == ([*grant.ref], grant.view, 1_793_462_400_000, None)
    assert [field["name"] for field in found["schemas"][str(found["schema_id"])]["fields"]] == ["code"]
    (act,) = recorded
    assert (act.act, act.by, act.outcome, act.subject["grant"]) == ("export", WANTED.by, "done", f"{grant.ref[0]}/{grant.ref[1]}")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{}", 400, "malformed"),
        (msgspec.json.encode(msgspec.to_builtins(WANTED) | {"purpose": "x"}), 400, "malformed"),
        (msgspec.json.encode(msgspec.structs.replace(WANTED, resource=Topic("445102.tax.none"))), 409, "no-such-resource"),
    ],
)
async def test_what_may_not_is_refused(
    node: Node, client: AsyncTestClient[Any], recorded: list[Act], *, body: bytes, status: int, code: str
) -> None:
    """As every other refusal; what could be read stands in the audit with it."""
    node.folded = True
    answer = await client.post(EXPORTS, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [act.code for act in recorded] == ([code] if status != 400 else [])


async def test_nobody_exports_as_another(node: Node, client: AsyncTestClient[Any], recorded: list[Act]) -> None:
    """And the attempt stands in the audit under the name of whose token it was."""
    node.folded = True
    thief = actor("head", POLICE, "窃名者")
    secret = as_(client, thief).secret(thief)
    request = client.build_request("POST", EXPORTS, content=msgspec.json.encode(WANTED), headers={"authorization": f"Bearer {secret}"})
    answer = await client.send(request, auth=None)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
    assert [(act.by, act.code) for act in recorded] == [(thief, "not-entitled")]


# ---- on a real node

OWNER, TAKER = f"{ROOT}.civil-affairs", f"{ROOT}.taxation"
FIELDS = [
    {"name": "code", "type": "string"},
    {"name": "name", "type": "string"},
    {"name": "people", "type": ["null", "int"], "default": None},
    {"name": "secret", "type": "string"},
]
SCHEMA = {"type": "record", "name": "Hamlet", "key": ["code"], "fields": FIELDS}
ROWS = [(f"00{number}", name, number or None) for number, name in enumerate(["潮州", 'a "b", c', "=1+1", "x\ny"])]
Command = Callable[..., Awaitable[list[dict[str, Any]]]]
Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def command(web: httpx.AsyncClient) -> Command:
    """Return what gives a command to the node."""

    async def give(kind: str, role: str = "", of: str = "", **parts: Any) -> list[dict[str, Any]]:
        by = {"by": {"name": "林海", "role": role, "department": of}} if role else {}
        answer = await web.post("/v1/commands", json={"command": kind} | by | parts)
        assert answer.is_success, answer.text
        return list(answer.json()["events"])

    return give


@pytest.fixture
def exchange_node(web: httpx.AsyncClient, tmp_path: Path) -> Run:
    """Return what runs a command line against the node, as a steward of a department with the department's login."""

    async def run(of: str, *line: str) -> tuple[int, str, str]:
        by = actor("steward", of)
        file, client_file = tmp_path / f"{of}.token", tmp_path / f"{of}.properties"
        if not client_file.exists():
            client_file.write_text(await client_properties(web, of))
        file.write_text(as_(web, by).secret(by))
        command = (
            sys.executable,
            "-m",
            "node",
            *line,
            "--node",
            str(web.base_url),
            "--token-file",
            str(file),
            "--client-file",
            str(client_file),
        )
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    return run


async def client_properties(web: httpx.AsyncClient, department: str) -> str:
    """Return how a department's programs get into the node's cluster; a new login if they need one."""
    kafka = (await web.get("/v1/node")).json()["kafka"]
    told = {"bootstrap.servers": kafka["bootstrap"], "security.protocol": kafka["protocol"]}
    if kafka["protocol"] != "PLAINTEXT":
        login = (await web.post("/v1/logins", json={"user": department})).raise_for_status().json()
        told |= {f"sasl.{name}": login[name] for name in ("mechanism", "username", "password")}
    return "".join(f"{name}={value}\n" for name, value in told.items())


async def granted(command: Command, resource: str) -> list[Any]:
    """Let taxation ask for three fields of the first rows, and be given them; return the grant."""
    selection = {"fields": ["code", "name", "people"], "rows": "code != '003'", "way": "file"}
    asked = await command("new-request", "steward", TAKER, resource=resource, taker=TAKER, basis="依据", purpose="核对", **selection)
    ref = [asked[0]["author"], asked[0]["sequence"]]
    await command("approve-request", "head", TAKER, request=ref, version=1)
    grant = (await command("answer-request", "head", OWNER, request=ref, version=1, answer="consent"))[-1]
    return [grant["author"], grant["sequence"]]


async def cut(web: httpx.AsyncClient, resource: str, count: int) -> Topic:
    """Wait until the view of a resource has sent so many records; return it."""
    async with asyncio.timeout(60):
        while True:
            (view,) = (one for one in (await web.get("/v1/views")).json() if one["resource"] == resource)
            if view["cut"]["sent"] == count:
                return Topic(view["topic"])
            await asyncio.sleep(0.05)


def read(path: Path) -> list[dict[str, Any]]:
    """Read a file with other people's readers; numbers as text, as CSV has them."""
    match path.suffix:
        case ".csv":
            found: list[Any] = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
        case ".ndjson":
            found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        case _:
            with path.open("rb") as file:
                found = list(fastavro.reader(file))
    return [{name: "" if value is None else str(value) for name, value in one.items()} for one in found]


async def test_a_granted_view_is_written_to_files_until_it_is_suspended(
    web: httpx.AsyncClient, command: Command, exchange_node: Run, tmp_path: Path
) -> None:
    """What was granted and no more, in each kind of file the same as plain reading shows; then the grant is suspended, and nothing is written."""
    resource = Topic(f"{OWNER}.hamlets")
    await command("add-department", department=TAKER, name="税务局")
    item = {"name": resource, "title": "村", "kind": "state", "schema": SCHEMA, "partitions": 2}
    await command("apply-catalogue", resources=[item])
    grant = await granted(command, resource)
    source = tmp_path / "source.ndjson"
    source.write_text(
        "".join(json.dumps({"code": code, "name": name, "people": people, "secret": "s"}) + "\n" for code, name, people in ROWS)
    )
    status, _out, err = await exchange_node(OWNER, "publish", str(source), "--resource", resource)
    assert status == 0, err
    view = await cut(web, resource, 3)
    _status, out, _err = await exchange_node(TAKER, "tail", view)
    plain = [json.loads(line)["value"] for line in out.splitlines()]
    expected = [{name: "" if value is None else str(value) for name, value in one.items()} for one in plain]
    assert sorted(one["code"] for one in expected) == ["000", "001", "002"]
    assert {*expected[0]} == {"code", "name", "people"}
    for ending in ("csv", "ndjson", "avro"):
        path = tmp_path / f"hamlets.{ending}"
        status, out, err = await exchange_node(TAKER, "export", resource, "--output", str(path), "--json")
        assert status == 0, err
        figures = json.loads(out)
        assert (figures["grant"], figures["topic"], figures["records"]) == (grant, view, 3)
        assert sorted(read(path), key=str) == sorted(expected, key=str)
    mine = (TAKER, "export", resource, "--output", str(tmp_path / "more.csv"))
    assert (await exchange_node(*mine, "--to-time", "2020-01-01", "--json"))[0] == 0
    assert read(tmp_path / "more.csv") == []
    await command("suspend-grant", "authority", grant=grant, reason="核查")
    status, _out, err = await exchange_node(*mine, "--force")
    assert (status, "is suspended" in err) == (1, True)
    assert (await exchange_node(OWNER, "export", resource, "--output", str(tmp_path / "x.csv")))[0] == 1
    assert not (tmp_path / "x.csv").exists()
