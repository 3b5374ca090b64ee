"""Seals: what stands between a control log and the book, and lets through only what a key that counts has signed.

A signature ends each run of events and covers, by the chain, all that stands before it. So values are held until a good signature comes at or
behind them, and what was read together costs one verification for each key, of the last signature under it: that covers the others. Verified
one by one they let through the same events under the same keys.

- The chain is looked at first: a gap, a fork or another digest breaks the author's log at once, whoever signed what. Nothing held is let through.
- A signature that does not fit counts as none: a later good one covers its events, and until then they wait, with an alarm.
- A key that nobody vouched for stops the log there, with an alarm, until a key event changes what the author is held to (`Standing`).
- Where a history was named (`key-revoked`), nothing of it is let through before its last event has the digest that was named.
- Under a revoked key events count up to its last sequence. Those behind stand in the chain, for others may answer them, and are void.

Bounds: CONTROL_RUN_EVENTS_MAX events and CONTROL_RUN_BYTES_MAX bytes of an author are held; of a log that needs more, what is held is let go, and
the log is to be read again when its author's standing changes. A named history that is still to come is held as digests alone.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from node.control.book import Book, Outcome
from node.control.chain import Broken, Stuck
from node.control.events import decode, decode_form, place_in
from node.control.keys import Standing
from node.errors import EventError
from node.model.keys import Signed, fingerprint, is_sealed, key_id, sealing_key
from node.model.limits import CONTROL_RUN_BYTES_MAX, CONTROL_RUN_EVENTS_MAX
from node.model.names import Division
from node.model.values import NodeKeyValue

Why = Literal["gap", "fork", "chain", "signature", "key", "unsigned", "history"]
_HEALING: tuple[Why, ...] = ("signature", "key", "unsigned")
"""What more of the log, or a key event, may mend."""


class Alarm(msgspec.Struct, frozen=True):
    """Why nothing more of an author's log is let through, from which event on: a word to count by, and what a person needs beside it."""

    author: Division
    sequence: int
    why: Why
    detail: str

    @property
    def may_heal(self) -> bool:
        """Whether more of the log, or a key event, may mend it."""
        return self.why in _HEALING

    @property
    def text(self) -> str:
        """The alarm in a line."""
        return f"event {self.sequence}: {self.detail}"


class _Held(msgspec.Struct):
    value: bytes
    seal: bytes | None
    digest: bytes
    bad: bool = False
    """its signature was looked at and does not fit"""


class _Log:
    """One author's log behind what the book has taken of it."""

    def __init__(self) -> None:
        self.held: list[_Held] = []
        self.signed: list[tuple[int, str]] = []
        """the stretches of what was let through that are signed with one key: up to which event, and with which"""
        self.bytes = 0
        self.parked = False
        """what came behind the book was let go: nothing that does not follow is looked at until the log is read again"""
        self.named = Standing()
        """by which `learned` was begun"""
        self.learned: list[bytes] = []
        """the digests of a named history, behind what the book had when it was begun"""
        self.base = 0
        self.proven = False
        self.alarm: Alarm | None = None

    @property
    def is_broken(self) -> bool:
        return self.alarm is not None and not self.alarm.may_heal

    def let_go(self, *, parked: bool) -> None:
        self.held.clear()
        self.bytes, self.parked = 0, parked


class Seals:
    """All authors' logs in front of one book. `standing` says what each is held to, now."""

    def __init__(self, book: Book, standing: Callable[[Division], Standing]) -> None:
        self.book, self.standing = book, standing
        self.again: set[Division] = set()
        """whose logs have to be read again from their beginning; whoever does so takes them out"""
        self.undone: set[Division] = set()
        """of whom something was let through that the named history does not have"""
        self._logs: dict[Division, _Log] = {}

    def take(self, author: Division, records: Sequence[Signed]) -> Iterator[Outcome]:
        """Take the next records of an author's log; yield what the book makes of those that are let through."""
        log = self._logs.get(author) or self._logs.setdefault(author, _Log())
        fault = None
        for record in records:
            if log.is_broken or fault is not None:
                break
            fault = self._add(author, log, record)
            if log.proven and log.held and self.book.taken(author) < log.named.last:
                yield from self._release_named(author, log)
        if not log.is_broken:
            yield from self._settle(author, log)
        if fault is not None and author not in self.again:  # else it comes again, and is held to something else
            log.let_go(parked=True)
            self._sound(log, fault)
            if log.base and not log.proven:  # what was let through may be the beginning of another history than the named one
                self.undone.add(author)

    def is_behind(self, author: Division) -> bool:
        """Tell whether something came of an author that is not let through."""
        log = self._logs.get(author)
        return log is not None and (bool(log.held) or log.parked or log.alarm is not None)

    def begin(self, author: Division) -> None:
        """Be told that an author's log comes from its beginning next: what does not follow then is a gap."""
        if author in self._logs:
            self._logs[author].parked = False

    @property
    def alarms(self) -> dict[Division, Alarm]:
        """What is wrong, for each author of whose log something is held or broken."""
        return {author: log.alarm for author, log in self._logs.items() if log.alarm is not None}

    @property
    def authors(self) -> list[Division]:
        """All of whom something came."""
        return list(self._logs)

    def changed(self, author: Division, before: Standing, after: Standing) -> bool:
        """Hold an author's log to something else; tell whether what was let through would be judged otherwise, so that the book must be folded anew."""
        log = self._logs.get(author)
        if log is None:
            return False
        first = 1
        for last, key in log.signed:
            if before.judged(key, first, last) != after.judged(key, first, last):
                return True
            first = last + 1
        if 0 < after.last <= self.book.taken(author) and self.book.digest(author, after.last).hex() != after.digest:
            return True
        if log.held or log.parked or log.alarm is not None or log.base + len(log.learned) > self.book.taken(author):
            log.let_go(parked=True)
            self._quiet(log)
            self.again.add(author)
        log.named, log.learned, log.base, log.proven = Standing(), [], 0, False
        return False

    # ---- the chain

    def _add(self, author: Division, log: _Log, record: Signed) -> Alarm | None:
        """Put a record behind what is held; return what is wrong with its place in the chain."""
        digest, place, taken = hashlib.sha256(record.value).digest(), place_in(record.value), self.book.taken(author)
        standing = self.standing(author)
        naming = standing.last > taken and not (log.proven and log.named == standing)
        if naming and log.named != standing:
            log.named, log.learned, log.base, log.proven = standing, [], taken, False
        known = self._digests(author, log, place.sequence, naming=naming)
        if known is not None:
            return None if known == digest else Alarm(author, place.sequence, "fork", "it was said before with other bytes")
        end = log.base + len(log.learned) if naming else taken + len(log.held)
        if place.sequence != end + 1:
            return None if log.parked else Alarm(author, place.sequence, "gap", f"it follows event {end}: there is a gap")
        before = self._digests(author, log, end, naming=naming)
        if place.previous != (before.hex() if before else None):
            return Alarm(author, place.sequence, "chain", f"its previous is not the SHA-256 of event {end}")
        if naming:
            return self._learn(author, log, digest)
        self._hold(author, log, _Held(record.value, record.seal, digest))
        return None

    def _digests(self, author: Division, log: _Log, sequence: int, *, naming: bool) -> bytes | None:
        """Return the digest of an event that was taken or is held or learned, None where it is still to come."""
        taken = self.book.taken(author)
        if 0 < sequence <= taken:
            return self.book.digest(author, sequence)
        if naming:
            at, known = sequence - log.base - 1, log.learned
            return known[at] if 0 <= at < len(known) else None
        at = sequence - taken - 1
        return log.held[at].digest if 0 <= at < len(log.held) else None

    def _learn(self, author: Division, log: _Log, digest: bytes) -> Alarm | None:
        log.parked = False
        log.learned.append(digest)
        if log.base + len(log.learned) < log.named.last:
            return None
        if digest.hex() == log.named.digest:
            log.proven = log.parked = True
            self.again.add(author)
        else:
            return Alarm(author, log.named.last, "history", "the history up to it is not the one that was named when a key was revoked")
        return None

    def _hold(self, author: Division, log: _Log, held: _Held) -> None:
        log.parked = False
        log.held.append(held)
        log.bytes += len(held.value)
        if not self.book.taken(author) and author not in self.book.hints and b'"division"' in held.value:
            self._hint(author, held.value)

    def _hint(self, author: Division, value: bytes) -> None:
        # What makes a node somebody's child stands in its parent's log, and its own children answer that: where to look for the keys.
        try:
            event = decode_form(value)
        except EventError:
            return
        if event.kind == "division" and event.answers is not None:
            self.book.hints[author] = event.answers[0]

    def _sound(self, log: _Log, alarm: Alarm) -> None:
        log.alarm = alarm
        self.book.alarms[alarm.author] = alarm.text
        (self.book.held.add if alarm.may_heal else self.book.held.discard)(alarm.author)

    def _quiet(self, log: _Log) -> None:
        if log.alarm is not None:
            self.book.alarms.pop(log.alarm.author, None)
            self.book.held.discard(log.alarm.author)
            log.alarm = None

    # ---- the signatures

    def _settle(self, author: Division, log: _Log) -> Iterator[Outcome]:
        """Let through what is covered by a signature, again and again: a key may be declared in what was let through before."""
        while log.held:
            standing = self.standing(author)
            stretches = _stretches(log.held, standing if standing.keys else self._pinned(author, log))
            if not stretches:
                self._wait(author, log, standing)
                return
            self._quiet(log)
            yield from self._release(author, log, *stretches[0])
        if not log.parked:
            self._quiet(log)

    def _pinned(self, author: Division, log: _Log) -> Standing:
        """Return the standing of the root before its first event is let through: whoever has that key is the root."""
        keys = self.book.keys
        if keys.root is not None or self.book.taken(author):
            return Standing()
        return first_key(log.held[0].value, author, keys.pin)

    def _release(self, author: Division, log: _Log, count: int, key: str) -> Iterator[Outcome]:
        first = self.book.taken(author) + 1
        standing = self.standing(author)
        until = standing.judged(key, first, first + count - 1) if standing.keys else first + count - 1
        released, log.held = log.held[:count], log.held[count:]
        log.bytes = sum(len(one.value) for one in log.held)
        for sequence, one in enumerate(released, first):
            yield self._fold(author, log, one, key, void=until is not None and sequence > until)
            if log.parked:
                return

    def _fold(self, author: Division, log: _Log, one: _Held, key: str, *, void: bool = False) -> Outcome:
        sequence = self.book.taken(author) + 1
        outcome = self.book.fold(author, one.value, signer=key, void=void)
        if isinstance(outcome, Stuck | Broken):
            log.let_go(parked=True)
            return outcome
        if log.signed and log.signed[-1][1] == key:
            log.signed.pop()
        log.signed.append((sequence, key))
        return outcome

    def _release_named(self, author: Division, log: _Log) -> Iterator[Outcome]:
        """Let the next event of the named history through: it counts whoever signed it, so its signature is believed as it stands."""
        held = log.held.pop()
        sequence = self.book.taken(author) + 1
        log.let_go(parked=False)
        if held.digest != log.learned[sequence - log.base - 1]:
            self._sound(log, Alarm(author, sequence, "fork", "it came before with other bytes"))
            return
        named = sealing_key(held.seal or b"")
        yield self._fold(author, log, held, next((key for key, _last in log.named.keys if key_id(key) == named), ""))

    def _wait(self, author: Division, log: _Log, standing: Standing) -> None:
        first = self.book.taken(author) + 1
        sealed = next((at for at, one in enumerate(log.held) if one.seal is not None), None)
        if sealed is not None:
            named = sealing_key(log.held[sealed].seal or b"")
            known = named is not None and named in {key_id(key) for key, _last in standing.keys}
            why: Why = "signature" if known or named is None else "key"
            detail = (
                "its signature does not fit"
                if known or named is None
                else f"nobody vouched for the key {(named or b'').hex()} that signed it"
            )
            self._sound(log, Alarm(author, first + sealed, why, detail))
        if len(log.held) >= CONTROL_RUN_EVENTS_MAX or log.bytes >= CONTROL_RUN_BYTES_MAX:
            if sealed is None:
                self._sound(log, Alarm(author, first, "unsigned", f"{len(log.held)} events without a signature follow"))
            log.let_go(parked=True)


def first_key(value: bytes, author: Division, pin: str) -> Standing:
    """Return what a log is held to whose first event declares the pinned key; nothing where it does not."""
    try:
        said = decode(value)
    except EventError:
        return Standing()
    body = said.body
    if isinstance(body, NodeKeyValue) and said.author == body.division == author and fingerprint(body.key) == pin:
        return Standing(((body.key, None),))
    return Standing()


def covered(records: Sequence[Signed], standing: Standing) -> int:
    """Return how many of these records, which chain to each other, are covered by a good signature."""
    held = [_Held(record.value, record.seal, hashlib.sha256(record.value).digest()) for record in records]
    return sum(count for count, _key in _stretches(held, standing))


def _stretches(held: list[_Held], standing: Standing) -> list[tuple[int, str]]:
    """Return how many of the events held are covered by a good signature, and by which key, for each key in turn.

    It ends before a key that is not known: what that has signed may be its own, and is not to be taken for the next one's.
    """
    found: list[tuple[int, str]] = []
    covered, at = 0, 0
    by_id = {key_id(key): key for key, _last in standing.keys}
    while at < len(held):
        at = next((index for index in range(at, len(held)) if held[index].seal is not None), len(held))
        if at == len(held):
            break
        named = sealing_key(held[at].seal or b"")
        key = by_id.get(named) if named is not None else ""
        if key is None:
            break
        end = at
        while end < len(held) and (held[end].seal is None or sealing_key(held[end].seal or b"") == named):
            end += 1
        good = next((index for index in range(end - 1, at - 1, -1) if key and _is_good(held[index], key)), None)
        if good is not None:
            found.append((good + 1 - covered, key))
            covered = good + 1
        at = end
    return found


def _is_good(one: _Held, key: str) -> bool:
    if one.seal is None or one.bad:
        return False
    one.bad = not is_sealed(key, one.seal, one.digest)
    return not one.bad
