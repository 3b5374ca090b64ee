"""Raw carriage: which batches pass untouched, which are rebuilt, and which cannot come from a node at all."""

from enum import Enum

from node.batch.build import rebuild
from node.batch.header import Buffer, Header


class Verdict(Enum):
    """What to do with a batch."""

    CARRY = "carry"
    REBUILD = "rebuild"
    """its records are copied into a batch without holes, as the broker asks of a producer"""
    APPEND_TIME = "its timestamps were set by the broker (LogAppendTime)"
    HOLES = "records are missing inside it, which compaction does to state but nothing does to facts"


def judge(header: Header, offset: int, *, compacted: bool) -> Verdict:
    """Judge a batch of records read from `offset` on; `compacted` is true for a state resource."""
    if header.log_append_time:
        return Verdict.APPEND_TIME
    if header.has_holes or header.base_offset < offset:
        return Verdict.REBUILD if compacted else Verdict.HOLES
    return Verdict.CARRY


def rebuilt(batch: Buffer, header: Header, offset: int) -> bytearray | None:
    """Return the batch's records from `offset` on as a new batch; None when none is left. BatchError for a damaged one."""
    return rebuild(batch, header, offset)
