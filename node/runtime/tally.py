"""What a shard's transactions did, counted in the metrics once they are committed and not before."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from node.lane import TopicPartition, Written
from node.lane.facts import Moved
from node.model.names import Topic
from node.telemetry import Metrics
from node.transform import Made

_NOTHING = Written(id="")


class Tally:
    """Counts for one shard of a lane; `outcomes` says what a route writes to and by which word records there are counted."""

    def __init__(self, metrics: Metrics, lane: str, outcomes: Callable[[TopicPartition], Mapping[Topic, str]]) -> None:
        self._metrics = metrics
        self._lane = lane
        self._outcomes = outcomes
        self._refused: Counter[tuple[Topic, str]] = Counter()
        self._warned: Counter[tuple[Topic, str]] = Counter()
        """of the open transaction, by topic and reason or rule"""

    def begin(self) -> None:
        """Begin a transaction: what was noted of another one that came to nothing is forgotten."""
        self._refused.clear()
        self._warned.clear()

    def made(self, topic: Topic, made: Made) -> None:
        """Note what was made of a route's batches."""
        self._refused.update({(topic, word): count for word, count in made.refused.items()})
        self._warned.update({(topic, rule): count for rule, count in made.warned.items()})

    def committed(self, moved: Iterable[Moved]) -> None:
        """Count the open transaction: it is committed, and did this to its routes."""
        metrics, now = self._metrics, time.time()
        metrics.transactions.labels(self._lane, "committed").inc()
        for move in moved:
            self._moved(move, now)
        for (topic, word), count in self._refused.items():
            metrics.refused(topic, word, count)
        for (topic, rule), count in self._warned.items():
            metrics.warned(topic, rule, count)

    def _moved(self, move: Moved, now: float) -> None:
        outcomes, topic = self._outcomes(move.route), move.route.topic
        filtered = move.progress.records - move.before.records
        for target, new in move.progress.targets.items():
            old = move.before.targets.get(target, _NOTHING)
            filtered -= new.records - old.records
            self._metrics.carried(
                self._lane,
                topic,
                outcomes.get(target, "carried"),
                batches=new.batches - old.batches,
                records=new.records - old.records,
                size=new.bytes - old.bytes,
            )
        if filtered > 0:
            self._metrics.filtered(self._lane, topic, filtered)
        age = self._metrics.age.labels(self._lane)
        for newest in move.ages:
            age.observe(max(now - newest / 1000, 0.0))
