"""Answers for node/runtime/examination.py: the doctor finds what is wrong with a real cluster that speaks TLS, with its node's book and without it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from node.bus.acls import NoAuthorizer, add_acls, list_acls
from node.bus.certificates import CERTIFICATE
from node.bus.client import open_client
from node.bus.embedded import Cluster, open_cluster
from node.bus.topics import make_topics
from node.control import day_of, topics_here
from node.control.checkup import Finding
from node.control.entitled import Acl
from node.errors import CommandRefused
from node.model.names import Department, Division, control_topic
from node.model.values import Actor, DepartmentValue
from node.runtime import Node, NodeSettings, examination
from node.runtime.access import add_token
from node.runtime.examination import examine, examine_alone
from node.telemetry import Metrics
from tests.certificates import Authority
from tests.control.checked import states
from tests.http.catalogued import say

HERE, PARENT = Division("997000"), Division("996999")
STRANGER = Acl("User:stranger", "topic", f"{HERE}.", "prefixed", "read")


@pytest.fixture(scope="module")
async def cluster(work_folder: Path) -> AsyncIterator[Cluster]:
    """A broker that makes topics by itself."""
    settings = {"auto.create.topics.enable": "true"}
    async with open_cluster(work_folder / "examined", settings=settings, closed="tls", principal=f"{HERE}.node") as one:
        yield one


@pytest.fixture
def settings(cluster: Cluster, tmp_path: Path, work_folder: Path) -> NodeSettings:
    """Those of a node beside it, whose parent's cluster is away, whose certificate ends in three days and of whose tokens one ends soon."""
    tls = Authority(tmp_path).tls("localhost", ends=timedelta(days=3))
    soon = day_of(datetime.now(UTC)) + timedelta(days=3)
    add_token(tmp_path, Actor(name="林海", role="operator"), soon.isoformat())
    return NodeSettings(
        division=HERE,
        bootstrap=cluster.bootstrap,
        security=cluster.security,
        replication=1,
        parent=PARENT,
        parent_bootstrap="127.0.0.1:1",
        data_dir=tmp_path,
        certificate_files={"http": tls.certificate_file, "kafka-ca": work_folder / "examined" / CERTIFICATE},
    )


def wrong(found: list[Finding]) -> dict[tuple[str, str], Finding]:
    """What is not well, by subject and check; the machine that the tests run on aside."""
    states(found)
    return {(one.subject, one.check): one for one in found if one.state != "ok" and one.subject != "disk" and one.check != "holidays"}


@pytest.mark.kafka
async def test_everything_that_is_wrong_is_named(settings: NodeSettings) -> None:
    """A parent's broker that is away, a topic with another setting and one that is missing, a stranger's right, a broker's setting, a certificate."""
    node = Node(settings, Metrics())
    node.folded = True
    say(node, HERE, DepartmentValue(department=Department(f"{HERE}.tax"), name="税务局"))
    specs = topics_here(node.ledger.book, HERE, PARENT, day_of(datetime.now(UTC)))
    own, above = control_topic(HERE), control_topic(PARENT)
    specs[own] = msgspec.structs.replace(specs[own], settings=specs[own].settings | {"retention.ms": "60000"})
    async with open_client(settings.bootstrap, client_id="test", security=settings.security) as client:
        made = await make_topics(
            client, [spec for topic, spec in specs.items() if topic != above], replication=1, security=settings.security
        )
        assert not made.wrong
        await add_acls(client, [STRANGER])
        async with asyncio.timeout(10):
            while STRANGER not in await list_acls(client):  # the controller answers before its broker has heard
                await asyncio.sleep(0.01)
    found = await examine(node, {HERE: -3.0, PARENT: 90.0}, {PARENT: "9.0.0"})
    told = wrong(found)
    assert "nothing listens at 127.0.0.1:1" in told["parent", "reachable"].en
    topics = [one.en for one in found if one.check == "topics"]
    assert any(f"{own}: retention.ms=60000, not -1" in one for one in topics)
    assert any(one == f"not there: {above}" for one in topics)
    rights = [one.en for one in found if one.check == "rights"]
    assert any("stranger may read topics that begin with 997000." in one for one in rights)
    assert "auto.create.topics.enable=true on broker 1" in told["cluster", "settings"].en
    assert (told["certificates", "http"].state, "in 3 days" in told["certificates", "http"].en) == ("fail", True)
    assert (told["cluster", "clock"].state, told["parent", "clock"].state, told["node", "versions"].state) == ("warn", "fail", "fail")
    assert (told["cluster", "logins"].state, told["node", "tokens"].state, told["node", "ready"].state) == ("warn", "warn", "fail")
    well = {(one.subject, one.check) for one in found if one.state == "ok"}
    assert {("cluster", "reachable"), ("cluster", "versions"), ("cluster", "partitions")} < well
    assert {("certificates", "kafka"), ("certificates", "kafka-ca"), ("moving", "lag"), ("moving", "quarantine")} < well
    assert {one.check for one in found if one.subject == "disk"} == {"data", "broker-1"}


@pytest.mark.kafka
async def test_without_the_node_its_surroundings_are_checked(settings: NodeSettings, cluster: Cluster) -> None:
    """The clusters, brokers' settings, certificates, disk, days off and tokens; and when the broker is away, that."""
    found = await examine_alone(settings)
    expected = {("parent", "reachable"), ("cluster", "settings"), ("certificates", "http"), ("node", "tokens")}
    assert wrong(found).keys() == expected
    await cluster.kill(1)
    told = wrong(await examine_alone(settings))
    assert told.keys() == (expected | {("cluster", "reachable"), ("certificates", "kafka")}) - {("cluster", "settings")}
    assert "nothing listens" in told["cluster", "reachable"].en


async def test_one_looks_at_a_time(tmp_path: Path) -> None:
    """Who comes meanwhile is told to ask again; a file of tokens that cannot be used is told as what it is."""
    node = Node(NodeSettings(division=HERE, bootstrap="127.0.0.1:1", replication=1, data_dir=tmp_path), Metrics())
    (tmp_path / "access.json").write_text("[]")
    async with node.checkups.examining:
        with pytest.raises(CommandRefused, match="examined for somebody else"):
            await examine(node)
    told = wrong(await examine(node))
    assert told["node", "tokens"].state == "fail"
    assert "access.json" in told["node", "tokens"].en


async def test_an_open_cluster_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lets everybody do everything; that needs no book."""

    async def none(_client: object) -> None:
        raise NoAuthorizer("it has no authorizer")

    monkeypatch.setattr(examination, "open_client", lambda *_arguments, **_named: nullcontext())
    monkeypatch.setattr(examination, "list_acls", none)
    told = wrong(await examine_alone(NodeSettings(division=HERE, bootstrap="127.0.0.1:1", replication=1, data_dir=tmp_path)))
    assert "lets everybody do everything" in told["cluster", "closed"].en
