"""What the machine is told (facts) and what it asks for (orders). Neither knows Kafka's requests or a byte of a record."""

from collections.abc import Mapping, Sequence

import msgspec

from node.lane.checks import Resume, Side, Stop
from node.lane.progress import Progress, TopicPartition
from node.model.names import Topic


class Batch(msgspec.Struct, kw_only=True, eq=False):
    """One fetched record batch. `handle` is the bus's own: the machine passes it on and never looks inside."""

    base: int
    """source offset at which it begins"""
    next: int
    """source offset behind it"""
    count: int
    size: int
    """bytes, header included"""
    crc: int
    """CRC-32C in the source"""
    timestamp: int
    """of its first record, ms"""
    newest: int
    """greatest timestamp in it, ms"""
    handle: object
    sent_in: int = 0
    """the machine's own: the transaction that has counted its bytes, for it may be of several routes"""


class Wrote(msgspec.Struct, frozen=True):
    """One batch that a target's broker acknowledged."""

    topic: Topic
    offset: int
    """target offset at which it begins"""
    count: int
    size: int
    """bytes, header included"""
    crc: int
    """CRC-32C as written"""
    hidden: int = 0
    """records of the source that it stands for beside its own"""


class _Fact(msgspec.Struct, frozen=True, eq=False):
    """Something that happened."""


class Routed(_Fact, frozen=True):
    """The routes that this shard is to carry from now on; those not named are given up."""

    routes: frozenset[TopicPartition]
    sources: Mapping[TopicPartition, TopicPartition] = {}
    """what is read for a route, where that has another name; it never changes"""
    from_now: frozenset[TopicPartition] = frozenset()
    """those that begin at the end of their source, if they have no progress yet"""
    eras: Mapping[TopicPartition, int] = {}
    """those whose source or target was disposed of and made anew, with a number that grows each time: they begin anew where it is greater than
    the one in their progress"""


class Opened(_Fact, frozen=True):
    """InitProducerId was answered: former owners are fenced and their transaction is ended."""


class Recovered(_Fact, frozen=True):
    """The shard's progress was read up to the high watermark seen after opening."""

    progress: Mapping[TopicPartition, Progress]


class Inspected(_Fact, frozen=True):
    """Both sides of a route as they are now."""

    route: TopicPartition
    generation: int
    source: Side
    targets: Mapping[Topic, Side]
    """by topic: all that this route is written to"""


class Fetched(_Fact, frozen=True):
    """Committed batches of a route, in order, and the position behind them (control and aborted batches included).

    Routes of one source that stand at the same place get the same `Batch` objects, which is how they are known to be together.
    """

    route: TopicPartition
    generation: int
    batches: Sequence[Batch]
    position: int
    end: int
    """the source's last stable offset"""


class Settled(_Fact, frozen=True):
    """What was made of the oldest outstanding batch of a route stands in its targets.

    Nothing is named where no record of it goes on, or where what was made of it comes with a later one.
    """

    route: TopicPartition
    generation: int
    wrote: Sequence[Wrote]


class Returned(_Fact, frozen=True):
    """The newest outstanding batches of a route are handed back: nothing was begun of them, for the transaction is to end."""

    route: TopicPartition
    generation: int
    batches: Sequence[Batch]


class Recorded(_Fact, frozen=True):
    """The progress records of this transaction were acknowledged."""


class Committed(_Fact, frozen=True):
    """EndTxn (commit) was answered."""


class Aborted(_Fact, frozen=True):
    """EndTxn (abort) was answered."""


class SourceFailed(_Fact, frozen=True):
    """The source refuses a route. `stop` is None where only a look at both sides can tell what happened."""

    route: TopicPartition
    generation: int
    stop: Stop | None
    detail: str


class TargetFailed(_Fact, frozen=True):
    """The target refuses a route's batch: the transaction cannot be committed as it stands."""

    route: TopicPartition
    stop: Stop | None
    detail: str


class Lost(_Fact, frozen=True):
    """The producer is lost (connection, time-out, leader change, epoch gone): nothing more can be known from it."""

    detail: str


class Fenced(_Fact, frozen=True):
    """Another producer took this shard's transactional.id."""


class Resumed(_Fact, frozen=True):
    """An operator's word for a stopped route."""

    route: TopicPartition
    mode: Resume


class Looked(_Fact, frozen=True):
    """Topics were made or changed: routes that wait may be there now."""


class Ticked(_Fact, frozen=True):
    """Time has passed."""

    day: str = ""
    """the day that begins, where one does: what is committed from here on counts for it"""


class Stopping(_Fact, frozen=True):
    """Finish what is open and let go."""


class _Order(msgspec.Struct, frozen=True, eq=False):
    """Something to do."""


class Open(_Order, frozen=True):
    """Take a new transactional producer: answered by Opened, Lost or Fenced."""


class Recover(_Order, frozen=True):
    """Read the shard's progress from the target: answered by Recovered or Lost."""


class Inspect(_Order, frozen=True):
    """Look at both sides of a route: answered by Inspected, or SourceFailed after the bus's own back-off."""

    route: TopicPartition
    generation: int
    progress: Progress | None


class Follow(_Order, frozen=True):
    """Fetch a route from an offset; what comes carries the generation."""

    route: TopicPartition
    generation: int
    offset: int
    topic_id: str


class Unfollow(_Order, frozen=True):
    """Fetch a route no more."""

    route: TopicPartition


class Hold(_Order, frozen=True):
    """Leave a route out of fetches: enough of it is unsettled."""

    route: TopicPartition


class Release(_Order, frozen=True):
    """Fetch a held route again."""

    route: TopicPartition


class Drop(_Order, frozen=True):
    """Give the buffers of these batches back unsent."""

    batches: Sequence[Batch]


class Begin(_Order, frozen=True):
    """A transaction begins."""


class Produce(_Order, frozen=True):
    """Write what is to be made of a batch: answered by Settled, TargetFailed, Lost or Fenced, or by Returned."""

    route: TopicPartition
    generation: int
    batch: Batch


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction does to one route: its progress before and after, and how old the batches are."""

    route: TopicPartition
    before: Progress
    progress: Progress
    ages: tuple[int, ...]
    """greatest timestamp of each batch, ms"""


class Record(_Order, frozen=True):
    """Write these progress records in the open transaction: answered by Recorded, TargetFailed, Lost or Fenced."""

    moved: Sequence[Moved]


class Commit(_Order, frozen=True):
    """End the transaction; it may have ended even when the answer is lost."""


class Abort(_Order, frozen=True):
    """Abort the transaction: answered by Aborted or Lost."""


class SetAside(_Order, frozen=True):
    """A route stops until an operator resumes it."""

    route: TopicPartition
    stop: Stop
    detail: str


class Close(_Order, frozen=True):
    """Throw the producer away: nothing of it is told any more. After `GiveUp` or a stop nothing follows."""


class GiveUp(_Order, frozen=True):
    """The shard belongs to another owner now; it is taken again only by assignment."""


Fact = (
    Routed
    | Opened
    | Recovered
    | Inspected
    | Fetched
    | Settled
    | Returned
    | Recorded
    | Committed
    | Aborted
    | SourceFailed
    | TargetFailed
    | Lost
    | Fenced
    | Resumed
    | Looked
    | Ticked
    | Stopping
)
Order = (
    Open
    | Recover
    | Inspect
    | Follow
    | Unfollow
    | Hold
    | Release
    | Drop
    | Begin
    | Produce
    | Record
    | Commit
    | Abort
    | SetAside
    | Close
    | GiveUp
)
