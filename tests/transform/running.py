"""Views in a lane that commits, fails and comes back, made from a seed, held against plain Python."""

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from node.avro.selection import Selection
from node.model.names import Topic
from node.transform import Made, Write
from node.transform.shown import Shown
from node.transform.view import Views
from tests.avro.ruling import NOW_MS
from tests.transform.cutting import VERSIONS, Maker, Reader, Telling, opened_views, selection_of, spec, topic
from tests.transform.holding import content
from tests.transform.wire import CODECS, OFFSET, Row, batch, body, opened, section, write

Found = tuple[int, bytes | None, tuple[int, dict[str, Any]] | None]
"""Timestamp, key, version and fields (none: a tombstone)."""


class Source(msgspec.Struct):
    """A batch of the resource, and the licences in it, with their versions."""

    raw: Write
    records: list[tuple[Row, dict[str, Any] | None, int]]
    texts: frozenset[str]


class Seen:
    """One view beside what plain Python says of it."""

    def __init__(self, number: int, selection: Selection, telling: Telling, *, remembers: bool) -> None:
        self.topic = topic(number)
        self.selection = selection
        self.telling = telling
        self._reader = Reader(selection)
        self._remembers = remembers
        self._shown: set[bytes] = set()
        self._before: set[bytes] = set()
        self.expected: list[Found] = []
        """of the open transaction"""
        self.found: list[Found] = []

    def tell(self, source: Source) -> None:
        """Say what the view has of a batch."""
        for row, datum, number in source.records:
            key = self.telling.key(row.key)
            if datum is not None and self.telling.has(datum, number):
                self.expected.append((row.timestamp, key, (number, self.telling.cut(datum))))
                self._shown.add(key or b"")
            elif not self._remembers:
                self.expected += [(row.timestamp, key, None)] if datum is None else []
            elif key in self._shown:
                self.expected.append((row.timestamp, key, None))
                self._shown.discard(key or b"")

    def read(self, made: Made) -> None:
        """Take what was made of the view."""
        for one in made.writes:
            assert one.topic == self.topic
            for row in opened(one):
                assert row.headers == ()
                self.found.append((row.timestamp, row.key, None if row.value is None else self._reader.read(row.value)))

    def settle(self, shown: Shown | None, *, committed: bool) -> None:
        """End the transaction: what was made in it is what had to be made; it stays, or it never was."""
        assert self.found == self.expected
        self.expected, self.found = [], []
        self._shown, self._before = (self._shown, set(self._shown)) if committed else (set(self._before), self._before)
        if shown is not None:
            assert len(shown) == len(self._shown)
            assert all(key in shown for key in self._shown)


class Running:
    """A partition of a resource, and views that follow it."""

    def __init__(self, seed: int, *, batches: int = 6, sizes: Sequence[int] = (1, 2, 7, 25)) -> None:
        rng = self.rng = Random(seed)
        self.is_state = rng.random() < 0.7
        self.versions = list(VERSIONS)[: rng.choice([1, 2, 3, 3])]
        self._maker = Maker(rng)
        offset = OFFSET
        self.sources: list[Source] = []
        for _ in range(batches):
            self.sources.append(self._source(offset, rng.choice(list(sizes))))
            offset = self.sources[-1].raw.header.next_offset
        specs, self.seen = [], []
        for number in range(rng.choice([1, 2, 4])):
            selection, rows = selection_of(rng)
            from_now = rng.random() < 0.3
            specs.append(spec(number, from_now=from_now, fields=selection.fields, rows=selection.rows, masks=selection.masks))
            remembers = self.is_state and bool(selection.rows or from_now)
            self.seen.append(Seen(number, selection, Telling(selection, rows, specs[-1].secret), remembers=remembers))
        bound = rng.choice([300, 1 << 20])
        self.views: Views = opened_views(*specs, versions=len(self.versions), is_state=self.is_state, batch_bytes_max=bound)

    def _source(self, offset: int, size: int) -> Source:
        rng = self.rng
        mixed = rng.random() < 0.5
        records: list[tuple[Row, dict[str, Any] | None, int]] = []
        while len(records) < size:
            number = rng.choice(self.versions) if mixed else self.versions[-1]
            row, datum = self._maker.record(number)
            if datum is not None or self.is_state:
                records.append((row, datum, number))
        numbers = sorted(rng.sample(range(size * 3), size)) if self.is_state and rng.random() < 0.4 else list(range(size))
        base, bodies = records[0][0].timestamp - rng.choice([0, 5]), []
        for number, (row, _datum, _version) in zip(numbers, records, strict=True):
            traced = msgspec.structs.replace(row, headers=(("traceparent", b"00-1"),) if rng.random() < 0.3 else ())
            bodies.append(body(number, traced, base=base))
        data = batch(section(bodies), size, codec=rng.choice(CODECS), base=base, latest=NOW_MS, offset=offset)
        data[23:27] = (numbers[-1] + rng.randrange(2) * (numbers[-1] > size)).to_bytes(4)
        return Source(write(bytes(data), before=rng.randbytes(rng.randrange(9))), records, _texts(records))

    def memories(self) -> dict[Topic, Shown | None]:
        """Return what the views keep, opened where the partition begins."""
        kept = {one.topic: self.views.memory(one.topic, bytes(range(16))) for one in self.seen}
        for shown in kept.values():
            if shown is not None:
                shown.opened(OFFSET)
        return kept

    def make(self, sources: Sequence[Source], routes: Mapping[Topic, Shown | None]) -> int:
        """Let views take batches, as many as they take in one go, and hear what they should have; return how many that were."""
        before = [copy.deepcopy(one.raw.data) for one in sources]
        made = self.views.make(0, [one.raw for one in sources], NOW_MS, routes)
        assert [one.raw.data for one in sources] == before, "what came was altered"
        assert made.keys() == routes.keys()
        (taken,) = {one.taken for one in made.values()}
        for seen in self.seen:
            if seen.topic in made:
                self._hold(seen, made[seen.topic], sources[:taken])
        return taken

    def _hold(self, seen: Seen, made: Made, sources: Sequence[Source]) -> None:
        for source in sources:
            seen.tell(source)
        seen.read(made)
        written = [content(one) or b"" for one in made.writes]
        granted = repr(seen.expected)
        for text in {text for source in sources for text in source.texts}:
            if text not in granted and repr(text.encode())[2:-1] not in granted:
                assert not any(text.encode() in one for one in written), f"{text} was not granted to {seen.selection}"


def _texts(records: Sequence[tuple[Row, dict[str, Any] | None, int]]) -> frozenset[str]:
    """Return the texts that stand in records, keys among them: whoever finds one knows where it came from."""
    found = {(row.key or b"").decode() for row, _datum, _number in records}
    for _row, datum, _number in records:
        _collect(datum, found)
    return frozenset(text for text in found if len(text) > 5)


def _collect(node: Any, found: set[str]) -> None:
    if isinstance(node, str):
        found.add(node)
    elif isinstance(node, Mapping):
        _collect([*node, *node.values()], found)
    elif isinstance(node, list):
        for one in node:
            _collect(one, found)


def run(seed: int) -> Counter[str]:
    """Let the views of a seed follow their partition, with whatever happens to transactions; return what happened how often."""
    one = Running(seed)
    rng, kept, at = one.rng, one.memories(), 0
    happened = Counter[str]()
    while at < len(one.sources):
        end = min(at + rng.randrange(1, 4), len(one.sources))
        done = at
        while done < end:
            done += one.make(one.sources[done:end], kept)
        before, after = one.sources[at].raw.header.base_offset, one.sources[end - 1].raw.header.next_offset
        fate = rng.choice(["committed", "committed", "answer lost", "aborted", "aborted when recorded", "commit lost"])
        happened[fate] += 1
        for seen in one.seen:
            happened["records"] += sum(fields is not None for _at, _key, fields in seen.found)
            happened["tombstones"] += sum(fields is None for _at, _key, fields in seen.found)
            _end(kept[seen.topic], fate, before if at else OFFSET, after)
            seen.settle(kept[seen.topic], committed=fate in {"committed", "answer lost"})
        at = end if fate in {"committed", "answer lost"} else at
    return happened


def _end(shown: Shown | None, fate: str, before: int, after: int) -> None:
    if shown is None:
        return
    if fate != "aborted":
        shown.recorded(after)
    if fate == "committed":
        shown.confirm(after)
    else:
        assert shown.resume(after if fate == "answer lost" else before)
