"""Drives one machine by hand, a fact at a time, for tests that look at single steps."""

from collections.abc import Mapping
from typing import TypeVar

from node.lane import Machine, Phase, Progress, Side, TopicPartition, Written
from node.lane import facts as f
from node.model.limits import MIB
from node.model.names import Topic

A, B = (TopicPartition(Topic(f"445102.civil-affairs.{name}"), 0) for name in ("marriages", "villages"))
SOURCE, TARGET = "source-id", "target-id"

O = TypeVar("O")  # noqa: E741 - an order


def batch(base: int, count: int = 1, *, size: int = 100) -> f.Batch:
    """Return a batch whose CRC is its offset, and whose timestamps are its offsets."""
    return f.Batch(base=base, next=base + count, count=count, size=size, crc=base, timestamp=base, newest=base + count, handle=object())


def fat(base: int) -> f.Batch:
    """Return a batch of 1 MiB."""
    return batch(base, size=MIB)


def wrote(topic: Topic, offset: int, batch: f.Batch) -> f.Wrote:
    """Return what a link's target acknowledges: the batch as it came, with a CRC of its own."""
    return f.Wrote(topic, offset, batch.count, batch.size, sent_crc(batch.crc))


def sent_crc(crc: int) -> int:
    """Return the CRC under which a batch is written: its header is another one then."""
    return crc + 10_000


def progress(at: int, *, target: int = -1, count: int = 0, route: TopicPartition = A) -> Progress:
    """Return a link's progress that stands at a source offset; its last batch was the record before, written at `target`."""
    written = Written(id=TARGET, last=target, count=count, crc=sent_crc(at - 1))
    return Progress(source_id=SOURCE, next=at, last=at - 1, last_crc=at - 1, targets={route.topic: written})


class Hand:
    """A machine with a clock that stands still unless moved. `tell` returns the orders of one fact."""

    def __init__(self, *routes: TopicPartition) -> None:
        self.machine = Machine()
        self.now = 100.0
        self.started = self.tell(f.Routed(frozenset(routes)))

    def tell(self, *facts: f.Fact) -> list[f.Order]:
        """Tell facts; return all orders that follow."""
        return [order for fact in facts for order in self.machine.handle(fact, self.now)]

    def tick(self) -> list[f.Order]:
        """Let time pass until the machine asks for a tick."""
        assert self.machine.deadline is not None
        self.now = max(self.machine.deadline, self.now)
        return self.tell(f.Ticked())

    def recover(self, known: Mapping[TopicPartition, Progress] | None = None) -> list[f.Order]:
        """Take the shard, up to the inspections."""
        return self.tell(f.Opened(), f.Recovered(known or {}))

    def inspected(self, route: TopicPartition, *, source: Side | None = None, **targets: Side) -> list[f.Order]:
        """Tell what an inspection saw: by default, sides that are what the progress says. A link's target is named `target`."""
        known = self.machine.routes[route].progress
        source = source or Side(topic_id=SOURCE, end=1000)
        if not targets:
            written = known.targets if known else {route.topic: Written(id=TARGET)}
            sides = {topic: Side(topic_id=one.id, end=one.next) for topic, one in written.items()}
        else:
            sides = {route.topic if name == "target" else Topic(name): side for name, side in targets.items()}
        return self.tell(f.Inspected(route, self.generation(route), source, sides))

    def flow(self, known: Mapping[TopicPartition, Progress] | None = None) -> "Hand":
        """Take the shard and let all routes flow."""
        self.recover(known)
        for route in list(self.machine.routes):
            self.inspected(route)
        return self

    def generation(self, route: TopicPartition) -> int:
        """Return the generation that counts."""
        return self.machine.routes[route].generation

    def fetched(self, route: TopicPartition, *batches: f.Batch, position: int | None = None, end: int | None = None) -> list[f.Order]:
        """Tell what a Fetch brought: by default, all there is."""
        position = batches[-1].next if position is None else position
        return self.tell(f.Fetched(route, self.generation(route), batches, position, position if end is None else end))

    def settled(self, route: TopicPartition, *offsets: int) -> list[f.Order]:
        """Tell that a link's batches stand at these target offsets."""
        orders = []
        for offset in offsets:
            orders += self.wrote(route, wrote(route.topic, offset, self.machine.routes[route].outstanding[0]))
        return orders

    def wrote(self, route: TopicPartition, *wrote: f.Wrote) -> list[f.Order]:
        """Tell what stands of what was made of the oldest outstanding batch."""
        return self.tell(f.Settled(route, self.generation(route), wrote))

    def committed(self) -> list[f.Order]:
        """Tell that what was recorded is committed."""
        return self.tell(f.Recorded(), f.Committed())

    def carried(self, route: TopicPartition, base: int, offset: int) -> list[f.Order]:
        """Carry one record, from Fetch to commit."""
        return [*self.fetched(route, batch(base)), *self.settled(route, offset), *self.committed()]

    @property
    def phase(self) -> Phase:
        """Where the shard stands."""
        return self.machine.phase


def kinds(orders: list[f.Order]) -> list[type]:
    """Return what kinds of orders they are, in order."""
    return [type(order) for order in orders]


def only(orders: list[f.Order], kind: type[O]) -> O:
    """Return the one order of a kind."""
    (found,) = [order for order in orders if isinstance(order, kind)]
    return found
