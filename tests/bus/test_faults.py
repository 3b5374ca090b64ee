"""Answers for node/bus/faults.py: each error code of Kafka means one thing to a lane."""

import pytest
from aiokafka import errors as theirs

from node.bus import faults
from node.bus.faults import (
    FENCED,
    LEADER_MOVED,
    LOOK_AGAIN,
    RETRY_COORDINATOR,
    RETRY_FIRST_BATCH,
    name_of,
    of_route,
    raised,
    speaks_of_route,
    stop_of,
)
from node.errors import Fenced, RouteFault, TransactionLost, Unavailable
from node.lane import Stop

TABLES = [set(faults._STOPS), LEADER_MOVED, LOOK_AGAIN, FENCED, RETRY_COORDINATOR, RETRY_FIRST_BATCH]


def test_names_are_kafkas() -> None:
    """Where aiokafka knows a code too, both must call it the same, but for names that Kafka has changed since."""
    old = {
        -1: "UNKNOWN",
        0: "NO_ERROR",
        6: "NOT_LEADER_FOR_PARTITION",
        10: "MESSAGE_SIZE_TOO_LARGE",
        13: "STALE_LEADER_EPOCH_CODE",
        17: "INVALID_TOPIC",
    }
    both = {code: error.message for code, error in theirs.kafka_errors.items() if code in faults._NAMES}
    assert both == {code: old.get(code, faults._NAMES[code]) for code in both}
    assert len(both) > 30


def test_every_code_of_a_table_has_a_name() -> None:
    """An operator must read a name, not a number, for everything that is dealt with."""
    assert {code for table in TABLES for code in table} <= faults._NAMES.keys()
    assert name_of(9999) == "error code 9999"


def test_a_code_is_dealt_with_in_one_way() -> None:
    """No code may both stop a route and be tried again, or fence and do anything else."""
    stops = set(faults._STOPS)
    assert not stops & (LEADER_MOVED | LOOK_AGAIN | FENCED | RETRY_COORDINATOR | RETRY_FIRST_BATCH)
    assert not FENCED & (LEADER_MOVED | LOOK_AGAIN | RETRY_COORDINATOR)
    assert not LEADER_MOVED & LOOK_AGAIN


@pytest.mark.parametrize(
    ("code", "stop"),
    [(10, Stop.TOO_LARGE), (18, Stop.TOO_LARGE), (2, Stop.CORRUPT), (87, Stop.REFUSED), (76, Stop.REFUSED)],
)
def test_what_the_target_will_never_take_stops_its_route(code: int, stop: Stop) -> None:
    """Such a batch would be refused for ever, so the others must go on without its route."""
    assert stop_of(code) is stop
    assert speaks_of_route(code)


@pytest.mark.parametrize("code", sorted(LOOK_AGAIN))
def test_what_may_have_become_of_a_topic_needs_a_look(code: int) -> None:
    """An unknown topic or offset speaks of its route, but only both sides tell why."""
    assert stop_of(code) is None
    assert speaks_of_route(code)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, Fenced) for code in FENCED),
        *((code, Unavailable) for code in LEADER_MOVED | RETRY_COORDINATOR | {7, 41}),
        *((code, TransactionLost) for code in (-1, 20, 45, 48, 49, 53, 59, 120)),
    ],
)
def test_what_lies_in_no_route_has_its_exception(code: int, kind: type[Exception]) -> None:
    """Fencing, what may pass by itself, and what costs the transaction must be told apart, with place and name."""
    error = raised(code, "the place")
    assert type(error) is kind
    assert str(error) == f"the place: {name_of(code)}"


def test_a_route_fault_names_its_partition() -> None:
    """Whoever catches it must know which topic-partition it was."""
    error = of_route(29, "a.b.c", 3)
    assert isinstance(error, RouteFault)
    assert (error.topic, error.partition, error.name) == ("a.b.c", 3, "TOPIC_AUTHORIZATION_FAILED")
