"""`book`: how long a fresh node takes to fold the control logs of a whole province, and in how much memory. It has no peer, but a goal.

The logs are written once by `decide` and kept (`book_world`); each run is a process of its own that reads and folds them (`book_fold`).
"""

import hashlib
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from rich.console import Console

from benchmarks import machine, show
from benchmarks.bench import FOLDER, Count
from benchmarks.book_fold import SUFFIX, Folding, written
from benchmarks.book_world import Sizes, write
from benchmarks.result import Alone, Bounds, Spent, encode
from node.errors import Unavailable
from node.model.names import Division

GOAL = Bounds(seconds=20, memory_mib=500)
_MAKERS = "makers.sha256"
_SIZES = Sizes()


def logs_of(sizes: Sizes, root: Path, console: Console) -> Path:
    """Return a folder below `root` with the logs of a world of these sizes, made where they do not stand there yet, or were made otherwise."""
    folder, makers = root / f"{sizes.nodes}-{sizes.items}-{sizes.requests}-{sizes.seed}", _makers()
    mark = folder / _MAKERS
    if mark.exists() and mark.read_text(encoding="ascii") == makers:
        return folder
    console.print(
        f"writing {sizes.requests:,} requests for {sizes.items:,} items of {sizes.nodes} nodes; the logs are kept for the next time"
    )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for code, log in write(sizes).items():
        with (folder / f"{code}{SUFFIX}").open("wb") as file:
            file.writelines(written(one) for one in log)
    mark.write_text(makers, encoding="ascii")
    return folder


def _makers() -> str:
    """Return the SHA-256 of the modules that make the logs."""
    texts = [Path(__file__).with_name(f"{name}.py").read_bytes() for name in ("book_keys", "book_requests", "book_world", "book_writer")]
    return hashlib.sha256(b"".join(texts)).hexdigest()


def fold(folder: Path, seed: int, askers: list[Division]) -> Folding:
    """Fold a folder's logs in a process of its own; Unavailable with its last words if it fails."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.book_fold", folder, str(seed), *askers], capture_output=True, check=False)
    if done.returncode:
        raise Unavailable(f"the process that folds {folder} has failed: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return msgspec.json.decode(done.stdout, type=Folding)


def measure(sizes: Sizes, rounds: int, root: Path, console: Console) -> Alone:
    """Fold the logs so often, each time in another order, and return the medians."""
    logs, before = logs_of(sizes, root, console), machine.describe()
    runs = []
    for seed in range(rounds):
        runs.append(fold(logs, seed, _askers(sizes)))
        one = runs[-1]
        console.print(f"order {seed}: {one.seconds:.1f} s, {one.cpu_s:.1f} CPU s, {one.memory_mib:.0f} MiB, {one.rewound} logs again")
    ours = Spent(
        name="exchange-node",
        seconds=median(one.seconds for one in runs),
        cpu_s=median(one.cpu_s for one in runs),
        memory_mib=median(one.memory_mib for one in runs),
        runs=runs,
    )
    return Alone(id="book", ours=ours, goal=GOAL, what=_what(logs, runs), machine=before, versions=_versions())


def _askers(sizes: Sizes) -> list[Division]:
    """Return the first node of each level."""
    return sorted({one.level: one.code for one in reversed(sizes.divisions)}.values())


def _what(logs: Path, runs: list[Folding]) -> dict[str, Any]:
    size, last = sum(path.stat().st_size for path in logs.glob(f"*{SUFFIX}")), runs[-1]
    asked = {
        f"asked by {here}": ", ".join(f"{name} {median(run.asked_ms[here][name] for run in runs):.1f} ms" for name in spent)
        for here, spent in last.asked_ms.items()
    }
    return {
        "work": "a process of one thread reads all control logs from disk, each in its order, and folds them; each run in another order among them",
        "logs": f"{last.events:,} events, {size / 2**20:.0f} MiB; {_listed(last.counts)}",
        "requests": _listed(last.states),
        "memory": "resident at the peak, above the interpreter with its imports",
        **asked,
    }


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in ("exchange-node", "msgspec", "rfc8785")}


def book(
    *,
    json: Path | None = None,
    nodes: Count = _SIZES.nodes,
    items: Count = _SIZES.items,
    requests: Count = _SIZES.requests,
    rounds: Count = 3,
) -> None:
    """A fresh node's fold of the control logs of a province.

    Args:
        json: File for the figures.
        nodes: Divisions of Guangdong, in the order of their codes.
        items: Items of the catalogue.
        requests: Requests of two years.
        rounds: How often they are folded.
    """
    console = Console()
    found = measure(Sizes(nodes, items, requests), rounds, FOLDER / "book", console)
    show.tell_alone(console, found)
    if json is not None:
        json.write_bytes(encode([found]))
