"""What the lane of a simulated world makes of what it reads: nothing (a link), two shares (a gate), shares that come and go, or views.

Records are told by numbers of their own. What a target gets of a batch follows from these alone, so that whoever carries it makes the same.
"""

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from node.lane import TopicPartition
from node.model.names import Topic

_SPAN = 16
"""more than a batch has records"""

Records = tuple[int, ...]


class Kind(Enum):
    """Which lane it is."""

    LINK = "link"
    """each batch as it is, to the topic of the same name"""
    GATE = "gate"
    """each record to one of two"""
    SHARES = "shares"
    """each record to any of several, which come and go, or to none"""
    VIEW = "view"
    """several routes read one source, each through a filter of its own (`views`)"""


_SUFFIXES = {Kind.LINK: [""], Kind.GATE: ["_a", "_b"], Kind.SHARES: ["_1", "_2", "_3"], Kind.VIEW: [""]}


def targets_of(kind: Kind, route: TopicPartition) -> list[Topic]:
    """Return all topics that a route may ever be written to."""
    return [Topic(f"{route.topic}{suffix}") for suffix in _SUFFIXES[kind]]


def in_target(topic: Topic, route: TopicPartition) -> TopicPartition:
    """Return where a topic holds what was made of a route."""
    return route if topic == route.topic else TopicPartition(topic, route.partition)


def leader(topic: Topic) -> str:
    """Return the connection to the broker that leads a topic: targets of one route have different ones."""
    return f"broker {ord(topic[-1]) % 2}"


@lru_cache(1024)
def records(serial: int, first: int, behind: int) -> Records:
    """Return a batch's records from one place in it up to another."""
    return tuple(range(serial * _SPAN + first, serial * _SPAN + behind))


def serial_of(record: int) -> int:
    """Return the batch that a record, or a tombstone that was made of it, came in."""
    return max(record, ~record) // _SPAN


def share(kind: Kind, topic: Topic, given: Records) -> Records:
    """Return which records of one batch a target gets: all, some or none."""
    if kind is Kind.LINK or not given:
        return given
    serial, number = serial_of(given[0]), ord(topic[-1])
    if kind is Kind.GATE:
        return tuple(record for record in given if _passes(serial, record) == (topic[-1] == "a"))
    if serial % 5 == 0 or (serial + number) % 3 == 0:
        return ()
    return given if (serial + number) % 3 == 1 else tuple(record for record in given if (record + number) % 2)


def _passes(serial: int, record: int) -> bool:
    """Tell whether a gate lets a record pass: all of some batches, none of others, some of the rest."""
    return (True, False, record % 3 != 0, record % 2 == 0)[serial % 4]


def made(kind: Kind, topics: Sequence[Topic], batches: Sequence[Records], *, together: bool) -> list[tuple[Topic, Records]]:
    """Return what is written of batches that are settled together, topic by topic: one batch for each, or one for all of them."""
    parts = [(topic, [share(kind, topic, given) for given in batches]) for topic in topics]
    if together:
        parts = [(topic, [tuple(record for part in shares for record in part)]) for topic, shares in parts]
    return [(topic, part) for topic, shares in parts for part in shares if part]
