"""Grants: which there are, where each stands, and which nodes follow it so far."""

from datetime import UTC, datetime

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from node.control import day_of
from node.control.reach import Reach, reach, reaches
from node.control.sight import sees_grant
from node.http.answers import missing
from node.model.names import Division
from node.model.values import Actor
from node.runtime import Node


@get("/v1/grants")
async def listed(node: NamedDependency[Node], by: NamedDependency[Actor]) -> list[Reach]:
    """List the grants that concern whoever asks, those that ended too."""
    book, today = node.ledger.book, day_of(datetime.now(UTC))
    return reaches((grant for _ref, grant in sorted(book.grants.items()) if sees_grant(by, grant.value)), book, today)


@get("/v1/grants/{author:str}/{sequence:int}")
async def shown(node: NamedDependency[Node], by: NamedDependency[Actor], author: FromPath[str], sequence: FromPath[int]) -> Reach:
    """Return one grant, by the event that gave it."""
    book = node.ledger.book
    grant = book.grants.get((Division(author), sequence))
    if grant is None or not sees_grant(by, grant.value):
        raise missing("grant", f"{author}/{sequence}")
    return reach(grant, book, day_of(datetime.now(UTC)))


HANDLERS = [listed, shown]
