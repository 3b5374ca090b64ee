"""Answers for node/runtime/rights.py, on a cluster of its own, for rights are a cluster's: it has what the book says and nothing else of ours."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.bus.acls import NoAuthorizer, add_acls, list_acls, remove_acls
from node.bus.client import Client, open_client
from node.bus.embedded import open_cluster
from node.bus.security import Security
from node.control.entitled import Acl
from node.errors import Unavailable
from node.runtime import rights as module
from node.runtime.rights import Rights
from node.telemetry import Metrics
from tests.bus.scripted import open_broker

pytestmark = pytest.mark.kafka
USER = "User:445102.police"
READS = Acl(USER, "topic", "445102.tax.bills", "literal", "read")
GROUPS = Acl(USER, "group", "445102.police.", "prefixed", "read")
WRITES = Acl("User:445102.tax", "topic", "445102.tax.bills.inbox", "literal", "write")
TENANTS = Acl("User:tenant", "topic", "tenant.", "prefixed", "write")
"""Of another user of the cluster, under names of its own."""


@pytest.fixture(scope="module")
async def shared(work_folder: Path) -> AsyncIterator[Client]:
    """A cluster on which no node keeps the rights."""
    async with (
        open_cluster(work_folder / "rights") as cluster,
        open_client(cluster.bootstrap, client_id="test", security=cluster.security) as client,
    ):
        yield client


@pytest.fixture
async def client(shared: Client) -> Client:
    """The same, without what the test before left."""
    await remove_acls(shared, await list_acls(shared))
    await until(shared)
    return shared


@pytest.fixture
def metrics() -> Metrics:
    """Of a node of the test's own."""
    return Metrics()


async def until(client: Client, *expected: Acl) -> None:
    """Wait until this is all that the cluster has: the controller answers before its broker has heard."""
    async with asyncio.timeout(10):
        while await list_acls(client) != set(expected):
            await asyncio.sleep(0.01)


def counted(metrics: Metrics) -> dict[str, float]:
    """How often what kind of change was counted."""
    return {
        sample.labels["change"]: sample.value
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "exchange_rights_changed_total" and sample.value
    }


async def test_the_cluster_follows_what_is_wanted(client: Client, metrics: Metrics) -> None:
    """What is missing is added, what is wanted no more is taken away, and each is counted."""
    rights = Rights(metrics)
    await rights.step(client, frozenset({READS, GROUPS}))
    await until(client, READS, GROUPS)
    await rights.step(client, frozenset({GROUPS, WRITES}))
    await until(client, GROUPS, WRITES)
    await rights.step(client, frozenset())
    await until(client)
    assert (counted(metrics), rights.trouble, rights.open) == ({"added": 3, "removed": 3}, "", False)


async def test_what_stands_already_is_neither_added_nor_removed(client: Client, metrics: Metrics) -> None:
    """A node that starts again finds its own."""
    await add_acls(client, [READS, GROUPS])
    await until(client, READS, GROUPS)
    await Rights(metrics).step(client, frozenset({READS, GROUPS}))
    assert counted(metrics) == {}
    assert await list_acls(client) == {READS, GROUPS}


async def test_strangers_go_and_tenants_stay(
    client: Client, metrics: Metrics, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever opens ours, unless the operator spares it; that it was there is told in the log, by the first of them."""
    now = 1000.0
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))  # a slow look of a busy machine would put the next one off
    tool = Acl("User:backup", "topic", "4451", "prefixed", "read")
    strange = {READS._replace(principal="User:intruder"), READS._replace(principal="User:other"), tool._replace(principal="User:*")}
    rights = Rights(metrics, others={"backup"})
    await rights.step(client, frozenset({READS}))
    await add_acls(client, {TENANTS, tool, *strange})
    await until(client, READS, TENANTS, tool, *strange)
    now += 3.0
    await rights.step(client, frozenset({READS}))
    await until(client, READS, TENANTS, tool)
    assert counted(metrics) == {"added": 1, "stranger": 3}
    assert "strange-rights-removed" in "".join(capfd.readouterr())


async def test_a_look_is_taken_now_and_then(client: Client, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not each time that the book is looked through, but within 3 s, for others may have changed something there; a change goes at once."""
    now, rights = 1000.0, Rights(metrics)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))  # its own clock: the loop needs one that goes
    await rights.step(client, frozenset({READS}))
    await until(client, READS)
    await remove_acls(client, [READS])
    await until(client)
    now += 2.9
    await rights.step(client, frozenset({READS}))
    assert await list_acls(client) == set()
    await rights.step(client, frozenset({READS, GROUPS}))
    await until(client, GROUPS)
    now += 3.0
    await rights.step(client, frozenset({READS, GROUPS}))
    await until(client, READS, GROUPS)


async def test_an_open_cluster_is_said_once(
    client: Client, metrics: Metrics, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It lets everybody do everything: an operator has to close it, and to say so every second would bury all else."""

    async def none(_client: Client) -> frozenset[Acl]:
        raise NoAuthorizer("it has no authorizer")

    monkeypatch.setattr(module, "list_acls", none)
    rights = Rights(metrics)
    for wanted in (READS, GROUPS):
        await rights.step(client, frozenset({wanted}))
    assert (rights.open, rights.trouble, counted(metrics)) == (True, "", {})
    assert "".join(capfd.readouterr()).count("cluster-open") == 1


async def test_a_cluster_that_is_away_is_trouble_until_it_answers(client: Client, metrics: Metrics) -> None:
    """What failed is tried again with the next step, though nothing else is wanted than before."""
    rights, wanted = Rights(metrics), frozenset({READS})
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as away:
        broker.hang_up()
    await rights.step(away, wanted)
    assert broker.bootstrap in rights.trouble
    await rights.step(client, wanted)
    assert rights.trouble == ""
    await until(client, READS)
    with pytest.raises(Unavailable):
        await list_acls(away)
