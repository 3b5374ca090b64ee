"""Answers for node/runtime/seen.py: lag that is right when nothing moves, when it cannot be seen, and after a restart; and what moved today."""

import itertools
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from node.control import day_of
from node.errors import RouteFault, Unavailable
from node.lane import Phase, Progress, RouteState, State, TopicPartition, Written
from node.model.names import Topic
from node.runtime.completeness import Completeness
from node.runtime.flow import by_topic
from node.runtime.seen import Seen
from tests.lane.hand import batch
from tests.runtime.conftest import Bench, until

TOPIC = Topic("445102.tax.bills")
ROUTE = TopicPartition(TOPIC, 0)


class Stand:
    """One route of one shard, as the machine would have it, and a source that answers or does not."""

    def __init__(self, completeness: Completeness | None = None) -> None:
        self.hears = True
        self.awaiting: dict[TopicPartition, str] = {}
        progress = Progress(source_id="s", next=5, targets={TOPIC: Written(id="t")})
        self.route = RouteState(ROUTE, progress, itertools.count(1))
        self.route.state = State.FLOWING
        self.machine = machine = SimpleNamespace(routes={ROUTE: self.route}, phase=Phase.RUNNING, failure="", known={ROUTE: progress})
        shard: Any = SimpleNamespace(machine=machine, waits_for="")
        source = SimpleNamespace(hears=lambda _route: self.hears, client=None)
        place: Any = SimpleNamespace(
            lane="link-up", source=source, outcomes=lambda route: {route.topic: "carried"}, source_of=lambda route: route
        )
        self.seen = Seen(place, [shard], completeness or Completeness(), lambda: self.awaiting)

    @property
    def lag(self) -> tuple[int, float]:
        """How far behind it is shown."""
        (status,) = self.seen.routes()
        return status.lag_records, status.lag_seconds


def test_a_level_route_is_not_behind() -> None:
    """However long nothing has come."""
    assert Stand().lag == (0, 0.0)


def test_a_route_is_behind_by_its_oldest_record() -> None:
    """From its first offset that is not committed, and the time of the first record there."""
    stand = Stand()
    waits = batch(5, 3)
    waits.timestamp = int(time.time() * 1000) - 7000
    stand.route.fetched([waits], 8, 20)
    records, seconds = stand.lag
    assert records == 15
    assert 7 <= seconds < 8


def test_a_source_that_does_not_answer_is_no_reason_to_be_level() -> None:
    """Nobody knows what it has: the lag counts from when it was last known to have nothing, and grows."""
    stand = Stand()
    assert stand.lag == (0, 0.0)
    stand.hears = False
    first = stand.lag[1]
    time.sleep(0.05)
    assert 0.05 <= stand.lag[1] - first < 5


@pytest.mark.parametrize("state", [State.RESTING, State.INSPECTING, State.SUSPECT])
def test_after_a_restart_a_lag_goes_on(state: State) -> None:
    """What is not known yet, for the target cannot be asked, is not 0: the time of before the restart counts on."""
    known = Completeness()
    known.note("link-up", {TOPIC: (time.time() - 600) * 1000})
    stand = Stand(known)
    stand.route.state = state
    assert 600 <= stand.lag[1] < 605


def test_a_route_that_may_not_flow_yet_counts_too() -> None:
    """Its copy has to be disposed of first, elsewhere: for the taker that is lag like any other."""
    known = Completeness()
    known.note("link-up", {TOPIC: (time.time() - 60) * 1000})
    stand = Stand(known)
    stand.awaiting = {TopicPartition(TOPIC, 1): "445100 has to dispose of the copy of before first"}
    (own, waiting) = stand.seen.routes()
    assert (own.state, waiting.state, waiting.detail[:6]) == ("flowing", "waiting", "445100")
    assert 60 <= waiting.lag_seconds < 65


def test_what_comes_to_be_known_was_not_carried_just_now() -> None:
    """A shard that reads its progress late, for its link was cut when the node began, finds millions of records there; they are no rate."""
    stand = Stand()
    known, stand.route.progress = stand.route.progress, None
    stand.seen._time(by_topic(stand.seen.routes()))
    assert known is not None
    stand.route.progress = msgspec.structs.replace(known, records=1_000_000)
    for _ in range(2):
        stand.seen._time(by_topic(stand.seen.routes()))
        assert [flow.records_per_s for flow in stand.seen.flows()] == [0.0]


def test_since_when_a_state_is_told() -> None:
    """From the look that saw it first; another state begins anew."""
    stand = Stand()
    first = stand.seen.routes()[0].since_ms
    assert time.time() * 1000 - 1000 < first <= time.time() * 1000
    time.sleep(0.002)
    assert stand.seen.routes()[0].since_ms == first
    stand.route.state = State.SUSPECT
    assert stand.seen.routes()[0].since_ms > first


async def test_what_moved_today_outlives_a_restart(bench: Bench) -> None:
    """From progress figures: exactly what was carried, whoever carried it; of another day nothing."""
    topic, day = bench.topic(), day_of(datetime.now(UTC)).isoformat()

    def told(seen: Seen) -> list[tuple[str, str, str, int]]:
        return [(one.department, one.resource, one.direction, one.records) for one in seen.volumes(day) if one.records]

    bench.publish(topic, [b"%d" % number for number in range(100)])
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        await until(lambda: sum(one[3] for one in told(lane.seen)) == 100)
        sizes = sum(one.bytes for one in lane.seen.volumes(day))
        assert list(lane.seen.volumes("2000-01-01")) == []
    bench.publish(topic, [b"%d" % number for number in range(50)])
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        await until(lambda: sum(one[3] for one in told(lane.seen)) == 150)
        assert {one[:3] for one in told(lane.seen)} == {("445102.test", topic, "up")}
        assert sum(one.bytes for one in lane.seen.volumes(day)) > sizes > 0
        assert (lane.seen.newest_ms(Topic(topic)) > 0, lane.seen.newest_ms(TOPIC)) == (True, 0)


async def test_a_source_that_does_not_answer_is_not_asked_for_each_of_its_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand time-outs in a row would be hours; who was not asked comes first the next time, and "nothing is behind" is no lasting word."""
    stand, asked = Stand(), []
    other = TopicPartition(Topic("445102.tax.fees"), 0)
    state = RouteState(other, Progress(source_id="s", next=9, targets={other.topic: Written(id="t")}), itertools.count(1))
    stand.route.state = state.state = State.SUSPECT
    stand.machine.routes[other] = state
    answers: dict[TopicPartition, Any] = {ROUTE: (0, None), other: (3, 1000)}

    async def oldest(_client: object, route: TopicPartition, _start: int) -> tuple[int, int | None]:
        asked.append(route)
        if isinstance(answers[route], Exception):
            raise answers[route]
        found: tuple[int, int | None] = answers[route]
        return found

    monkeypatch.setattr("node.runtime.seen.oldest", oldest)
    await stand.seen._ask_sources()
    assert (asked, [one.lag_records for one in stand.seen.routes()]) == ([ROUTE, other], [0, 3])
    assert stand.seen.routes()[0].lag_seconds == 0
    asked.clear()
    answers = dict.fromkeys(answers, Unavailable("away"))
    await stand.seen._ask_sources()
    await stand.seen._ask_sources()
    assert asked == [ROUTE, other]
    bills, fees = stand.seen.routes()
    assert (bills.lag_seconds > 0, fees.lag_records) == (True, 3)
    answers[other] = RouteFault("445102.tax.fees", 0, "UNKNOWN")
    await stand.seen._ask_sources()
    await stand.seen._ask_sources()
    assert asked[2:] == [ROUTE, other, ROUTE]
