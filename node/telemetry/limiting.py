"""How often a log may say the same: ten times in ten seconds of one thing, and then how many more there were.

Pure: the time is an argument. What is held back is counted by its name and the place that it is about. A line with `more` stands for itself and so many
others: lines and their `more` together are all events that there were. The first event after an interval brings the count along, and `due` tells it
where none came; whoever runs a node asks for that each second.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

SHOWN_MAX, DEBUG_SHOWN_MAX, INTERVAL_S = 10, 1000, 10.0
KEYS_MAX = 1000
"""Places of one kind that fail together, such as topics: what is more than that shares a count by its name. Each holds one event, half a kilobyte."""
PLACES = ("lane", "shard", "part", "resource", "topic", "author", "user", "act", "source")
MORE = "more"

Event = Mapping[str, Any]
_Key = tuple[str, ...]


class _Run(msgspec.Struct):
    """What came of one thing since the interval began."""

    begun: float
    shown: int = 1
    held: int = 0
    last: Event = {}


class Limit:
    """Holds back what comes too often."""

    def __init__(self, interval_s: float = INTERVAL_S, keys_max: int = KEYS_MAX) -> None:
        self._interval_s, self._keys_max = interval_s, keys_max
        self._runs: dict[_Key, _Run] = {}

    def take(self, event: Event, now: float) -> Event | None:
        """Return the event as it is to be shown; None if it is held back."""
        key = self._key(event)
        run = self._runs.get(key)
        if run is None or now >= run.begun + self._interval_s:
            self._runs[key] = _Run(now)
            return event if run is None or not run.held else {**event, MORE: run.held}
        if run.shown < (DEBUG_SHOWN_MAX if event.get("level") == "debug" else SHOWN_MAX):
            run.shown += 1
            return event
        run.held, run.last = run.held + 1, event
        return None

    def due(self, now: float) -> Iterator[Event]:
        """Yield, for all whose interval is over, the last event that was held back: it stands for the others."""
        for key in [key for key, run in self._runs.items() if now >= run.begun + self._interval_s]:
            run = self._runs.pop(key)
            if run.held:
                yield run.last if run.held == 1 else {**run.last, MORE: run.held - 1}

    def _key(self, event: Event) -> _Key:
        name = str(event.get("event", ""))
        key = (name, *(str(event.get(place, "")) for place in PLACES))
        return key if key in self._runs or len(self._runs) < self._keys_max else (name,)
