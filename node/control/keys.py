"""Whose keys count: what nodes say of their own keys and parents of their children's, and what follows for each author's log.

The root's first key is the one whose fingerprint is pinned; it rotates by its own word, under a key that counts already. Anybody else's keys are
those that its parent by the tree has vouched for: the first by the parent's word alone, a further one only as the answer to the node's own
`node-key`, which stands in its log under a key that counts, or when no key of it is left that was not revoked. A revocation has two halves.
Under that key nothing counts behind `last`; and the history up to the greatest `last` is the one whose digest the parent named, whatever
signature stands beside it, so that a stolen key writes no other one.

Non-obvious:
- Here an event counts as soon as its author's log has been taken so far, also while that waits for what others say: else a parent's log could wait
  for a child's event that a revocation further on makes void. So a log's standing follows from the logs above it and from itself alone, and the
  tree by which parents are told is a tree of its own, of the same claims.
- A key that was revoked never counts again. Revoked once more, the newer word holds: the theft may have been earlier than was thought.
- The root revokes its own keys, and could so take back the ground under the very event that says it. So that event must bear a signature of
  another key, which was declared no later than `last`.
"""

import msgspec

from node.control.events import Event
from node.control.tree import Tree
from node.model.keys import fingerprint
from node.model.names import Division
from node.model.values import DivisionValue, EventRef, KeyRevokedValue, NodeKeyValue

KINDS = frozenset({"division", "node-key", "key-revoked"})
"""The kinds of events that bear on keys."""


class Key(msgspec.Struct, frozen=True):
    """A key of a node, by whose event it counts, and up to which sequence where it was revoked."""

    key: str
    said: EventRef
    counts: bool = True
    """not while it answers nothing of what the node said of itself, although it has another key"""
    last: int | None = None
    digest: str = ""
    revoked: EventRef | None = None

    @property
    def stands(self) -> bool:
        """Whether it counts, for what is said from now on."""
        return self.counts and self.revoked is None


class Standing(msgspec.Struct, frozen=True):
    """What an author's log is held to: the keys that count, each up to a last sequence or without end, and the history that was named."""

    keys: tuple[tuple[str, int | None], ...] = ()
    last: int = 0
    """up to here the history is the one whose last event has this digest"""
    digest: str = ""

    def judged(self, key: str, first: int, last: int) -> int | None:
        """Return up to which of the events from `first` to `last`, signed with a key, its author's word counts; None where the key is unknown."""
        keys = dict(self.keys)
        if key not in keys and last > self.last:
            return None
        until = keys.get(key, 0)
        return last if until is None else max(first - 1, min(last, max(until, self.last)))


class _Claim(msgspec.Struct, frozen=True):
    ref: EventRef
    at: str
    value: DivisionValue
    answers: EventRef | None


class Keys:
    """What was said of keys, by the events that were taken. A part of the book, which tells it of each."""

    def __init__(self, pin: str) -> None:
        self.pin = pin
        """the fingerprint of the root's first key; without one nothing is held to keys at all"""
        self.root: Division | None = None
        """whose log begins with the pinned key"""
        self.changes = 0
        """how often something was said of keys or parents"""
        self.declared: dict[Division, list[tuple[str, EventRef]]] = {}
        """the keys that each node has said of itself, in order"""
        self._said: dict[tuple[Division, Division], list[Event]] = {}
        self._refused: dict[EventRef, str] = {}
        self._claims: dict[Division, dict[Division, _Claim]] = {}
        self._tree: Tree | None = None

    def take(self, event: Event, signer: str | None) -> None:
        """Take an event of `KINDS` in its author's own order, with the key that signed it if somebody looked."""
        self.changes += 1
        match event.body:
            case DivisionValue():
                said = self._claims.setdefault(event.author, {})
                first = said.get(event.body.code)
                ref, at = (event.ref, event.at) if first is None else (first.ref, first.at)
                said[event.body.code] = _Claim(ref, at, event.body, event.answers)
                self._tree = None
            case NodeKeyValue() | KeyRevokedValue():
                refused = self._foreign(event, event.body) or self._unfounded(event, event.body, signer)
                if refused:
                    self._refused[event.ref] = refused
                    return
                if event.author == event.body.division and isinstance(event.body, NodeKeyValue):
                    self._declare(event, event.body)
                self._said.setdefault((event.author, event.body.division), []).append(event)
            case _:
                pass

    def refusal(self, event: Event, body: NodeKeyValue | KeyRevokedValue) -> str:
        """Return why what was said of a key moves nothing, empty where it does; asked when the event it answers is there."""
        if event.ref in self._refused or isinstance(body, KeyRevokedValue):
            return self._refused.get(event.ref, "")
        key = self._keys(event.author, body.division, event.sequence)[body.key]
        if key.said != event.ref:
            return "" if key.revoked is None else "key-revoked"
        return "" if key.counts else "not-declared"

    def parent(self, code: Division) -> Division | None:
        """Return the division above, by the claims that were taken; None for the root, whoever claims it, and for what nobody claims."""
        return None if code == self.root else self.tree.parent(code)

    def of(self, code: Division) -> tuple[Key, ...]:
        """Return all keys that were ever said to be a node's by who may say so: its parent, or itself at the root."""
        issuer = code if code == self.root else self.parent(code)
        return () if issuer is None else tuple(self._keys(issuer, code).values())

    def standing(self, code: Division) -> Standing:
        """Return what a node's log is held to."""
        keys = [key for key in self.of(code) if key.counts or key.last is not None]
        named = max((key for key in keys if key.last is not None), key=lambda key: key.last or 0, default=None)
        last, digest = (0, "") if named is None else (named.last or 0, named.digest)
        return Standing(tuple((key.key, key.last) for key in keys), last, digest)

    def wanted(self, code: Division, parent: Division) -> tuple[str, EventRef] | None:
        """Return the newest key that a node has said of itself and its parent has said nothing of, with the event; None if there is none."""
        declared, known = self.declared.get(code, []), self._keys(parent, code)
        return declared[-1] if declared and known and declared[-1][0] not in known else None

    @property
    def tree(self) -> Tree:
        """The divisions as far as their claims were taken."""
        if self._tree is None:
            self._tree = Tree()
            for author, said in self._claims.items():
                for claim in said.values():
                    if self._is_valid(author, claim):
                        self._tree.add(author, claim.ref, claim.at, claim.value)
        return self._tree

    def _is_valid(self, author: Division, claim: _Claim) -> bool:
        if claim.value.code == author:
            return claim.value.parent is None and (not self.pin or author == self.root)
        above = None if claim.answers is None else self._claims.get(claim.answers[0], {}).get(author)
        return claim.value.parent == author and (
            author in self._claims[author] if claim.answers is None else above is not None and above.ref == claim.answers
        )

    def _foreign(self, event: Event, body: NodeKeyValue | KeyRevokedValue) -> str:
        own = body.division == event.author
        return "" if own or body.division in self._claims.get(event.author, {}) else "not-own-child"

    def _unfounded(self, event: Event, body: NodeKeyValue | KeyRevokedValue, signer: str | None) -> str:
        if signer is None or body.division != event.author or isinstance(body, NodeKeyValue):
            return ""
        if signer in {"", body.key}:
            return "by-its-own-key"
        declared = (ref[1] for key, ref in self.declared.get(event.author, []) if key == signer)
        return "" if next(declared, 0) <= body.last else "key-too-young"

    def _declare(self, event: Event, body: NodeKeyValue) -> None:
        self.declared.setdefault(event.author, []).append((body.key, event.ref))
        if self.root is None and event.sequence == 1 and self.pin and fingerprint(body.key) == self.pin:
            self.root = event.author

    def _keys(self, issuer: Division, code: Division, until: int | None = None) -> dict[str, Key]:
        """Return what somebody has said of a node's keys, up to an event, by what the node has said of itself so far."""
        known: dict[str, Key] = {}
        for event in self._said.get((issuer, code), []):
            if until is not None and event.sequence > until:
                break
            body = event.body
            if isinstance(body, KeyRevokedValue):
                before = known.get(body.key, Key(body.key, event.ref))
                known[body.key] = msgspec.structs.replace(before, last=body.last, digest=body.digest, revoked=event.ref)
            elif isinstance(body, NodeKeyValue) and (body.key not in known or _is_idle(known[body.key])):
                alone = issuer == code or all(key.revoked is not None for key in known.values() if key.key != body.key)
                counts = alone or (body.key, event.answers) in self.declared.get(code, [])
                known[body.key] = Key(body.key, event.ref, counts)
        return known


def _is_idle(key: Key) -> bool:
    return not key.counts and key.revoked is None
