"""`kernel`: how fast records are checked, against fastavro, which must decode and encode them to see that they are right.

Both sides get the same values in memory, in turn, in one process and on one core. The kernel also judges the rules; fastavro does not.
"""

import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated, Any

import fastavro
import msgspec
import numpy as np
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from benchmarks import flat, machine, nested, show
from benchmarks.result import Figures, Result, Round, Run, encode, result
from node.avro import parse
from node.avro.frame import HEADER_BYTES
from node.avro.program import compile_program
from node.avro.values import check_values, warm
from node.errors import Unavailable

Count = Annotated[int, Parameter(validator=Number(gte=1))]
GOALS = {"kernel-flat": Figures(13, 13), "kernel-nested": Figures(20, 20)}

_NOW_MS = 1_790_000_000_000
"""2026-09-21, later than any date of the records."""
_DISTINCT = 20_000
"""Two to eight megabytes, as many as a batch or two of a busy inbox unfold to."""
_FEW = 2000
"""Enough for fastavro, which takes no notice of what comes next."""
_RUN_S = 1.0
"""A run goes on for at least this long: a hundred times the clock's ticks of 10 ms."""


class Load(msgspec.Struct, frozen=True):
    """What is checked."""

    id: str
    what: str
    schema: dict[str, Any]
    values: list[bytes]


def loads(distinct: int) -> list[Load]:
    """Return so many records of both kinds."""
    people = [value[HEADER_BYTES:] for _key, value in flat.people(0, distinct)]
    return [
        Load("kernel-flat", "8 fields, 3 rules", flat.SCHEMA, people),
        Load("kernel-nested", "30 fields in records, arrays, a map and unions, 11 rules", nested.SCHEMA, nested.enterprises(distinct)),
    ]


def ours(load: Load) -> Callable[[], int]:
    """Return the kernel's check of all values, which returns how many it checked; Unavailable if one does not pass."""
    program, data = compile_program(parse(load.schema)), b"".join(load.values)
    offsets = np.cumsum([0, *map(len, load.values)])

    def check() -> int:
        if check_values(program, data, offsets, _NOW_MS).found[:, 0].any():
            raise Unavailable(f"{load.id}: the kernel refuses a record that is right")
        return len(load.values)

    return check


def peer(load: Load) -> Callable[[], int]:
    """Return fastavro's way through a part of the values, in C as it ships; Unavailable if it writes others than it read."""
    schema, some = fastavro.parse_schema(load.schema), load.values[:_FEW]
    read, write = fastavro.schemaless_reader, fastavro.schemaless_writer

    def carry() -> int:
        for value in some:
            written = BytesIO()
            write(written, schema, read(BytesIO(value), schema, None))
        return len(some)

    last = BytesIO()
    write(last, schema, read(BytesIO(some[-1]), schema, None))
    if last.getvalue() != some[-1]:
        raise Unavailable(f"{load.id}: fastavro writes another record than it read")
    return carry


def run(setting: str, work: Callable[[], int], least_s: float) -> Run:
    """Do work again and again for at least `least_s` and return what it took, in CPU time of this process and by the clock."""
    busy, cpu, begin, records = machine.busy_s(), process_time(), perf_counter(), 0
    while perf_counter() - begin < least_s:
        records += work()
    cpu_s, seconds = process_time() - cpu, perf_counter() - begin
    others = max(machine.busy_s() - busy - cpu_s, 0.0)
    return Run(setting=setting, records=records, seconds=seconds, cpu_s=cpu_s, brokers_cpu_s=0.0, others_cpu_s=others)


def measure(load: Load, rounds: int, least_s: float) -> Result:
    """Measure both sides in turn, after a first time that does not count."""
    before, check, carry = machine.describe(), ours(load), peer(load)
    check()
    carry()
    done = [Round([run("kernel", check, least_s)], [run("schemaless", carry, least_s)]) for _ in range(rounds)]
    size = sum(map(len, load.values)) / len(load.values)
    what = {
        "work": "exchange-node checks each value and its rules in place; fastavro decodes and encodes it, without rules",
        "records": f"{len(load.values):,} distinct, {size:.0f} bytes each, {load.what}",
    }
    return result(load.id, ("exchange-node", "fastavro"), done, what=what, machine=before, versions=_versions())


def _versions() -> dict[str, str]:
    names = ("exchange-node", "numba", "numpy", "fastavro")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def kernel(*, json: Path | None = None, rounds: Count = 5, only: Sequence[str] = tuple(GOALS)) -> None:
    """The record kernel against fastavro: eight flat fields, and thirty nested ones.

    Args:
        json: File for the figures.
        rounds: How often both sides are measured, in turn.
        only: The measurements to take.
    """
    console = Console()
    warm()
    found = [measure(load, rounds, _RUN_S) for load in loads(_DISTINCT) if load.id in only]
    for one in found:
        show.tell(console, one, GOALS[one.id])
    if json is not None:
        json.write_bytes(encode(found))
