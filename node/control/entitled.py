"""Who may do what in a node's cluster: its access control lists, as a function of the book alone.

The node itself is a super user there and needs none. All others have the least set:
- a *department* writes its own inboxes, reads what it was granted, and may use consumer groups and transactional ids under its name. It may read
  its inboxes too: to keep a place there in the transaction of what is written (TxnOffsetCommit) takes that, and publishing exactly once rests on it;
- a *child's node* writes and reads whatever is owned in its subtree, its progress among it, by transactional ids of its link, and reads what flows down to it.
"""

import re
from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

from node.control.book import Book
from node.control.routes import above, taken
from node.control.tree import Tree
from node.model.names import Department, Division, Topic, canary_topic, control_topic, department_of, division_of, inbox_topic, principal_of

_OURS = re.compile(r"[0-9]{6}(?:[0-9]{3}(?:[0-9]{3})?)?\..*", re.DOTALL)
_TOWARDS_OURS = re.compile(r"[0-9]{0,12}")
"""A prefix of names that begin with a division's code."""
_ANY = "*"


class Acl(NamedTuple):
    """One entry, in Kafka's words: who may do what with which names."""

    principal: str
    """`User:` and a name"""
    kind: str
    """topic, group, transactional-id, cluster"""
    name: str
    pattern: str
    """literal or prefixed"""
    operation: str
    """read, write, create, describe"""
    host: str = _ANY
    allows: bool = True

    def __str__(self) -> str:
        """Return it in plain words."""
        verb = "may" if self.allows else "may not"
        what = f"{self.kind}s that begin with {self.name}" if self.pattern == "prefixed" else f"{self.kind} {self.name}"
        return f"{self.principal.removeprefix('User:')} {verb} {self.operation} {what}" + (
            "" if self.host == _ANY else f" from {self.host}"
        )


def entitled(book: Book, here: Division, parent: Division | None, today: date) -> frozenset[Acl]:
    """Return the ACLs that the cluster of `here` has to have on a day, no more and no less."""
    found = {acl for department in book.departments if division_of(department) == here for acl in _of_department(department)}
    for resource in book.resources:
        if division_of(resource) == here:
            found.update(_topic(department_of(resource), inbox_topic(resource), may) for may in ("write", "read"))
    for grant in book.active(today):
        if division_of(grant.value.taker) == here:
            found.add(_topic(grant.value.taker, grant.topic, "read"))
    below = book.tree.children(here)
    for child in below:
        found.update(_of_child(book.tree, child))
    upper = () if parent is None else above(book, parent)
    controls = {control_topic(code) for code in (*book.tree.divisions, *upper)}
    heard = {canary_topic(code) for code in (here, *upper)}
    for child in below:
        own = {control_topic(code) for code in book.tree.subtree(child)}
        found.update(_topic(principal_of(child), topic, "read") for topic in (controls - own) | heard)
    found.update(_flowing_down(book, here, today))
    return frozenset(found)


def strangers(there: Collection[Acl], wanted: Collection[Acl], others: Collection[str] = ()) -> frozenset[Acl]:
    """Return those of a cluster's ACLs that must go: what they open is ours, and the book does not say so.

    `others` are the users of the operator's own tools. What another tenant of the cluster has under names of its own is none of ours.
    """
    return frozenset(acl for acl in there if acl not in wanted and acl.principal.removeprefix("User:") not in others and _touches_ours(acl))


def _touches_ours(acl: Acl) -> bool:
    if acl.kind in {"cluster", "user", "delegation-token"} or acl.name == _ANY or _OURS.fullmatch(acl.name):
        return True
    return _OURS.fullmatch(acl.principal.removeprefix("User:")) is not None or (
        acl.pattern == "prefixed" and _TOWARDS_OURS.fullmatch(acl.name) is not None
    )


def _of_department(department: Department) -> Iterator[Acl]:
    principal = f"User:{department}"
    yield Acl(principal, "group", f"{department}.", "prefixed", "read")
    yield Acl(principal, "transactional-id", f"{department}.", "prefixed", "write")


def _of_child(tree: Tree, child: Division) -> Iterator[Acl]:
    principal = f"User:{principal_of(child)}"
    for code in tree.subtree(child):
        yield Acl(principal, "topic", f"{code}.", "prefixed", "write")
        yield Acl(principal, "topic", f"{code}.", "prefixed", "read")
    yield Acl(principal, "transactional-id", f"{child}.", "prefixed", "write")


def _flowing_down(book: Book, here: Division, today: date) -> Iterator[Acl]:
    for moving in taken(book, here, today):
        for side in moving.takers:
            if side not in {None, here, moving.owner}:
                assert side is not None
                yield _topic(principal_of(side), moving.topic, "read")


def _topic(user: str, topic: Topic, operation: str) -> Acl:
    return Acl(f"User:{user}", "topic", topic, "literal", operation)
