"""Refused records by reason and field: counted while they are read, none of them held."""

import msgspec

from node.control.quarantine import Group, State
from node.transform.refusal import Refusal

GROUPS_MAX = 1_000
"""Reasons times fields: a schema has some dozens of either. What goes beyond stands in one group of its own."""
OTHERS = "…"


class Grouping:
    """The groups of one resource."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], _Figures] = {}

    def add(self, refusal: Refusal, state: State) -> None:
        """Count a record."""
        name = refusal.word, refusal.field
        if name not in self._groups and len(self._groups) >= GROUPS_MAX:
            name = OTHERS, OTHERS
        figures = self._groups.get(name)
        if figures is None:
            figures = self._groups[name] = _Figures("", "") if name[0] == OTHERS else _Figures(refusal.zh, refusal.en)
        figures.add(refusal, state)

    def groups(self) -> tuple[Group, ...]:
        """Return the groups, those with most waiting first."""
        made = (figures.group(*name) for name, figures in self._groups.items())
        return tuple(sorted(made, key=lambda one: (-one.waiting, one.reason, one.field)))


class _Figures(msgspec.Struct):
    zh: str
    en: str
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

    def group(self, reason: str, field: str) -> Group:
        return Group(
            reason=reason,
            field=field,
            zh=self.zh,
            en=self.en,
            waiting=self.waiting,
            replayed=self.replayed,
            discarded=self.discarded,
            claimed=self.claimed,
            since_ms=self.since,
            newest_ms=self.newest,
        )
