"""A fresh node's side of `book`: a process that folds all control logs of a folder into a book, and asks it what a node asks.

`python -m benchmarks.book_fold FOLDER SEED DIVISION...`. The logs come as links bring them: each in its own order, a handful of records at a
time, in an order among logs that the seed decides. It imports no more than the control side, so that memory is the book's.
"""

import gc
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import BinaryIO

import msgspec

from node.control import Book, Folded, Stuck, day_of, routes, rule_answers, topics_here
from node.control.requests import state
from node.control.views import views
from node.errors import Unavailable
from node.model.names import Division

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""When the book is asked."""
LENGTH_BYTES = 4
"""Before each record of a log's file stands its length, big-endian."""
SUFFIX = ".log"
_TOGETHER_MAX = 200
_REWINDS_MAX = 1000
"""Far more than logs need that answer each other: each brings one of them on by as many events as may wait."""
_KIB_PER_MIB = 1024


class Folding(msgspec.Struct, frozen=True, kw_only=True):
    """What folding took and what came of it."""

    seconds: float
    cpu_s: float
    memory_mib: float
    """resident at the peak, above what the interpreter and its imports had"""
    events: int
    repeated: int
    """records that came again, for too many events of their log had waited"""
    counts: dict[str, int]
    states: dict[str, int]
    """requests by their states"""
    asked_ms: dict[Division, dict[str, float]]
    """CPU time of what each of these nodes asks its book whenever it has moved"""


class Logs:
    """The logs of a folder, read from disk as they are asked for: a node does not hold them either."""

    def __init__(self, folder: Path) -> None:
        paths = sorted(folder.glob(f"*{SUFFIX}"))
        self._files: dict[Division, BinaryIO] = {Division(path.stem): path.open("rb") for path in paths}
        self.left = {Division(path.stem): path.stat().st_size for path in paths}
        """bytes that are still to come, of each log that is not at its end"""

    def next(self, author: Division) -> bytes:
        """Return the next record of a log that is not at its end."""
        file = self._files[author]
        length = int.from_bytes(file.read(LENGTH_BYTES), "big")
        self.left[author] -= LENGTH_BYTES + length
        if not self.left[author]:
            del self.left[author]
        return file.read(length)

    def rewind(self, author: Division) -> None:
        """Read a log from its beginning again."""
        file = self._files[author]
        self.left[author] = self.left.get(author, 0) + file.tell()
        file.seek(0)


def deliver(logs: Logs, rng: Random, fold: Callable[[Division, bytes], bool]) -> None:
    """Fold all logs. `fold` tells whether the record was taken; where not, its log is read again once others have moved, as a node does."""
    stuck: set[Division] = set()
    rewinds = 0
    while logs.left:
        author = rng.choices(list(logs.left), list(logs.left.values()))[0]
        for _ in range(rng.randint(1, _TOGETHER_MAX)):
            if not fold(author, logs.next(author)):
                stuck.add(author)
            if author not in logs.left:
                break
        if stuck and (author not in stuck or not logs.left):
            for one in stuck:
                logs.rewind(one)
            stuck.clear()
            rewinds += 1
        if rewinds > _REWINDS_MAX:
            raise Unavailable("the logs wait for each other: too many events of some wait for what comes behind others")


def measure(folder: Path, seed: int, askers: list[Division]) -> Folding:
    """Fold a folder's logs and ask; Unavailable if anything of them counted for nothing."""
    book, logs, counts = Book(), Logs(folder), Counter[str]()

    def fold(author: Division, value: bytes) -> bool:
        outcome = book.fold(author, value)
        counts[type(outcome).__name__] += 1
        if isinstance(outcome, Folded):
            counts["events"] += len(outcome.events)
        return not isinstance(outcome, Stuck)

    gc.collect()
    before, cpu, begin = _memory_kib("VmRSS"), process_time(), perf_counter()
    deliver(logs, Random(seed), fold)
    cpu_s, seconds = process_time() - cpu, perf_counter() - begin
    memory_mib = (_memory_kib("VmHWM") - before) / _KIB_PER_MIB
    faults = {"broken": book.broken, "waiting": book.waiting, "refused": book.refused, "unknown": book.unknown}
    if any(faults.values()):
        raise Unavailable(f"{folder}: not all of these logs counts: {faults}")
    return Folding(
        seconds=round(seconds, 2),
        cpu_s=round(cpu_s, 2),
        memory_mib=round(memory_mib, 1),
        events=counts["events"],
        repeated=counts["Repeated"],
        counts=_counts(book),
        states=dict(Counter(state(request) for request in book.requests.values()).most_common()),
        asked_ms={here: _asked_ms(book, here) for here in askers},
    )


def _counts(book: Book) -> dict[str, int]:
    active = sum(1 for _grant in book.active(day_of(AT)))
    return {
        "nodes": len(book.tree.divisions),
        "items": len(book.items),
        "requests": len(book.requests),
        "grants": len(book.grants),
        "active grants": active,
        "views": len(book.views),
        "schemas": len(book.schemas),
    }


def _asked_ms(book: Book, here: Division) -> dict[str, float]:
    today, parent = day_of(AT), book.tree.parent(here)
    return {
        "routes": _cpu_ms(lambda: routes(book, here, parent, today)),
        "topics_here": _cpu_ms(lambda: topics_here(book, here, parent, today)),
        "views": _cpu_ms(lambda: views(book, today, here)),
        "rule_answers": _cpu_ms(lambda: rule_answers(book, here, AT)),
    }


def _cpu_ms(ask: Callable[[], object]) -> float:
    begin = process_time()
    ask()
    return round((process_time() - begin) * 1000, 1)


def _memory_kib(field: str) -> int:
    """Return a field of `/proc/self/status` (proc(5)): `VmRSS` is what is resident, `VmHWM` the most that was."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    found = measure(Path(sys.argv[1]), int(sys.argv[2]), [Division(code) for code in sys.argv[3:]])
    sys.stdout.buffer.write(msgspec.json.encode(found))
