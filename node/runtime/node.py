"""A node at run time: its parts, what they show, and the supervisor that keeps them going."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from node.bus.client import Client, open_client
from node.bus.log import open_log_reader
from node.bus.topics import make_topics
from node.control import Command, Event, TopicSpec, day_of, routes, topics_here
from node.control.acts import acted
from node.control.answering import rule_answers
from node.control.calendar import official
from node.control.commands import AnswerRequest
from node.control.disposal import era
from node.control.entitled import entitled
from node.control.grants import is_copy
from node.errors import BusError, CommandRefused
from node.lane import Resume, TopicPartition
from node.model.limits import BACKOFF_FIRST_S, WATCH_INTERVAL_S
from node.model.names import Division, Topic, control_topic, is_canary, is_view, progress_topic, resource_of
from node.model.values import RULE, Actor, Kind, RequestValue
from node.runtime.access import Access
from node.runtime.canaries import Heard
from node.runtime.checkups import Checkups
from node.runtime.clocks import Clocks
from node.runtime.completeness import Completeness
from node.runtime.following import SPEAKING_S, Following
from node.runtime.gates import Gates
from node.runtime.hand import Hand
from node.runtime.invitations import Invitations
from node.runtime.lane import Lane, LaneSpec, open_lane
from node.runtime.ledger import Ledger
from node.runtime.logins import Logins
from node.runtime.pacing import Pacing
from node.runtime.preview import Preview, preview
from node.runtime.reading import Cluster
from node.runtime.restoring import compare_with_parent
from node.runtime.rights import Rights
from node.runtime.settings import NodeSettings
from node.runtime.showing import DOWN, GATE, UP, VIEW, Shown
from node.runtime.supervising import supervise
from node.runtime.views import OwnViews
from node.telemetry import Metrics, logger
from node.transform import Care
from node.transform.gate import warm as warm_gate
from node.transform.view import warm as warm_views

_REST = 9
"""The node looks through its book for a tenth of the time at most, while that changes without end."""
_REST_MAX_S = 1.0
"""A fifth of the time in which what was suspended has to stop."""


class Node:
    """What a running node is and shows. `run_node` drives it."""

    def __init__(self, settings: NodeSettings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.stopping = asyncio.Event()
        self.access = Access(settings.data_dir)
        hand = Hand(settings.division, settings.data_dir, parent=settings.parent, root=settings.root)
        self.ledger = Ledger(hand, settings.bootstrap, settings.security, self._changed, self._prepare)
        self.calendar = official() if settings.calendar is None else official().amended(settings.calendar)
        """the working days by which legal clocks run"""
        self.cluster = Cluster(settings.division, settings.bootstrap, settings.security)
        self._clocks = Clocks(self.cluster, lambda: self.ledger.book, self.calendar, self.record, metrics)
        self.pacing = Pacing(settings.data_dir, settings.limits)
        self._lanes: dict[str, Lane] = {}
        self._dirty = asyncio.Event()
        self._gates = Gates(settings.division, lambda: self.ledger.book)
        self._views = OwnViews(settings.division, lambda: self.ledger.book, settings.data_dir)
        self._rights = Rights(metrics, settings.other_users)
        self.invitations = Invitations(settings.data_dir)
        self.logins = Logins(settings.data_dir, settings.bootstrap, settings.security)
        self.checkups = Checkups(
            settings, metrics, lambda: None if (gate := self._lanes.get(GATE)) is None else gate.status(), self._trouble
        )
        self._following = Following(settings.division, settings.security, metrics, self.command)
        self.folded = False
        """whether the book holds what the control logs held when the node began: before that it may not be spoken from"""
        self._warm = asyncio.Lock()
        self._warmed: set[str] = set()
        self.heard = Heard(self.cluster, settings.parent, lambda: self.ledger.book, settings.data_dir)
        self._completeness = Completeness(settings.data_dir)
        self.shown = Shown(
            settings=settings,
            metrics=metrics,
            ledger=self.ledger,
            calendar=self.calendar,
            heard=self.heard,
            completeness=self._completeness,
            pacing=self.pacing,
            lanes=self._lanes,
        )

    def _changed(self) -> None:
        self._dirty.set()

    @property
    def reasons(self) -> list[str]:
        """Why the node is not ready; see `Shown.reasons`."""
        return self.shown.reasons

    # ---- what it is told

    async def command(self, command: Command, by: Actor | None = None) -> list[Event]:
        """Carry out what somebody commands; without `by` it is whom the command names, or the node itself. See `Ledger.command`."""
        speaker: Actor | None = by or getattr(command, "by", None)
        return await self.ledger.command(command, RULE if speaker is None else speaker)

    async def record(self, act: str, by: Actor, subject: dict[str, str], *, code: str = "") -> None:
        """Put an act that is no command into the audit, before it is done, or with the code of its refusal; see `Ledger.record`."""
        await self.ledger.record(acted(act, by, datetime.now(UTC), subject=subject, outcome="refused" if code else "done", code=code))

    async def preview(self, asked: RequestValue) -> Preview:
        """Return what a grant of what is asked for would give; see `node.runtime.preview`."""
        return await preview(self.cluster, self.ledger.book, asked)

    @asynccontextmanager
    async def audited(self, act: str, by: Actor, subject: dict[str, str]) -> AsyncIterator[None]:
        """Audit what is done within, its subject as it is then, or with which code it was refused. Where that fails, nothing found within may be told."""
        try:
            yield
        except CommandRefused as refused:
            await self.record(act, by, subject, code=refused.code)
            raise
        await self.record(act, by, subject)

    def _prepare(self, command: Command) -> None:
        """Have what a command needs of this node beside its log. CommandRefused where that is lost."""
        if isinstance(command, AnswerRequest) and command.answer == "consent" and command.request in self.ledger.book.requests:
            self._views.prepare(self.ledger.book.requests[command.request].value)

    def resume(self, topic: Topic, mode: Resume) -> list[TopicPartition]:
        """Let a stopped route go on. CommandRefused if none of that topic is stopped."""
        resumed = [route for lane in self._lanes.values() for route in lane.resume(topic, mode)]
        if not resumed:
            raise CommandRefused("not-stopped", f"no route of {topic} is stopped on this node", f"本节点没有已停止的路由：{topic}")
        logger().warning("route-resumed", topic=topic, mode=mode.value, partitions=[route.partition for route in resumed])
        return resumed

    # ---- the own cluster

    async def keep_own_cluster(self) -> None:
        """Fold control logs and make topics until the cluster's clients fail."""
        s = self.settings
        await self.logins.make_own(s.brokers_security)
        async with (
            open_client(s.bootstrap, client_id=s.division, security=s.security) as client,
            open_log_reader(s.bootstrap, s.security) as reader,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self.ledger.read(reader), name="control logs")
            tasks.create_task(self._clocks.keep(lambda: self.folded, self._trouble), name="clocks")
            while True:
                self._dirty.clear()
                began = time.thread_time()
                pause = await self._reconcile(client)
                # A province's book takes a quarter of a second to look through, and changes all day: lanes come first.
                await asyncio.sleep(min((time.thread_time() - began) * _REST, _REST_MAX_S))
                # Not `wait_for`: in Python 3.11 it loses a cancellation that comes together with the event.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._dirty.wait()

    async def _reconcile(self, client: Client) -> float:
        """Make what the book asks for: topics here, routes on the link. Also run now and then: terms end at midnight. Return after how many s."""
        s = self.settings
        await self._route()  # before all else: what was suspended has to stop, whatever the cluster answers
        for lane in self._lanes.values():
            lane.resume_canaries()
        today = day_of(datetime.now(UTC))
        if self.folded:
            await self._rights.step(client, entitled(self.ledger.book, s.division, s.parent, today))
            await self.logins.step(client)
            self._trouble("rights", self._rights.trouble or self.logins.trouble)
        specs = self._topics()
        if not self.folded:  # what is not read yet may say that a copy is not to be here: it would be disposed of no more
            specs = {topic: spec for topic, spec in specs.items() if not (topic in self.ledger.book.granted and is_copy(topic, s.division))}
        try:
            made = await make_topics(client, specs.values(), replication=s.replication, security=s.security)
        except BusError as error:
            self._trouble("own cluster", str(error))
            return WATCH_INTERVAL_S
        if made.made:
            logger().info("topics-made", topics=sorted(made.made))
        there = {topic for topic in specs if client.topic(topic) is not None}
        self.ledger.follow({topic for topic in there if topic.endswith(".node.control")})
        self.heard.there = there
        was_folded = self.folded
        # What was folded while the ends were asked for may have named logs that are not read yet: the book is whole when nothing came in between.
        self.folded = self.folded or (await self.ledger.is_level() and not self._dirty.is_set())
        wrong = "; ".join(f"{topic} {why}" for topic, why in sorted(made.wrong.items()))
        self._trouble("own cluster", wrong if self.folded else "its control logs are being read")
        if self.folded and not was_folded:
            await self._route()
        if made.made:
            for lane in self._lanes.values():
                lane.look()
        if not self.folded:
            return WATCH_INTERVAL_S
        await self._answer_by_rule()
        carried = {topic for lane in self._lanes.values() for topic in lane.carried}
        held = await self._following.step(client, self.ledger.book, today, carried, self._topics)
        self._trouble("copies", self._following.trouble)
        return BACKOFF_FIRST_S if held else WATCH_INTERVAL_S

    def _topics(self) -> dict[Topic, TopicSpec]:
        return topics_here(self.ledger.book, self.settings.division, self.settings.parent, day_of(datetime.now(UTC)))

    async def _answer_by_rule(self) -> None:
        """Say what the node says by itself: a consent to what is shared unconditionally, the end of what was withdrawn."""
        end = time.monotonic() + SPEAKING_S
        for command in rule_answers(self.ledger.book, self.settings.division, datetime.now(UTC)):
            if time.monotonic() > end:  # the rest is said when the routes have been looked at again
                self._dirty.set()
                return
            try:
                await self.command(command)
            except CommandRefused as refused:  # its own log may not be at its end yet, or the secret is lost: it is tried again
                self._trouble("requests", f"{refused.code}: {refused.en}")
                return
        self._trouble("requests", "")

    def _trouble(self, part: str, why: str) -> None:
        if self.shown.troubles.get(part) != why:
            self.shown.troubles[part] = why
            if why:
                logger().warning("not-ready", part=part, cause=why)
            else:
                logger().info("ready", part=part)

    # ---- the link

    async def keep_link(self) -> None:
        """Carry the routes of the link until its clients fail or it is cancelled: then what is open is finished or aborted."""
        s = self.settings
        assert s.parent is not None
        async with (
            open_client(s.bootstrap, client_id=f"{s.division}.link", security=s.security) as own,
            open_client(s.parent_bootstrap, client_id=f"{s.division}.link", security=s.parent_security) as parents,
            open_lane(self._lane(UP, pace=self.pacing.begin(UP)), own, parents, self.metrics) as up,
            open_lane(self._lane(DOWN, pace=self.pacing.begin(DOWN)), parents, own, self.metrics) as down,
        ):
            self._trouble("link", "")
            async with self._carrying("link", {UP: up, DOWN: down}):
                await compare_with_parent(self.ledger, s.division, parents, s.parent_security)
                await asyncio.get_running_loop().create_future()

    # ---- its canary, and how far it is level

    async def keep_canary(self) -> None:
        """Say that the node is there, and hear who else is, until the cluster's clients fail."""
        await self.heard.keep(self.shown.canary, lambda: self._trouble("canary", ""))

    async def keep_completeness(self) -> None:
        """Write down now and then up to when each flow is known to be complete: a hint, without which the node does all that it is there for."""
        told = ""
        while True:
            cause = ""
            self.shown.volumes()
            try:
                await asyncio.to_thread(self._completeness.save)
                await asyncio.to_thread(self.shown.moved.save)
            except OSError as error:
                cause = str(error)
            if cause and cause != told:
                logger().warning("completeness-not-kept", cause=cause)
            told = cause
            await asyncio.sleep(WATCH_INTERVAL_S)

    # ---- the gate and the views

    async def keep_gate(self) -> None:
        """Check what departments publish, until the cluster's clients fail or it is cancelled."""
        await self._keep_kernel_lane("gate", warm_gate, self._lane(GATE, care=lambda _inbox: Care.OPENED, transform=self._gates))

    async def keep_views(self) -> None:
        """Cut the views of the own resources, until the cluster's clients fail or it is cancelled."""
        spec = self._lane(VIEW, care=lambda _resource: Care.CUT, transform=self._views, source_topic=resource_of)
        await self._keep_kernel_lane("views", warm_views, spec)

    async def _keep_kernel_lane(self, part: str, warm: Callable[[], None], spec: LaneSpec) -> None:
        """Keep a lane from the own cluster to itself that opens what it carries."""
        s = self.settings
        async with self._warm:
            if part not in self._warmed:  # once: where the cluster is away, that is what there is to tell
                self._trouble(part, "the record kernel is being loaded")
                await asyncio.to_thread(warm)
                self._warmed.add(part)
        async with (
            open_client(s.bootstrap, client_id=f"{s.division}.{spec.lane}", security=s.security) as own,
            open_lane(spec, own, own, self.metrics) as lane,
        ):
            self._trouble(part, "")
            async with self._carrying(part, {spec.lane: lane}):
                await asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def _carrying(self, part: str, lanes: dict[str, Lane]) -> AsyncIterator[None]:
        """Show these lanes and give them their routes; when left, stop them together, within the time that one may take."""
        self._lanes |= lanes
        await self._route()
        try:
            yield
        finally:
            for name in lanes:
                self._lanes.pop(name, None)
            self.shown.troubles[part] = "not connected"
            await asyncio.gather(*(lane.stop() for lane in lanes.values()))

    def _lane(self, name: str, care: Callable[[Topic], Care] | None = None, **more: Any) -> LaneSpec:
        here = self.settings.division
        return LaneSpec(
            node=here, lane=name, progress_topic=progress_topic(here), care=care or self._care, completeness=self._completeness, **more
        )

    def _care(self, topic: Topic) -> Care:
        if is_canary(topic):
            return Care.COMPACTED
        resource = self.ledger.book.resources.get(resource_of(topic) if is_view(topic) else topic)
        return Care.COMPACTED if resource is not None and resource.kind is Kind.STATE else Care.RAW

    async def _route(self) -> None:
        if not self.folded:  # what a grant let move may have ended in what is not read yet
            return
        s = self.settings
        today = day_of(datetime.now(UTC))
        wanted = routes(self.ledger.book, s.division, s.parent, today)
        for name in (UP, DOWN):
            mine = [route for route in wanted if route.lane == name]
            self._carry(name, [(route.topic, route.partitions) for route in mine], {one.topic: (one.era, one.awaits) for one in mine})
        inboxes = await self._gates.open()
        if GATE in self._lanes:
            self._lanes[GATE].route(inboxes)
            self._trouble("gate", self._gates.trouble)
        viewed, from_now = await self._views.open(today)
        self._carry(VIEW, viewed, {topic: era(topic, [s.division], self.ledger.book, today) for topic, _partitions in viewed}, from_now)
        if VIEW in self._lanes:
            self._trouble("views", self._views.trouble)

    def _carry(
        self,
        name: str,
        topics: list[tuple[Topic, int]],
        stand: dict[Topic, tuple[int, tuple[Division, ...]]],
        from_now: Collection[Topic] = (),
    ) -> None:
        """Let a lane, if it is there, carry topics: by each the era that has begun for it, and whose disposal of it is awaited."""
        if name in self._lanes:
            eras = {topic: era for topic, (era, _awaited) in stand.items()}
            awaits = {topic: f"{', '.join(who)} has to dispose of the copy of before first" for topic, (_era, who) in stand.items() if who}
            self._lanes[name].route(topics, from_now, eras, awaits)

    def failed(self, part: str, cause: str, pause_s: float) -> None:
        """Show that a part of the node has failed and will be tried again."""
        self.shown.troubles[part] = cause
        if part == "link":
            self.ledger.hand.comparing = False
        logger().warning("not-ready", part=part, cause=cause, next_attempt_s=pause_s)


async def run_node(node: Node) -> None:
    """Run a node until `node.stopping` is set; then finish or abort what is open, within 10 s."""
    logger().info(
        "started", parent=node.settings.parent or "", bootstrap=node.settings.bootstrap, control=control_topic(node.settings.division)
    )
    async with asyncio.TaskGroup() as tasks:
        keeping = {
            "own cluster": node.keep_own_cluster,
            "gate": node.keep_gate,
            "views": node.keep_views,
            "canary": node.keep_canary,
            "checkups": node.checkups.keep,
            "completeness": node.keep_completeness,
        }
        if node.settings.parent is not None:
            keeping["link"] = node.keep_link
        parts = [tasks.create_task(supervise(part, keep, node.stopping, node.failed), name=part) for part, keep in keeping.items()]
        await node.stopping.wait()
        for part in parts:
            part.cancel()
        tasks.create_task(node.ledger.close(), name="control logs: close")
    logger().info("stopped")
