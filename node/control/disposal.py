"""The copies of what grants let move: which of them have to be disposed of, and from when on what flows into them is new.

A copy has to go when the last grant that needs it in its cluster stops: is suspended, ended, past its term, or of a request that was withdrawn.
When that was is told by a sequence of the owner's log, where grants are given, suspended, resumed and ended: thus all nodes tell the same, and a
node that was away while a grant was suspended and resumed finds that its copy is one of before. Whoever has disposed of a copy says as of
which sequence; what flows from one cluster to another begins anew where either side has said so again (`era`).
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

import msgspec

from node.control.book import Book
from node.control.events import day_of
from node.control.grants import Grant, is_copy
from node.model.names import Division, Topic, division_of
from node.model.values import GrantEndedValue, GrantResumedValue, GrantSuspendedValue


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be of a topic in one cluster, by the grants whose data passes it."""

    wanted: bool
    """some of them flows"""
    stopped: int
    """as of which event of the owner what was there had to be disposed of, the newest; 0 where none ever had"""
    disposed: int
    """as of which event the cluster's node has said that it was, the newest"""

    @property
    def is_due(self) -> bool:
        """What was there has to be disposed of still, whether the topic is wanted again by now or not."""
        return self.stopped > self.disposed


class _Change(msgspec.Struct, frozen=True):
    sequence: int
    at: str
    begins: bool
    grant: Grant


def copy_in(where: Division, topic: Topic, book: Book, today: date) -> Copy | None:
    """Return what is to be of a topic in the cluster of a division on a day.

    None where it is no copy there, but its owner's own resource, and where no grant on it has ever stopped: that of most by far.
    """
    if not is_copy(topic, where) or not ever_stopped(topic, book, today):
        return None
    grants, said = passing(where, topic, book), book.disposed.get(topic, {})
    disposed = said.get(where, 0)
    stopped, wanted = _stopped(grants, book, today)
    if said:
        begun = [change.sequence for grant in grants for change in _changes(grant) if change.begins and change.sequence > disposed]
        # By another clock a term may have ended there before a new grant was given that had not ended here: what comes from there is new.
        above = (said.get(node, 0) for node in book.tree.path(division_of(topic), where)[:-1])
        stopped = max([stopped, *(one for one in above if begun and min(begun) <= one)])
    return Copy(wanted=wanted, stopped=stopped, disposed=disposed)


def ever_stopped(topic: Topic, book: Book, today: date) -> bool:
    """Tell whether any grant on a topic has ever stopped: of most, none has."""
    return topic in book.disposed or any(_has_stopped(book.grants[ref], book, today) for ref in book.granted.get(topic, ()))


def is_due(where: Division, topic: Topic, book: Book, today: date) -> bool:
    """Tell whether a division's node has to dispose of a topic in its cluster still."""
    copy = copy_in(where, topic, book, today)
    return copy is not None and copy.is_due


def era(topic: Topic, clusters: Iterable[Division], book: Book, today: date) -> tuple[int, tuple[Division, ...]]:
    """Return what grows whenever a copy of a topic is removed from one of these clusters, and those whose disposal of it is awaited before it may flow.

    By the events in which their nodes said so: an owner's event may have a copy removed twice, where a clock is put back over a midnight.
    """
    said = book.removed.get(topic, {})
    return sum(said.get(where, 0) for where in clusters), tuple(where for where in clusters if is_due(where, topic, book, today))


def passing(where: Division, topic: Topic, book: Book, known: dict[tuple[Division, Division], bool] | None = None) -> list[Grant]:
    """Return the grants, ended or not, by which a topic moves through a division; `known` are ways that were looked at, by both ends."""
    ways = {} if known is None else known
    owner, found = division_of(topic), []
    for ref in book.granted.get(topic, ()):
        grant = book.grants[ref]
        ends = owner, division_of(grant.value.taker)
        if ends not in ways:
            ways[ends] = where in book.tree.path(*ends)
        if ways[ends]:
            found.append(grant)
    return found


def _changes(grant: Grant) -> Iterator[_Change]:
    """Yield when a grant began and stopped to let its topic move, as far as its owner's log says."""
    yield _Change(grant.ref[1], grant.at, True, grant)
    for act in grant.acts:
        if isinstance(act.body, GrantSuspendedValue | GrantResumedValue | GrantEndedValue):
            yield _Change(act.ref[1], act.at, isinstance(act.body, GrantResumedValue), grant)


def _stopped(grants: list[Grant], book: Book, today: date) -> tuple[int, bool]:
    """Return as of which sequence the last of some grants had stopped, the newest time that it was so, and whether one flows.

    A term that ends is no event: what stopped by it has stopped as of the last change before.
    """
    active: dict[int, str] = {}
    stopped = newest = 0
    for change in sorted((change for grant in grants for change in _changes(grant)), key=lambda change: change.sequence):
        if active and _are_over(active, change.at):
            stopped, active = newest, {}
        first, newest = change.grant.ref[1], change.sequence
        if change.begins:
            active[first] = change.grant.value.until
        elif active.pop(first, None) is not None and not active:
            stopped = newest
    # By the clock of today alone: by its owner's a term may have ended that has not here, and what flows here is not disposed of.
    wanted = any(not grant.ended and not grant.suspended and _lasts(grant, book, today) for grant in grants)
    return (newest if active and not wanted else stopped), wanted


def _are_over(untils: dict[int, str], at: str) -> bool:
    """Tell whether all terms had ended on the day of an event."""
    return all(untils.values()) and max(untils.values()) < day_of(datetime.fromisoformat(at)).isoformat()


def _has_stopped(grant: Grant, book: Book, today: date) -> bool:
    return bool(grant.acts) or not _lasts(grant, book, today)


def _lasts(grant: Grant, book: Book, today: date) -> bool:
    """Tell whether a grant that its owner let flow flows on a day."""
    return (not grant.value.until or grant.value.until >= today.isoformat()) and book.withdrawal(grant) is None
