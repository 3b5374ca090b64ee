"""`gate`: what one gate checks, against a loop of aiokafka and fastavro that does the same work: the same records, the same broker.

Records of eight flat fields with three rules, lz4. Once all of them pass (ours sends their batches on as they came), once each batch has
some that do not (ours rebuilds it). The peer is some fifty times slower, so it gets fewer records of the same kind.
"""

import asyncio
from pathlib import Path

from rich.console import Console

from benchmarks import machine, show
from benchmarks.bench import PARTITIONS, PROGRESS, Count, Work, open_bench
from benchmarks.flat import people
from benchmarks.result import Figures, Result, Round, encode, result
from node.model.names import Topic, inbox_topic, quarantine_topic

GOALS = {"gate-raw": Figures(1, 40), "gate-rebuilt": Figures(1, 20)}
WRONG_EVERY = {"gate-raw": 0, "gate-rebuilt": 100}

_OURS, _PEER = Topic("445102.public-security.people"), Topic("445102.public-security.people-few")


def _work(resource: Topic, module: str, count: int, wrong_every: int, *more: str) -> Work:
    """Return the check of an inbox with so many records. Of the distinct ones, which come again and again, a whole number is wrong."""
    wrong = count // wrong_every if wrong_every else 0
    written = {resource: count - wrong, quarantine_topic(resource): wrong}
    return Work(module=module, arguments=(resource, str(PARTITIONS), *more), read=count, written=written)


async def measure(case: str, records: int, peer_records: int, rounds: int, console: Console) -> Result:
    """Measure both sides in turn, after a run of each that does not count: the broker's Java compiles what it runs often."""
    before, every = machine.describe(), WRONG_EVERY[case]
    ours = _work(_OURS, "benchmarks.gate_carry", records, every, PROGRESS)
    peer = _work(_PEER, "benchmarks.gate_loop", peer_records, every)
    async with open_bench("gate", console) as bench:
        content = people(every)
        for resource, work in ((_OURS, ours), (_PEER, peer)):
            await bench.write(inbox_topic(resource), content, work.read, message_timestamp_type="LogAppendTime")
        await bench.run("unmeasured-ours", "ours", ours)
        await bench.run("unmeasured-peer", "loop", peer)
        done = [
            Round([await bench.run(f"ours-{number}", "ours", ours)], [await bench.run(f"peer-{number}", "loop", peer)])
            for number in range(1, rounds + 1)
        ]
        what = {
            "delivery": "both exactly once: records, quarantine and position in one transaction",
            "records": f"{records:,} for ours, {peer_records:,} for the loop, the first tenth unmeasured; eight flat fields, "
            f"three rules, keyed, {PARTITIONS} partitions; " + (f"one in {every} is refused" if every else "all pass"),
            "source": bench.batches(inbox_topic(_OURS)),
        }
    return result(case, ("exchange-node", "aiokafka + fastavro"), done, what=what, machine=before, versions=machine.versions())


def gate(*, json: Path | None = None, records: Count = 4_000_000, peer_records: Count = 200_000, rounds: Count = 3) -> None:
    """The gate against a loop of aiokafka and fastavro.

    Args:
        json: File for the figures.
        records: Records that our gate checks in each run.
        peer_records: Records that the loop checks in each run.
        rounds: How often both sides are measured.
    """
    console, found = Console(), []
    for case, goal in GOALS.items():
        found.append(asyncio.run(measure(case, records, peer_records, rounds, console)))
        show.tell(console, found[-1], goal)
    if json is not None:
        json.write_bytes(encode(found))
