"""The tree of divisions, grown from what nodes claim: a root claims itself, a parent claims its children.

Claims may contradict each other, for two nodes can speak in the same second and one can be wrong. The tree is a function
of the set of claims, never of the order in which they came in, and has no cycle by construction: it is grown from the
roots downwards, and a division stands where it is reached first. So the higher claim counts before the lower, of two
equally high the one said first, and nobody can claim what stands above itself.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from node.model.names import Division
from node.model.values import DivisionValue, EventRef

_RANK = {"province": 0, "city": 1, "county": 2, "town": 3}


class Claim(msgspec.Struct, frozen=True):
    """What an author says of a division: the newest value, and where and when it first said so."""

    ref: EventRef
    at: str
    value: DivisionValue


class _Shape(msgspec.Struct, frozen=True):
    """A grown tree. A division's subtree is a slice of `order`, from its own place up to `end`."""

    divisions: dict[Division, DivisionValue]
    parents: dict[Division, Division | None]
    children: dict[Division, list[Division]]
    order: list[Division]
    place: dict[Division, int]
    end: dict[Division, int]


class Tree:
    """Claims, and the tree that they make. Adding a claim is cheap; the first question after it grows the tree anew."""

    def __init__(self) -> None:
        self._claims: dict[Division, dict[Division, Claim]] = {}
        self._grown: _Shape | None = None

    def add(self, author: Division, ref: EventRef, at: str, value: DivisionValue) -> None:
        """Keep a claim; said again, it renews the value and keeps its first place and time."""
        said = self._claims.setdefault(author, {})
        first = said.get(value.code)
        said[value.code] = Claim(ref, at, value) if first is None else Claim(first.ref, first.at, value)
        self._grown = None

    def claim(self, author: Division, code: Division) -> Claim | None:
        """Return what `author` claims of `code`."""
        return self._claims.get(author, {}).get(code)

    @property
    def divisions(self) -> Mapping[Division, DivisionValue]:
        """Every division that stands in the tree, roots first and level by level."""
        return MappingProxyType(self._shape.divisions)

    def parent(self, code: Division) -> Division | None:
        """Return the division above; None for a root and for what does not stand in the tree."""
        return self._shape.parents.get(code)

    def children(self, code: Division) -> Sequence[Division]:
        """Return the divisions right below, in the order of their codes."""
        return tuple(self._shape.children.get(code, ()))

    def subtree(self, code: Division) -> frozenset[Division]:
        """Return a division and all below it; the division alone while it does not stand in the tree."""
        return frozenset(self._below(code)) | {code}

    def path(self, start: Division, end: Division) -> list[Division]:
        """Return the divisions from `start` to `end`, both included; empty when the tree does not join them."""
        up, down = self._ascent(start), self._ascent(end)
        if not up or not down or up[-1] != down[-1]:
            return []
        while len(up) > 1 and len(down) > 1 and up[-2] == down[-2]:
            up.pop()
            down.pop()
        return up + down[-2::-1]

    def sides(self, here: Division) -> dict[Division, Division | None]:
        """Return, for every division that the tree joins with `here`, through what it is reached.

        `here` itself for `here`, the child for all below that child, None for all that lies outside. Two divisions are
        joined by a path over `here` exactly when their sides differ or one of them is `here`.
        """
        if here not in self._shape.place:
            return {}
        sides: dict[Division, Division | None] = dict.fromkeys(self._below(self._ascent(here)[-1]))
        sides[here] = here
        for child in self._shape.children[here]:
            sides.update(dict.fromkeys(self._below(child), child))
        return sides

    def _below(self, code: Division) -> list[Division]:
        shape = self._shape
        return shape.order[shape.place[code] : shape.end[code]] if code in shape.place else []

    def _ascent(self, code: Division) -> list[Division]:
        shape, ascent = self._shape, []
        at: Division | None = code if code in shape.place else None
        while at is not None:
            ascent.append(at)
            at = shape.parents[at]
        return ascent

    @property
    def _shape(self) -> _Shape:
        if self._grown is None:
            self._grown = _measured(*self._grow())
        return self._grown

    def _grow(self) -> tuple[dict[Division, DivisionValue], dict[Division, Division | None]]:
        divisions: dict[Division, DivisionValue] = {}
        parents: dict[Division, Division | None] = {}
        roots = [said[author].value for author, said in self._claims.items() if author in said]
        # A district that began as a root of its own is found below its city before its own turn comes.
        for root in sorted(roots, key=lambda value: (_RANK[value.level], value.code)):
            if root.code in divisions:
                continue
            divisions[root.code], parents[root.code] = root, None
            level = [root.code]
            while level:
                level = self._grow_level(level, divisions, parents)
        return divisions, parents

    def _grow_level(
        self, level: list[Division], divisions: dict[Division, DivisionValue], parents: dict[Division, Division | None]
    ) -> list[Division]:
        claims = [(claim.at, author, code, claim.value) for author in level for code, claim in self._claims.get(author, {}).items()]
        claims.sort(key=lambda claim: claim[:3])
        reached = []
        for _, author, code, value in claims:
            if code not in divisions:
                divisions[code], parents[code] = value, author
                reached.append(code)
        return sorted(reached)


def _measured(divisions: dict[Division, DivisionValue], parents: dict[Division, Division | None]) -> _Shape:
    children: dict[Division, list[Division]] = {code: [] for code in divisions}
    for code, parent in parents.items():
        if parent is not None:
            children[parent].append(code)
    for below in children.values():
        below.sort()
    shape = _Shape(divisions, parents, children, [], {}, {})
    # Depth first, without recursion: a chain of divisions may be longer than Python's stack.
    stack = [(code, False) for code, parent in reversed(parents.items()) if parent is None]
    while stack:
        code, left = stack.pop()
        if left:
            shape.end[code] = len(shape.order)
            continue
        shape.place[code] = len(shape.order)
        shape.order.append(code)
        stack.append((code, True))
        stack.extend((child, False) for child in reversed(children[code]))
    return shape
