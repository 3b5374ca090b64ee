"""How much a lane asks for, and of whom first: windows, turns and limits, with time as a number."""

import random
from collections import Counter
from collections.abc import Iterable

import pytest

from node.lane.pace import Limits, Pace, Portion
from node.model.limits import (
    FETCH_BYTES_MAX,
    FETCH_FIRST_BYTES,
    FETCH_LEAST_BYTES,
    FETCH_PARTITION_BYTES_MAX,
    FETCH_TRANSFER_S,
    KIB,
    MIB,
    RATE_BURST_S,
    SETTLE_S,
    WINDOW_BYTES_MAX,
    WINDOW_FIRST_BYTES,
    WINDOW_LEAST_BYTES,
)
from node.model.names import Topic

BULK, OTHER, DAILY = Topic("445102.tax.bulk"), Topic("445102.tax.other"), Topic("445102.tax.daily")
CONTROL = Topic("445102.node.control")
BATCH = 64 * KIB


def asked(pace: Pace, topics: Iterable[Topic], now: float) -> dict[Topic, int]:
    """Return how much is asked of each resource, in the order in which it is."""
    there = list(topics)
    for topic in there:
        pace.meets(topic)
    shares = pace.shares(there, now)
    turns = sorted((topic for topic in there if topic not in shares.withheld), key=lambda topic: shares.turns.get(topic, 0))
    return {topic: shares.most.get(topic, FETCH_PARTITION_BYTES_MAX) for topic in turns}


class Link:
    """A link that carries so many bytes a second, one batch after another, and what a pace asks to go over it."""

    def __init__(self, pace: Pace, bytes_per_s: float) -> None:
        self.pace, self.bytes_per_s = pace, bytes_per_s
        self.now = 0.0
        self.carried: Counter[Topic] = Counter()
        self.ages: dict[Topic, list[float]] = {}
        self._queue: list[tuple[Topic, int, int, float]] = []
        self._free_at = 0.0

    def run(self, seconds: float, waiting: dict[Topic, int], batch: int = BATCH) -> None:
        """Let time pass in steps of 10 ms: what waits of each resource (bytes) is asked for as the pace says, and settles when it is through."""
        end = self.now + seconds
        while self.now < end:
            self.now += 0.01
            while self._queue and self._queue[0][3] <= self.now:
                topic, size, unsettled, _at = self._queue.pop(0)
                self.carried[topic] += size
                self.pace.gone(topic, size)
                self.pace.settled(size, unsettled, self.ages[topic][-len([one for one in self._queue if one[0] == topic]) - 1])
            shares = self.pace.shares(waiting, self.now)
            left = shares.bytes_max
            for topic, most in asked(self.pace, waiting, self.now).items():
                came = 0
                while waiting[topic] > 0 and (came + batch <= min(most, left) or (left == shares.bytes_max and not came)):
                    size = min(batch, waiting[topic])
                    waiting[topic] -= size
                    came += size
                    self._send(topic, size)
                left -= came

    def _send(self, topic: Topic, size: int) -> None:
        self.pace.found(topic, size, self.now)
        self._free_at = max(self._free_at, self.now) + size / self.bytes_per_s
        self.ages.setdefault(topic, []).append(self._free_at - self.now)
        self._queue.append((topic, size, self.pace.unsettled, self._free_at))


@pytest.mark.parametrize("bytes_per_s", [125_000, 1_250_000, 12_500_000])
def test_what_is_under_way_is_what_the_link_carries_in_half_a_second(bytes_per_s: int) -> None:
    """Whatever its speed: a batch is settled in about that time, and the link never stands still."""
    pace = Pace()
    link = Link(pace, bytes_per_s)
    link.run(10, {BULK: 10**12})
    seen = len(link.ages[BULK])
    link.run(20, {BULK: 10**12})
    assert max(link.ages[BULK][seen:]) <= max(2 * SETTLE_S, 3 * BATCH / bytes_per_s)
    assert link.carried[BULK] >= 0.95 * 29 * bytes_per_s


def test_a_link_that_becomes_slow_is_known_at_once() -> None:
    """From 100 Mbit/s to 5: as soon as what was under way is through, no batch waits for longer than it has to."""
    link = Link(Pace(), 12_500_000)
    link.run(5, {BULK: 10**12})
    link.bytes_per_s = 625_000
    link.run(15, {BULK: 10**12})
    seen = len(link.ages[BULK])
    link.run(10, {BULK: 10**12})
    assert max(link.ages[BULK][seen:]) <= 2 * SETTLE_S


def test_a_fast_link_is_held_back_by_nothing() -> None:
    """Round trips of 5 ms: after a dozen of them the window is larger than all that connections hold."""
    pace = Pace()
    for _ in range(12):
        size = int(pace.window)
        pace.found(BULK, size, 0.0)
        pace.gone(BULK, size)
        for _batch in range(16):
            pace.settled(size // 16, size, 0.005)
    assert pace.window >= 22 * 6 * MIB
    assert asked(pace, [BULK, DAILY], 1.0) == {DAILY: FETCH_PARTITION_BYTES_MAX, BULK: FETCH_PARTITION_BYTES_MAX}
    pace.settled(10**12, 10**12, 0.0)
    assert pace.window == WINDOW_BYTES_MAX


def test_little_that_goes_fast_tells_nothing() -> None:
    """The window grows only where it is what holds the lane back, and shrinks to what was under way at most."""
    pace = Pace()
    pace.settled(1000, 1000, 0.001)
    assert pace.window == WINDOW_FIRST_BYTES
    pace.settled(1000, 1000, 100.0)
    assert pace.window == WINDOW_LEAST_BYTES
    pace.lost()
    assert pace.window == WINDOW_FIRST_BYTES


@pytest.mark.parametrize("resources", [1, 3, 9])
def test_a_newcomer_always_finds_room(resources: int) -> None:
    """However many fill the window, what is free is for who has nothing under way."""
    pace = Pace()
    topics = [Topic(f"445102.tax.r{number}") for number in range(resources)]
    for _ in range(1000):
        wanted = asked(pace, topics, 0.0)
        if not wanted:
            break
        pace.found(next(iter(wanted)), 1000, 0.0)
    assert pace.unsettled < 2 * pace.window
    assert list(asked(pace, [*topics, DAILY], 0.0)) == [DAILY]
    assert pace.shares([*topics, DAILY], 0.0).wait_s is None


def test_resources_share_a_link_evenly_and_a_small_one_waits_for_little() -> None:
    """Two that have much get a half each whatever their batches; who has a record now and then goes before both."""
    link, waiting = Link(Pace(), 1_250_000), {BULK: 10**12, OTHER: 10**12, DAILY: 0}
    link.run(5, waiting)
    before = link.carried.copy()
    for _ in range(40):
        waiting[DAILY] = 200
        link.run(0.5, waiting)
    assert max(link.ages[DAILY]) <= 2.5 * SETTLE_S
    got, other = link.carried[BULK] - before[BULK], link.carried[OTHER] - before[OTHER]
    assert abs(got - other) <= 0.1 * got
    assert got + other >= 0.95 * 20 * 1_250_000


def test_who_had_nothing_to_send_has_saved_nothing_up() -> None:
    """After a long rest it has its equal part, not all that it left to the other."""
    link, waiting = Link(Pace(), 1_250_000), {BULK: 10**12, OTHER: 0}
    link.run(30, waiting)
    waiting[OTHER] = 10**12
    before = link.carried.copy()
    link.run(10, waiting)
    assert link.carried[BULK] - before[BULK] >= 0.4 * 10 * 1_250_000


@pytest.mark.parametrize("batch", [1000, BATCH, MIB])
def test_a_limit_is_kept_on_average(batch: int) -> None:
    """Over half a minute no more than it allows and a burst, no less than nine tenths of it; larger batches are paid for afterwards."""
    link = Link(Pace(Limits(link=200_000)), 12_500_000)
    link.run(30, {BULK: 10**12}, batch)
    link.run(30, {BULK: 10**12}, batch)
    assert link.carried[BULK] <= 200_000 * (60 + RATE_BURST_S) + batch
    assert link.carried[BULK] >= 0.9 * 200_000 * 60 - batch


def test_a_limited_resource_leaves_the_rest_to_others() -> None:
    """It has what it is allowed, and hinders nobody who is not limited."""
    link = Link(Pace(Limits(resources={BULK: 100_000})), 1_250_000)
    link.run(30, {BULK: 10**12, OTHER: 10**12})
    assert 0.8 * 30 * 100_000 <= link.carried[BULK] <= 31 * 100_000 + BATCH
    assert link.carried[OTHER] >= 0.95 * (30 * 1_150_000)


def test_those_that_share_a_limit_have_equal_parts_of_what_others_leave() -> None:
    """A limit on the link, and one below its part on a resource: the two others share the rest."""
    link = Link(Pace(Limits(link=600_000, resources={DAILY: 60_000})), 12_500_000)
    link.run(60, {BULK: 10**12, OTHER: 10**12, DAILY: 10**12}, 16 * KIB)
    assert 0.8 * 60 * 60_000 <= link.carried[DAILY] <= 61 * 60_000 + BATCH
    assert abs(link.carried[BULK] - link.carried[OTHER]) <= 0.1 * link.carried[BULK]
    assert sum(link.carried.values()) >= 0.9 * 60 * 600_000


def test_the_nodes_own_topics_go_first_and_never_wait_for_a_limit() -> None:
    """They pay all the same."""
    pace = Pace(Limits(link=10_000))
    pace.found(BULK, 10 * MIB, 1.0)
    assert list(asked(pace, [BULK, CONTROL], 2.0)) == [CONTROL]
    shares = pace.shares([BULK, CONTROL], 2.0)
    assert shares.wait_s is not None
    assert shares.wait_s > 1000
    pace.found(CONTROL, 20_000, 2.0)
    later = pace.shares([BULK, CONTROL], 2.0).wait_s
    assert later is not None
    assert round(later - shares.wait_s) == 2
    free = Pace()
    assert next(iter(asked(free, [BULK, CONTROL, DAILY], 0.0))) == CONTROL


def test_a_limit_may_change_at_any_time() -> None:
    """What was owed under the old one is forgotten; without one all goes as before."""
    pace = Pace(Limits(link=1024))
    pace.found(BULK, MIB, 1.0)
    pace.gone(BULK, MIB)
    assert asked(pace, [BULK], 3.0) == {}
    pace.limit(Limits(link=1_000_000), 3.0)
    assert asked(pace, [BULK], 3.0) == {}
    assert list(asked(pace, [BULK], 4.0)) == [BULK]
    pace.limit(Limits(), 5.0)
    assert asked(pace, [BULK], 5.0) == {BULK: FETCH_PARTITION_BYTES_MAX}


def test_how_long_something_was_withheld_is_counted_once() -> None:
    """Whoever asks how often for which resources; not beyond now, nor beyond the limit's end."""
    pace = Pace(Limits(resources={BULK: 10_000}))
    pace.found(BULK, 100_000, 0.0)
    for now in (1.0, 2.0, 2.0, 3.0):
        assert asked(pace, [BULK], now) == {}
        assert asked(pace, [OTHER], now) == {OTHER: FETCH_PARTITION_BYTES_MAX}
    assert pace.throttled_s(3.0) == pytest.approx(2.0)
    assert pace.throttled_s(4.0) == pytest.approx(3.0)
    pace.limit(Limits(), 5.0)
    assert pace.throttled_s(6.0) == pytest.approx(4.0)


def test_a_portion_is_what_a_connection_brings_in_its_time() -> None:
    """From the first guess to 10 Mbit/s in two replies; a small reply says nothing; a fast link soon has all at once."""
    portion = Portion()
    for _ in range(4):
        portion.took(portion.bytes, portion.bytes / 1_250_000)
    assert abs(portion.bytes - FETCH_TRANSFER_S * 1_250_000) < 1000
    portion.took(100, 0.0)
    assert portion.bytes > 100_000
    portion.took(1000, 60.0)
    assert portion.bytes == FETCH_LEAST_BYTES
    portion = Portion()
    assert portion.bytes == FETCH_FIRST_BYTES
    for _ in range(3):
        portion.took(portion.bytes, portion.bytes / 200_000_000)
    assert portion.bytes == FETCH_BYTES_MAX


@pytest.mark.parametrize("seed", range(10))
def test_counts_come_out_even_whatever_happens(seed: int) -> None:
    """What was found and is gone leaves nothing behind; nobody is asked for more than a partition's bound, or less than nothing."""
    dice, pace, now = random.Random(seed), Pace(), 0.0
    topics = [BULK, OTHER, DAILY, CONTROL]
    out: list[tuple[Topic, int, int]] = []
    for _ in range(2000):
        now += dice.random() / 10
        match dice.randrange(5):
            case 0 | 1:
                wanted = asked(pace, dice.sample(topics, dice.randint(1, 4)), now)
                assert all(0 < most <= FETCH_PARTITION_BYTES_MAX for most in wanted.values())
                assert 0 < pace.shares(topics, now).bytes_max <= FETCH_BYTES_MAX
                for topic in wanted:
                    size = dice.randrange(1, 100_000)
                    pace.found(topic, size, now)
                    out.append((topic, size, pace.unsettled))
            case 2 | 3 if out:
                topic, size, unsettled = out.pop(dice.randrange(len(out)))
                pace.gone(topic, size)
                pace.settled(size, unsettled, dice.random() * 3)
            case 4 if dice.random() < 0.1:
                rates = {one: dice.randrange(1024, 10**7) for one in dice.sample(topics, dice.randint(0, 3))}
                pace.limit(Limits(link=dice.choice([None, dice.randrange(1024, 10**7)]), resources=rates), now)
            case _:
                pass
        assert WINDOW_LEAST_BYTES <= pace.window <= WINDOW_BYTES_MAX
    for topic, size, _unsettled in out:
        pace.gone(topic, size)
    assert pace.unsettled == 0
