"""A fresh node's side of `book`: a process that verifies and folds all control logs of a folder into a book, and asks it what a node asks.

`python -m benchmarks.book_fold FOLDER SEED DIVISION...`. The logs come as links bring them: each in its own order, a handful of records at a
time, in an order among logs that the seed decides. It imports no more than the control side, so that memory is the book's.
"""

import gc
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import BinaryIO

import msgspec

from benchmarks.book_keys import pin
from node.control import Book, Folded, Outcome, day_of, routes, rule_answers, topics_here
from node.control.folding import Folding as Sealed
from node.control.requests import state
from node.control.views import views
from node.errors import Unavailable
from node.model.keys import Signed
from node.model.names import Division

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""When the book is asked."""
LENGTH_BYTES = 4
"""Before each record of a log's file stand the lengths of its value and its seal, big-endian."""
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
    rewound: int
    """how often a log was read again from its beginning: too many events of it had waited, or a key that nobody had vouched for yet"""
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
        self.rewound = 0

    def next(self, author: Division) -> Signed:
        """Return the next record of a log that is not at its end."""
        file = self._files[author]
        length, sealed = (int.from_bytes(file.read(LENGTH_BYTES), "big") for _ in range(2))
        self.left[author] -= 2 * LENGTH_BYTES + length + sealed
        if not self.left[author]:
            del self.left[author]
        return Signed(file.read(length), file.read(sealed) or None)

    def rewind(self, author: Division) -> None:
        """Read a log from its beginning again."""
        file = self._files[author]
        self.left[author] = self.left.get(author, 0) + file.tell()
        file.seek(0)
        self.rewound += 1


def written(one: Signed) -> bytes:
    """Return a record as it stands in a log's file: the lengths of its value and its seal, and both."""
    seal = one.seal or b""
    return len(one.value).to_bytes(LENGTH_BYTES, "big") + len(seal).to_bytes(LENGTH_BYTES, "big") + one.value + seal


def deliver(logs: Logs, rng: Random, sealed: Sealed) -> Iterator[Outcome]:
    """Fold all logs as a node does: some records of one at a time, and a log again from its beginning where that is asked for."""
    rewinds = 0
    while logs.left:
        author, records = rng.choices(list(logs.left), list(logs.left.values()))[0], []
        for _ in range(rng.randint(1, _TOGETHER_MAX)):
            records.append(logs.next(author))
            if author not in logs.left:
                break
        yield from sealed.take(author, records)
        if not logs.left and sealed.is_anew:
            sealed.level()
        again = sealed.again()
        for one in again:
            logs.rewind(one)
        rewinds += bool(again)
        if rewinds > _REWINDS_MAX:
            raise Unavailable("the logs wait for each other: too many events of some wait for what comes behind others")


def measure(folder: Path, seed: int, askers: list[Division]) -> Folding:
    """Fold a folder's logs and ask; Unavailable if anything of them counted for nothing."""
    logs, counts = Logs(folder), Counter[str]()
    sealed = Sealed(pin(min(logs.left)))
    gc.collect()
    before, cpu, begin = _memory_kib("VmRSS"), process_time(), perf_counter()
    for outcome in deliver(logs, Random(seed), sealed):
        counts[type(outcome).__name__] += 1
        if isinstance(outcome, Folded):
            counts["events"] += len(outcome.events)
    cpu_s, seconds = process_time() - cpu, perf_counter() - begin
    memory_mib = (_memory_kib("VmHWM") - before) / _KIB_PER_MIB
    book = sealed.book
    faults = {"broken": book.broken, "waiting": book.waiting, "refused": book.refused, "unknown": book.unknown}
    if any(faults.values()):
        raise Unavailable(f"{folder}: not all of these logs counts: {faults}")
    return Folding(
        seconds=round(seconds, 2),
        cpu_s=round(cpu_s, 2),
        memory_mib=round(memory_mib, 1),
        events=counts["events"],
        rewound=logs.rewound,
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
