"""A seeded scenario: the world breaks while records flow, then it heals and every route must arrive."""

from collections import Counter
from collections.abc import Callable

from node.lane import Machine, Phase, Resume, State, TopicPartition
from node.lane import facts as f
from node.model.names import Topic
from tests.lane.incidents import FAULTY_S, Incidents
from tests.lane.lanes import Kind, in_target
from tests.lane.logs import Log, V
from tests.lane.oracle import Standing, Violation
from tests.lane.process import Process
from tests.lane.views import source_name, view_name
from tests.lane.world import World

_HEALED_S = 60.0
"""Bound of liveness: a lost reply is noticed after 10 s, a frozen process and another lane's transaction after as much, back-off is 5 s."""
_STOP_S = 15.0
_RUSHES = 6
_WRITES_MAX = 12
_MOMENTS = [f.Open, f.Inspect, f.Follow, f.Produce, f.Produce, f.Record, f.Commit, f.Commit, f.Commit, f.Abort, f.SetAside]
_NTH_MAX = 12
_BUSY = {f.Produce, f.Record, f.Commit, f.Follow}
_KINDS = [Kind.LINK, Kind.GATE, Kind.VIEW, Kind.SHARES]
_COUNTS = {Kind.LINK: [1, 2, 2, 3, 4], Kind.GATE: [1, 1, 2, 2, 3], Kind.SHARES: [1, 1, 2, 2, 3], Kind.VIEW: [1, 1, 1, 2]}
"""Of sources; one with several targets makes about as much work as two."""
_VIEWS = 4
"""The most of one source."""
_BETWEEN = (Phase.RESTING, Phase.BACKING_OFF, Phase.OPENING)


class Scenario:
    """One seed: which routes, how much is written, what goes wrong and when."""

    def __init__(self, seed: int, make: Callable[[], Machine] = Machine) -> None:
        self.seed = seed
        self.world = World(seed, _KINDS[seed % len(_KINDS)])
        self._dice = self.world.dice
        self._routes = self._make_routes(self._dice.choice(_COUNTS[self.world.kind]))
        self._can = can = Incidents(self.world, self._routes, make)
        self._moments: dict[tuple[object, int], list[Callable[[], None]]] = {}
        """incidents that come with the nth order of a kind"""
        self._habit = self._dice.choice([can.crash, can.rival, can.rewire, can.rewire, can.break_connection])
        """what goes wrong again and again"""
        self._relapses, self._restless = self._dice.choice([0, 0, 10]), 0.1
        self._eager = self._dice.random() < 0.5
        """whether an operator resumes at once what stops"""
        self._fragile = 0.2
        """chance that a commit's answer is lost when it carries a word or a stopped route"""
        self._orders: Counter[object] = Counter()
        self._ended = False
        self._disposes = self.world.kind in {Kind.LINK, Kind.VIEW} and seed // len(_KINDS) % 3 == 2
        self.world.on_order = self._at_order
        self.world.on_stop = self._see_stop

    def _make_routes(self, count: int) -> list[TopicPartition]:
        """Return the routes, views with what they read."""
        world, dice = self.world, self._dice
        if world.kind is not Kind.VIEW:
            return [TopicPartition(Topic(f"t{n}"), n) for n in range(count)]
        for n in range(count):
            source = TopicPartition(source_name(n, is_state=dice.random() < 0.7), n)
            for number in sorted(dice.sample(range(_VIEWS), dice.randrange(1, _VIEWS + 1))):
                world.origins[TopicPartition(view_name(source.topic, number), n)] = source
        world.from_now.update(route for route in world.origins if dice.random() < 0.3)
        return list(world.origins)

    def run(self) -> None:
        """Play the scenario; raise Violation, with the last events, for whatever must not happen."""
        try:
            self._play()
        except (AssertionError, LookupError) as error:
            raise Violation(f"seed {self.seed}: {error!r}, after\n{self.world.story()}") from error

    def _play(self) -> None:
        self._plan()
        self.world.run(FAULTY_S)
        self._heal()
        self._arrive("after the world healed")
        self._resume_all()
        self._arrive("after an operator resumed what was stopped")
        if (
            self._stopped()
        ):  # a target that was damaged in silence is noticed when something comes for it: a transaction of the source's ends
            self._resume_all()
            self._arrive("after an operator resumed what was stopped late")
        if stopped := self._stopped():
            raise Violation(f"{stopped} is stopped though it was resumed in a healed world")
        self._take_over()
        self._arrive("after another process took over")
        self._let_go()

    # ---- the faulty world

    def _plan(self) -> None:
        world, dice, can = self.world, self._dice, self._can
        world.trouble = dice.choice([0.0, 0.0, 0.005, 0.02, 0.06])
        world.speed = dice.choice([0.001, 0.003, 0.02])
        world.slow, world.slowest = dice.choice([(0.0, 0.0), (0.03, 2.0), (0.2, 0.2)])
        themes = [self._plan_words, self._plan_unrest, self._plan_stall, self._plan_slow]
        dice.choice([*themes, *[self._plan_incidents] * len(themes)])()
        rushes = [dice.random() * FAULTY_S for _ in range(_RUSHES)]
        for source in can.sources:
            self._make(world.sources, source)
            for _ in range(dice.randrange(1, _WRITES_MAX)):
                world.after(dice.choice(rushes) + dice.random() * world.speed * 20, can.write, source)
        for route in can.routes:
            for target in world.targets_of(route):
                self._make(world.targets, target)
            if world.kind is Kind.SHARES:
                can.choose_shares(route)
                can.in_time(can.harm, can.change_shares)
        for route in can.unborn:
            can.in_time(can.bear, route)
        can.in_time(can.take_snapshot)
        if self._disposes:
            self._plan_disposals()
        self._supervise()

    def _plan_disposals(self) -> None:
        """Sides that are disposed of and made anew: at any time, or in the middle of something."""
        dice, can = self._dice, self._can
        for _ in range(dice.choice([1, 1, 2, 4])):
            if dice.random() < 0.4:
                can.in_time(can.harm, can.dispose)
            else:
                self._moments.setdefault((dice.choice(_MOMENTS), dice.randrange(1, _NTH_MAX)), []).append(can.dispose)

    def _make(self, logs: dict[TopicPartition, Log[V]], place: TopicPartition) -> None:
        if self._dice.random() < 0.85:
            self._can.create(logs, place)
        else:
            self._can.in_time(self._can.create, logs, place)

    def _plan_incidents(self) -> None:
        dice, can = self._dice, self._can
        for _ in range(dice.choice([0, 1, 2, 4, 6])):
            together = [dice.choice(can.all) for _ in range(dice.choice([1, 1, 2]))]
            if dice.random() < 0.3:
                can.in_time(can.harm, *together)
            else:
                self._moments.setdefault((dice.choice(_MOMENTS), dice.randrange(1, _NTH_MAX)), []).extend(together)

    def _plan_words(self) -> None:
        """Routes that stop, words that follow, and commits whose answers are lost."""
        self._can.poison, self._fragile = 0.3, 0.5

    def _plan_unrest(self) -> None:
        """Routes that come and go while replies overtake each other."""
        self._habit, self._relapses, self._restless = self._can.rewire, 30, 0.3
        self.world.slow, self.world.slowest = 0.3, 0.1

    def _plan_slow(self) -> None:
        """Replies that take longer than a transaction should stay open."""
        self.world.slow, self.world.slowest = 0.3, 1.0

    def _plan_stall(self) -> None:
        """A process that sleeps over the coordinator's time-out in the middle of a transaction that fails."""
        self._moments[f.Produce, self._dice.randrange(2, _NTH_MAX)] = [self._can.stall]

    def _at_order(self, process: Process, order: object) -> None:
        """Incidents come with certain orders rather than at a time: thus they meet what is under way."""
        kind, dice, can = type(order), self._dice, self._can
        if self._moments:
            self._orders[kind] += 1
            for act in self._moments.pop((kind, self._orders[kind]), ()):
                self.world.after(dice.choice([0.0, self.world.latency()]), can.harm, act)
        if kind is f.Commit and (process.words or self._stopped()) and dice.random() < self._fragile:
            self.world.after(self.world.latency(), can.harm, can.break_connection)
        if self._relapses > 0 and kind in _BUSY and dice.random() < self._restless:
            self._relapses -= 1
            self.world.after(dice.choice([0.0, self.world.latency()]), can.harm, self._habit)

    def _see_stop(self, process: Process, route: TopicPartition) -> None:
        if self._eager:
            word = f.Resumed(route, self._dice.choice(list(Resume)))
            self.world.after(self.world.latency(), self._can.harm, lambda: process.tell(word))

    def _supervise(self) -> None:
        """Start a process where none holds the shard or is about to take it."""
        world = self.world
        world.processes = [process for process in world.processes if not process.over]
        held = any(process.frozen or process.owns() or process.machine.phase in _BETWEEN for process in world.processes)
        if not held and not self._ended:
            self._can.start()
        world.after(0.5 + self._dice.random(), self._supervise)

    # ---- the healed world

    def _heal(self) -> None:
        """Nothing goes wrong any more; what was refused for good stays refused, and must not hinder the others."""
        world, can = self.world, self._can
        world.trouble = world.slow = can.poison = 0.0
        for process in world.processes:
            process.orders_left = -1
        for source in can.sources:
            can.create(world.sources, source)
        for route in self._routes:
            for target in world.targets_of(route):
                can.create(world.targets, target)
        can.want(self._routes)

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

    def _take_over(self) -> None:
        for source in self._can.sources:
            self._can.write(source)
        self._dice.choice([self._can.crash, self._can.rival])()

    def _let_go(self) -> None:
        world, self._ended = self.world, True
        stopped = {route for _, route in self._stopped()}
        for process in world.processes:
            process.tell(f.Stopping())
        world.run(world.now + _STOP_S, lambda: all(process.over for process in world.processes))
        if not all(process.over for process in world.processes):
            raise Violation("a process did not stop")
        for route, standing in world.oracle.standing.items():
            if route not in stopped:
                self._is_right(route, standing)

    def _is_right(self, route: TopicPartition, standing: Standing) -> None:
        topics, world = standing.progress.targets, self.world
        if world.oracle.of_era(route, world.eras.get(route, 0)) is None:
            if world.targets[route].committed(0, world.targets[route].end):
                raise Violation(f"{route} was not stopped, and holds what was disposed of")
            return
        if topics.keys() != set(world.topics_of(route)):
            raise Violation(f"{route} is written to {list(topics)} instead of {world.topics_of(route)}")
        for topic in topics:
            if not world.oracle.target_true(standing, topic, world.targets[in_target(topic, route)]):
                raise Violation(f"{route} was not stopped, and {topic} is not what was carried")
        if world.kind is Kind.VIEW and not world.oracle.content_true(route, world.sources[world.source_of(route)], world.targets[route]):
            raise Violation(f"{route} was not stopped, and who reads it does not hold what lies in its rows")

    # ---- liveness

    def _arrive(self, when: str) -> None:
        self.world.run(max((process.frozen_until for process in self.world.processes), default=0.0))
        if not self.world.run(self.world.now + _HEALED_S, self._arrived):
            raise Violation(f"{when} not every route arrived: {self._report()}")

    def _arrived(self) -> bool:
        coordinator = self.world.coordinator
        if coordinator.open is not None or coordinator.ending:
            return False
        running = [process for process in self.world.processes if process.machine.phase is Phase.RUNNING]
        return any(process.owns() and self._has_arrived(process) for process in running)

    def _has_arrived(self, process: Process) -> bool:
        if process.hands or process.transforming.waiting or process.memories.busy:
            return False
        if process.producer is None or not process.producer.idle:
            return False
        if process.machine.routes.keys() != self._can.wanted:
            return False
        return all(self._is_at_end(process, route) for route in self._routes)

    def _is_at_end(self, process: Process, route: TopicPartition) -> bool:
        state = process.machine.routes[route].state
        if state is not State.FLOWING or route in process.words:
            return state is State.STOPPED
        world = self.world
        standing = world.oracle.of_era(route, world.eras.get(route, 0))
        if standing is None and route in world.from_now:
            return False  # where it begins is written down even if nothing comes
        offset = standing.progress.next if standing else process.streams[route].offset
        return offset == world.sources[world.source_of(route)].end

    def _report(self) -> str:
        lines = [
            f"{process.name} {process.machine.phase} owns={process.owns()} {process.machine.failure}"
            f" {[(str(state.route), state.state.value, state.detail) for state in process.machine.routes.values()]}"
            for process in self.world.processes
        ]
        standing = {str(route): standing.progress.next for route, standing in self.world.oracle.standing.items()}
        ends = {str(route): log.end for route, log in self.world.sources.items()}
        return "; ".join([*lines, f"{standing} of {ends}"])
