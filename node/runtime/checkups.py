"""What the node looks at once a minute beside its work, for its gauges and the doctor: disks, certificates, refused records that wait.

A look takes some milliseconds. What cannot be seen at the moment is left as it was: whether a cluster answers is told elsewhere. So a disk stays as it
was last seen for as long as the node runs: a broker that ended because its disk is full does not tell it any more.
"""

import asyncio
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import msgspec

from node.bus.client import Client, open_client
from node.bus.handshake import earliest, in_file
from node.bus.health import glance
from node.bus.security import Way
from node.control.checkup_machine import Certificate, Disk, disks_of
from node.control.checkup_moving import Waits
from node.errors import BusError, DataError
from node.lane import TopicPartition
from node.model.limits import CHECKUP_INTERVAL_S, WATCH_INTERVAL_S
from node.model.names import Topic, quarantine_topic, resource_of
from node.runtime.flow import RouteStatus
from node.runtime.reading import Cluster
from node.runtime.settings import NodeSettings
from node.runtime.waiting import Waiting
from node.telemetry import Metrics

_QUARANTINED = "quarantined"
_UNREAD = {"resting", "backing-off", "opening", "recovering"}
"""States in which a route's progress may not be known yet."""


class Checkups:
    """What was seen at the last look."""

    def __init__(
        self,
        settings: NodeSettings,
        metrics: Metrics,
        gate: Callable[[], Collection[RouteStatus] | None],
        trouble: Callable[[str, str], None],
    ) -> None:
        self._settings, self._metrics, self._gate, self._trouble = settings, metrics, gate, trouble
        self._waiting = Waiting(Cluster(settings.division, settings.bootstrap, settings.security))
        self.files = certificates_in_files(settings)
        """as they were when the node started, for that is what it uses"""
        self._disks: dict[str, Disk] = {}
        """as last seen, by name: no more than the brokers that the cluster had while the node ran, some 100 bytes each"""
        self.waiting: Mapping[Topic, Waits] | None = None
        """refused records that wait, by resource; None before the first look"""
        self.trouble = ""
        """why they could not be counted"""
        self.examining = asyncio.Lock()
        """held while the doctor looks: one at a time"""

    async def keep(self) -> None:
        """Look, for ever; soon again while the gate is being opened, for what it has refused is not known before.

        One connection to each broker stands all the time: to log in anew at each look would cost ten times the look.
        """
        s = self._settings
        while True:
            try:
                async with open_client(s.bootstrap, client_id=f"{s.division}.checkups", security=s.security) as client:
                    while True:
                        await self.look(client)
                        self._trouble("checkups", "")
                        await asyncio.sleep(CHECKUP_INTERVAL_S if self.trouble or self.waiting is not None else WATCH_INTERVAL_S)
            except BusError as error:
                self.trouble = str(error)
                await self.look(None)
                await asyncio.sleep(CHECKUP_INTERVAL_S)

    async def look(self, client: Client | None) -> None:
        """Look once, and show it: without a client at what needs no cluster. BusError if that does not answer."""
        disks = data_disk(self._settings.data_dir)
        if client is not None:
            disks += disks_of((await glance(client))[0])
            await self._count(client)
        found = [*self.files, *await certificates_seen(self._settings)]
        self._disks |= {one.name: one for one in disks}
        self._metrics.show_disks({one.name: (one.free, one.size) for one in self._disks.values()})
        self._metrics.show_certificates({one.name: one.not_after.timestamp() for one in found if one.not_after is not None})
        self._metrics.show_quarantines({topic: (one.records, one.oldest_ms) for topic, one in (self.waiting or {}).items()})

    def past(self, seen: Collection[Disk]) -> list[Disk]:
        """Return the disks that are not among those that somebody else has just seen, as they were when this one saw them last."""
        names = {one.name for one in seen}
        return [msgspec.structs.replace(one, is_past=True) for name, one in sorted(self._disks.items()) if name not in names]

    async def _count(self, client: Client) -> None:
        """Count what waits, once it is known what the gate has refused."""
        refused = self._refused()
        try:
            if refused is not None:
                self.waiting = await self._waiting.look(client, refused)
            self.trouble = ""
        except DataError as error:
            self.trouble = str(error)

    def _refused(self) -> dict[TopicPartition, int] | None:
        """Return by partition of a quarantine how many records the gate has put there; None while that is not known of all."""
        gate = self._gate()
        if gate is None or any(one.state in _UNREAD for one in gate):
            return None
        found = {(Topic(one.topic), one.partition): one.outcomes.get(_QUARANTINED, 0) for one in gate}
        return {TopicPartition(quarantine_topic(resource_of(inbox)), number): count for (inbox, number), count in found.items()}


def data_disk(folder: Path) -> list[Disk]:
    """Return the disk of the node's folder, nothing where that is not there yet."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return []
    return [Disk("data", str(folder), usage.total, usage.free)]


def certificates_in_files(settings: NodeSettings) -> list[Certificate]:
    """Return the certificates of the listeners, and of the authorities that are trusted."""
    return [in_file(name, file) for name, file in sorted(settings.certificate_files.items())]


async def certificates_seen(settings: NodeSettings) -> list[Certificate]:
    """Return the certificates that the brokers of the own cluster and the parent's show, of each cluster that which ends first."""
    ways: dict[str, Way | None] = {"kafka": settings.own_way, "parent": settings.parent_way}
    spoken = {name: way.bootstrap.split(",") for name, way in ways.items() if way is not None and way.security.tls is not None}
    return list(await asyncio.gather(*(earliest(name, addresses) for name, addresses in spoken.items())))
