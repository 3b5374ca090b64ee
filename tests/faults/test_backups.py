"""A node whose machine is lost, while its cluster lives on: from a backup it goes on as itself, on another folder."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from node.avro import encode, frame, parse, schema_id
from node.demo.requesting import come_to
from node.demo.world import CITY, DISTRICT, World
from node.model.names import Topic, inbox_topic
from node.setup.archive import seal, unseal
from node.setup.backup import restore, take
from tests.faults.flow import Face, offer, wanted, write
from tests.faults.viewed import PARTITIONS, contents

pytestmark = [pytest.mark.full, pytest.mark.kafka, pytest.mark.timeout(180)]

_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Case",
    "key": ["code"],
    "fields": [{"name": "code", "type": "string"}, {"name": "sum", "type": "int"}],
}
_PARSED, _ID = parse(_SCHEMA), schema_id(_SCHEMA)
_CASES = 40


async def _publish(world: World, topic: Topic, run: int) -> None:
    records = [(b"c%d" % code, frame(_ID, encode(_PARSED, {"code": f"c{code}", "sum": run}))) for code in range(_CASES)]
    await asyncio.to_thread(write, world.clusters[DISTRICT], inbox_topic(topic), records)


async def _keys(world: World, view: Topic, count: int) -> list[bytes]:
    """Return the keys under which a view's first records stand at its taker, in the order of their places, as soon as there are so many."""
    async with asyncio.timeout(40):
        while True:
            parts = await asyncio.to_thread(contents, world.clusters[CITY], view)
            if sum(map(len, parts)) >= count:
                return [one.key or b"" for part in parts for one in part]
            await asyncio.sleep(0.2)


async def test_a_node_whose_machine_is_lost_goes_on_as_itself(world: World) -> None:
    """Its folder is gone with the process; restored elsewhere the same key counts, the link carries, and each subject has the name in the view that it had."""
    node, passphrase = world.nodes[DISTRICT], "of chance, and long"
    topic = await offer(world, "backed-up", "", partitions=PARTITIONS, schema=_SCHEMA)
    await _publish(world, topic, 1)
    ref = await come_to(world, wanted(topic, "445100.taxation", fields=("sum",)))
    view = Topic((await node.get(f"/v1/grants/{ref[0]}/{ref[1]}"))["view"])
    before, key = await _keys(world, view, _CASES), node.key
    sealed = seal(await asyncio.to_thread(take, node.config), passphrase)
    await node.kill()
    config, into = node.config, world.folder / "restored"
    names = restore(unseal(sealed, passphrase), into)
    kept = {name: (config.parent / name).read_bytes() for name in names}
    _remove(config.parent, names)
    node.config = into / config.name
    try:
        await node.start()
        await Face(node).until_ready()
        assert (await node.get("/v1/keys"))["own"]["key"] == key
        await _publish(world, topic, 2)
        after = await _keys(world, view, 2 * _CASES)
        assert len(set(after)) == len(set(before)) == _CASES
        assert set(after) == set(before)
        assert not set(after) & {b"c%d" % code for code in range(_CASES)}, "the key is not granted"
    finally:
        await node.stop()
        node.config = config
        for name, data in kept.items():
            (config.parent / name).parent.mkdir(mode=0o700, exist_ok=True)
            (config.parent / name).touch(mode=0o600)
            (config.parent / name).write_bytes(data)
        shutil.copy(into / "data-445102" / "log.json", config.parent / "data-445102")
        await node.start()


def _remove(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).unlink()
