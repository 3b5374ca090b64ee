"""Refused records by reason, field and sentence, which rules over several fields differ by: counted while they are read, none of them held."""

import msgspec

from node.control.quarantine import Group, State
from node.transform.refusal import Refusal

GROUPS_MAX = 1_000
"""Rules times fields: a schema has some dozens of either. What goes beyond stands in one group of its own."""
OTHERS = ("…", "…", "其他原因", "other reasons")


class Grouping:
    """The groups of one resource."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str, str, str], _Figures] = {}

    def add(self, refusal: Refusal, state: State) -> None:
        """Count a record."""
        name = refusal.word, refusal.field, refusal.zh, refusal.en
        if name not in self._groups and len(self._groups) >= GROUPS_MAX:
            name = OTHERS
        self._groups.setdefault(name, _Figures()).add(refusal, state)

    def groups(self) -> tuple[Group, ...]:
        """Return the groups, those with most waiting first."""
        made = (figures.group(*name) for name, figures in self._groups.items())
        return tuple(sorted(made, key=lambda one: (-one.waiting, one.reason, one.field, one.en)))


class _Figures(msgspec.Struct):
    waiting: int = 0
    replayed: int = 0
    discarded: int = 0
    claimed: int = 0
    since: int | None = None
    newest: int | None = None

    def add(self, refusal: Refusal, state: State) -> None:
        if state == "replayed":
            self.replayed += 1
        elif state == "discarded":
            self.discarded += 1
        else:
            self.waiting += 1
            self.claimed += refusal.claimed
            self.since = refusal.at if self.since is None else min(self.since, refusal.at)
            self.newest = refusal.at if self.newest is None else max(self.newest, refusal.at)

    def group(self, reason: str, field: str, zh: str, en: str) -> Group:
        return Group(
            reason=reason,
            field=field,
            zh=zh,
            en=en,
            waiting=self.waiting,
            replayed=self.replayed,
            discarded=self.discarded,
            claimed=self.claimed,
            since_ms=self.since,
            newest_ms=self.newest,
        )
