"""From runs to ratios: rounds of both sides within one program run, their medians and how far they spread. Pure."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import msgspec

from benchmarks.machine import Machine


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier did between the end of the warm-up and the last arrival."""

    setting: str
    records: int
    seconds: float
    cpu_s: float
    brokers_cpu_s: float
    others_cpu_s: float
    """of all that has nothing to do with the carriage: the noise on a shared machine"""

    @property
    def per_s(self) -> float:
        """Records per second."""
        return self.records / self.seconds

    @property
    def per_cpu_s(self) -> float:
        """Records per CPU second of the carrying process."""
        return self.records / self.cpu_s


class Round(msgspec.Struct, frozen=True):
    """Runs of both sides in turn: ours are alike, the peer's have each a setting of its own."""

    ours: Sequence[Run]
    peer: Sequence[Run]


class Figures(msgspec.Struct, frozen=True):
    """The two figures that count."""

    records_per_s: float
    records_per_cpu_s: float


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side: the median over all rounds, and every run behind it."""

    name: str
    records_per_s: int
    records_per_cpu_s: int
    settings: dict[str, str]
    """the peer's setting that was best in most rounds, by figure"""
    runs: list[Run]


class Spread(msgspec.Struct, frozen=True):
    """The least and the greatest ratio of a round."""

    records_per_s: tuple[float, float]
    records_per_cpu_s: tuple[float, float]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark's outcome; `what` says what was carried and how."""

    id: str
    ours: Side
    peer: Side
    ratio: Figures
    spread: Spread
    what: dict[str, Any]
    machine: Machine
    versions: dict[str, str]


class Bounds(msgspec.Struct, frozen=True):
    """The most that something may take."""

    seconds: float
    memory_mib: float


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What something took: the medians of all runs, and the runs themselves."""

    name: str
    seconds: float
    cpu_s: float
    memory_mib: float
    runs: list[Any]


class Alone(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a benchmark without a peer: what was spent, against a goal of its own."""

    id: str
    ours: Spent
    goal: Bounds
    what: dict[str, Any]
    machine: Machine
    versions: dict[str, str]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found; with a goal it is not to be greater than that."""

    name: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether it is within its goal."""
        return self.goal is None or self.value < self.goal


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a benchmark without a peer that found several figures, some of them held to goals; `runs` is what they come from."""

    id: str
    figures: list[Figure]
    runs: list[Any]
    what: dict[str, Any]
    machine: Machine
    versions: dict[str, str]


class _Measure(msgspec.Struct, frozen=True):
    """One of the two figures: in each round the median of ours stands against the best that the peer reached in it."""

    of: Callable[[Run], float]

    def ours(self, one: Round) -> float:
        return median(map(self.of, one.ours))

    def peer(self, one: Round) -> Run:
        return max(one.peer, key=self.of)

    def ratios(self, rounds: Sequence[Round]) -> list[float]:
        return [round(self.ours(one) / self.of(self.peer(one)), 2) for one in rounds]

    def spread(self, rounds: Sequence[Round]) -> tuple[float, float]:
        return min(self.ratios(rounds)), max(self.ratios(rounds))

    def best(self, rounds: Sequence[Round]) -> str:
        names = [self.peer(one).setting for one in rounds]
        return max(names, key=names.count)


_PER_S = _Measure(lambda run: run.per_s)
_PER_CPU_S = _Measure(lambda run: run.per_cpu_s)


def result(
    name: str, sides: tuple[str, str], rounds: Sequence[Round], *, what: dict[str, Any], machine: Machine, versions: dict[str, str]
) -> Result:
    """Return the outcome of at least one round: ratios within each, then their median.

    The peer is taken at its best for each figure by itself, so a ratio holds against every setting that was tried.
    """
    return Result(
        id=name,
        ours=Side(
            name=sides[0],
            records_per_s=round(median(map(_PER_S.ours, rounds))),
            records_per_cpu_s=round(median(map(_PER_CPU_S.ours, rounds))),
            settings={},
            runs=[run for one in rounds for run in one.ours],
        ),
        peer=Side(
            name=sides[1],
            records_per_s=round(median(_PER_S.peer(one).per_s for one in rounds)),
            records_per_cpu_s=round(median(_PER_CPU_S.peer(one).per_cpu_s for one in rounds)),
            settings={"records_per_s": _PER_S.best(rounds), "records_per_cpu_s": _PER_CPU_S.best(rounds)},
            runs=[run for one in rounds for run in one.peer],
        ),
        ratio=Figures(median(_PER_S.ratios(rounds)), median(_PER_CPU_S.ratios(rounds))),
        spread=Spread(_PER_S.spread(rounds), _PER_CPU_S.spread(rounds)),
        what=what,
        machine=machine,
        versions=versions,
    )


def encode(results: Sequence[Result | Alone | Held]) -> bytes:
    """Return results as an indented JSON list, one line at the end."""
    return msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n"
