"""What goes wrong: processes crash, freeze and fight, topics come and go, clusters are restored from older copies."""

from collections.abc import Callable
from typing import Any

from node.lane import Machine, Resume, State, Stop, TopicPartition
from node.lane import facts as f
from node.model.limits import COMMIT_BYTES_MAX, MIB
from node.model.names import Topic
from tests.lane.lanes import Kind, records, targets_of
from tests.lane.logs import Entry, Log, Status, V
from tests.lane.process import Process
from tests.lane.views import is_state
from tests.lane.world import World

FAULTY_S = 8.0
"""After this time nothing new goes wrong."""


class Incidents:
    """Everything that can happen to processes and logs. Each incident chooses its victim by the world's dice."""

    def __init__(self, world: World, routes: list[TopicPartition], make: Callable[[], Machine]) -> None:
        self._world, self._dice, self._make = world, world.dice, make
        unborn = {route for route in routes[1:] if route in world.origins and self._dice.random() < 0.3}
        self.routes = [route for route in routes if route not in unborn]
        self.unborn = [route for route in routes if route in unborn]
        """views that nobody has asked for yet"""
        self.sources = sorted({world.source_of(route) for route in routes})
        self.wanted = frozenset(self.routes)
        self.poison = self._dice.choice([0.0, 0.0, 0.1])
        """chance that a batch is one that the target refuses or the source cannot give"""
        self._fat = self._dice.random() < (0.3 if world.kind is Kind.VIEW else 0.1)
        self._bytes_max = self._dice.choice([COMMIT_BYTES_MAX, 3 * MIB]) if world.kind is Kind.VIEW else COMMIT_BYTES_MAX
        """what fills a transaction"""
        self._started = 0
        self._regrown: set[TopicPartition] = set()
        self._snapshot: Callable[[], None] | None = None
        self.all: list[Callable[[], None]] = [
            self.crash, self.crash_soon, self.rival, self.rival, self.freeze, self.stop_one, self.break_connection, self.break_connection,
            self.operator, self.restore_source, self.restore_target, self.restore_progress, self.restore_all, self.truncate_target,
            self.recreate_source, self.recreate_target, self.delete_topic, self.retention, self.retention, self.deny, self.stall,
            self.rewire, self.rewire, self.rewire, self.other_lane, self.other_lane,
        ]  # fmt: skip
        if world.kind is Kind.SHARES:
            self.all += [self.change_shares] * 4
        if world.kind is Kind.VIEW:
            self.all += [self.recreate_target, self.recreate_target, self.truncate_target]

    def harm(self, *acts: Callable[[], None]) -> None:
        """Let something go wrong, unless the world is healing already."""
        if self._world.now < FAULTY_S:
            for act in acts:
                act()

    def in_time(self, act: Callable[..., None], *args: Any) -> None:
        """Let something happen sooner or later."""
        self._world.after(self._dice.random() * FAULTY_S, act, *args)

    # ---- processes

    def start(self) -> Process:
        """Start a process, whoever else runs."""
        self._started += 1
        process = Process(self._world, f"p{self._started}", self._make(), -1)
        process.machine._ready.bytes_max = self._bytes_max
        process.tell(self._routed())
        return process

    def _any(self) -> Process | None:
        return self._dice.choice(self._world.processes) if self._world.processes else None

    def crash(self) -> None:
        """Kill a process, and start the next one at once."""
        if process := self._any():
            process.crash()
            self.start()

    def crash_soon(self) -> None:
        """Kill a process between two of its next orders."""
        if process := self._any():
            process.orders_left = self._dice.randrange(1, 40)

    def rival(self) -> None:
        """Start a process beside the one that runs: that one is a zombie from then on."""
        self.start()

    def freeze(self) -> None:
        """Let a process stand still for a while, perhaps longer than a transaction may last."""
        if process := self._any():
            process.frozen_until = max(process.frozen_until, self._world.now + self._dice.choice([0.3, 3.0, 11.0]))

    def stall(self) -> None:
        """Batches are refused, and nobody hears of it before the coordinator's time is over."""
        self._world.denied.update(target for route in self.routes for target in self._world.targets_of(route))
        for process in self._world.processes:
            process.frozen_until = max(process.frozen_until, self._world.now + 11.0)

    def stop_one(self) -> None:
        """Ask a process to finish what is open and let go."""
        if process := self._any():
            process.tell(f.Stopping())

    def break_connection(self) -> None:
        """Break a producer's connection."""
        if (process := self._any()) and process.producer is not None:
            process.producer.lose("connection broken")

    def rewire(self) -> None:
        """Give routes up, mostly to want them again at once."""
        self.want([route for route in self.routes if self._dice.random() < 0.5])
        if self._dice.random() < 0.7:
            self._world.after(self._dice.choice([0.0, self._world.latency()]), self.want, self.routes)

    def want(self, routes: list[TopicPartition]) -> None:
        """Tell every process which routes to carry."""
        self.wanted = frozenset(routes)
        for process in list(self._world.processes):
            process.tell(self._routed())

    def _routed(self) -> f.Routed:
        world, wanted = self._world, self.wanted
        sources = {route: world.origins[route] for route in wanted if route in world.origins}
        return f.Routed(wanted, sources, wanted & world.from_now, {route: era for route, era in world.eras.items() if route in wanted})

    def bear(self, route: TopicPartition) -> None:
        """Let a view be wanted that nobody has asked for before, while the others run."""
        if route in self.unborn:
            self.unborn.remove(route)
            self.routes.append(route)
            self._world.after(self._dice.choice([0.0, self._world.latency()]), self.create, self._world.targets, route)
            if self._dice.random() < 0.2:
                self._world.after(0.0, self._leave, route)
            self.want([*self.wanted, route])

    def _leave(self, route: TopicPartition) -> None:
        """Let something stand in a view already: what a node wrote that is lost."""
        log, serial = self._world.targets.get(route), self._world.unique()
        if log is not None:
            log.append(records(serial, 0, 3), count=3, crc=serial)

    def operator(self) -> None:
        """Give an operator's word for a stopped route."""
        if process := self._any():
            stopped = [state.route for state in process.machine.routes.values() if state.state is State.STOPPED]
            if stopped:
                process.tell(f.Resumed(self._dice.choice(stopped), self._dice.choice(list(Resume))))

    def choose_shares(self, route: TopicPartition) -> None:
        """Let other shares be made of a route from the next look on."""
        topics = targets_of(self._world.kind, route)
        chosen: list[Topic] = [topic for topic in topics if self._dice.random() < 0.6]
        self._world.chosen[route] = chosen or [self._dice.choice(topics)]

    def change_shares(self) -> None:
        """Let other shares be made, and mostly have all looked at anew."""
        self.choose_shares(self._dice.choice(self.routes))
        if self._dice.random() < 0.7:
            self.rewire()

    def dispose(self) -> None:
        """Delete what a route is written to, a link's source too perhaps, and make it anew; that it begins anew is told sooner or later after the deletion."""
        world, dice = self._world, self._dice
        route = dice.choice(self.routes)
        sides: list[dict[TopicPartition, Any]] = [world.targets]
        if world.kind is Kind.LINK and dice.random() < 0.4:
            sides.append(world.sources)
        if dice.random() < 0.5:
            self.want([one for one in self.wanted if one != route])
        for logs in sides:
            logs.pop(route, None)
            world.after(dice.choice([0.0, world.latency(), dice.random() * 2]), self.create, logs, route)
        world.source_grew(route)
        world.eras[route] = world.eras.get(route, 0) + dice.choice([1, 1, 5])
        world.after(dice.choice([0.0, world.latency(), dice.random() * 2]), lambda: self.want([*self.wanted, route]))

    # ---- logs

    def _target(self) -> TopicPartition:
        """Choose one of the targets."""
        found = self._world.targets_of(self._dice.choice(self.routes))
        return found[0] if len(found) == 1 else self._dice.choice(found)

    def create(self, logs: dict[TopicPartition, Log[V]], place: TopicPartition) -> None:
        """Make a topic where it is not there."""
        if place not in logs:
            logs[place] = Log(f"id-{self._world.unique()}")
            if self._dice.random() < 0.5:
                for process in list(self._world.processes):
                    process.tell(f.Looked())

    def write(self, source: TopicPartition) -> None:
        """Let a source grow: by a few batches, or by a transaction that commits or aborts later."""
        world, dice = self._world, self._dice
        log = world.sources.get(source)
        if log is None:
            return
        in_transaction = dice.random() < 0.3
        entries = [self._append(log, Status.OPEN if in_transaction else Status.COMMITTED) for _ in range(dice.choice([1, 1, 2, 4, 8]))]
        if in_transaction:
            outcome = dice.choice([Status.COMMITTED, Status.ABORTED])
            world.after(dice.choice([0.0, 0.05, 1.0]), self._finish, source, log, entries, outcome)
        world.source_grew(source)

    def _append(self, log: Log[int], status: Status) -> Entry[int]:
        serial = self._world.unique()
        if self.poison and self._dice.random() < self.poison:
            self._dice.choice([self._world.refused, self._world.unreadable])[serial] = self._dice.choice([Stop.TOO_LARGE, Stop.CORRUPT])
        size = self._dice.randrange(200_000, 1_000_000) if self._fat else self._dice.randrange(100, 5_000)
        return log.append(serial, count=self._dice.choice([1, 1, 3, 10]), crc=serial, size=size, status=status)

    def _finish(self, source: TopicPartition, log: Log[int], entries: list[Entry[int]], outcome: Status) -> None:
        log.decide(entries, outcome)
        log.finish(entries, self._world.unique())
        self._world.source_grew(source)

    def restore_source(self) -> None:
        """Replace a source by an older copy, which grows again."""
        source = self._dice.choice(self.sources)
        log = self._world.sources.get(source)
        if log is not None and (cuts := log.cuts()):
            self._world.sources[source] = log.restored(self._dice.choice(cuts))
            self._regrown.add(source)
            self._world.after(self._dice.choice([0.0, 1.0]), self.write, source)
            self._world.source_grew(source)

    def _break_all(self) -> None:
        for process in self._world.processes:
            if process.producer is not None:
                process.producer.lose("the target is restored")
        self._world.coordinator.fence()

    def restore_target(self) -> None:
        """Replace one topic of the target by an older copy; the progress stays."""
        target = self._target()
        log = self._world.targets.get(target)
        if log is not None and (cuts := log.cuts()):
            self._break_all()
            self._world.targets[target] = log.restored(self._dice.choice(cuts))

    def truncate_target(self) -> None:
        """An unclean election: the tail is gone, nobody is told."""
        target = self._target()
        log = self._world.targets.get(target)
        if self._world.coordinator.open is not None or self._world.coordinator.ending:
            self._world.after(self._world.latency(), self.harm, self.truncate_target)
        elif log is not None and (cuts := log.cuts()):
            self._world.targets[target] = log.restored(self._dice.choice([cuts[-1], self._dice.choice(cuts)]))

    def restore_progress(self) -> None:
        """Replace the progress by an older copy; what was carried stays."""
        if cuts := self._world.progress.cuts():
            self._break_all()
            self._world.progress = self._world.progress.restored(self._dice.choice(cuts))
            self._world.oracle.restored()

    def take_snapshot(self) -> None:
        """Remember the whole target at one moment."""
        world = self._world
        if world.coordinator.open is not None or world.coordinator.ending or world.progress.stable < world.progress.end:
            world.after(0.01, self.take_snapshot)
            return
        targets, progress = {target: (log, log.end) for target, log in world.targets.items()}, (world.progress, world.progress.end)

        def restore() -> None:
            if progress[0] is world.progress and all(world.targets.get(target) is log for target, (log, _) in targets.items()):
                self._break_all()
                world.targets.update({target: log.restored(end) for target, (log, end) in targets.items()})
                world.progress = world.progress.restored(progress[1])
                world.oracle.restored()

        self._snapshot = restore

    def restore_all(self) -> None:
        """The whole target is restored to one moment: nothing is wrong then, what came later is carried again."""
        if self._snapshot is not None:
            self._snapshot()

    def recreate_source(self) -> None:
        """Delete a source and make it anew."""
        source = self._dice.choice(self.sources)
        if self._world.sources.pop(source, None) is not None:
            self.create(self._world.sources, source)
            self.write(source)

    def recreate_target(self) -> None:
        """Delete a target and make it anew."""
        target = self._target()
        if self._world.targets.pop(target, None) is not None:
            self.create(self._world.targets, target)

    def delete_topic(self) -> None:
        """Delete a topic; it comes back later, empty."""
        if self._dice.random() < 0.5:
            target = self._target()
            if self._world.targets.pop(target, None) is not None:
                self.in_time(self.create, self._world.targets, target)
            return
        source = self._dice.choice(self.sources)
        if self._world.sources.pop(source, None) is not None:
            self._world.source_grew(source)
            self.in_time(self.create, self._world.sources, source)

    def retention(self) -> None:
        """Remove the oldest batches, carried or not. A view of a state is compacted instead, so that nobody forgets what it shows."""
        if self._dice.random() < 0.2:
            target = self._target()
            held = self._world.targets.get(target)
            if held is not None and not (self._world.kind is Kind.VIEW and is_state(target.topic)):
                self._remove_oldest(held)
            return
        source = self._dice.choice(self.sources)
        log = self._world.sources.get(source)
        if log is not None and source not in self._regrown:
            if self._dice.random() < 0.5:
                self.write(source)
            self._remove_oldest(log)
            self._world.source_grew(source)

    def _remove_oldest(self, log: Log[V]) -> None:
        log.start = self._dice.choice([log.stable, *[base for base in log.bases if log.start <= base <= log.stable]])

    def deny(self) -> None:
        """Refuse writes to a topic."""
        target = self._target()
        self._world.denied.add(target)
        if self._dice.random() < 0.5:
            self.in_time(self._world.denied.discard, target)

    def other_lane(self) -> None:
        """Let another lane's open transaction hold the stable offset of the progress back."""
        log = self._world.progress
        entry = log.append(None, count=1, crc=self._world.unique(), status=Status.OPEN)
        self._world.after(self._dice.choice([0.1, 2.0, 8.0]), self._other_ends, log, entry)

    def _other_ends(self, log: Log, entry: Entry) -> None:  # type: ignore[type-arg]
        log.decide([entry], self._dice.choice([Status.COMMITTED, Status.ABORTED]))
        log.finish([entry], self._world.unique())
        self._world.progress_moved()
