"""Are both sides still the logs they were? What a route's progress says against what its source and target show.

The check runs whenever a route is opened, before anything is fetched. Any difference stops the route with its reason; only
an operator's word (`Resume`) goes past it, and each word says what it loses or doubles.
"""

from collections.abc import Mapping
from enum import Enum

import msgspec

from node.lane.progress import Progress, Written
from node.model.names import Topic


class Stop(Enum):
    """Why a route stands still until an operator resumes it."""

    SOURCE_RECREATED = "source-recreated"
    SOURCE_TRUNCATED = "source-truncated"
    SOURCE_ALTERED = "source-altered"
    RETENTION_OVERTOOK = "retention-overtook"
    TARGET_RECREATED = "target-recreated"
    TARGET_TRUNCATED = "target-truncated"
    TARGET_ALTERED = "target-altered"
    TARGET_AHEAD = "target-ahead"
    TOO_LARGE = "too-large"
    NOT_CARRIED = "not-carried"
    CORRUPT = "corrupt"
    DEFECT = "defect"
    """a lane that opens batches could not work on one, whatever it holds: the node's own fault, which its log places"""
    REFUSED = "refused"


class Resume(Enum):
    """How an operator lets a stopped route go on."""

    FROM_START = "from-start"
    """from the oldest record of the source: what the target already holds is doubled"""
    FROM_NOW = "from-now"
    """from the end of the source: what lies between is lost to the target"""
    ACCEPT = "accept"
    """from where it stood, both sides taken as they are now: what the source no longer has is lost. A route that carried nothing
    yet begins where it would have begun"""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a route as it is now. `topic_id` empty: no such topic there (yet), or `hidden`: its cluster does not let us see it.

    `last_crc` is the CRC of whatever batch or marker stands where the last batch that the progress remembers was: None only
    where retention removed it or compaction rewrote it. `beyond` (of a target) tells of committed records behind that batch, `undecided` of
    one of which nothing is remembered that something in it may be committed yet.
    """

    topic_id: str
    hidden: bool = False
    start: int = 0
    end: int = 0
    last_crc: int | None = None
    beyond: bool = False
    undecided: bool = False


def awaited(name: Topic, source: Side, targets: Mapping[Topic, Side]) -> str:
    """Return what has to come, or to end, before a route can be judged whose source has this name; empty where nothing has."""
    sides = [("source", name, source), *(("target", topic, target) for topic, target in targets.items())]
    for where, topic, side in sides:
        if side.hidden:
            return f"the {where} cluster does not let us see {topic}: its node has not given the right yet, or has taken it away"
        if not side.topic_id:
            return f"no topic {topic} in the {where} cluster yet"
        if side.undecided:
            return f"a transaction is open in {topic} still"
    return ""


def compare(progress: Progress | None, source: Side, targets: Mapping[Topic, Side]) -> tuple[Stop, str] | None:
    """Return why the route may not go on, and the target that differs ("" for the source), or None when all is as the progress remembers.

    All topics exist.
    """
    if progress is not None and (stop := _compare_source(progress, source)):
        return stop, ""
    known = progress.targets if progress is not None else {}
    return next(((stop, topic) for topic, target in targets.items() if (stop := _compare_target(known.get(topic), target))), None)


def _compare_source(progress: Progress, source: Side) -> Stop | None:
    if source.topic_id != progress.source_id:
        return Stop.SOURCE_RECREATED
    if source.end < progress.next:
        return Stop.SOURCE_TRUNCATED
    if source.start > progress.next:
        return Stop.RETENTION_OVERTOOK
    if progress.last >= 0 and source.last_crc is not None and source.last_crc != progress.last_crc:
        return Stop.SOURCE_ALTERED
    return None


def _compare_target(written: Written | None, target: Side) -> Stop | None:
    if written is not None:
        if target.topic_id != written.id:
            return Stop.TARGET_RECREATED
        if target.end < written.next:
            return Stop.TARGET_TRUNCATED
        if written.count and target.last_crc is not None and target.last_crc != written.crc:
            return Stop.TARGET_ALTERED
    return Stop.TARGET_AHEAD if target.beyond else None


def of_era(progress: Progress | None, era: int) -> Progress | None:
    """Return the progress that both sides are held to: none where it speaks of an earlier era."""
    return None if progress is None or progress.era < era else progress


def opened(progress: Progress | None, source: Side, targets: Mapping[Topic, Side], *, from_now: bool = False, era: int = 0) -> Progress:
    """Return the progress with which a route goes on that `compare` found good.

    A new one begins at the oldest record of the source, or at its end, and so does one of an earlier era, which counts on. A target that has come
    since is written from here on, one that is no more is forgotten.
    """
    known = progress.targets if progress is not None else {}
    if of_era(progress, era) is None:
        begun = {topic: _begun(known.get(topic), target) for topic, target in targets.items()}
        fresh = Progress(source_id=source.topic_id, next=source.end if from_now else source.start, targets=begun, era=era)
        return fresh if progress is None else _counting_on(fresh, progress)
    assert progress is not None
    written = {topic: known.get(topic) or Written(id=target.topic_id) for topic, target in targets.items()}
    return progress if written == known else msgspec.structs.replace(progress, targets=written)


def _begun(known: Written | None, target: Side) -> Written:
    return msgspec.structs.replace(known or Written(id=""), id=target.topic_id, last=-1, count=0, crc=0)


def _counting_on(progress: Progress, before: Progress) -> Progress:
    return msgspec.structs.replace(progress, batches=before.batches, records=before.records, bytes=before.bytes, day=before.day)


def resumed(
    mode: Resume, progress: Progress | None, source: Side, targets: Mapping[Topic, Side], *, from_now: bool = False, era: int = 0
) -> Progress:
    """Return the progress with which an operator's word lets the route go on.

    A target's end stands in for its last batch, so that only what comes behind it is ours from here on.
    """
    old = of_era(progress, era) or opened(progress, source, targets, from_now=from_now, era=era)
    match mode:
        case Resume.FROM_START:
            offset = source.start
        case Resume.FROM_NOW:
            offset = source.end
        case Resume.ACCEPT:
            offset = min(max(old.next, source.start), source.end)
    nothing = Written(id="")
    written = {
        topic: msgspec.structs.replace(old.targets.get(topic, nothing), id=target.topic_id, last=target.end, count=0, crc=0)
        for topic, target in targets.items()
    }
    return _counting_on(Progress(source_id=source.topic_id, next=offset, targets=written, era=old.era), old)
