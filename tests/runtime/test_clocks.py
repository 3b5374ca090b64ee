"""The legal clocks of a whole node on a real cluster: what presses is said once, whatever becomes of the node and its audit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from node.control import AddDepartment, AddDivision, ApplyCatalogue, DraftItem, SubmitItem, decide, encode
from node.control.acts import Act, Audited, Sought
from node.errors import CommandRefused
from node.model.names import Department, Division, Topic
from node.model.values import RULE, Actor
from node.runtime import Node, NodeSettings, clocks, run_node
from node.runtime.auditing import Audit
from node.runtime.reading import Cluster
from node.telemetry import Metrics
from tests.conftest import NO_DATA, Kafka, data_folder
from tests.control.offers import AUTHORITY, asked, facts, offer
from tests.runtime.conftest import until

pytestmark = pytest.mark.kafka
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CODES = {"bills": "3010020001/000001", "lists": "3010020001/000002"}


def tax(here: Division) -> Actor:
    """The head of a node's taxation department."""
    return Actor(name="林海", role="head", department=Department(f"{here}.tax"))


@asynccontextmanager
async def running(kafka: Kafka, here: Division) -> AsyncIterator[Node]:
    """A node that is ready, and may be the second of its name after the first has stopped."""
    node = Node(
        NodeSettings(division=here, bootstrap=kafka.bootstrap, security=kafka.security, replication=1, data_dir=data_folder(here)),
        Metrics(),
    )
    driving = asyncio.create_task(run_node(node))
    try:
        await until(lambda: node.folded and not node.reasons)
        yield node
    finally:
        node.stopping.set()
        async with asyncio.timeout(10):
            await driving


async def submit(node: Node, here: Division, *names: str) -> None:
    """Put new items before the authority: each has two working days from now on, and so is due soon at once."""
    await node.command(AddDivision(code=here, name="省", level="province"))
    await node.command(AddDepartment(department=Department(f"{here}.tax"), name="税务局"))
    for name in names:
        item = offer(Topic(f"{here}.tax.{name}"), facts=asked(facts(code=CODES[name])))
        await node.command(DraftItem(by=tax(here), item=item))
        await node.command(SubmitItem(by=tax(here), item=item.name))


async def said(kafka: Kafka, here: Division) -> list[Act]:
    """What the audit has of clocks."""
    lines = Audit(Cluster(here, kafka.bootstrap, kafka.security)).read(
        Sought(), lambda act: act.act.startswith("clock-"), int(BEGIN.timestamp() * 1000), None
    )
    return [line.act async for line in lines if isinstance(line, Audited)]


def counted(node: Node) -> dict[tuple[str, str], float]:
    """The clock events counted, by kind and state."""
    (family,) = node.metrics.clock_events.collect()
    return {(one.labels["kind"], one.labels["state"]): one.value for one in family.samples if one.name.endswith("_total")}


async def test_a_clock_that_presses_is_logged_counted_and_kept_once(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the node's own loop; by names and days alone; and a node that starts anew, however long after, does not say it again but what has come since."""
    monkeypatch.setattr(clocks, "CLOCK_INTERVAL_S", 0.05)
    here = Division("971001")
    later = datetime.now(UTC) + timedelta(days=30)
    with capture_logs() as logged:
        async with running(kafka, here) as node:
            await submit(node, here, "bills")
            await until(lambda: ("item-review", "soon") in counted(node))
            await asyncio.sleep(0.3)  # some looks more, which must say nothing
            assert counted(node) == {("item-review", "soon"): 1}
        (event,) = [one for one in logged if one["event"].startswith("clock-")]
        (act,) = await said(kafka, here)
        assert (act.act, act.by, act.outcome, act.events) == ("clock-soon", RULE, "done", ())
        assert act.subject.keys() == {"kind", "item", "started", "due", "article"}
        assert event == {"event": "clock-soon", "log_level": "warning"} | act.subject
        async with running(kafka, here) as node:
            await asyncio.sleep(0.3)
            await node._clocks.look(later)
            await node._clocks.look(later)
            assert counted(node) == {("item-review", "overdue"): 1}
        async with running(kafka, here) as node:
            await node._clocks.look(later)
            assert counted(node) == {}
    assert [one.act for one in await said(kafka, here)] == ["clock-soon", "clock-overdue"]


async def test_a_clock_that_came_to_an_end_says_nothing(kafka: Kafka) -> None:
    """What the authority has looked at is not late, however late it is by now."""
    here = Division("971002")
    async with running(kafka, here) as node:
        await submit(node, here, "bills")
        await node.command(ApplyCatalogue(resources=(offer(Topic(f"{here}.tax.bills"), facts=asked(facts(version=2))),), by=AUTHORITY))
        await node._clocks.look(datetime.now(UTC) + timedelta(days=30))
    assert await said(kafka, here) == []


async def test_what_is_overdue_for_long_is_not_said_again(kafka: Kafka) -> None:
    """No further back than the audit is read: else each start would say all that was never done."""
    here = Division("971003")
    async with running(kafka, here) as node:
        await submit(node, here, "bills")
        await node._clocks.look(datetime.now(UTC) + timedelta(days=20) + clocks.LOOK_BACK)
        assert await said(kafka, here) == []


async def test_many_are_said_some_at_a_look(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest comes with the next one, and nothing twice."""
    monkeypatch.setattr(clocks, "SAID_MAX", 1)
    here = Division("971004")
    async with running(kafka, here) as node:
        await submit(node, here, "bills", "lists")
        for count in (1, 2, 2):
            await node._clocks.look(datetime.now(UTC))
            assert len(await said(kafka, here)) == count
    assert sorted(one.subject["item"].rpartition(".")[2] for one in await said(kafka, here)) == ["bills", "lists"]


@pytest.mark.parametrize("stands", [True, False])
async def test_an_act_that_may_not_stand_is_looked_up_and_said_if_it_does_not(kafka: Kafka, *, stands: bool) -> None:
    """The answer of a cluster can be lost with the act written or not: either way it stands once, and is counted once."""
    here = Division("971005" if stands else "971006")
    async with running(kafka, here) as node:
        await submit(node, here, "bills")
        record, lost = node._clocks._record, [True]

        async def losing(*told: Any) -> None:
            fails = lost.pop() if lost else False
            if stands or not fails:
                await record(*told)
            if fails:
                raise CommandRefused("log-unavailable", "en", "zh")

        node._clocks._record = losing
        assert await node._clocks._looked() == "log-unavailable: en"
        assert len(await said(kafka, here)) == stands
        for _ in range(2):
            assert await node._clocks._looked() == ""
        assert len(await said(kafka, here)) == 1
        assert counted(node) == {("item-review", "soon"): 1}


async def test_an_audit_that_cannot_be_read_is_told_as_why_the_node_is_not_ready() -> None:
    """Nothing is said before it is known what was; until the book is whole nobody looks at all."""
    node = Node(NodeSettings(division=Division("971007"), bootstrap="127.0.0.1:1", replication=1, data_dir=NO_DATA), Metrics())
    here, told = node.settings.division, list[tuple[str, str]]()
    item = offer(Topic(f"{here}.tax.bills"))
    for command in (
        AddDepartment(department=Department(f"{here}.tax"), name="税务局"),
        DraftItem(by=tax(here), item=item),
        SubmitItem(by=tax(here), item=item.name),
    ):
        for said_of_it in decide(command, node.ledger.book, here, datetime.now(UTC)):
            node.ledger.book.fold(here, encode(said_of_it))
    ready = asyncio.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "CLOCK_INTERVAL_S", 0.01)
        looking = asyncio.create_task(node._clocks.keep(ready.is_set, lambda part, why: told.append((part, why))))
        await asyncio.sleep(0.1)
        assert told == []
        ready.set()
        await until(lambda: len(told) > 0)
        looking.cancel()
    part, why = told[0]
    assert (part, "127.0.0.1:1" in why) == ("clocks", True)
    assert counted(node) == {}
