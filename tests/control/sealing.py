"""Signed logs of a tree of nodes, written with keys that tests have, and what folds them in any order."""

import hashlib
from collections.abc import Iterable
from functools import cache
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.control.bodies import Body
from node.control.book import Book
from node.control.events import digest, encode
from node.control.folding import Folding
from node.control.run import Run
from node.model.keys import Signed, fingerprint, key_text, seal
from node.model.names import Department, Division
from node.model.values import DepartmentValue, DivisionValue, EventRef, KeyRevokedValue, NodeKeyValue

ROOT, CITY, DISTRICT, OTHER = map(Division, ("440000", "445100", "445102", "440100"))
AT = "2026-11-22T12:00:00.000Z"
Logs = dict[Division, list[Signed]]


@cache
def private(name: str) -> Ed25519PrivateKey:
    """The private key of a name, always the same."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


@cache
def public(name: str) -> str:
    """The key of a name as text."""
    return key_text(private(name).public_key().public_bytes_raw())


def sealed(value: bytes, key: str) -> Signed:
    """A value signed with the key of a name."""
    return Signed(value, seal(public(key), private(key).sign(hashlib.sha256(value).digest())))


def division(code: Division, parent: Division | None) -> DivisionValue:
    """A division's body."""
    return DivisionValue(code=code, name=code, level="province" if parent is None else "city", parent=parent)


def department(code: Division, name: str) -> DepartmentValue:
    """A department's body."""
    return DepartmentValue(department=Department(f"{code}.{name}"), name=name)


class Realm:
    """Logs of nodes; each says what it likes, with whatever key."""

    def __init__(self) -> None:
        self.logs: Logs = {}

    def say(self, author: Division, *bodies: Body, key: str = "", answers: EventRef | None = None) -> EventRef:
        """Append a run, signed with the key of a name, the author's own by itself; return the last event."""
        log = self.logs.setdefault(author, [])
        run = Run(author, (len(log), digest(log[-1].value) if log else None), AT)
        for body in bodies:
            run.say(body, answers)
        values = [encode(event) for event in run.events]
        log += [Signed(value) for value in values[:-1]]
        log.append(sealed(values[-1], key or author))
        return run.events[-1].ref

    def vouch(self, parent: Division, code: Division, name: str = "", answers: EventRef | None = None, key: str = "") -> EventRef:
        """Let a node vouch for a child's key, the child's own by itself."""
        return self.say(parent, NodeKeyValue(division=code, key=public(name or code)), answers=answers, key=key)

    def revoke(self, parent: Division, code: Division, last: int, name: str = "", key: str = "") -> EventRef:
        """Let a node revoke a child's key behind an event of it."""
        return self.say(parent, self.revocation(code, last, name), key=key)

    def revocation(self, code: Division, last: int, name: str = "") -> KeyRevokedValue:
        """What a revocation says, of the log as it stands."""
        named = digest(self.logs[code][last - 1].value) if last else ""
        return KeyRevokedValue(division=code, key=public(name or code), last=last, digest=named)


def realm() -> Realm:
    """Three levels, each node vouched for by the one above, each with a department; nothing wrong."""
    one = Realm()
    one.say(ROOT, NodeKeyValue(division=ROOT, key=public(ROOT)))
    one.say(ROOT, division(ROOT, None), department(ROOT, "a"))
    claim = one.say(ROOT, division(CITY, ROOT))
    one.vouch(ROOT, CITY)
    one.say(CITY, department(CITY, "a"), department(CITY, "b"))
    one.say(CITY, division(DISTRICT, CITY), answers=claim)
    one.vouch(CITY, DISTRICT)
    one.say(DISTRICT, department(DISTRICT, "a"))
    one.say(DISTRICT, department(DISTRICT, "b"), department(DISTRICT, "c"), department(DISTRICT, "d"))
    return one


def folding(pin: str = ROOT) -> Folding:
    """A folding that pins the key of a name."""
    return Folding(fingerprint(public(pin)))


def fold(logs: Logs, dice: Random | None = None, into: Folding | None = None) -> Folding:
    """Fold all that logs hold, as a node does: in the order of authors or in one that chance makes, a handful at a time, again where it is asked for."""
    folded, at = into or folding(), dict.fromkeys(logs, 0)
    for _ in range(100_000):
        left = [author for author in logs if at[author] < len(logs[author])]
        if not left and folded.is_anew:
            folded.level()
        elif not left:
            return folded
        else:
            author = dice.choice(left) if dice else left[0]
            count = dice.randint(1, 6) if dice else len(logs[author])
            for _outcome in folded.take(author, logs[author][at[author] : at[author] + count]):
                pass
            at[author] += count
        at |= {author: 0 for author in folded.again() if author in at}
    raise AssertionError("it does not come to an end")


def departments(folded: Folding) -> set[str]:
    """What moved the book: the departments."""
    return set(folded.book.departments)


def state(book: Book) -> object:
    """All of a book that keys bear on."""
    keys = {code: book.keys.standing(code) for code in book.tree.divisions}
    return (book.departments, list(book.tree.divisions.items()), book.heads, book.alarms, book.waiting, book.refused, keys)


def changed(logs: Logs, author: Division, at: int, records: Iterable[Signed]) -> Logs:
    """Logs in which some records stand in the place of all of an author from `at` on."""
    return logs | {author: [*logs[author][:at], *records]}
