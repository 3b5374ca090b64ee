"""The machine a benchmark ran on, what ran there, and what processes cost it. Linux only."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import aiokafka
import confluent_kafka
import msgspec

from node.bus.embedded import find_distribution, kafka_version

_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE_FIELDS = (3, 4)


class Machine(msgspec.Struct, frozen=True):
    """What figures depend on; `load` is the load average of one minute before the first run."""

    processor: str
    cores: int
    memory_gib: float
    kernel: str
    load: float


def describe() -> Machine:
    """Return this machine as it is now."""
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        processor=names[0] if names else platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(memory / 2**30, 1),
        kernel=platform.release(),
        load=round(os.getloadavg()[0], 2),
    )


def versions() -> dict[str, str]:
    """Return the versions of all that took part."""
    java = subprocess.run([find_distribution().java, "-version"], capture_output=True, text=True, check=True)
    return {
        "exchange-node": version("exchange-node"),
        "python": platform.python_version(),
        "aiokafka": aiokafka.__version__,
        "kafka": kafka_version(),
        "java": java.stderr.splitlines()[0],
        "librdkafka": confluent_kafka.libversion()[0],
    }


def cpu_s(pid: int) -> float:
    """Return the user and system time that a process has used, all its threads together (s, in ticks of 10 ms)."""
    return spent_s(Path(f"/proc/{pid}/stat").read_text())


def spent_s(stat: str) -> float:
    """Return utime + stime of a `/proc/PID/stat`; the command's name in it may hold blanks and brackets (proc(5))."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def busy_s() -> float:
    """Return the time that all cores together have worked since the start (s)."""
    return worked_s(Path("/proc/stat").read_text())


def worked_s(stat: str) -> float:
    """Return what the first line of `/proc/stat` counts as work: all but idle, waiting for a disk, and what other guests took.

    A virtual machine's own guests are counted in user time already (proc(5)).
    """
    fields = [int(field) for field in stat.splitlines()[0].split()[1:]]
    return (sum(fields[:7]) - sum(fields[at] for at in _IDLE_FIELDS)) / _TICKS
