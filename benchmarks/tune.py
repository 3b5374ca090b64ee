"""`link --tune`: which settings MirrorMaker 2 is at its best with on this machine; the best three go into `mirror.json`.

What is tried is what its guides name: how much it fetches, polls and batches, and how many requests are in flight. More than one in
flight keeps the order of records only with an idempotent producer, so these two go together.
"""

import itertools
from collections.abc import Iterator, Sequence

from benchmarks.mirror import Setting, Tried

KEEP = 3
TRIES = 2
"""Of each setting the better figures of so many tries count: whatever else the machine does makes a try worse, never better."""
_POLLS = (500, 5000)
_BATCHES = (131072, 524288)
_FETCHES = {
    "fetch-default": {},
    "fetch-8m": {"max.partition.fetch.bytes": "8388608", "fetch.min.bytes": "1048576", "fetch.max.wait.ms": "100"},
}
_FLIGHTS = {
    "in-flight-1": {},
    "in-flight-5": {"max.in.flight.requests.per.connection": "5", "enable.idempotence": "true"},
}
_ROOM = {"buffer.memory": "134217728", "linger.ms": "20"}
"""Room for many batches, and time to fill them: at full speed 20 ms fill the largest."""


def candidates() -> Iterator[Setting]:
    """Yield the settings to try, the defaults first."""
    yield Setting("defaults", {}, {})
    for (fetch, fetching), poll, batch, (flight, flying) in itertools.product(_FETCHES.items(), _POLLS, _BATCHES, _FLIGHTS.items()):
        yield Setting(
            f"{fetch} poll-{poll} batch-{batch // 1024}k {flight}",
            fetching | {"max.poll.records": str(poll)},
            {"batch.size": str(batch), **_ROOM, **flying},
        )


def better(one: Tried, other: Tried) -> Tried:
    """Return the better of each figure of two tries of one setting."""
    return Tried(
        one.setting,
        max(one.records_per_s, other.records_per_s),
        max(one.records_per_cpu_s, other.records_per_cpu_s),
    )


def choose(tried: Sequence[Tried]) -> tuple[list[Tried], list[Tried]]:
    """Return the best KEEP and the others: first the best by records/s and the best by records/CPU s, then by the sum of both ranks."""
    fast = sorted(tried, key=lambda one: -one.records_per_s)
    frugal = sorted(tried, key=lambda one: -one.records_per_cpu_s)
    both = sorted(tried, key=lambda one: fast.index(one) + frugal.index(one))
    order = list(dict.fromkeys(map(tried.index, (*fast[:1], *frugal[:1], *both))))
    return [tried[at] for at in order[:KEEP]], [tried[at] for at in order[KEEP:]]
