"""`view`: what it costs to cut views of a resource.

One view against a loop of aiokafka and fastavro that does the same work, exactly once: three of eight flat fields, and eight of thirty nested
ones, each of about a quarter of the rows. Then ours against ours: ten views of a resource against one of them, and a view that 500 takers were
granted against the same for one. A filter hides what was read: from what stands in the views follows how far their source was read, for it
is known how many of its records are in their rows. All figures are by records of the resource.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks import machine, show
from benchmarks.bench import FOLDER, PARTITIONS, Bench, Count, Work, open_bench
from benchmarks.result import Figures, Result, Round, encode, result
from benchmarks.view_cases import SIDES, Side, passing
from node.model.names import Topic

GOALS = {
    "view-flat": Figures(1, 20),
    "view-nested": Figures(1, 15),
    "view-ten": Figures(0.1, 0.25),
    "view-grants": Figures(0.5, 0.95),
}
"""Ten views cost less than four times one, and 500 grants within 5% of one: the less both figures are, the more it costs."""

_NAME = "view"
_FEW = "-few"
_OURS, _LOOP = "exchange-node", "aiokafka + fastavro"


class Sizes(msgspec.Struct, frozen=True):
    """How many records are read in a run, and how often both sides run."""

    records: int
    peer_records: int
    rounds: int


class Case(msgspec.Struct, frozen=True):
    """Two sides that read the same kind of records."""

    id: str
    side: Side
    names: tuple[str, str]
    works: tuple[Work, Work]
    sources: dict[Topic, int]
    """the topics that are read, with how many records each holds"""
    what: str


def cut(name: str, content: Sequence[tuple[bytes, bytes]], records: int, *, cuts: int | None = None, takers: int | None = None) -> Work:
    """Return what our process has to do for a side, or for the first of its views, and for so many takers."""
    side = SIDES[name]
    side = msgspec.structs.replace(side, cuts=side.cuts[:cuts], takers=takers or side.takers)
    counts = passing(side.cuts, side.source.schema, content, records)
    written = dict(zip(side.views(), counts, strict=True))
    arguments = name, str(len(side.cuts)), str(side.takers), str(FOLDER / _NAME / "secret")
    return Work(module="benchmarks.view_carry", arguments=arguments, read=records, written=written)


def _against_loop(name: str, content: Sequence[tuple[bytes, bytes]], sizes: Sizes) -> Case:
    side, ours = SIDES[name], cut(name, content, sizes.records)
    few = Topic(f"{side.source.topic}{_FEW}")
    (view,), (count,) = side.views(), passing(side.cuts, side.source.schema, content, sizes.peer_records)
    target = Topic(view.replace(side.source.topic, few))
    peer = Work(module="benchmarks.view_loop", arguments=(name, few, target), read=sizes.peer_records, written={target: count})
    sources = {side.source.topic: sizes.records, few: sizes.peer_records}
    fields = len(side.cuts[0].fields or ())
    return Case(f"view-{name}", side, (_OURS, _LOOP), (ours, peer), sources, f"{fields} fields of one view; {side.cuts[0].rows}")


def _ten(content: Sequence[tuple[bytes, bytes]], sizes: Sizes) -> Case:
    side = SIDES["ten"]
    works = cut("ten", content, sizes.records), cut("ten", content, sizes.records, cuts=1)
    names = f"{len(side.cuts)} views", "one view"
    return Case("view-ten", side, names, works, {side.source.topic: sizes.records}, "; ".join(one.rows for one in side.cuts))


def _grants(content: Sequence[tuple[bytes, bytes]], sizes: Sizes) -> Case:
    side = SIDES["grants"]
    works = cut("grants", content, sizes.records), cut("grants", content, sizes.records, takers=1)
    names = f"{side.takers} grants", "one grant"
    return Case("view-grants", side, names, works, {side.source.topic: sizes.records}, f"the same view for all; {side.cuts[0].rows}")


CASES: dict[str, tuple[str, Callable[[Sequence[tuple[bytes, bytes]], Sizes], Case]]] = {
    "view-flat": ("flat", lambda content, sizes: _against_loop("flat", content, sizes)),
    "view-nested": ("nested", lambda content, sizes: _against_loop("nested", content, sizes)),
    "view-ten": ("ten", _ten),
    "view-grants": ("grants", _grants),
}


async def measure(name: str, sizes: Sizes, console: Console) -> Result:
    """Measure both sides in turn, after a run of each that does not count: the broker's Java compiles what it runs often."""
    before = machine.describe()
    side, make = CASES[name]
    content = SIDES[side].source.content()
    case = make(content, sizes)
    async with open_bench(_NAME, console) as bench:
        for topic, count in case.sources.items():
            await bench.write(topic, content, count)
        await _round(bench, case, "unmeasured")
        done = [await _round(bench, case, f"round-{number}") for number in range(1, sizes.rounds + 1)]
        what = _what(bench, case)
    return result(name, case.names, done, what=what, machine=before, versions=machine.versions())


async def _round(bench: Bench, case: Case, label: str) -> Round:
    (ours, work), (peer, other) = zip(case.names, case.works, strict=True)
    return Round([await bench.run(f"{label}-ours", ours, work)], [await bench.run(f"{label}-peer", peer, other)])


def _what(bench: Bench, case: Case) -> dict[str, str]:
    ours, peer = case.works
    fields = len(case.side.source.schema["fields"])
    return {
        "delivery": "both exactly once: what the views have and the position in one transaction",
        "views": case.what,
        "records": f"{ours.read:,} read for {case.names[0]}, {peer.read:,} for {case.names[1]}, the first tenth unmeasured, of {fields} "
        f"fields at the top, keyed, {PARTITIONS} partitions; written of each read: {ours.total / ours.read:.2f} and {peer.total / peer.read:.2f}",
        "source": bench.batches(case.side.source.topic),
    }


def view(
    *,
    json: Path | None = None,
    records: Count = 8_000_000,
    peer_records: Count = 1_000_000,
    rounds: Count = 3,
    only: Sequence[str] = tuple(GOALS),
) -> None:
    """Views: one against a loop of aiokafka and fastavro, ten against one, and one for 500 takers against one for one.

    Args:
        json: File for the figures.
        records: Records that ours reads in each run.
        peer_records: Records that the loop reads in each run.
        rounds: How often both sides are measured.
        only: The measurements to take.
    """
    console, found = Console(), []
    for name, goal in GOALS.items():
        if name in only:
            found.append(asyncio.run(measure(name, Sizes(records, peer_records, rounds), console)))
            show.tell(console, found[-1], goal)
    if json is not None:
        json.write_bytes(encode(found))
