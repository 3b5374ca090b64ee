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


class Care(Enum):
    """What a topic's batches may be like, beside whole and with their producers' timestamps."""

    RAW = "raw"
    """nothing else: facts, carried as they are"""
    COMPACTED = "compacted"
    """records may be missing: state"""
    OPENED = "opened"
    """their records are looked into anyway: an inbox, whose broker writes its own time into headers"""
    CUT = "cut"
    """records may be missing, and the others are copied one by one anyway: what views are cut from"""


def judge(header: Header, offset: int, care: Care) -> Verdict:
    """Judge a batch of records read from `offset` on."""
    if header.log_append_time and care is not Care.OPENED:
        return Verdict.APPEND_TIME
    if header.base_offset < offset or (header.has_holes and care is not Care.CUT):
        return Verdict.HOLES if care is Care.RAW else Verdict.REBUILD
    return Verdict.CARRY


def rebuilt(batch: Buffer, header: Header, offset: int) -> bytearray | None:
    """Return the batch's records from `offset` on as a new batch; None when none is left. BatchError for a damaged one."""
    return rebuild(batch, header, offset)
