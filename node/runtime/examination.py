"""The doctor's look at a node and what stands around it: facts are gathered side by side, what they mean is said by `control.checkup…`.

A running node is examined with its book; without one, from a configuration alone, what needs no book is.

Bounds: the own cluster has OWN_LOOK_S, the parent's LOOK_S, side by side, and 5 s more to be let go of; one examination at a time.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

import msgspec

from node import __version__
from node.bus.acls import NoAuthorizer, list_acls
from node.bus.client import open_client
from node.bus.health import LOOK_S, NEEDS, NEEDS_OF_A_LINK, OWN_LOOK_S, look_at
from node.bus.users import mechanisms_of
from node.control import Book, TopicSpec, day_of, routes, topics_here
from node.control.calendar import official
from node.control.checkup import Finding, compared, finding, logins, open_cluster, users_of
from node.control.checkup_cluster import ClusterFacts, broker_settings, reached, versions
from node.control.checkup_links import links
from node.control.checkup_machine import Certificate, Disk, certificates, disks, disks_of
from node.control.checkup_moving import Moving, moving, quarantined
from node.control.checkup_node import clock, control_logs, holidays, neighbours, ready, tokens
from node.control.checkup_topics import copies, topic_settings
from node.control.entitled import entitled
from node.errors import BusError, CommandRefused
from node.model.names import Division, Topic, progress_topic
from node.runtime.access import AccessError, read_tokens
from node.runtime.checkups import certificates_in_files, certificates_seen, data_disk
from node.runtime.flow import FlowStatus
from node.runtime.node import Node
from node.runtime.settings import NodeSettings

_NONE: Mapping[str, float] = MappingProxyType({})
_NOBODY: Mapping[Division, str] = MappingProxyType({})


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What was found beside the node itself."""

    own: ClusterFacts
    parents: ClusterFacts | None
    rights: list[Finding]
    certificates: list[Certificate]


async def examine(node: Node, skews: Mapping[str, float] = _NONE, near: Mapping[Division, str] = _NOBODY) -> list[Finding]:
    """Return all that is found; `skews` has by how many s a cluster's clock is ahead of the node's, `near` what the nodes next to this one run.

    CommandRefused while somebody else has the node examined.
    """
    if node.checkups.examining.locked():
        en = "the node is being examined for somebody else; ask again in some seconds"
        raise CommandRefused("busy", en, "节点正在为他人检查；请过几秒再试")
    async with node.checkups.examining:
        s, now = node.settings, datetime.now(UTC)
        book = node.ledger.book if node.folded else None
        specs = {} if book is None else topics_here(book, s.division, s.parent, day_of(now))
        around = await _around(s, specs, book, node.checkups.files)
    alarms = {author: alarm.text for author, alarm in node.ledger.alarms.items()}
    found = [*ready(node.reasons), *control_logs(alarms, node.ledger.counts["unknown"]), *neighbours(__version__, near, s.parent)]
    found += [
        holidays(node.calendar, day_of(now)),
        *_tokens(s, day_of(now)),
        *links(node.shown.tree()),
        *moving(_moving(node.shown.flows())),
    ]
    found += quarantined(node.checkups.waiting, now, node.checkups.trouble)
    found += _told(s, around, specs, now, skews)
    return [*found, *disks(node.checkups.past(_disks(s, around.own)))]


async def examine_alone(settings: NodeSettings) -> list[Finding]:
    """Return what is found of a node that does not run, by its configuration."""
    now = datetime.now(UTC)
    around = await _around(settings, {}, None, certificates_in_files(settings))
    calendar = official() if settings.calendar is None else official().amended(settings.calendar)
    found = [holidays(calendar, day_of(now)), *_tokens(settings, day_of(now))]
    return [*found, *_told(settings, around, {}, now, _NONE)]


# ---- facts


async def _around(s: NodeSettings, specs: Mapping[Topic, TopicSpec], book: Book | None, files: Collection[Certificate]) -> Surroundings:
    carried = set() if book is None else {route.topic for route in routes(book, s.division, s.parent, day_of(datetime.now(UTC)))}
    carried |= {progress_topic(s.division)} if carried else set()
    name = f"{s.division}.doctor"
    own, parents, rights, seen = await asyncio.gather(
        look_at(s.own_way, name, {topic: spec.settings.keys() for topic, spec in specs.items()}, whole=True, within_s=OWN_LOOK_S),
        _parents(s, name, carried),
        _rights(s, book),
        certificates_seen(s),
    )
    return Surroundings(own=own, parents=parents, rights=rights, certificates=[*files, *seen])


async def _parents(s: NodeSettings, name: str, carried: Iterable[Topic]) -> ClusterFacts | None:
    way = s.parent_way
    return None if way is None else await look_at(way, name, dict.fromkeys(carried, ()), whole=False)


async def _rights(s: NodeSettings, book: Book | None) -> list[Finding]:
    """Return how rights and logins compare with the book; nothing where the cluster does not answer, which is told elsewhere."""
    try:
        async with asyncio.timeout(LOOK_S), open_client(s.bootstrap, client_id=f"{s.division}.doctor", security=s.security) as client:
            there = await list_acls(client)
            if book is None:
                return []
            users = users_of(book, s.division)
            has = await mechanisms_of(client, users) if users else {}
    except NoAuthorizer:
        return [open_cluster()]
    except (BusError, TimeoutError):
        return []
    wanted = entitled(book, s.division, s.parent, day_of(datetime.now(UTC)))
    return [*compared(there, wanted, s.other_users), logins(users, has)]


def _tokens(s: NodeSettings, today: date) -> list[Finding]:
    """Return which tokens end soon; who it is stands in the file alone."""
    try:
        kept = read_tokens(s.data_dir)
    except AccessError as error:
        todo = "as it says; until then nobody is let in", "请按提示修复；此前任何人都无法访问"
        return [finding("node", "tokens", "fail", (str(error), f"令牌文件不可用：{error}"), todo)]
    return list(tokens({f"{one.id} {one.by.role}": date.fromisoformat(one.until) for one in kept if one.until}, today))


def _moving(found: Iterable[FlowStatus]) -> list[Moving]:
    return [
        Moving(
            lane=one.lane,
            topic=one.topic,
            state=one.state,
            why=f"{one.reason}: {one.detail}" if one.reason and one.detail else one.reason or one.detail,
            lag_seconds=one.lag_seconds,
        )
        for one in found
    ]


# ---- findings


def _told(
    s: NodeSettings, around: Surroundings, specs: Mapping[Topic, TopicSpec], now: datetime, skews: Mapping[str, float]
) -> list[Finding]:
    own, parents = around.own, around.parents
    found = [*reached("cluster", own), *versions("cluster", own, NEEDS), *broker_settings(own, s.replication), *copies("cluster", own)]
    found += [*topic_settings(own, specs, s.replication), *around.rights, *clock("cluster", skews.get(s.division))]
    if parents is not None:
        found += [*reached("parent", parents), *versions("parent", parents, NEEDS_OF_A_LINK), *copies("parent", parents)]
        found += clock("parent", skews.get(s.parent) if s.parent else None)
    found += disks(_disks(s, own), own.untold)
    return [*found, *certificates(around.certificates, now)]


def _disks(s: NodeSettings, own: ClusterFacts) -> list[Disk]:
    return [*data_disk(s.data_dir), *disks_of(own.spaces)]
