"""Grants: which there are, where each stands, and which nodes follow it so far."""

from datetime import UTC, datetime

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from node.control import day_of
from node.control.reach import Reach, reach, reaches
from node.http.answers import missing
from node.model.names import Division
from node.runtime import Node


@get("/v1/grants")
async def listed(node: NamedDependency[Node]) -> list[Reach]:
    """List all grants, those that ended too."""
    book, today = node.ledger.book, day_of(datetime.now(UTC))
    return reaches((book.grants[ref] for ref in sorted(book.grants)), book, today)


@get("/v1/grants/{author:str}/{sequence:int}")
async def shown(node: NamedDependency[Node], author: FromPath[str], sequence: FromPath[int]) -> Reach:
    """Return one grant, by the event that gave it."""
    book = node.ledger.book
    grant = book.grants.get((Division(author), sequence))
    if grant is None:
        raise missing("grant", f"{author}/{sequence}")
    return reach(grant, book, day_of(datetime.now(UTC)))


HANDLERS = [listed, shown]
