"""Writing control logs by `decide`: affairs whose acts take days, carried out in the order of their times.

Commands are decided on one book that has all logs, as on a node whose links are level.
"""

import heapq
from collections.abc import Generator, Iterable
from datetime import UTC, datetime, timedelta
from random import Random

from benchmarks.book_keys import pin, signed
from node.control import Book, Command, Event, decide, encode
from node.model.keys import Signed
from node.model.names import Department, Division
from node.model.values import Actor, Role

LAST = datetime(2026, 11, 22, 10, tzinfo=UTC)
"""Nothing is done later: what would be stands open."""

Act = tuple[float, Division, Command]
"""After how many days, on whose node, what."""
Course = Generator[Act, list[Event], None]
"""The acts of one affair, each told what events the one before made."""

_SURNAMES = "陈林黄郑李张吴刘蔡杨许谢王洪邱曾周叶庄卢"
_GIVEN = "晓海山明静伟芳敏强丽娟勇艳杰涛超霞平刚桂英"


class Writer:
    """Decides, signs, keeps and folds what the nodes say."""

    def __init__(self, root: Division) -> None:
        self.book = Book(pin(root))
        self.logs: dict[Division, list[Signed]] = {}
        self.signs: dict[Division, str] = {}
        """with which name's key a node signs, where it is no longer that of its code"""

    def carry_out(self, author: Division, command: Command, at: datetime) -> list[Event]:
        """Have a node say what a command makes it say, and return that; CommandRefused as `decide` raises it."""
        said = decide(command, self.book, author, at)
        values = [encode(event) for event in said]
        for value in values:
            self.book.fold(author, value)
        if values:
            self.logs.setdefault(author, []).extend(signed(values, self.signs.get(author, author)))
        return said

    def play(self, courses: Iterable[tuple[datetime, Course]]) -> None:
        """Carry out many affairs at once, each act at its time."""
        turns = []
        for number, (begin, course) in enumerate(courses):
            days, author, command = next(course)
            turns.append((begin + timedelta(days=days), number, course, author, command))
        heapq.heapify(turns)
        while turns and turns[0][0] <= LAST:
            at, number, course, author, command = heapq.heappop(turns)
            try:
                days, author, command = course.send(self.carry_out(author, command, at))
            except StopIteration:
                continue
            heapq.heappush(turns, (at + timedelta(days=days), number, course, author, command))


def actor(rng: Random, role: Role, department: str = "") -> Actor:
    """Return somebody, made up."""
    name = rng.choice(_SURNAMES) + "".join(rng.choices(_GIVEN, k=2))
    return Actor(name=name, role=role, department=Department(department))
