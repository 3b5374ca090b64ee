"""Answers for node/runtime/restoring.py: a node whose cluster was restored from a backup, on real clusters."""

from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from node.bus.client import open_client
from node.bus.log import open_log_writer, read_log
from node.bus.topics import make_topics, remove_topic
from node.control import AddDepartment, AddDivision, TopicSpec, VouchKey
from node.errors import CommandRefused
from node.lane import Resume
from node.model.keys import Signed
from node.model.names import Department, Division, control_topic
from node.runtime import NodeSettings
from node.runtime.keys import node_key
from tests.conftest import Kafka, KafkaPair
from tests.runtime.conftest import until
from tests.runtime.linked import linked, running

pytestmark = pytest.mark.kafka


_running = partial(running, within_s=15)


def _department(code: Division, name: str) -> AddDepartment:
    return AddDepartment(department=Department(f"{code}.{name}"), name=name)


async def _log(kafka: Kafka, code: Division) -> list[Signed]:
    """Return a log as a cluster has it."""
    return await read_log(kafka.bootstrap, control_topic(code), kafka.security)


async def _restore(kafka: Kafka, code: Division, records: list[Signed]) -> None:
    """Have a cluster whose copy of a log is an old one."""
    topic = control_topic(code)
    async with open_client(kafka.bootstrap, client_id="test", security=kafka.security) as client:
        await remove_topic(client, topic, security=kafka.security)
        await make_topics(client, [TopicSpec(topic, 1, {})], replication=1, security=kafka.security)
    async with open_log_writer(kafka.bootstrap, topic, f"{code}.control", kafka.security) as writer:
        await writer.append(records)


async def test_a_restored_node_takes_what_it_lacks_before_it_writes(kafka_pair: KafkaPair, tmp_path: Path) -> None:
    """From the copy in its parent's cluster, as it was signed: then it says more behind that, and nobody sees a second history.

    Its link has stopped, for the log is another; begun anew it carries all of it once more, which hurts nobody.
    """
    parent, child = Division("972000"), Division("972100")
    upper, lower = linked(kafka_pair, tmp_path, parent, child)
    async with _running(upper) as one:
        async with _running(lower) as other:
            await until(lambda: not one.reasons)
            await one.command(AddDivision(code=parent, name="省", level="province"))
            await one.command(AddDivision(code=child, name="市", level="city", parent=parent))
            await one.command(VouchKey(division=child, key=node_key(tmp_path / "child").key))
            await until(lambda: not other.reasons)
            for name in ("a", "b", "c"):
                await other.command(_department(child, name))
            await until(lambda: one.ledger.book.taken(child) == 3)
        old = await _log(kafka_pair.source, child)
        await _restore(kafka_pair.source, child, old[:1])
        with capture_logs() as logged:
            async with _running(lower) as again:
                await until(lambda: again.ledger.hand.proven and not again.ledger.reasons)
                assert set(again.ledger.book.departments) >= {f"{child}.{name}" for name in "abc"}
                await again.command(_department(child, "d"))
                await until(lambda: any(route.topic == control_topic(child) and route.state == "stopped" for route in again.shown.routes()))
                again.resume(control_topic(child), Resume.FROM_START)
                await until(lambda: f"{child}.d" in one.ledger.book.departments)
                assert one.ledger.book.broken == {}
        assert [(line["events"], line["last"]) for line in logged if line["event"] == "control-log-restored"] == [(2, 3)]


async def test_a_restored_node_whose_parent_is_away_does_not_write(kafka_pair: KafkaPair, tmp_path: Path) -> None:
    """It knows what it wrote last. A node whose log reaches so far goes on."""
    parent, child = Division("973000"), Division("973100")
    upper, lower = linked(kafka_pair, tmp_path, parent, child)
    async with _running(upper) as one, _running(lower) as other:
        await until(lambda: not one.reasons)
        await one.command(AddDivision(code=parent, name="省", level="province"))
        await one.command(AddDivision(code=child, name="市", level="city", parent=parent))
        await one.command(VouchKey(division=child, key=node_key(tmp_path / "child").key))
        await until(lambda: not other.reasons)
        for name in ("a", "b"):
            await other.command(_department(child, name))
    nowhere = NodeSettings(**{name: getattr(lower, name) for name in lower.__struct_fields__} | {"parent_bootstrap": "127.0.0.1:1"})
    async with _running(nowhere) as alone:
        await until(lambda: alone.folded and not alone.ledger.hand.comparing)
        await alone.command(_department(child, "c"))
    old = await _log(kafka_pair.source, child)
    await _restore(kafka_pair.source, child, old[:1])
    async with _running(nowhere) as alone:
        await until(lambda: alone.folded and not alone.ledger.hand.comparing)
        with pytest.raises(CommandRefused, match="ends at event 1, but this node has written event 3"):
            await alone.command(_department(child, "d"))
        assert any("own control log: the control log ends at event 1" in reason for reason in alone.reasons)


async def test_a_forked_log_is_told_and_not_written(kafka_pair: KafkaPair, tmp_path: Path) -> None:
    """A parent's copy that says something else under the same number: one of the two is not the node's, and a person has to look."""
    parent, child = Division("974000"), Division("974100")
    upper, lower = linked(kafka_pair, tmp_path, parent, child)
    async with _running(upper) as one, _running(lower) as other:
        await until(lambda: not one.reasons)
        await one.command(AddDivision(code=parent, name="省", level="province"))
        await one.command(AddDivision(code=child, name="市", level="city", parent=parent))
        await one.command(VouchKey(division=child, key=node_key(tmp_path / "child").key))
        await until(lambda: not other.reasons)
        await other.command(_department(child, "a"))
        await until(lambda: one.ledger.book.taken(child) == 1)
    (said,) = await _log(kafka_pair.target, child)
    await _restore(kafka_pair.target, child, [Signed(said.value.replace(b'"name":"a"', b'"name":"z"'), said.seal)])
    async with _running(lower) as again:
        await until(lambda: bool(again.ledger.hand.fork))
        with pytest.raises(CommandRefused, match="two histories: event 1"):
            await again.command(_department(child, "b"))
        assert any("two histories" in reason for reason in again.reasons)
