"""Answers for node/runtime/checkups.py: what a running node shows of its disks, its certificates and its quarantines."""

import asyncio
import ssl
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from node.bus.client import Client, open_client
from node.bus.security import Security
from node.control.checkup_cluster import Space
from node.control.checkup_machine import Disk, disks_of
from node.model.names import Division, Topic, quarantine_topic
from node.runtime import NodeSettings, RouteStatus, checkups
from node.runtime.checkups import Checkups, certificates_seen, data_disk
from node.telemetry import Metrics
from tests.certificates import Authority
from tests.runtime.refusing import Desk, Fee

LEAST = NodeSettings(division=Division("445102"), bootstrap="127.0.0.1:1", replication=1, data_dir=Path())


def gauges(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    """Every sample by name and labels."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for one in family.samples:
            found.setdefault(one.name, {})[tuple(one.labels.values())] = one.value
    return found


def looking(settings: NodeSettings, gate: list[RouteStatus] | None = None) -> tuple[Checkups, Metrics, list[tuple[str, str]]]:
    """The looks of a node of these settings, what they show, and what they say of themselves."""
    metrics, told = Metrics(), list[tuple[str, str]]()
    return Checkups(settings, metrics, lambda: gate, lambda *said: told.append(said)), metrics, told


async def look(desk: Desk) -> None:
    """Let a node look at once."""
    async with open_client(desk.kafka.bootstrap, client_id="test", security=desk.kafka.security) as client:
        await desk.node.checkups.look(client)


@pytest.mark.kafka
async def test_a_node_shows_what_it_looked_at(desk: Desk) -> None:
    """Its own disk and its broker's, and what waits in a quarantine, since when; without TLS there are no certificates."""
    topic = await desk.resource()
    await desk.publish(topic, Fee("a", -1), Fee("b", -1))
    await look(desk)
    found = gauges(desk.node.metrics)
    assert found["exchange_disk_free_bytes"].keys() == found["exchange_disk_size_bytes"].keys() == {("data",), ("broker-1",)}
    assert all(0 < free <= found["exchange_disk_size_bytes"][disk] for disk, free in found["exchange_disk_free_bytes"].items())
    assert found["exchange_quarantine_records"][(topic,)] == 2
    oldest = min(one.timestamp for one in await desk.records(quarantine_topic(topic)))
    assert found["exchange_quarantine_oldest_timestamp_seconds"][(topic,)] == oldest / 1000
    assert "exchange_certificate_not_after_timestamp_seconds" not in found
    await desk.discard(topic)
    await look(desk)
    assert (topic,) not in gauges(desk.node.metrics).get("exchange_quarantine_records", {})
    assert (desk.node.checkups.trouble, topic in (desk.node.checkups.waiting or {})) == ("", False)


async def test_files_of_certificates_are_read_when_the_node_starts(tmp_path: Path) -> None:
    """For that is what it uses: one that is renewed counts from the next start on. The own disk is shown while the cluster is away."""
    authority = Authority(tmp_path)
    tls = authority.tls("localhost", ends=timedelta(days=3))
    settings = msgspec.structs.replace(LEAST, certificate_files={"http": tls.certificate_file, "kafka-ca": authority.file})
    node, metrics, _told = looking(settings)
    before = {one.name: one.not_after.timestamp() for one in node.files if one.not_after is not None}
    authority.tls("localhost", ends=timedelta(days=90))
    await node.look(None)
    found = gauges(metrics)
    assert found["exchange_certificate_not_after_timestamp_seconds"] == {(name,): moment for name, moment in before.items()}
    assert found["exchange_disk_free_bytes"].keys() == {("data",)}
    assert (node.waiting, "exchange_quarantine_records" in found) == (None, False)


async def test_a_disk_that_is_not_told_any_more_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that ended because its disk is full: its figure is what the alarm goes by, and the doctor tells it as a former one."""
    node, metrics, _told = looking(msgspec.structs.replace(LEAST, data_dir=tmp_path))
    there = [Space(1, "/a", 100, 50), Space(2, "/b", 100, 0)]

    async def glance(_client: object) -> tuple[list[Space], list[object]]:
        return there, []

    monkeypatch.setattr(checkups, "glance", glance)
    client = cast("Client", object())
    await node.look(client)
    there.pop()
    await node.look(client)
    await node.look(None)
    assert gauges(metrics)["exchange_disk_free_bytes"] | {("data",): 0} == {("data",): 0, ("broker-1",): 50, ("broker-2",): 0}
    assert node.past(disks_of(there) + data_disk(tmp_path)) == [Disk("broker-2", "/b", 100, 0, is_past=True)]


async def test_brokers_are_asked_for_certificates_only_where_they_have_some(tmp_path: Path) -> None:
    """Of each cluster that speaks TLS there is one line, also while it is away."""
    trust = Security(protocol="SSL", tls=ssl.create_default_context(cafile=Authority(tmp_path).file))
    assert await certificates_seen(LEAST) == []
    both = msgspec.structs.replace(LEAST, security=trust, parent=Division("445100"), parent_bootstrap="127.0.0.1:1", parent_security=trust)
    found = await certificates_seen(both)
    assert [(one.name, one.not_after) for one in found] == [("kafka", None), ("parent", None)]


def test_what_the_gate_refused_is_known_when_its_progress_is() -> None:
    """Of all that it carries."""
    gate = [RouteStatus(lane="gate", topic="445102.tax.fees.inbox", partition=number, state="flowing") for number in range(2)]
    node, _metrics, _told = looking(LEAST, gate)
    gate[0] = msgspec.structs.replace(gate[0], outcomes={"quarantined": 3})
    place = quarantine_topic(Topic("445102.tax.fees"))
    assert node._refused() == {(place, 0): 3, (place, 1): 0}
    gate[1] = msgspec.structs.replace(gate[1], state="opening")
    assert node._refused() is None


async def test_a_cluster_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a minute, and what needs no cluster is shown meanwhile; while the gate is being opened it is looked again soon."""
    node, metrics, told = looking(LEAST)
    pauses = list[float]()

    async def sleep(seconds: float) -> None:
        if seconds:
            pauses.append(seconds)
            raise asyncio.CancelledError

    monkeypatch.setattr(checkups, "asyncio", SimpleNamespace(sleep=sleep, gather=asyncio.gather))
    with pytest.raises(asyncio.CancelledError):
        await node.keep()
    assert "nothing listens at 127.0.0.1:1" in node.trouble
    assert gauges(metrics)["exchange_disk_free_bytes"].keys() == {("data",)}
    monkeypatch.setattr(checkups, "open_client", lambda *_arguments, **_named: nullcontext())
    with pytest.raises(asyncio.CancelledError):
        await node.keep()
    node.trouble = ""
    with pytest.raises(asyncio.CancelledError):
        await node.keep()
    node.waiting = {}
    with pytest.raises(asyncio.CancelledError):
        await node.keep()
    assert (pauses, told) == ([60.0, 60.0, 5.0, 60.0], [("checkups", "")] * 3)


def test_a_folder_that_is_not_there_yet_has_no_disk(tmp_path: Path) -> None:
    """A node that has never run has made none."""
    (found,) = data_disk(tmp_path)
    assert (found.name, found.place, 0 < found.free <= found.size) == ("data", str(tmp_path), True)
    assert data_disk(tmp_path / "absent") == []
