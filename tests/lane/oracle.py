"""What must hold, whatever goes wrong. It sees both clusters' truth, and of the machine only its orders."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from node.lane import Progress, Resume, Side, Stop, TopicPartition, Written
from node.lane import facts as f
from node.model.names import Topic
from tests.lane.lanes import Kind, Records, records, share
from tests.lane.logs import Entry, Log
from tests.lane.views import content, cut, has, is_state, is_tombstone, key_of, remembers

if TYPE_CHECKING:
    from tests.lane.process import Process
    from tests.lane.world import Transaction, World

_SOURCE = {Stop.SOURCE_RECREATED, Stop.SOURCE_TRUNCATED, Stop.SOURCE_ALTERED, Stop.RETENTION_OVERTOOK}
_TARGET = {Stop.TARGET_RECREATED, Stop.TARGET_TRUNCATED, Stop.TARGET_ALTERED, Stop.TARGET_AHEAD}


class Violation(AssertionError):
    """Something that must never happen has happened."""


class Held(msgspec.Struct, frozen=True):
    """What a target holds by a committed progress."""

    start: int
    """target offset from which it stands"""
    batches: tuple[Records, ...] = ()


class Standing(msgspec.Struct, frozen=True):
    """A committed progress, and what stands by it: `carried` are (serial, source offset behind it) since `begin`."""

    progress: Progress
    begin: int
    """source offset at which the route began, or went on by an operator's word"""
    carried: tuple[tuple[int, int], ...]
    held: Mapping[Topic, Held]
    shown: frozenset[int] = frozenset()
    """keys that a view of a state shows"""


class Word(msgspec.Struct, frozen=True, eq=False):
    """An operator's word that has not been committed yet."""

    mode: Resume


class Stream(msgspec.Struct):
    """What a Follow asked for."""

    offset: int
    log: Log[int]
    targets: Mapping[Topic, Side]
    """what it is written to, as it was seen"""
    word: "Word | None"
    """an operator's word that this Follow carries out, until it is committed"""
    shown: frozenset[int]
    """keys that a view of a state shows where this begins"""
    era: int


class Look(msgspec.Struct):
    """What an Inspect saw, and the truth at that moment."""

    order: f.Inspect
    topics: Sequence[Topic]
    """what is written to"""
    era: int
    """which the process knew of then"""
    source: Side = Side(topic_id="")
    targets: dict[Topic, Side] = {}
    log: Log[int] | None = None
    source_true: bool = True
    false: set[Topic] = set()
    """targets that do not hold what was carried"""
    standing: Standing | None = None


class Oracle:
    """Judges commits, follows and stops. Raises Violation."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.standing: dict[TopicPartition, Standing] = {}
        """the last committed progress of each route"""
        self.commits = 0

    def of_era(self, route: TopicPartition, era: int) -> Standing | None:
        """Return what stands of a route by the last committed progress, unless that was of an earlier era."""
        standing = self.standing.get(route)
        return None if standing is None or standing.progress.era < era else standing

    # ---- the truth about all sides

    def source_true(self, standing: Standing, log: Log[int]) -> bool:
        """Whether the source still is the log that was carried, as far as it reaches back."""
        progress = standing.progress
        if log.topic_id != progress.source_id or log.end < progress.next:
            return False
        if progress.last < 0:  # nothing was carried since an operator's word: where only aborted batches were passed, nothing tells more
            return True
        since = max(log.start, standing.begin)
        return [entry.value for entry in log.committed(since, progress.next)] == [s for s, behind in standing.carried if behind > since]

    def target_true(self, standing: Standing | None, topic: Topic, log: Log[Records]) -> bool:
        """Whether a target holds exactly what was carried to it."""
        held = standing.held.get(topic) if standing is not None else None
        if standing is None or held is None:
            return not log.committed(0, log.end)
        written = standing.progress.targets[topic]
        if log.topic_id != written.id or log.end < held.start:
            return False
        last = log.covering(written.last)
        if written.count and log.start <= written.last and (last is None or last.crc != written.crc):
            return False  # written once more after an older copy was restored: the same records, but not the batch we know
        return tuple(entry.value for entry in log.committed(held.start, log.end)) == held.batches

    def content_true(self, route: TopicPartition, source: Log[int], target: Log[Records]) -> bool:
        """Whether who reads a view of a state holds what the view has in its rows of all that was read for it, as far as that can be told."""
        standing = self.standing[route]
        if not is_state(route.topic) or source.start > standing.begin:
            return True
        begin, start = standing.begin, standing.held[route.topic].start
        due = content(record for entry in target.committed(0, start) for record in entry.value or ())
        for entry in source.committed(begin, standing.progress.next):
            for record in records_of(entry, begin):
                due.pop(key_of(record), None)
                if has(route.topic, record) and not is_tombstone(record):
                    due[key_of(record)] = record
        return content(record for entry in target.committed(0, target.end) for record in entry.value or ()) == due

    def floor(self, process: "Process", route: TopicPartition, topic: Topic) -> int:
        """Return the offset of a target below which nothing may be written any more."""
        stream = process.streams[route]
        standing = self.of_era(route, stream.era)
        if stream.word is not None:
            return stream.targets[topic].end
        return standing.progress.targets[topic].next if standing is not None and topic in standing.held else 0

    def restored(self) -> None:
        """The progress topic is an older copy now: fold it again."""
        self.standing = {}
        for entry in self._world.progress.committed(0, self._world.progress.end):
            self.standing.update(entry.value or {})
        for process in self._world.processes:
            process.words = {**process.spent, **process.words}  # what carried them out is undone

    # ---- orders

    def follow(self, process: "Process", order: f.Follow, look: Look) -> None:
        """Judge where a route is read from."""
        word = process.words.get(order.route)
        known = look.order.progress
        if look.era != process.eras.get(order.route, 0):
            raise Violation(f"{order.route} goes on by what was seen before a side of it was made anew")
        from_now = order.route in self._world.from_now
        if word is not None:
            self._expect(process, order, _by_word(word.mode, known, look.source, from_now=from_now))
        elif process.owns():
            if look.standing is None:
                self._expect(process, order, known.next if known else _beginning(look.source, from_now=from_now))
            else:
                self._expect(process, order, look.standing.progress.next)
                if not look.source_true or look.source.start > look.standing.progress.next:
                    raise Violation(f"{order.route} goes on though its source is not what was carried")
            if look.false:
                raise Violation(f"{order.route} goes on though {look.false} do not hold what was carried")
        if missing := [topic for topic, side in look.targets.items() if not side.topic_id]:
            raise Violation(f"{order.route} goes on though there is no {missing}")
        assert look.log is not None
        process.streams[order.route] = Stream(order.offset, look.log, look.targets, word, self._shown(order.route, look), look.era)

    def _shown(self, route: TopicPartition, look: Look) -> frozenset[int]:
        """Return the keys that a view of a state shows: what stood in it when it was looked at."""
        log = self._world.targets.get(route)
        if self._world.kind is not Kind.VIEW or not is_state(route.topic) or log is None:
            return frozenset()
        stands = log.committed(0, look.targets[route.topic].end)
        return frozenset(content(record for entry in stands for record in entry.value or ()))

    def _expect(self, process: "Process", order: f.Follow, offset: int) -> None:
        if order.offset != offset:
            word = process.words.get(order.route)
            raise Violation(f"{order.route} is read from {order.offset} instead of {offset} ({word})")

    def set_aside(self, process: "Process", order: f.SetAside, look: Look) -> None:
        """Judge a stop that an inspection led to: it must be true, be the owner's, and name the target that differs."""
        if not process.owns():
            return
        if order.stop in _SOURCE:
            false = look.source_true and (look.order.progress is None or look.source.start <= look.order.progress.next)
        else:
            false = order.stop not in _TARGET or order.detail not in look.false
        if false:
            raise Violation(f"{order.route} was stopped ({order.stop.value} {order.detail}) though nothing is wrong")

    # ---- commits

    def commit(self, transaction: "Transaction") -> None:
        """Judge a transaction at the moment its commit is decided."""
        self.commits += 1
        for route in transaction.written.keys() - transaction.moved.keys():
            raise Violation(f"{route}: batches were committed without progress")
        for route, (progress, stream) in transaction.moved.items():
            self._commit(transaction, route, progress, stream)
        if transaction.recorded is not None:
            transaction.recorded.value = {route: self.standing[route] for route in transaction.moved}

    def _commit(self, transaction: "Transaction", route: TopicPartition, progress: Progress, stream: Stream) -> None:
        old = self.standing.get(route)
        word = stream.word is not None
        if progress.era != stream.era or (old is not None and progress.era < old.progress.era):
            raise Violation(f"{route}: progress is of era {progress.era}, what was carried of {stream.era}")
        before = self.of_era(route, stream.era) if not word else None
        start = before.progress.next if before else stream.offset
        if progress.next < start:
            raise Violation(f"{route}: progress goes back from {start} to {progress.next}")
        entries = stream.log.committed(start, progress.next)
        written = transaction.written.get(route, {})
        if progress.targets.keys() != stream.targets.keys() or not written.keys() <= stream.targets.keys():
            raise Violation(f"{route}: progress speaks of {list(progress.targets)}, written to are {list(stream.targets)}")
        held = {}
        shown = set(before.shown if before else stream.shown)
        for topic, side in stream.targets.items():
            wrote = written.get(topic, [])
            self._check_records(topic, wrote, self._due(route, topic, entries, start, shown), start)
            known = old.progress.targets.get(topic) if old else None
            goes_on = old is not None and old.progress.day == progress.day
            begun = _of_day(_begun(known, side, word=word, anew=before is None), goes_on=goes_on)
            self._check_written(topic, progress.targets[topic], begun, wrote)
            stood = before.held.get(topic) if before else None
            if stood is None:
                stood = Held(side.end if word else 0)
            held[topic] = Held(stood.start, (*stood.batches, *(entry.value for entry in wrote if entry.value))) if wrote else stood
        self._check_read(route, progress, stream, entries, start)
        if stream.word is not None:
            if transaction.process.words.get(route) is stream.word:
                transaction.process.spent[route] = transaction.process.words.pop(route)
            stream.word = None
        carried = (before.carried if before else ()) + tuple((entry.value, entry.next) for entry in entries if entry.value is not None)
        self.standing[route] = Standing(progress, before.begin if before else start, carried, held, frozenset(shown))

    def _due(self, route: TopicPartition, topic: Topic, entries: list[Entry[int]], start: int, shown: set[int]) -> list[int]:
        """Return what a target is to get of some batches; `shown` is what a view of a state has shown, before them and then behind them."""
        kind, given = self._world.kind, [records_of(entry, start) for entry in entries]
        if kind is Kind.VIEW and remembers(route, from_now=route in self._world.from_now):
            seen = [_seen(topic, record, shown) for records in given for record in records]
            return [record for record in seen if record is not None]
        if kind is Kind.VIEW:
            given = [cut(topic, records, None) for records in given]
        elif kind is not Kind.LINK:
            given = [share(kind, topic, records) for records in given]
        return [record for records in given for record in records]

    def _check_records(self, topic: Topic, wrote: list[Entry[Records]], wanted: list[int], start: int) -> None:
        """See that a target gets each record that is due exactly once and in order."""
        got = [record for entry in wrote for record in entry.value or ()]
        if got != wanted:
            raise Violation(f"{topic}: {got} committed where {wanted} is due, of what was read from {start} on")

    @staticmethod
    def _check_written(topic: Topic, said: Written, before: Written, wrote: list[Entry[Records]]) -> None:
        """See that the progress tells what a target holds."""
        last = wrote[-1] if wrote else None
        true = Written(
            id=before.id,
            last=last.base if last else before.last,
            count=last.count if last else before.count,
            crc=last.crc if last else before.crc,
            batches=before.batches + len(wrote),
            records=before.records + sum(entry.count for entry in wrote),
            bytes=before.bytes + sum(entry.size for entry in wrote),
            day_records=before.day_records + sum(entry.count for entry in wrote),
            day_bytes=before.day_bytes + sum(entry.size for entry in wrote),
        )
        if said != true:
            raise Violation(f"{topic}: progress says {said}, true is {true}")

    def _check_read(self, route: TopicPartition, progress: Progress, stream: Stream, entries: list[Entry[int]], start: int) -> None:
        """See that the progress tells what was read of the source."""
        old = self.standing[route].progress if route in self.standing else Progress(source_id="", next=0, targets={})
        if progress.source_id != stream.log.topic_id:
            raise Violation(f"{route}: progress names another source")
        if entries and (progress.last, progress.last_crc) != (entries[-1].base, entries[-1].crc):
            raise Violation(f"{route}: progress says that the last batch was at {progress.last}, it was at {entries[-1].base}")
        count = sum(entry.next - max(entry.base, start) for entry in entries)
        true = (old.batches + len(entries), old.records + count, old.bytes + sum(entry.size for entry in entries))
        if (progress.batches, progress.records, progress.bytes) != true:
            raise Violation(f"{route}: progress counts {progress}, true are {true} batches, records and bytes")
        if self._world.kind is Kind.GATE and progress.records != sum(target.records for target in progress.targets.values()):
            raise Violation(f"{route}: consumed is not passed and quarantined: {progress}")


def records_of(entry: Entry[int], start: int) -> Records:
    """Return the records of a source batch from an offset on."""
    assert entry.value is not None
    return records(entry.value, max(start - entry.base, 0), entry.count)


def _begun(known: Written | None, side: Side, *, word: bool, anew: bool) -> Written:
    """Return what a progress says of a target before a transaction: `known` from the one before, `side` what was seen of it."""
    if known is None and not word:
        return Written(id=side.topic_id)
    if known is not None and not word:
        return msgspec.structs.replace(known, id=side.topic_id, last=-1, count=0, crc=0) if anew else known
    return msgspec.structs.replace(known or Written(id=""), id=side.topic_id, last=side.end, count=0, crc=0)


def _of_day(written: Written, *, goes_on: bool) -> Written:
    """Return what a progress says before a transaction of a day: nothing was written on it yet unless the one before was of the same."""
    return written if goes_on else msgspec.structs.replace(written, day_records=0, day_bytes=0)


def _seen(topic: Topic, record: int, shown: set[int]) -> int | None:
    """Return what a view of a state lets be seen of a record: itself in its rows, else that a key it has shown is gone, else nothing."""
    key = key_of(record)
    if has(topic, record) and not is_tombstone(record):
        shown.add(key)
        return record
    if key not in shown:
        return None
    shown.remove(key)
    return ~record


def _beginning(source: Side, *, from_now: bool) -> int:
    return source.end if from_now else source.start


def _by_word(word: Resume, known: Progress | None, source: Side, *, from_now: bool) -> int:
    match word:
        case Resume.FROM_START:
            return source.start
        case Resume.FROM_NOW:
            return source.end
        case Resume.ACCEPT:
            return min(max(known.next, source.start), source.end) if known else _beginning(source, from_now=from_now)
