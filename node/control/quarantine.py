"""What is asked about a quarantine and what is answered: which records are meant, and the lines of an answer.

An answer is a run of lines, told as the work goes on, for a quarantine may hold millions of records: `Advanced` says how far it has come,
and the last line is `Ended`, or `Problem` where it could not be finished. No line holds a value, or a key that is not masked, but a `Sampled`
that was asked for with values.
"""

from typing import Any, Literal

import msgspec

from node.errors import CommandRefused
from node.model.names import Department, Topic

OFFSETS_MAX = 10_000
"""Records named one by one in a request."""
WHY_MAX = 1_000
State = Literal["waiting", "replayed", "discarded"]
"""What became of a refused record."""


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which records are meant: those that wait with one reason, those at some offsets of a partition, or all that wait."""

    reason: str = ""
    partition: int | None = None
    offsets: frozenset[int] = frozenset()
    all: bool = False

    def check(self, partitions: int) -> None:
        """CommandRefused unless exactly one way of choosing is used, and as it can be."""
        if (bool(self.reason), self.partition is not None or bool(self.offsets), self.all).count(True) != 1:
            en = "choose the records in one way: --reason, or --partition with --offset, or --all"
            raise CommandRefused("malformed", en, "请用一种方式选择记录：--reason，或 --partition 加 --offset，或 --all")
        if self.all or self.reason:
            return
        if self.partition is None or not self.offsets:
            en = "an offset counts within its partition: give --partition and --offset together"
            raise CommandRefused("malformed", en, "位移在分区内计数：请同时给出 --partition 与 --offset")
        if not 0 <= self.partition < partitions:
            en = f"there is no partition {self.partition}: the resource has {partitions}, from 0 on"
            raise CommandRefused("malformed", en, f"没有分区 {self.partition}：该资源有 {partitions} 个分区，从 0 起")
        if len(self.offsets) > OFFSETS_MAX or min(self.offsets) < 0:
            en = f"offsets are not negative, and at most {OFFSETS_MAX} can be named at once; for more, choose by --reason"
            raise CommandRefused("malformed", en, f"位移不得为负，一次最多 {OFFSETS_MAX} 个；更多请用 --reason 选择")

    @property
    def by_offset(self) -> bool:
        """Records are named one by one: of each it is told why nothing was done with it."""
        return bool(self.offsets)

    def span(self, partition: int, begin: int, end: int) -> tuple[int, int]:
        """Return where to read in a partition that has offsets from `begin` up to `end`."""
        if not self.offsets:
            return begin, end
        if partition != self.partition:
            return end, end
        return max(begin, min(self.offsets)), min(end, max(self.offsets) + 1)

    def takes(self, offset: int, reason: str) -> bool:
        """Tell whether a record of a stretch that `span` gave is meant."""
        return offset in self.offsets if self.offsets else self.all or reason == self.reason


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to replay or discard records."""

    selection: Selection
    why: str = ""
    force: bool = False
    """replay also where the resource holds a later record of the key"""
    dry_run: bool = False

    def check(self, partitions: int) -> None:
        """CommandRefused for what cannot be carried out."""
        self.selection.check(partitions)
        if len(self.why) > WHY_MAX:
            en = f"the reason has {len(self.why)} characters, at most {WHY_MAX} are kept; say it in fewer words"
            raise CommandRefused("malformed", en, f"原因有 {len(self.why)} 个字符，最多 {WHY_MAX} 个；请写得更短")


# ---- lines


class Advanced(msgspec.Struct, frozen=True, tag_field="line", tag="advanced"):
    """How far the work has come, in offsets."""

    done: int
    total: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a resource that broke one rule in one field: those that wait, since when and up to when, and those that were handled."""

    reason: str
    field: str
    zh: str
    en: str
    waiting: int
    replayed: int
    discarded: int
    claimed: int
    """records that waiting batches which cannot be opened say they have; 0 where there are none"""
    since_ms: int | None
    newest_ms: int | None


class Listed(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="listed"):
    """What was refused of one resource, and who must repair it."""

    resource: Topic
    title: str
    department: Department
    department_name: str
    groups: tuple[Group, ...]


class Sampled(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="sampled"):
    """One record that waits. `value` and `base64` are there only if values were asked for: decoded, or as it is where it cannot be."""

    partition: int
    offset: int
    timestamp_ms: int
    inbox_offset: int
    reason: str
    field: str
    place: int
    zh: str
    en: str
    form: str
    key: str | None
    """masked"""
    value: Any = None
    base64: str | None = None
    undecoded: str = ""
    """why it could not be decoded"""


class Kept(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="kept"):
    """A record that was meant and with which nothing was done, and why."""

    partition: int
    offset: int
    code: str
    zh: str
    en: str


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="ended"):
    """The work is done: how many records were replayed or discarded (or would be), and of how many it was told why not."""

    records: int = 0
    kept: int = 0
    handled_before: int = 0
    """records that the selection would have meant, had they not been handled before"""


class Problem(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="problem"):
    """The work could not be finished. What was told before stands."""

    code: str
    zh: str
    en: str


Line = Advanced | Listed | Sampled | Kept | Ended | Problem
