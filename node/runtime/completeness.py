"""Up to when each flow of a node is known to be complete, kept over restarts.

A flow's lag is the age of the oldest record that is not carried. Where that cannot be seen, for the source does not answer, or the node has just begun and
does not know yet how far it had come, it is the time since the flow was last known to be level: then there may be such a record, and a lag
that falls to 0 because nobody looks would hide it. `complete.json` in the node's folder keeps that over a restart, as a hint: without it a flow counts
from when the node began.
"""

import time
from collections.abc import Collection, Mapping
from pathlib import Path

from node.model.names import Topic
from node.runtime.hints import read_hint, write_hint

_NAME = "complete.json"


class Completeness:
    """By lane and topic, the moment (ms) up to which a flow is complete; without a folder nothing is kept over a restart."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = None if folder is None else folder / _NAME
        self._began_ms = time.time() * 1000
        self._known: dict[str, dict[Topic, float]] = {} if self._file is None else read_hint(self._file, dict[str, dict[Topic, float]], {})

    def topics(self, lane: str) -> Collection[Topic]:
        """Return the topics of a lane of which something is known."""
        return self._known.get(lane, {})

    def note(self, lane: str, known: Mapping[Topic, float]) -> None:
        """Take what is known of all flows of a lane."""
        self._known[lane] = dict(known)

    def of(self, lane: str, topic: Topic) -> float:
        """Return up to when a flow is known to be complete; one that is not known counts from when the node began."""
        return self._known.get(lane, {}).get(topic, self._began_ms)

    def save(self) -> None:
        """Write the file, whole or not at all. OSError."""
        if self._file is None:
            return
        write_hint(self._file, self._known)
