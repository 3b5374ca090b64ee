"""Are both sides still the logs they were? What a route's progress says against what its source and target show.

The check runs whenever a route is opened, before anything is fetched. Any difference stops the route with its reason; only
an operator's word (`Resume`) goes past it, and each word says what it loses or doubles.
"""

from enum import Enum

import msgspec

from node.lane.progress import Progress


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
    UNAUTHORIZED = "unauthorized"
    TOO_LARGE = "too-large"
    NOT_CARRIED = "not-carried"
    CORRUPT = "corrupt"
    REFUSED = "refused"


class Resume(Enum):
    """How an operator lets a stopped route go on."""

    FROM_START = "from-start"
    """from the oldest record of the source: what the target already holds is doubled"""
    FROM_NOW = "from-now"
    """from the end of the source: what lies between is lost to the target"""
    ACCEPT = "accept"
    """from where it stood, both sides taken as they are now: what the source no longer has is lost. A route that carried nothing
    yet begins at the oldest record"""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a route as it is now. `topic_id` empty: no such topic there (yet).

    `last_crc` is the CRC of whatever batch or marker stands where the last batch that the progress remembers was: None only
    where retention removed it or compaction rewrote it. `beyond` (of a target) tells of committed records behind that batch.
    """

    topic_id: str
    start: int = 0
    end: int = 0
    last_crc: int | None = None
    beyond: bool = False


def compare(progress: Progress | None, source: Side, target: Side) -> Stop | None:
    """Return why the route may not go on, or None when both sides are what the progress remembers. Both topics exist."""
    if progress is None:
        return Stop.TARGET_AHEAD if target.beyond else None
    return _compare_source(progress, source) or _compare_target(progress, target)


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


def _compare_target(progress: Progress, target: Side) -> Stop | None:
    if target.topic_id != progress.target_id:
        return Stop.TARGET_RECREATED
    if target.end < progress.target_next:
        return Stop.TARGET_TRUNCATED
    if progress.target_count and target.last_crc is not None and target.last_crc != progress.target_crc:
        return Stop.TARGET_ALTERED
    if target.beyond:
        return Stop.TARGET_AHEAD
    return None


def first(source: Side, target: Side) -> Progress:
    """Return the progress of a route that has carried nothing yet: from the oldest record of the source."""
    return Progress(source_id=source.topic_id, next=source.start, target_id=target.topic_id)


def resumed(mode: Resume, progress: Progress | None, source: Side, target: Side) -> Progress:
    """Return the progress with which an operator's word lets the route go on.

    The target's end stands in for its last batch, so that only what comes behind it is ours from here on.
    """
    old = progress or first(source, target)
    match mode:
        case Resume.FROM_START:
            offset = source.start
        case Resume.FROM_NOW:
            offset = source.end
        case Resume.ACCEPT:
            offset = min(max(old.next, source.start), source.end)
    return Progress(
        source_id=source.topic_id,
        next=offset,
        target_id=target.topic_id,
        target_last=target.end,
        batches=old.batches,
        records=old.records,
        bytes=old.bytes,
    )
