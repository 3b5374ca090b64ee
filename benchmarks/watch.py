"""What a carrier did, seen from outside: how much stands in the target and what its process has cost by then."""

import asyncio
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks import machine
from benchmarks.result import Run
from node.bus.embedded.process import check_alive
from node.errors import Unavailable

_EVERY_S = 0.05
QUIET_S = 2.0
"""All has arrived when nothing more does for so long. Kafka's markers count as arrived, so their number tells no end by itself."""
STILL_S = 120.0


class Carrier(msgspec.Struct, frozen=True):
    """A process that carries, and where it logs."""

    name: str
    process: Process
    log: Path


class Sample(NamedTuple):
    """One look. `arrived` counts stable offsets; the times are CPU seconds of the carrier, of the brokers and of the whole machine."""

    at: float
    arrived: int
    carrier_s: float = 0.0
    brokers_s: float = 0.0
    machine_s: float = 0.0


def measured(setting: str, samples: Sequence[Sample], warm_up: int) -> Run:
    """Return what was done from the first look that saw the whole warm-up to the first that saw all.

    Unavailable if both are the same look, or so close that no CPU time was counted between them.
    """
    begin = next(one for one in samples if one.arrived >= warm_up)
    end = next(one for one in samples if one.arrived == samples[-1].arrived)
    if end.carrier_s <= begin.carrier_s:
        raise Unavailable(f"{end.arrived} records came too fast to measure anything behind the first {begin.arrived}: ask for more")
    carrier_s, brokers_s = end.carrier_s - begin.carrier_s, end.brokers_s - begin.brokers_s
    return Run(
        setting=setting,
        records=end.arrived - begin.arrived,
        seconds=round(end.at - begin.at, 3),
        cpu_s=round(carrier_s, 2),
        brokers_cpu_s=round(brokers_s, 2),
        others_cpu_s=round(max(end.machine_s - begin.machine_s - carrier_s - brokers_s, 0.0), 2),
    )


async def watch(
    carrier: Carrier, brokers: Sequence[int], arrived: Callable[[], int], total: int, told: Callable[[int], None]
) -> list[Sample]:
    """Look until `total` has arrived and nothing more comes; `arrived` looks into the target and may block.

    Unavailable if the carrier ends, or when it stands still for STILL_S.
    """
    samples: list[Sample] = []
    changed = time.monotonic()
    while not samples or samples[-1].arrived < total or samples[-1].at - changed < QUIET_S:
        check_alive(carrier.process, carrier.name, carrier.log)
        now = _sample(carrier, brokers, await asyncio.to_thread(arrived))
        if not samples or now.arrived != samples[-1].arrived:
            changed = now.at
            told(now.arrived)
        elif now.at - changed > STILL_S:
            raise Unavailable(f"{carrier.name} stands still at {now.arrived} of {total}: see {carrier.log}")
        samples.append(now)
        await asyncio.sleep(_EVERY_S)
    return samples


def _sample(carrier: Carrier, brokers: Sequence[int], arrived: int) -> Sample:
    return Sample(
        at=time.monotonic(),
        arrived=arrived,
        carrier_s=machine.cpu_s(carrier.process.pid),
        brokers_s=sum(machine.cpu_s(pid) for pid in brokers),
        machine_s=machine.busy_s(),
    )
