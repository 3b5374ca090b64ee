"""The chains: each author's events in their own order, held back until what they answer is there.

A chain never skips. What was taken once is known again by its digest; a gap or another digest breaks that author's log
and no other. What an event means is not asked here.
"""

import hashlib
from collections import deque
from collections.abc import Iterator

import msgspec

from node.control.events import Event, decode_form, sequence_in
from node.errors import EventError
from node.model.limits import CONTROL_WAITING_MAX
from node.model.names import Division
from node.model.values import EventRef

_DIGEST_BYTES = 32


class Released(msgspec.Struct, frozen=True):
    """The event's turn has come, and that of all that waited for it, in an order in which they may be applied."""

    events: tuple[Event, ...]


class Repeated(msgspec.Struct, frozen=True):
    """The same bytes were taken before; nothing happened."""

    ref: EventRef


class Waiting(msgspec.Struct, frozen=True):
    """The event was taken and is held back: its author's log waits for `answers` to be folded."""

    ref: EventRef
    answers: EventRef


class Stuck(msgspec.Struct, frozen=True):
    """The event was not taken, for too many of its author wait. Offer the log again from `sequence` when others have moved."""

    author: Division
    sequence: int


class Broken(msgspec.Struct, frozen=True):
    """The author's log is broken, now or since before: nothing more of it is taken."""

    author: Division
    reason: str


Taken = Released | Repeated | Waiting | Stuck | Broken


class _Chain:
    """One author's log as far as it was taken; 32 bytes an event tell a repetition from a forgery."""

    def __init__(self) -> None:
        self.digests = bytearray()
        self.folded = 0
        self.waiting: deque[Event] = deque()
        self.stuck = False
        self.broken = ""

    @property
    def taken(self) -> int:
        return len(self.digests) // _DIGEST_BYTES

    def digest(self, sequence: int) -> bytes:
        return bytes(self.digests[(sequence - 1) * _DIGEST_BYTES : sequence * _DIGEST_BYTES])


class Chains:
    """All authors' chains; what one releases may release others."""

    def __init__(self) -> None:
        self._chains: dict[Division, _Chain] = {}
        self._awaited: dict[EventRef, list[Division]] = {}

    def take(self, author: Division, value: bytes) -> Taken:
        """Take the next record of `author`'s log, or say why not."""
        chain = self._chains.get(author) or self._chains.setdefault(author, _Chain())
        if not chain.broken:
            digest, sequence = hashlib.sha256(value).digest(), sequence_in(value)
            # The same bytes have been held to every rule before. A log of which too many waited is read again from its beginning.
            if 0 < sequence <= chain.taken and digest == chain.digest(sequence):
                return Repeated((author, sequence))
            try:
                event = decode_form(value)
            except EventError as error:
                chain.broken = f"event {chain.taken + 1}: {error}"
            else:
                return self._take(author, chain, event, digest)
        return Broken(author, chain.broken)

    def tail(self, author: Division) -> tuple[int, str | None]:
        """Return sequence and digest of the last event taken, folded or waiting; (0, None) before the first."""
        chain = self._chains.get(author)
        if chain is None or not chain.taken:
            return (0, None)
        return (chain.taken, chain.digest(chain.taken).hex())

    def taken(self, author: Division) -> int:
        """Return how many events of an author were taken."""
        chain = self._chains.get(author)
        return 0 if chain is None else chain.taken

    def digest(self, author: Division, sequence: int) -> bytes:
        """Return the SHA-256 of an event that was taken, empty where it was not."""
        chain = self._chains.get(author)
        return chain.digest(sequence) if chain is not None and sequence > 0 else b""

    @property
    def heads(self) -> dict[Division, tuple[int, str]]:
        """Sequence and digest of the last event folded, for each author of whom there is one."""
        return {author: (chain.folded, chain.digest(chain.folded).hex()) for author, chain in self._chains.items() if chain.folded}

    @property
    def broken(self) -> dict[Division, str]:
        """Why, for each author whose log is broken."""
        return {author: chain.broken for author, chain in self._chains.items() if chain.broken}

    @property
    def waiting(self) -> dict[Division, tuple[int, EventRef]]:
        """How many events wait and for which, for each author of whom some wait."""
        return {author: (len(chain.waiting), _awaits(chain)) for author, chain in self._chains.items() if chain.waiting}

    def held(self, author: Division) -> Iterator[Event]:
        """The events of an author that wait, bodies unread."""
        chain = self._chains.get(author)
        return iter(chain.waiting) if chain is not None else iter(())

    def _take(self, author: Division, chain: _Chain, event: Event, digest: bytes) -> Taken:
        if chain.stuck and event.author == author and event.sequence > chain.taken + 1:
            return Stuck(author, chain.taken + 1)
        chain.broken = _fault(author, chain, event)
        if chain.broken:
            return Broken(author, chain.broken)
        chain.stuck = len(chain.waiting) >= CONTROL_WAITING_MAX
        if chain.stuck:
            return Stuck(author, event.sequence)
        chain.digests += digest
        return self._accept(chain, event)

    def _accept(self, chain: _Chain, event: Event) -> Released | Waiting:
        chain.waiting.append(event)
        if len(chain.waiting) > 1:
            return Waiting(event.ref, _awaits(chain))
        events = list(self._drain(event.author))
        if not events:
            return Waiting(event.ref, _awaits(chain))
        for released in events:  # the list grows while it is walked: each release may be what another author waits for
            for author in self._awaited.pop(released.ref, ()):
                events.extend(self._drain(author))
        return Released(tuple(events))

    def _drain(self, author: Division) -> Iterator[Event]:
        chain = self._chains[author]
        while chain.waiting:
            answers = chain.waiting[0].answers
            if answers is not None and not self._is_there(author, answers):
                self._awaited.setdefault(answers, []).append(author)
                return
            chain.folded += 1
            yield chain.waiting.popleft()

    def _is_there(self, author: Division, answers: EventRef) -> bool:
        # One's own event is there when it comes before; that it does not is for the book to refuse, waiting would never end.
        other = self._chains.get(answers[0])
        return answers[0] == author or (other is not None and other.folded >= answers[1])


def _fault(author: Division, chain: _Chain, event: Event) -> str:
    if event.author != author:
        return f"event {chain.taken + 1}: its author is {event.author}, the log is that of {author}"
    if event.sequence <= chain.taken:
        return f"event {event.sequence} was said before with other bytes"
    if event.sequence > chain.taken + 1:
        return f"event {event.sequence} follows {chain.taken}: there is a gap"
    if chain.taken and event.previous != chain.digest(chain.taken).hex():
        return f"event {event.sequence}: its previous is not the SHA-256 of event {chain.taken}"
    return ""


def _awaits(chain: _Chain) -> EventRef:
    answers = chain.waiting[0].answers
    assert answers is not None, "only an event that answers another is held back first in line"
    return answers
