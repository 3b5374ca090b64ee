"""Answers for node/telemetry/limiting.py: a storm is told by its number, and nothing is lost from the count."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from node.telemetry.limiting import DEBUG_SHOWN_MAX, INTERVAL_S, KEYS_MAX, MORE, SHOWN_MAX, Event, Limit


def _event(name: str = "a", **fields: Any) -> dict[str, Any]:
    return {"event": name, "level": "warning", **fields}


def _shown(limit: Limit, events: list[dict[str, Any]], now: float) -> list[Event]:
    return [shown for event in events if (shown := limit.take(event, now)) is not None]


def test_ten_are_shown_and_the_next_after_the_interval_says_how_many_more() -> None:
    """It brings the count along; then the interval begins anew."""
    limit = Limit()
    assert len(_shown(limit, [_event()] * 4322, 0.0)) == SHOWN_MAX
    assert limit.take(_event(), INTERVAL_S) == _event(more=4312)
    assert limit.take(_event(), INTERVAL_S) == _event()


def test_where_nothing_follows_the_last_stands_for_all_that_were_held_back() -> None:
    """Once, when the interval is over, and not before."""
    limit = Limit()
    _shown(limit, [_event(n=n) for n in range(14)], 0.0)
    assert list(limit.due(INTERVAL_S - 0.1)) == []
    assert list(limit.due(INTERVAL_S)) == [_event(n=13, more=3)]
    assert list(limit.due(INTERVAL_S * 9)) == []


def test_one_that_was_held_back_alone_is_shown_as_it_was() -> None:
    """It stands for nobody else."""
    limit = Limit()
    _shown(limit, [_event()] * (SHOWN_MAX + 1), 0.0)
    assert list(limit.due(INTERVAL_S)) == [_event()]


def test_what_happens_to_different_things_is_not_made_one() -> None:
    """Another name, lane, shard, part, topic, resource, author, user or act has a count of its own; another cause has not."""
    limit = Limit()
    different = [
        _event(),
        _event("b"),
        _event(lane="gate"),
        _event(lane="gate", shard=1),
        _event(lane="gate", topic="x"),
        _event(topic="x"),
        _event(resource="x"),
        _event(part="x"),
        _event(author="x"),
        _event(user="x"),
        _event(act="x"),
    ]
    assert len(_shown(limit, different * SHOWN_MAX, 0.0)) == len(different) * SHOWN_MAX
    assert _shown(limit, [_event(cause="another")], 0.0) == []


def test_whoever_asks_for_debug_gets_more() -> None:
    """A thousand of a thing: it is asked for, and not for long."""
    assert len(_shown(Limit(), [_event() | {"level": "debug"}] * (DEBUG_SHOWN_MAX + 5), 0.0)) == DEBUG_SHOWN_MAX


def test_what_is_kept_is_bounded() -> None:
    """More places than may be kept share one count by their name; none of them is lost from it."""
    limit = Limit()
    events = [_event(topic=str(n)) for n in range(KEYS_MAX * 3)]
    shown = _shown(limit, events, 0.0)
    assert len(shown) == KEYS_MAX + SHOWN_MAX
    told = list(limit.due(INTERVAL_S))
    assert len(shown) + len(told) + sum(one.get(MORE, 0) for one in told) == len(events)


_STEPS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(1, 30), st.floats(0, 3), st.booleans()), max_size=50
)


@given(_STEPS)
def test_lines_and_what_they_stand_for_are_all_events(steps: list[tuple[str, str, int, float, bool]]) -> None:
    """Whatever comes when, and whoever asks for what is due when: by name, as many as there were."""
    limit, now, told = Limit(interval_s=2.0, keys_max=4), 0.0, list[Event]()
    for name, topic, many, pause, asked in steps:
        now += pause
        told += _shown(limit, [_event(name, topic=topic)] * many, now)
        told += limit.due(now) if asked else ()
    told += limit.due(float("inf"))
    for name in "abc":
        came = sum(many for one, _topic, many, _pause, _asked in steps if one == name)
        assert sum(1 + one.get(MORE, 0) for one in told if one["event"] == name) == came
