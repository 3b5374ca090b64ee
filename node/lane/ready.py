"""What a shard sends next, and how much it has sent: routes of one source go in step.

Routes that stand at the same place of one source get the very same batches. Sent together they are worked on together, below the
machine, and what is read and unfolded once serves all of them. Where routes of a source stand apart, whoever is behind goes first, so that
they meet; from there on they stay together, for a transaction that is full never parts those whose next batch is the same.
"""

from collections.abc import Iterator, Sequence

from node.lane.facts import Batch, Produce
from node.lane.progress import TopicPartition
from node.lane.route import RouteState
from node.model.limits import COMMIT_BYTES_MAX


class Ready:
    """Routes that have batches to send, by their source, and the bytes that the open transaction has sent."""

    def __init__(self, bytes_max: int = COMMIT_BYTES_MAX) -> None:
        self.bytes_max = bytes_max
        """a transaction is full that has sent as much"""
        self.bytes = 0
        """sent in the open transaction; a batch counts once, however many routes send it"""
        self._transaction = 0
        self._sources: dict[TopicPartition, dict[TopicPartition, RouteState]] = {}

    def __bool__(self) -> bool:
        return bool(self._sources)

    @property
    def full(self) -> bool:
        """The open transaction has sent enough."""
        return self.bytes >= self.bytes_max

    def add(self, state: RouteState) -> None:
        """Take a route in, behind those that are there."""
        self._sources.setdefault(state.source, {})[state.route] = state

    def remove(self, state: RouteState) -> None:
        """Leave a route out, if it is there."""
        routes = self._sources.get(state.source)
        if routes is not None and routes.pop(state.route, None) is not None and not routes:
            del self._sources[state.source]

    def begin(self) -> None:
        """Another transaction begins, or none is open any more: nothing of it is sent."""
        self.bytes = 0
        self._transaction += 1

    def clear(self) -> None:
        """Forget all routes, and what was sent."""
        self._sources.clear()
        self.begin()

    def send(self) -> Iterator[Produce]:
        """Take out of the queues what the open transaction has room for."""
        for source in list(self._sources):
            routes = self._sources[source]
            while routes and not self.full:
                behind = next(iter(routes.values())) if len(routes) == 1 else min(routes.values(), key=_place)
                batch = behind.queue[0]
                for state in [state for state in routes.values() if state.queue[0] is batch]:
                    yield self._send(state)
        if self.full:
            for state in [state for routes in self._sources.values() for state in routes.values()]:
                yield from self.catch_up(state)

    def catch_up(self, state: RouteState) -> Iterator[Produce]:
        """Take out of a route's queue what others of its source have sent already in the open transaction, full or not."""
        while state.queue and state.queue[0].sent_in == self._transaction:
            yield self._send(state)

    def _send(self, state: RouteState) -> Produce:
        batch = state.send()
        if batch.sent_in != self._transaction:
            batch.sent_in = self._transaction
            self.bytes += batch.size
        if not state.queue:
            self.remove(state)
        return Produce(state.route, state.generation, batch)

    def take_back(self, state: RouteState, batches: Sequence[Batch]) -> None:
        """Put the newest batches that a route has sent back into its queue: they count when they are sent again."""
        state.take_back(batches)
        for batch in batches:
            if batch.sent_in == self._transaction:
                batch.sent_in = 0
                self.bytes -= batch.size
        self.add(state)


def _place(state: RouteState) -> int:
    return state.queue[0].base
