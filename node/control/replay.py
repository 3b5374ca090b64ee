"""Which refused records may go back to their inbox, and why others may not.

A record is older than another of its key where the other's timestamp is no earlier. Its own timestamp, or the moment at which the gate
refused it where that is earlier, stands for its age: so a department's clock that runs ahead cannot make an old record young. Of two in the
same millisecond nobody can tell which came first: the one that was refused keeps back.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from node.batch.build import build
from node.batch.header import LZ4
from node.batch.records import Record
from node.control.quarantine import Kept, State
from node.errors import BatchError
from node.transform.refusal import Refusal

_OVERHEAD_BYTES = 128
"""A batch's header (61 bytes) and a record's own lengths and deltas (up to 36), rounded up."""


class Candidate(NamedTuple):
    """A refused record that is to be handled, and its number among all records that were read of its partition."""

    refusal: Refusal
    ordinal: int


class Why(msgspec.Struct, frozen=True):
    """Why nothing is done with a record."""

    code: str
    zh: str
    en: str

    def of(self, partition: int, offset: int) -> Kept:
        """Return this as it is told of a record."""
        return Kept(partition=partition, offset=offset, code=self.code, zh=self.zh, en=self.en)


LATER = Why(
    "later-record",
    "资源中已有同一主键的同时或更晚的记录，回放会覆盖或打乱它；确需回放请加 --force",
    "the resource or its inbox holds a record of this key that is no older, which it would overwrite or get behind; --force replays it all the same",
)
MISSING = Why("not-there", "隔离区中没有此位移的记录，或已过保留期", "no record stands at this offset of the quarantine, or no more")
_TOO_LARGE = Why("too-large", "该记录单独成批后超过上限，收件箱无法接收", "alone in a batch it is larger than the inbox takes")
_FORM = Why(
    "cannot-be-opened",
    "无法解开的记录或批次不能回放；请由部门重新发布，再作废此条",
    "a record or batch that cannot be opened cannot be replayed; let the department publish it anew, then discard this",
)
_HANDLED: dict[State, Why] = {
    "replayed": Why(
        "handled-before",
        "此前已回放；若再次被拒，则在隔离区另有新的位移",
        "it was replayed before; refused again, it stands at another offset",
    ),
    "discarded": Why("handled-before", "此前已作废", "it was discarded before"),
}


def why_not(refusal: Refusal, state: State, *, batch_bytes_max: int) -> Why | None:
    """Return why a record can in no case be replayed, None where it can."""
    if state != "waiting":
        return _HANDLED[state]
    if refusal.form:
        return _FORM
    return None if _fits(refusal.published, batch_bytes_max) else _TOO_LARGE


def why_not_discarded(state: State) -> Why | None:
    """Return why a record is not to be discarded, None where it is."""
    return _HANDLED.get(state)


def _fits(record: Record, batch_bytes_max: int) -> bool:
    headers = sum(len(name) + len(value or b"") + 10 for name, value in record.headers)
    if len(record.key or b"") + len(record.value or b"") + headers + _OVERHEAD_BYTES <= batch_bytes_max:
        return True
    try:  # its department may have written it in a batch that was compressed
        return len(build((record,), codec=LZ4)) <= batch_bytes_max
    except BatchError:
        return False


class Later:
    """Finds out of which records a later one of the same key was seen. It holds no more than these records' keys."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self._newest: dict[bytes, int | None] = {}
        since: int | None = None
        for refusal in refusals:
            if refusal.published.key is not None:
                self._newest[refusal.published.key] = None
                since = refusal.known_by if since is None else min(since, refusal.known_by)
        self.since = since
        """nothing before this moment (ms) need be looked at; None where no record has a key, so that none is before or behind another"""

    def see(self, records: Iterable[Record]) -> None:
        """Look at records of the resource or of its inbox."""
        newest = self._newest
        for record in records:
            if record.key in newest:
                known = newest[record.key]
                newest[record.key] = record.timestamp if known is None else max(known, record.timestamp)

    def holds_back(self, refusal: Refusal) -> bool:
        """Tell whether a record that is no older than this one, and has its key, was seen."""
        newest = None if refusal.published.key is None else self._newest.get(refusal.published.key)
        return newest is not None and newest >= refusal.known_by
