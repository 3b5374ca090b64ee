"""What the machine keeps of one route: where it stands, what is fetched, what is sent, and how to roll it back."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from node.lane.checks import Resume, Side, Stop, compare, of_era, opened, resumed
from node.lane.facts import Batch, Moved, Wrote
from node.lane.progress import Progress, TopicPartition, Written, written_on
from node.model.limits import BACKOFF_FIRST_S, BACKOFF_MAX_S, WAIT_MAX_S
from node.model.names import Topic


class State(Enum):
    """Where a route stands."""

    RESTING = "resting"
    """the shard is not open"""
    INSPECTING = "inspecting"
    """both sides are being looked at"""
    WAITING = "waiting"
    """a topic is not there yet, or something is undecided in it"""
    FLOWING = "flowing"
    SUSPECT = "suspect"
    """the source refused; looked at as soon as no transaction holds anything of it"""
    STOPPED = "stopped"
    """until an operator resumes it"""


def backoff(attempts: int) -> float:
    """Return the pause (s) after so many vain attempts."""
    return min(BACKOFF_FIRST_S * (1 << min(attempts, 10)), BACKOFF_MAX_S)


class RouteState:
    """One route of a shard. Batches go queue → outstanding → carried; `rollback` forgets all three."""

    __slots__ = (
        "_generations", "ages", "attempts", "batches", "bytes", "detail", "end", "era", "from_now", "generation", "held", "last", "newest", "oldest",
        "outstanding", "position", "progress", "queue", "records", "resume", "resume_from", "resume_said", "resumed", "retry_at", "route",
        "settled", "source", "state", "stop", "unsettled", "written",
    )  # fmt: skip

    def __init__(
        self,
        route: TopicPartition,
        progress: Progress | None,
        generations: Iterator[int],
        *,
        source: TopicPartition | None = None,
        from_now: bool = False,
        era: int = 0,
    ) -> None:
        self.route = route
        self.source = source or route
        """what is read for it"""
        self.progress = progress
        self.resume: Resume | None = None
        """an operator's word that is not committed yet"""
        self.resumed = False
        """`progress` follows from that word, or says where a route begins that does so at its source's end: it has to be recorded even if
        nothing moves"""
        self.resume_from: Progress | None = None
        """what was committed when that word was taken up"""
        self.resume_said: Progress | None = None
        """what was last recorded on that word: where a commit's answer is lost, it tells whether the word has been carried out"""
        self.state = State.RESTING
        self.stop: Stop | None = None
        self.detail = ""
        self.generation = 0
        self.attempts = 0
        self.retry_at = 0.0
        self.queue: deque[Batch] = deque()
        self.outstanding: deque[Batch] = deque()
        self.oldest: int | None = None
        self.newest = 0
        """greatest timestamp (ms) of what was committed last, 0 before anything was"""
        self._generations = generations
        self.from_now = from_now
        self.era = era
        self.rollback()

    def rollback(self) -> list[Batch]:
        """Go back to the committed progress and return the batches whose buffers nobody will send."""
        dropped = list(self.queue)
        self.oldest = self.oldest_timestamp
        self.queue.clear()
        self.outstanding.clear()
        self.generation = next(self._generations)
        self.held = self.resumed = False
        self.unsettled = 0
        self.end = 0
        self.position = self.settled = self.progress.next if self.progress else 0
        self._clear_transaction()
        return dropped

    def _clear_transaction(self) -> None:
        self.last: Batch | None = None
        self.written: dict[Topic, Written] = dict(self.progress.targets) if self.progress else {}
        self.batches = self.records = self.bytes = 0
        self.ages: list[int] = []

    def judge(self, source: Side, targets: Mapping[Topic, Side]) -> tuple[Stop, str] | None:
        """Return why the route may not go on from all sides as they are, as `compare` does, or None: `progress` says from where it goes on."""
        begins = self.from_now and self.known is None
        if self.resume is not None:
            self.resume_from = self.progress
            self.progress = resumed(self.resume, self.progress, source, targets, from_now=begins, era=self.era)
        elif difference := compare(self.known, source, targets):
            return difference
        else:
            self.progress = opened(self.progress, source, targets, from_now=begins, era=self.era)
        self.rollback()
        self.resumed = begins or self.resume is not None
        return None

    @property
    def known(self) -> Progress | None:
        """The progress that both sides are held to."""
        return of_era(self.progress, self.era)

    @property
    def caught_up(self) -> bool:
        """Nothing of it waits in the source, as far as the last Fetch tells."""
        return not self.queue and self.position >= self.end and not self.held

    @property
    def quiet(self) -> bool:
        """No open transaction holds anything of it."""
        return not self.outstanding and self.last is None

    def fetched(self, batches: Sequence[Batch], position: int, end: int) -> None:
        """Take what a Fetch brought."""
        self.attempts = 0
        self.queue.extend(batches)
        self.unsettled += sum(batch.size for batch in batches)
        self.position, self.end = position, end

    def send(self) -> Batch:
        """Take the next batch out of the queue; the caller orders it to be produced."""
        batch = self.queue.popleft()
        self.outstanding.append(batch)
        if self.oldest is None:
            self.oldest = batch.timestamp
        return batch

    def begin_era(self, era: int) -> list[Batch]:
        """Wait to be looked at anew, for a side was made anew, and what is looked at may be of before; return the batches that nobody will send."""
        self.era = era
        if self.state is State.INSPECTING:
            self.generation = next(self._generations)
        if self.state in (State.INSPECTING, State.FLOWING, State.STOPPED):
            self.state, self.stop, self.detail, self.retry_at = State.SUSPECT, None, "", 0.0
        dropped = list(self.queue)
        if dropped:
            self.position = dropped[0].base
            self.unsettled -= sum(batch.size for batch in dropped)
            self.queue.clear()
        return dropped

    def take_back(self, batches: Sequence[Batch]) -> None:
        """Put the newest batches that were sent back into the queue, as if they had never left it."""
        for batch in reversed(batches):
            newest = self.outstanding.pop()
            assert newest is batch, "only what was sent last can be handed back"
            self.queue.appendleft(batch)

    def wait(self, state: State, detail: str, now: float) -> None:
        """Stand still until it is looked at again, after a pause that grows."""
        self.state, self.detail = state, detail
        self.retry_at = now + min(backoff(self.attempts), WAIT_MAX_S)
        self.attempts += 1

    def settle(self, wrote: Sequence[Wrote]) -> bool:
        """Count the oldest outstanding batch as done; False if a target has gone back below our last, or is none of this route."""
        batch = self.outstanding.popleft()
        self.unsettled -= batch.size
        for one in wrote:
            old = self.written.get(one.topic)
            if old is None or one.offset < old.next:
                return False
            self.written[one.topic] = Written(
                id=old.id,
                last=one.offset,
                count=one.count,
                crc=one.crc,
                batches=old.batches + 1,
                records=old.records + one.count + one.hidden,
                bytes=old.bytes + one.size,
            )
        self.last = batch
        self.settled = batch.next
        self.batches += 1
        self.records += batch.count
        self.bytes += batch.size
        self.ages.append(batch.newest)
        return True

    @property
    def reached(self) -> int:
        """The source offset that a commit may claim now: behind skipped batches too, where nothing is queued before them."""
        return self.settled if self.queue or self.outstanding else max(self.settled, self.position)

    @property
    def skipped(self) -> bool:
        """Its position has moved past what is written down."""
        return self.progress is not None and self.reached > self.progress.next

    def moved(self, day: str = "") -> Moved | None:
        """What the open transaction has to record for this route on a day; None if it has not moved, nor has to be recorded."""
        old = self.progress
        if old is None or (self.reached == old.next and not self.resumed):
            return None
        last = self.last
        progress = Progress(
            source_id=old.source_id,
            next=self.reached,
            last=last.base if last else old.last,
            last_crc=last.crc if last else old.last_crc,
            targets={topic: written_on(day, old.targets[topic], new, old.day) for topic, new in self.written.items()},
            batches=old.batches + self.batches,
            records=old.records + self.records,
            bytes=old.bytes + self.bytes,
            era=old.era,
            day=day,
        )
        self.resume_said = progress if self.resumed else None
        return Moved(route=self.route, before=old, progress=progress, ages=tuple(self.ages))

    def commit(self, progress: Progress) -> None:
        """Take the recorded progress as committed."""
        self.progress = progress
        self.settled = max(self.settled, progress.next)
        if self.resumed:
            self.resume, self.resumed = None, False
        self.oldest = None
        self.newest = max(self.ages, default=self.newest)
        self._clear_transaction()

    def recover(self, progress: Progress | None) -> list[Batch]:
        """Take the progress that was read; return the batches whose buffers nobody will send."""
        self.progress = progress
        if self.resume_said is not None and (progress == self.resume_said or progress != self.resume_from):
            # The commit whose answer was lost has carried it out, or another owner has gone on since, perhaps from there: a second time
            # would lose or double again. Where the route must not go on it stops, and the operator sees how it stands now.
            self.resume = None
        self.resume_said = None
        return self.rollback()

    @property
    def oldest_timestamp(self) -> int | None:
        """Timestamp (ms) of the oldest record known that is not carried yet; None if none is known."""
        if self.oldest is not None:
            return self.oldest
        return self.queue[0].timestamp if self.queue else None
