"""Views in a simulated world: routes of their own that read one source, each through its filter; of facts, or of a state with keys.

What a record is follows from its number: its key, whether it is a tombstone, which views have it in their rows. A tombstone that a view makes
of a record is written `~record`, so that it tells what it was made of.
"""

from collections.abc import Callable, Iterable

from node.lane import TopicPartition
from node.model.names import Topic
from tests.lane.lanes import Kind, Records, share

_STATE = "state"
_KEYS = 7
_WHOLE = "0"


def source_name(number: int, *, is_state: bool) -> Topic:
    """Return the name of a source."""
    return Topic(f"{_STATE if is_state else 'facts'}{number}")


def view_name(source: Topic, number: int) -> Topic:
    """Return the name of a source's view; the first one has no filter."""
    return Topic(f"{source}_{number}")


def is_state(topic: Topic) -> bool:
    """Tell whether a source, or a view of it, is a state."""
    return topic.startswith(_STATE)


def remembers(route: TopicPartition, *, from_now: bool) -> bool:
    """Tell whether a view has to know what it has shown: one of a state that does not show all of it."""
    return is_state(route.topic) and (from_now or not route.topic.endswith(_WHOLE))


def key_of(record: int) -> int:
    """Return a record's key."""
    return _mixed(max(record, ~record)) % _KEYS


def is_tombstone(record: int) -> bool:
    """Tell whether a record of a source, or of a view, deletes its key."""
    return record < 0 or _mixed(record, 1) % 4 == 0


def has(topic: Topic, record: int) -> bool:
    """Tell whether a record lies in a view's rows."""
    return topic.endswith(_WHOLE) or _mixed(record, ord(topic[-1])) % 2 == 0


def _mixed(record: int, salt: int = 0) -> int:
    return ((record * 31 + salt) * 2654435761 & 0xFFFFFFFF) >> 9


def cut(topic: Topic, given: Records, put: Callable[[int, bool], bool] | None) -> Records:
    """Return what a view makes of records; `put` lets a key be shown, or not any more, and tells whether it was."""
    if not is_state(topic):
        return given if topic.endswith(_WHOLE) else share(Kind.SHARES, topic, given)
    if put is None:
        return given
    found = []
    for record in given:
        shows = has(topic, record) and not is_tombstone(record)
        was = put(key_of(record), shows)
        if shows or was:
            found.append(record if shows else ~record)
    return tuple(found)


def content(records: Iterable[int]) -> dict[int, int]:
    """Return what whoever reads a view of a state holds after these records: by key, the last record that is no tombstone."""
    held: dict[int, int] = {}
    for record in records:
        if is_tombstone(record):
            held.pop(key_of(record), None)
        else:
            held[key_of(record)] = record
    return held
