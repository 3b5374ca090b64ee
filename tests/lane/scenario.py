"""A seeded scenario: the world breaks while records flow, then it heals and every route must arrive."""

from collections import Counter
from collections.abc import Callable

from node.lane import Machine, Phase, Resume, State, Stop, TopicPartition
from node.lane import facts as f
from node.model.names import Topic
from tests.lane.logs import Entry, Log, Status
from tests.lane.oracle import Violation
from tests.lane.process import Process
from tests.lane.world import World

_FAULTY_S = 8.0
_MOMENTS = [f.Open, f.Inspect, f.Follow, f.Produce, f.Produce, f.Record, f.Commit, f.Commit, f.Commit, f.Abort, f.SetAside]
_HEALED_S = 60.0
"""Bound of liveness: a lost reply is noticed after 10 s, a frozen process and another lane's transaction after as much, back-off is 5 s."""
_BUSY = {f.Produce, f.Record, f.Commit, f.Follow}
_BETWEEN = {Phase.RESTING, Phase.BACKING_OFF, Phase.OPENING}


class Scenario:
    """One seed: which routes, how much is written, what goes wrong and when."""

    def __init__(self, seed: int, make: Callable[[], Machine] = Machine) -> None:
        self.world = World(seed)
        self._make = make
        self._dice = self.world.dice
        self._fat = self._dice.random() < 0.1
        self._poison = self._dice.choice([0.0, 0.0, 0.1])
        self._routes = [TopicPartition(Topic(f"t{n}"), n) for n in range(self._dice.choice([1, 2, 2, 3, 4]))]
        self._wanted = frozenset(self._routes)
        self._started = 0
        self._ended = False
        self._regrown: set[TopicPartition] = set()
        self._snapshot: Callable[[], None] | None = None
        self._incidents: list[Callable[[], None]] = [
            self._crash, self._crash_soon, self._rival, self._rival, self._freeze, self._stop, self._break, self._break, self._operator,
            self._restore_source, self._restore_target, self._restore_progress, self._restore_all, self._truncate_target,
            self._recreate_source, self._recreate_target, self._delete, self._retention, self._retention, self._deny, self._stall,
            self._rewire, self._rewire, self._rewire, self._other_lane, self._other_lane,
        ]  # fmt: skip
        self._moments: dict[tuple[object, int], list[Callable[[], None]]] = {}
        self._habit = self._dice.choice([self._crash, self._rival, self._rewire, self._rewire, self._break])
        """what goes wrong again and again"""
        self._relapses, self._restless = self._dice.choice([0, 0, 10]), 0.1
        self._eager = self._dice.random() < 0.5
        """whether an operator resumes what stops at once"""
        self._fragile = 0.2
        """chance that a commit's answer is lost when it carries a word or a stopped route"""
        self._orders: Counter[object] = Counter()
        self.world.on_order = self._at_order
        self.world.on_stop = self._see_stop

    # ---- phases

    def run(self) -> None:
        """Play the scenario; raise Violation, with the last events, for whatever must not happen."""
        try:
            self._play()
        except (Violation, AssertionError, KeyError) as error:
            raise Violation(f"{error!r}\n{self.world.story()}") from error

    def _play(self) -> None:
        world = self.world
        self._plan()
        world.run(_FAULTY_S)
        self._heal()
        self._arrive("after the world healed")
        self._resume_all()
        self._arrive("after an operator resumed what was stopped")
        if stopped := self._stopped():
            raise Violation(f"{stopped} is stopped though it was resumed in a healed world")
        self._restart()
        self._arrive("after a restart")
        self._let_go()

    def _plan(self) -> None:
        world, dice = self.world, self._dice
        world.trouble = dice.choice([0.0, 0.0, 0.005, 0.02, 0.06])
        world.speed = dice.choice([0.001, 0.003, 0.02])
        world.slow, world.slowest = dice.choice([(0.0, 0.0), (0.03, 2.0), (0.2, 0.2)])
        themes = [self._plan_words, self._plan_unrest, self._plan_stall, self._plan_slow]
        dice.choice([*themes, *[self._plan_incidents] * len(themes)])()
        rushes = [dice.random() * _FAULTY_S for _ in range(6)]
        for route in self._routes:
            for logs in (world.sources, world.targets):
                self._in_time(lambda logs=logs, route=route: self._create(logs, route), at=0.0 if dice.random() < 0.85 else None)
            for _ in range(dice.randrange(1, 12)):
                world.after(dice.choice(rushes) + dice.random() * world.speed * 20, self._write, route)
        self._in_time(self._take_snapshot)
        self._supervise()

    def _plan_incidents(self) -> None:
        dice = self._dice
        for _ in range(dice.choice([0, 1, 2, 3, 4])):
            together = [dice.choice(self._incidents) for _ in range(dice.choice([1, 1, 2]))]
            if dice.random() < 0.3:
                self._in_time(lambda together=together: [self._harm(act) for act in together])
            else:
                self._moments.setdefault((dice.choice(_MOMENTS), dice.randrange(1, 12)), []).extend(together)

    def _plan_words(self) -> None:
        """Routes that stop, words that follow, and commits whose answers are lost."""
        self._poison, self._fragile = 0.3, 0.5

    def _plan_unrest(self) -> None:
        """Routes that come and go while replies overtake each other."""
        self._habit, self._relapses, self._restless = self._rewire, 30, 0.3
        self.world.slow, self.world.slowest = 0.3, 0.1

    def _plan_slow(self) -> None:
        """Replies that take longer than a transaction should stay open."""
        self.world.slow, self.world.slowest = 0.3, 1.0

    def _plan_stall(self) -> None:
        """A process that sleeps over the coordinator's time-out in the middle of a transaction that fails."""
        self._moments[f.Produce, self._dice.randrange(2, 12)] = [self._stall]

    def _in_time(self, act: Callable[[], None], *, at: float | None = None) -> None:
        self.world.after(self._dice.random() * _FAULTY_S if at is None else at, act)

    def _at_order(self, process: Process, order: object) -> None:
        """Incidents come with certain orders rather than at a time: thus they meet what is under way."""
        kind = type(order)
        self._orders[kind] += 1
        for act in self._moments.pop((kind, self._orders[kind]), ()):
            self.world.after(self._dice.choice([0.0, self.world.latency()]), self._harm, act)
        if kind is f.Commit and (process.words or self._stopped()) and self._dice.random() < self._fragile:
            self.world.after(self.world.latency(), self._harm, self._break)
        if self._relapses > 0 and kind in _BUSY and self._dice.random() < self._restless:
            self._relapses -= 1
            self.world.after(self._dice.choice([0.0, self.world.latency()]), self._harm, self._habit)

    def _harm(self, act: Callable[[], None]) -> None:
        if self.world.now < _FAULTY_S:
            act()

    def _see_stop(self, process: Process, route: TopicPartition) -> None:
        if self._eager and self.world.now < _FAULTY_S:
            word = f.Resumed(route, self._dice.choice(list(Resume)))
            self.world.after(self.world.latency(), process.tell, word)

    def _heal(self) -> None:
        world = self.world
        world.trouble = self._poison = 0.0
        world.slow = 0.0
        for process in world.processes:
            process.orders_left = -1
        for route in self._routes:
            self._create(world.sources, route)
            self._create(world.targets, route)
        self._wanted = frozenset(self._routes)
        self._tell_routes()

    def _stopped(self) -> list[tuple[Process, TopicPartition]]:
        owners = [process for process in self.world.processes if process.owns()]
        return [(process, state.route) for process in owners for state in process.machine.routes.values() if state.state is State.STOPPED]

    def _resume_all(self) -> None:
        for causes in (self.world.denied, self.world.refused, self.world.unreadable):
            causes.clear()
        for process in [process for process in self.world.processes if not process.owns()]:
            process.crash()  # it could take the shard again, and a word dies with the process that it was given to
        for process, route in self._stopped():
            process.tell(f.Resumed(route, self._dice.choice(list(Resume))))

    def _restart(self) -> None:
        for route in self._routes:
            self._write(route)
        if self._dice.random() < 0.5:
            self._crash()
            self._start()
        else:
            self._rival()

    def _let_go(self) -> None:
        self._ended = True
        stopped = {route for _, route in self._stopped()}
        for process in self.world.processes:
            process.tell(f.Stopping())
        self.world.run(self.world.now + 15.0, lambda: all(process.over for process in self.world.processes))
        if not all(process.over for process in self.world.processes):
            raise Violation("a process did not stop")
        for route, standing in self.world.oracle.standing.items():
            if route not in stopped and not self.world.oracle.target_true(standing, self.world.targets[route]):
                raise Violation(f"{route} was not stopped, and its target is not what was carried")

    # ---- liveness

    def _arrive(self, when: str) -> None:
        self.world.run(max((process.frozen_until for process in self.world.processes), default=0.0))
        if not self.world.run(self.world.now + _HEALED_S, self._arrived):
            raise Violation(f"{when} not every route arrived: {self._report()}")

    def _arrived(self) -> bool:
        world = self.world
        if world.coordinator.open is not None or world.coordinator.ending:
            return False
        return any(process.owns() and self._has_arrived(process) for process in world.processes)

    def _has_arrived(self, process: Process) -> bool:
        if process.machine.phase is not Phase.RUNNING or process.hands or process.producer is None or not process.producer.idle:
            return False
        if process.machine.routes.keys() != self._wanted:
            return False
        for route, state in process.machine.routes.items():
            if state.state is State.STOPPED:
                continue
            if state.state is not State.FLOWING or route in process.words:
                return False
            standing = self.world.oracle.standing.get(route)
            offset = standing.progress.next if standing else process.streams[route].offset
            if offset != self.world.sources[route].end:
                return False
        return True

    def _report(self) -> str:
        lines = [
            f"{process.name} {process.machine.phase} owns={process.owns()} {process.machine.failure}"
            f" {[(str(s.route), s.state.value, s.detail) for s in process.machine.routes.values()]}"
            for process in self.world.processes
        ]
        standing = {str(route): standing.progress.next for route, standing in self.world.oracle.standing.items()}
        return "; ".join([*lines, f"{standing}", f"{ {str(route): log.end for route, log in self.world.sources.items()} }"])

    # ---- processes

    def _start(self) -> Process:
        self._started += 1
        process = Process(self.world, f"p{self._started}", self._make(), -1)
        process.tell(f.Routed(self._wanted))
        return process

    def _supervise(self) -> None:
        """Start a process where none holds the shard or is about to take it."""
        world = self.world
        world.processes = [process for process in world.processes if not process.over]
        if not self._ended and not any(process.frozen or process.owns() or process.machine.phase in _BETWEEN for process in world.processes):
            self._start()
        world.after(0.5 + self._dice.random(), self._supervise)

    def _any(self) -> Process | None:
        return self._dice.choice(self.world.processes) if self.world.processes else None

    def _crash(self) -> None:
        if process := self._any():
            process.crash()
            self._start()

    def _crash_soon(self) -> None:
        if process := self._any():
            process.orders_left = self._dice.randrange(1, 40)

    def _rival(self) -> None:
        self._start()

    def _freeze(self) -> None:
        if process := self._any():
            process.frozen_until = max(process.frozen_until, self.world.now + self._dice.choice([0.3, 3.0, 11.0]))

    def _stall(self) -> None:
        """Batches are refused, and nobody hears of it before the coordinator's time is over."""
        self.world.denied.update(self._routes)
        for process in self.world.processes:
            process.frozen_until = max(process.frozen_until, self.world.now + 11.0)

    def _stop(self) -> None:
        if process := self._any():
            process.tell(f.Stopping())

    def _break(self) -> None:
        if (process := self._any()) and process.producer is not None:
            process.producer.lose("connection broken")

    def _rewire(self) -> None:
        self._wanted = frozenset(route for route in self._routes if self._dice.random() < 0.5)
        self._tell_routes()
        if self._dice.random() < 0.7:
            self._wanted = frozenset(self._routes)
            self.world.after(self._dice.choice([0.0, self.world.latency()]), self._tell_routes)

    def _tell_routes(self) -> None:
        for process in list(self.world.processes):
            process.tell(f.Routed(self._wanted))

    def _operator(self) -> None:
        if process := self._any():
            stopped = [state.route for state in process.machine.routes.values() if state.state is State.STOPPED]
            if stopped:
                process.tell(f.Resumed(self._dice.choice(stopped), self._dice.choice(list(Resume))))

    # ---- logs

    def _create(self, logs: dict[TopicPartition, Log[int]], route: TopicPartition) -> None:
        if route not in logs:
            logs[route] = Log(f"id-{self.world.unique()}")
            if self._dice.random() < 0.5:
                for process in list(self.world.processes):
                    process.tell(f.Looked())

    def _write(self, route: TopicPartition) -> None:
        world, dice = self.world, self._dice
        log = world.sources.get(route)
        if log is None:
            return
        in_transaction = dice.random() < 0.3
        entries = [self._append(log, Status.OPEN if in_transaction else Status.COMMITTED) for _ in range(dice.choice([1, 1, 2, 4, 8]))]
        if in_transaction:
            outcome = dice.choice([Status.COMMITTED, Status.ABORTED])
            world.after(dice.choice([0.0, 0.05, 1.0]), self._finish, route, log, entries, outcome)
        world.source_grew(route)

    def _append(self, log: Log[int], status: Status) -> Entry[int]:
        serial = self.world.unique()
        if self._poison and self._dice.random() < self._poison:
            self._dice.choice([self.world.refused, self.world.unreadable])[serial] = self._dice.choice([Stop.TOO_LARGE, Stop.CORRUPT])
        size = self._dice.randrange(200_000, 1_000_000) if self._fat else self._dice.randrange(100, 5_000)
        return log.append(serial, count=self._dice.choice([1, 1, 3, 10]), crc=serial, size=size, status=status)

    def _finish(self, route: TopicPartition, log: Log[int], entries: list[Entry[int]], outcome: Status) -> None:
        log.decide(entries, outcome)
        log.finish(entries, self.world.unique())
        self.world.source_grew(route)

    def _restore_source(self) -> None:
        route = self._dice.choice(self._routes)
        log = self.world.sources.get(route)
        if log is not None and (cuts := log.cuts()):
            self.world.sources[route] = log.restored(self._dice.choice(cuts))
            self._regrown.add(route)
            self.world.after(self._dice.choice([0.0, 1.0]), self._write, route)
            self.world.source_grew(route)

    def _break_all(self) -> None:
        for process in self.world.processes:
            if process.producer is not None:
                process.producer.lose("the target is restored")
        self.world.coordinator.fence()

    def _restore_target(self) -> None:
        route = self._dice.choice(self._routes)
        log = self.world.targets.get(route)
        if log is not None and (cuts := log.cuts()):
            self._break_all()
            self.world.targets[route] = log.restored(self._dice.choice(cuts))

    def _truncate_target(self) -> None:
        """An unclean election: the tail is gone, nobody is told."""
        route = self._dice.choice(self._routes)
        log = self.world.targets.get(route)
        if self.world.coordinator.open is not None or self.world.coordinator.ending:
            self.world.after(self.world.latency(), self._harm, self._truncate_target)
        elif log is not None and (cuts := log.cuts()):
            self.world.targets[route] = log.restored(self._dice.choice([cuts[-1], self._dice.choice(cuts)]))

    def _restore_progress(self) -> None:
        if cuts := self.world.progress.cuts():
            self._break_all()
            self.world.progress = self.world.progress.restored(self._dice.choice(cuts))
            self.world.oracle.restored()

    def _take_snapshot(self) -> None:
        world = self.world
        if world.coordinator.open is not None or world.coordinator.ending or world.progress.stable < world.progress.end:
            world.after(0.01, self._take_snapshot)
            return
        targets, progress = {route: (log, log.end) for route, log in world.targets.items()}, (world.progress, world.progress.end)

        def restore() -> None:
            if progress[0] is world.progress and all(world.targets.get(route) is log for route, (log, _) in targets.items()):
                self._break_all()
                world.targets.update({route: log.restored(end) for route, (log, end) in targets.items()})
                world.progress = world.progress.restored(progress[1])
                world.oracle.restored()

        self._snapshot = restore

    def _restore_all(self) -> None:
        """The whole target is restored to one moment: nothing is wrong then, what came later is carried again."""
        if self._snapshot is not None:
            self._snapshot()

    def _recreate_source(self) -> None:
        route = self._dice.choice(self._routes)
        if self.world.sources.pop(route, None) is not None:
            self._create(self.world.sources, route)
            self._write(route)

    def _recreate_target(self) -> None:
        route = self._dice.choice(self._routes)
        if self.world.targets.pop(route, None) is not None:
            self._create(self.world.targets, route)

    def _delete(self) -> None:
        route, logs = self._dice.choice(self._routes), self._dice.choice([self.world.sources, self.world.targets])
        if logs.pop(route, None) is not None:
            self.world.source_grew(route)
            self._in_time(lambda: self._create(logs, route))

    def _retention(self) -> None:
        route = self._dice.choice(self._routes)
        log = self.world.sources.get(route)
        if log is not None and route not in self._regrown:
            if self._dice.random() < 0.5:
                self._write(route)
            log.start = self._dice.choice([log.stable, *[base for base in log.bases if log.start <= base <= log.stable]])
            self.world.source_grew(route)

    def _deny(self) -> None:
        route = self._dice.choice(self._routes)
        self.world.denied.add(route)
        if self._dice.random() < 0.5:
            self._in_time(lambda: self.world.denied.discard(route))

    def _other_lane(self) -> None:
        log = self.world.progress
        entry = log.append(None, count=1, crc=self.world.unique(), status=Status.OPEN)
        self.world.after(self._dice.choice([0.1, 2.0, 8.0]), self._other_ends, log, entry)

    def _other_ends(self, log: Log, entry: Entry) -> None:  # type: ignore[type-arg]
        log.decide([entry], self._dice.choice([Status.COMMITTED, Status.ABORTED]))
        log.finish([entry], self.world.unique())
        self.world.progress_moved()
