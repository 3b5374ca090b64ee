"""A whole node on real clusters."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from node.control import AddDepartment, AddDivision, RotateKey, VouchKey
from node.errors import BusError, CommandRefused
from node.lane import Resume
from node.model.keys import fingerprint
from node.model.names import Department, Division, Topic
from node.model.values import Actor
from node.runtime import Node, NodeSettings
from node.runtime.keys import node_key
from node.telemetry import Metrics
from tests.conftest import NO_DATA, Kafka, KafkaPair
from tests.runtime.conftest import until
from tests.runtime.linked import linked, running


async def test_a_child_learns_of_its_division_over_the_link(kafka_pair: KafkaPair, tmp_path: Path) -> None:
    """The parent adds it, the link brings the parent's log down and the child's own log up."""
    parent, child = Division("970000"), Division("970100")
    own = node_key(tmp_path / "child")
    upper, lower = linked(kafka_pair, tmp_path, parent, child)
    async with running(upper) as one, running(lower) as other:
        await until(lambda: not one.reasons)
        await one.command(AddDivision(code=parent, name="省", level="province"))
        await one.command(AddDivision(code=child, name="市", level="city", parent=parent))
        await until(lambda: child in other.ledger.book.tree.divisions)
        await until(lambda: not other.ledger.hand.comparing)
        with pytest.raises(CommandRefused, match=f"exchange-node key vouch {child} {re.escape(own.key)}"):
            await other.command(AddDepartment(department=Department(f"{child}.a"), name="a"))
        await one.command(VouchKey(division=child, key=own.key))
        await until(lambda: own.key in dict(other.ledger.book.keys.standing(child).keys))
        await other.command(AddDepartment(department=Department(f"{child}.a"), name="a"))
        await until(lambda: f"{child}.a" in one.ledger.book.departments)
        await until(lambda: not other.reasons)
        link, now = other.shown.link, time.time() * 1000
        assert link is not None
        assert [one.is_late(int(now)) for one in (link.up, link.down)] == [False, False]
        assert one.shown.link is None
        page = other.shown.figures().decode()
        assert f'exchange_canary_age_seconds{{direction="up",link="{child}-{parent}",origin="{child}"}}' in page
        assert f'exchange_canary_age_seconds{{direction="down",link="{child}-{parent}",origin="{parent}"}}' in page


async def test_a_key_is_rotated_by_a_node_and_its_parent(kafka_pair: KafkaPair, tmp_path: Path) -> None:
    """The child declares the new one, the parent answers by itself, and the child signs with it from then on; nobody else has to do anything."""
    parent, child = Division("975000"), Division("975100")
    first = node_key(tmp_path / "child").key
    upper, lower = linked(kafka_pair, tmp_path, parent, child)
    async with running(upper) as one, running(lower) as other:
        await until(lambda: not one.reasons)
        await one.command(AddDivision(code=parent, name="省", level="province"))
        await one.command(AddDivision(code=child, name="市", level="city", parent=parent))
        await one.command(VouchKey(division=child, key=first))
        await until(lambda: not other.reasons)
        await other.command(RotateKey(), Actor(name="operator", role="operator"))
        await until(lambda: len(other.ledger.book.keys.standing(child).keys) == 2)
        await other.command(AddDepartment(department=Department(f"{child}.a"), name="a"))
        assert node_key(tmp_path / "child").key != first
        await until(lambda: f"{child}.a" in one.ledger.book.departments)
        assert not one.ledger.alarms


async def test_a_node_without_its_cluster_is_not_ready_and_says_why() -> None:
    """It keeps trying and can still be stopped at once."""
    with capture_logs() as logged:
        async with running(NodeSettings(division=Division("970200"), bootstrap="127.0.0.1:1", replication=1, data_dir=NO_DATA)) as node:
            await until(lambda: any("127.0.0.1:1" in reason for reason in node.reasons))
            assert "exchange_ready 0.0" in node.shown.figures().decode()
            await until(lambda: len([one for one in logged if one.get("part") == "gate"]) > 3)
    causes = [one["cause"] for one in logged if one.get("part") == "gate"]
    assert causes[0] == "the record kernel is being loaded"
    assert all("127.0.0.1:1" in cause for cause in causes[1:])


async def test_a_node_without_its_parent_still_keeps_its_own_book(kafka: Kafka, tmp_path: Path) -> None:
    """It reads and answers; it says nothing before anybody has vouched for its key, and whether it has said something before is known above alone."""
    here, key = Division("970300"), node_key(tmp_path)
    settings = NodeSettings(
        division=here,
        bootstrap=kafka.bootstrap,
        security=kafka.security,
        replication=1,
        data_dir=tmp_path,
        parent=Division("970400"),
        parent_bootstrap="127.0.0.1:1",
        root=fingerprint(key.key),
    )
    async with running(settings) as node:
        await until(lambda: [reason.partition(":")[0] for reason in node.reasons] == ["link", "own control log"])
        with pytest.raises(CommandRefused) as refused:
            await node.command(AddDepartment(department=Department(f"{here}.a"), name="a"))
        assert refused.value.code == "log-unproven"


@pytest.mark.parametrize("steps", range(4))
async def test_a_half_that_is_cancelled_ends(kafka: Kafka, tmp_path: Path, steps: int) -> None:
    """Also where a change of the book and the cancellation come together: a stop must not be lost."""
    node = Node(
        NodeSettings(division=Division("970800"), bootstrap=kafka.bootstrap, security=kafka.security, replication=1, data_dir=tmp_path),
        Metrics(),
    )
    half = asyncio.create_task(node.keep_own_cluster())
    await until(lambda: not any(reason.startswith("own cluster") for reason in node.reasons))
    node._changed()
    for _ in range(steps):
        await asyncio.sleep(0)
    half.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await half
    await node.ledger.close()


async def test_only_what_is_stopped_can_be_resumed(kafka: Kafka, tmp_path: Path) -> None:
    """A word for a route that flows, or that there is not, is refused."""
    async with running(
        NodeSettings(division=Division("970500"), bootstrap=kafka.bootstrap, security=kafka.security, replication=1, data_dir=tmp_path)
    ) as node:
        with pytest.raises(CommandRefused, match="no route of"):
            node.resume(Topic("970500.a.b"), Resume.ACCEPT)


def test_a_link_over_which_nothing_came_is_a_reason_not_to_be_ready() -> None:
    """Connected is not enough: until a canary has come over each direction, and when none comes any more, the node says so."""
    settings = NodeSettings(
        division=Division("970700"),
        bootstrap="127.0.0.1:1",
        replication=1,
        data_dir=NO_DATA,
        parent=Division("970000"),
        parent_bootstrap="127.0.0.1:2",
    )
    node = Node(settings, Metrics())
    node.shown.troubles = dict.fromkeys(node.shown.troubles, "")
    assert node.reasons == [
        "link: nothing has come up to 970000 yet: it is being opened",
        "link: nothing has come down from 970000 yet: it is being opened",
    ]


async def test_a_canary_is_ready_when_its_clients_are_open() -> None:
    """While the cluster is away no attempt says that it is."""
    node = Node(NodeSettings(division=Division("970900"), bootstrap="127.0.0.1:1", replication=1, data_dir=NO_DATA), Metrics())
    with capture_logs() as logged, pytest.raises(BusError):
        await node.keep_canary()
    assert (logged, node.shown.troubles["canary"]) == ([], "not connected yet")


async def test_a_hint_that_cannot_be_kept_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a full disk, say: it is no reason not to be ready, and told again when the cause is another."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    node = Node(NodeSettings(division=Division("970900"), bootstrap="127.0.0.1:1", replication=1, data_dir=folder), Metrics())
    looks = list[float]()

    async def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with capture_logs() as logged, pytest.raises(asyncio.CancelledError):
        await node.keep_completeness()
    assert [(one["event"], str(folder) in one["cause"]) for one in logged] == [("completeness-not-kept", True)]
    assert "completeness" not in node.shown.troubles
