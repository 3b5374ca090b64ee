"""What must hold, whatever goes wrong. It sees both clusters' truth, and of the machine only its orders."""

from typing import TYPE_CHECKING

import msgspec

from node.lane import Progress, Resume, Side, Stop, TopicPartition
from node.lane import facts as f
from tests.lane.logs import Log

if TYPE_CHECKING:
    from tests.lane.process import Process
    from tests.lane.world import Transaction, World

_SOURCE = {Stop.SOURCE_RECREATED, Stop.SOURCE_TRUNCATED, Stop.SOURCE_ALTERED, Stop.RETENTION_OVERTOOK}
_TARGET = {Stop.TARGET_RECREATED, Stop.TARGET_TRUNCATED, Stop.TARGET_ALTERED, Stop.TARGET_AHEAD}


class Violation(AssertionError):
    """Something that must never happen has happened."""


class Standing(msgspec.Struct, frozen=True):
    """A committed progress, and what the target holds by it: `carried` are (serial, source offset behind it) since `begin`."""

    progress: Progress
    begin: int
    """source offset at which the route began, or went on by an operator's word"""
    target_from: int
    """target offset from which `carried` stands"""
    carried: tuple[tuple[int, int], ...]


class Word(msgspec.Struct, frozen=True, eq=False):
    """An operator's word that has not been committed yet."""

    mode: Resume


class Stream(msgspec.Struct):
    """What a Follow asked for."""

    offset: int
    log: Log[int]
    target_end: int
    word: "Word | None"
    """an operator's word that this Follow carries out, until it is committed"""


class Look(msgspec.Struct):
    """What an Inspect saw, and the truth at that moment."""

    order: f.Inspect
    source: Side = Side(topic_id="")
    target: Side = Side(topic_id="")
    log: Log[int] | None = None
    source_true: bool = True
    target_true: bool = True
    standing: Standing | None = None


class Oracle:
    """Judges commits, follows and stops. Raises Violation."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.standing: dict[TopicPartition, Standing] = {}
        """the last committed progress of each route"""
        self.commits = 0

    # ---- the truth about both sides

    def source_true(self, standing: Standing, log: Log[int]) -> bool:
        """Whether the source still is the log that was carried, as far as it reaches back."""
        progress = standing.progress
        if log.topic_id != progress.source_id or log.end < progress.next:
            return False
        since = max(log.start, standing.begin)
        return [entry.value for entry in log.committed(since, progress.next)] == [s for s, behind in standing.carried if behind > since]

    def target_true(self, standing: Standing | None, log: Log[int]) -> bool:
        """Whether the target holds exactly what was carried."""
        if standing is None:
            return not log.committed(0, log.end)
        if log.topic_id != standing.progress.target_id or log.end < standing.target_from:
            return False
        progress = standing.progress
        last = log.covering(progress.target_last)
        if progress.target_count and log.start <= progress.target_last and (last is None or last.crc != progress.target_crc):
            return False  # written once more after an older copy was restored: the same records, but not the batch we know
        return [entry.value for entry in log.committed(standing.target_from, log.end)] == [s for s, _ in standing.carried]

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
        if word is not None:
            self._expect(process, order, _by_word(word.mode, known, look.source))
        elif process.owns():
            if look.standing is None:
                self._expect(process, order, known.next if known else look.source.start)
            else:
                self._expect(process, order, look.standing.progress.next)
                if not look.source_true or look.source.start > look.standing.progress.next:
                    raise Violation(f"{order.route} goes on though its source is not what was carried")
            if not look.target_true:
                raise Violation(f"{order.route} goes on though its target is not what was carried")
        assert look.log is not None
        process.streams[order.route] = Stream(order.offset, look.log, look.target.end, word)

    def _expect(self, process: "Process", order: f.Follow, offset: int) -> None:
        if order.offset != offset:
            word = process.words.get(order.route)
            raise Violation(f"{order.route} is read from {order.offset} instead of {offset} ({word})")

    def set_aside(self, process: "Process", order: f.SetAside, look: Look) -> None:
        """Judge a stop that an inspection led to: it must be true, and be the owner's."""
        if not process.owns():
            return
        if order.stop in _SOURCE:
            false = look.source_true and (look.order.progress is None or look.source.start <= look.order.progress.next)
        else:
            false = order.stop not in _TARGET or look.target_true
        if false:
            raise Violation(f"{order.route} was stopped ({order.stop.value}) though nothing is wrong")

    # ---- commits

    def commit(self, transaction: "Transaction") -> None:
        """Judge a transaction at the moment its commit is decided."""
        self.commits += 1
        for route in transaction.carried.keys() - transaction.moved.keys():
            raise Violation(f"{route}: batches were committed without progress")
        for route, (progress, stream) in transaction.moved.items():
            self._commit(transaction, route, progress, stream)
        if transaction.recorded is not None:
            transaction.recorded.value = {route: self.standing[route] for route in transaction.moved}

    def _commit(self, transaction: "Transaction", route: TopicPartition, progress: Progress, stream: Stream) -> None:
        old = self.standing.get(route)
        begin = start = stream.offset
        target_from = 0 if stream.word is None else stream.target_end
        before: tuple[tuple[int, int], ...] = ()
        if stream.word is None and old is not None:
            begin, start, target_from, before = old.begin, old.progress.next, old.target_from, old.carried
        batches = transaction.carried.get(route, [])
        got = [carried.serial for carried, _ in batches]
        wanted = [entry.value for entry in stream.log.committed(start, progress.next)]
        if got != wanted or progress.next < start:
            raise Violation(f"{route}: {got} committed where {wanted} is due, from {start} to {progress.next}")
        if progress.source_id != stream.log.topic_id:
            raise Violation(f"{route}: progress names another source")
        if batches:
            carried, entry = batches[-1]
            said = (progress.last, progress.target_last, progress.target_count, progress.target_crc)
            if said != (carried.base, entry.base, entry.count, entry.crc):
                raise Violation(f"{route}: progress says {said}, last carried was {carried} written at {entry.base}")
        sent = (old.progress.batches if old else 0) + len(batches)
        if progress.batches != sent:
            raise Violation(f"{route}: progress counts {progress.batches} batches, not {sent}")
        if stream.word is not None:
            if transaction.process.words.get(route) is stream.word:
                transaction.process.spent[route] = transaction.process.words.pop(route)
            stream.word = None
        now = before + tuple((carried.serial, carried.next) for carried, _ in batches)
        self.standing[route] = Standing(progress, begin, target_from, now)


def _by_word(word: Resume, known: Progress | None, source: Side) -> int:
    match word:
        case Resume.FROM_START:
            return source.start
        case Resume.FROM_NOW:
            return source.end
        case Resume.ACCEPT:
            return min(max(known.next, source.start), source.end) if known else source.start
