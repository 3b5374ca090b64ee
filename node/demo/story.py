"""What the demo's stewards do: divisions, departments, three resources, what departments ask of them, and the publishing."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from node.avro.files import read_schema
from node.control import AddDepartment, AddDivision, ApplyCatalogue, CatalogueItem, NewRequest, VouchKey, read_item
from node.demo.generate import Made, write_rows
from node.demo.generate import records as generated
from node.demo.requesting import come_to, steward
from node.demo.sides import is_granted
from node.demo.world import TREE, NodeProcess, World
from node.errors import Unavailable
from node.model.divisions import known_divisions
from node.model.names import Department, Topic, department_of
from node.model.shipped import shipped
from node.model.values import Actor

VILLAGES = Topic("445102.civil-affairs.villages")
STREETS = Topic("440000.civil-affairs.streets")
LICENCES = Topic("445102.government-services.licences")
SEED = 445102
MORE = 500
"""Licences that are published while the grant of the view is suspended."""
WRONG = 0.01
"""The share of generated licences that break a rule of their schema."""

TAXATION = Department("445100.taxation")
GRANTED_STREETS = ("445102007", "445102009", "445102010")
"""Three streets of Xiangqiao in which bodies hold licences."""
ASKED = NewRequest(
    by=steward(TAXATION),
    resource=LICENCES,
    taker=TAXATION,
    basis="税收征收管理法第六条",
    purpose="税源核查",
    fields=("holder_name", "holder_uscc", "legal_person", "licence_type"),
    rows=f'holder_kind == "LEGAL_PERSON" && street in {json.dumps(GRANTED_STREETS)}',
    masks={"legal_person": "keep-first:1"},
)
"""What taxation asks for: four fields of some rows, one of them masked. The licences' numbers, which are the key, are not among them."""

DEPARTMENTS = {
    "440000.civil-affairs": "广东省民政厅",
    "440000.market-regulation": "广东省市场监督管理局",
    "445100.civil-affairs": "潮州市民政局",
    TAXATION: "国家税务总局潮州市税务局",
    "445102.civil-affairs": "湘桥区民政局",
    "445102.government-services": "湘桥区政务服务和数据管理局",
}
TAKERS = {
    VILLAGES: ("445100.civil-affairs", "440000.civil-affairs"),
    STREETS: ("445100.civil-affairs", "445102.civil-affairs"),
    LICENCES: ("440000.market-regulation",),
}
_REASONS = {
    VILLAGES: ("地名管理条例第四条", "基层治理数据共享"),
    STREETS: ("地名管理条例第四条", "行政区划代码同步"),
    LICENCES: ("国务院关于在线政务服务的若干规定第十条", "证照互认核验"),
}
"""On what basis and for which purpose each is asked for."""
_FOLDERS = {VILLAGES: "villages", STREETS: "streets", LICENCES: "licences"}


class Publication(msgspec.Struct, frozen=True):
    """A file of rows, the resource it goes into, and what is wrong in it: rows by reason and field, as `reason field`."""

    resource: str
    file: Path
    wrong: dict[str, int] = {}
    granted: int = 0
    """rows that pass and that a view gives away"""


async def prepare(world: World) -> None:
    """Say all that has to be said before anything may move: the tree, the departments, the catalogue, the requests and what is answered."""
    known = known_divisions()
    for code, parent in TREE.items():
        # The root says itself who it is; every other division is its parent's to add.
        teller = world.nodes[parent or code]
        await _awake(teller)
        if parent is not None:
            await teller.until("/v1/divisions", "code", {parent})
        await teller.command(
            AddDivision(
                code=known[code].code, parent=known[code].parent if parent else None, name=known[code].name, level=known[code].level
            )
        )
        if parent is not None:
            await teller.command(VouchKey(division=known[code].code, key=world.nodes[code].key))
    for code, node in world.nodes.items():
        await node.until("/v1/divisions", "code", {code})
        await _until(node, _may_speak)
        for department, name in DEPARTMENTS.items():
            if department.startswith(code):
                await node.command(AddDepartment(department=department, name=name))  # type: ignore[arg-type]  # names of our own table
    for resource in TAKERS:
        await world.nodes[resource[:6]].command(ApplyCatalogue(resources=(_item(resource),)))
    await asyncio.gather(*(come_to(world, _wanted(resource, Department(taker))) for resource, takers in TAKERS.items() for taker in takers))


def _wanted(resource: Topic, taker: Department) -> NewRequest:
    basis, purpose = _REASONS[resource]
    return NewRequest(by=steward(taker), resource=resource, taker=taker, basis=basis, purpose=purpose)


async def _awake(node: NodeProcess) -> None:
    """Wait until a node reads its own log, so that it can decide."""
    await _until(node, _is_awake)


async def _until(node: NodeProcess, reached: Callable[[NodeProcess], Awaitable[bool]]) -> None:
    try:
        async with asyncio.timeout(30):
            while not await reached(node):
                node.check()
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise Unavailable(f"the node of {node.division} is not ready: see {node.log}") from error


async def _may_speak(node: NodeProcess) -> bool:
    """Tell whether a node signs with a key that its parent has vouched for, in a log that was compared with the parent's copy."""
    keys = await node.get("/v1/keys")
    return keys["own"]["state"] == "valid" and not keys["own"]["reasons"]


async def _is_awake(node: NodeProcess) -> bool:
    try:
        status = await node.get("/v1/status")
    except Unavailable:
        return False
    return not any(reason.startswith("own cluster") for reason in status["reasons"])


def _item(resource: Topic) -> CatalogueItem:
    folder = shipped(f"schemas/{_FOLDERS[resource]}")
    said: dict[str, Any] = yaml.safe_load((folder / f"{folder.name}.yaml").read_text("utf-8"))
    return read_item(said, read_schema(folder / said["schema"]))


def publications(folder: Path, records: int) -> Iterator[Publication]:
    """Yield the files to publish; the events of licences are generated, always the same ones, and one in a hundred is wrong."""
    yield Publication(VILLAGES, shipped("deploy/demo/villages.csv"))
    yield Publication(STREETS, shipped("deploy/demo/streets.csv"))
    file = folder / "licences.ndjson"
    wrong: Counter[str] = Counter()
    granted = 0

    def noted(made: Made) -> Made:
        nonlocal granted
        granted += made.wrong is None and is_granted(made.datum, GRANTED_STREETS)
        if made.wrong is not None:
            field, rule = made.wrong
            wrong[f"{rule} {field}".strip()] += 1
        return made

    write_rows(file, "licences", map(noted, generated("licences", count=records, seed=SEED, wrong=WRONG)))
    yield Publication(LICENCES, file, dict(wrong), granted)


def more(folder: Path) -> Publication:
    """Return a file of some more licences, none of them wrong."""
    file, found = folder / "more.ndjson", list(generated("licences", count=MORE, seed=SEED + 1))
    write_rows(file, "licences", iter(found))
    return Publication(LICENCES, file, {}, sum(is_granted(made.datum, GRANTED_STREETS) for made in found))


async def publish(world: World, publication: Publication) -> int:
    """Publish a file with the command a department would use; return the rows published. Unavailable says what went wrong."""
    node, owner = world.nodes[publication.resource[:6]], department_of(Topic(publication.resource))
    token = node.token_file(Actor(name="publisher", role="steward", department=owner))
    _login, client_file = await node.client(owner)
    arguments = [
        "publish",
        str(publication.file),
        "--resource",
        publication.resource,
        "--node",
        node.url,
        "--token-file",
        str(token),
        "--client-file",
        str(client_file),
        "--json",
    ]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "node", *arguments, stdout=PIPE, stderr=PIPE)
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise Unavailable(
            f"publishing {publication.file.name} failed with status {process.returncode}: {err.decode(errors='replace')[-600:]}"
        )
    published: int = msgspec.json.decode(out)["published"]
    return published
