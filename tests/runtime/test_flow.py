"""Answers for node/runtime/flow.py."""

from typing import Any

import pytest

from node.model.names import Topic
from node.runtime.flow import RouteStatus, Speed, by_topic, flow_of

TOPIC = Topic("445102.tax.bills")


def route(partition: int, **fields: Any) -> RouteStatus:
    """Return a partition that flows."""
    return RouteStatus(**({"lane": "gate", "topic": TOPIC, "partition": partition, "state": "flowing"} | fields))  # type: ignore[arg-type]  # as the dict says


def test_partitions_are_told_together() -> None:
    """Counts are summed, the greatest lag and the newest record count, and the worst state with its reason."""
    flow = flow_of(
        "gate",
        TOPIC,
        [
            route(0, lag_records=5, lag_seconds=2.0, newest_ms=7, records=10, bytes=100, outcomes={"passed": 9, "quarantined": 1}),
            route(1, state="waiting", detail="no topic"),
            route(2, state="stopped", reason="too-large", detail="a batch", since_ms=77, lag_records=3, lag_seconds=9.0, newest_ms=3),
            route(3, state="stopped", reason="source-recreated", records=1, bytes=1, outcomes={"passed": 1}),
        ],
    )
    assert (flow.state, flow.reason, flow.detail, flow.since_ms) == ("stopped", "too-large", "a batch", 77)
    assert (flow.stopped, flow.waiting) == ({"too-large": 1, "source-recreated": 1}, 1)
    assert (flow.lag_records, flow.lag_seconds, flow.newest_ms) == (8, 9.0, 7)
    assert (flow.records, flow.bytes, flow.outcomes) == (11, 101, {"passed": 10, "quarantined": 1})
    assert flow.catch_up_s is None


def test_routes_go_by_their_topics() -> None:
    """In the order in which they come."""
    found = by_topic([route(0), route(0, topic="a.b.c"), route(1)])
    assert {topic: [one.partition for one in routes] for topic, routes in found.items()} == {TOPIC: [0, 1], "a.b.c": [0]}


def test_a_speed_is_known_from_the_second_look_on() -> None:
    """A thousand records and half the backlog in ten seconds."""
    speed = Speed()
    speed.note(100.0, 5000, 50_000, 2000)
    assert (speed.records_per_s, speed.until_level(2000)) == (0.0, None)
    speed.note(110.0, 6000, 60_000, 1000)
    assert (speed.records_per_s, speed.bytes_per_s) == pytest.approx((100.0, 1000.0))
    assert speed.until_level(1000) == pytest.approx(10.0)
    assert speed.until_level(0) == 0.0


def test_a_speed_forgets_within_a_minute() -> None:
    """What stood still for five minutes and moves again has the rate of now."""
    speed, records = Speed(), 0
    for tick in range(60):
        speed.note(5.0 * tick, records, 0, 0)
    for tick in range(60, 80):
        records += 500
        speed.note(5.0 * tick, records, 0, 0)
    assert 75 < speed.records_per_s < 100
    for tick in range(80, 140):
        speed.note(5.0 * tick, records, 0, 0)
    assert speed.records_per_s < 1


def test_what_grows_is_never_level() -> None:
    """However fast it moves."""
    speed = Speed()
    for tick in range(5):
        speed.note(5.0 * tick, 1000 * tick, 0, 500 * tick)
    assert speed.until_level(2000) is None


def test_what_stood_and_goes_again_has_the_rate_of_now() -> None:
    """A link that was cut for five minutes, while 100 records a second came: the time to catch up is right with the second look after it is mended."""
    speed, behind = Speed(), 0
    for tick in range(60):
        speed.note(5.0 * tick, 1000, 0, behind := behind + 500)
    assert speed.until_level(behind) is None
    for tick in range(60, 64):
        speed.note(5.0 * tick, 1000 + 2500 * (tick - 59), 0, behind := behind - 2000)
    assert speed.until_level(behind) == pytest.approx(behind / 400)
    assert speed.records_per_s == pytest.approx(500)


def test_what_is_carried_in_lumps_does_not_stand() -> None:
    """Over a slow link a transaction takes longer than the time between two looks; on the whole it is as fast as it is."""
    speed, records, behind = Speed(), 0, 100_000
    for tick in range(20):
        if tick % 3 == 1:
            records, behind = records + 9000, behind - 9000
        speed.note(5.0 * tick, records, 0, behind)
        assert tick < 4 or behind / 1200 < (speed.until_level(behind) or 0.0) < behind / 300
    assert speed.until_level(behind) == pytest.approx(behind / 600, rel=0.2)


def test_another_beginning_is_no_rate() -> None:
    """A route that begins anew counts from there; the same moment twice tells nothing."""
    speed = Speed()
    speed.note(0.0, 1_000_000, 0, 0)
    speed.note(5.0, 10, 0, 0)
    speed.note(5.0, 10_000, 0, 0)
    assert speed.records_per_s == 0.0
    speed.note(10.0, 60, 0, 0)
    assert speed.records_per_s == pytest.approx(10.0)
