"""What a request would come to: the schema that its taker would have, the divisions that the data would pass, and of what its owner shows rows."""

from datetime import date, datetime
from typing import Any

import msgspec

from node.avro.deriving import derive
from node.control.answering import hindrance
from node.control.book import Book
from node.control.commands import NewRequest
from node.control.course import path_of
from node.control.decide import decide
from node.control.events import day_of, stamp
from node.control.naming import selection_of
from node.control.requests import Request, Said
from node.control.rights import may
from node.errors import CommandRefused
from node.model.names import Division, department_of, division_of
from node.model.values import RequestValue


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What a request would come to. Rows are shown by the owner's node alone: `owner` is its division."""

    schema: dict[str, Any]
    """the newest version's, as JSON"""
    path: tuple[Division, ...]
    """the divisions that the data would pass, from the owner's to the taker's; empty while the tree does not join them"""
    owner: Division


def foresee(command: NewRequest, book: Book, author: Division, at: datetime) -> Foreseen:
    """Return what a request would come to now, also to the owner of what is asked for. CommandRefused where it would be refused."""
    if may(command.by, department_of(command.resource), "steward", "head"):
        refusal = hindrance(_as_made(command, author, at), book, day_of(at))
        if refusal is not None:
            raise refusal
    else:
        decide(command, book, author, at)
    resource = book.resources[command.resource]
    schema = book.schema(resource.schema, division_of(resource.name))
    assert schema is not None, "a resource is folded only after its schema"
    return Foreseen(
        schema=derive(msgspec.json.decode(schema.schema), selection_of(command.value)),
        path=path_of(resource.name, command.taker, book),
        owner=division_of(resource.name),
    )


def _as_made(command: NewRequest, author: Division, at: datetime) -> Request:
    return Request(ref=(author, 0), versions=(Said((author, 0), stamp(at), command.value),))


def sampled(request: Request, book: Book, here: Division, today: date) -> RequestValue:
    """Return what a request asks for, of which rows can be shown. CommandRefused on another node than the owner's, or where nobody could consent now."""
    owner = division_of(request.value.resource)
    if owner != here:
        en = f"the rows of {request.value.resource} are shown on the node of {owner} alone; run this command there"
        raise CommandRefused("not-own-resource", en, f"{request.value.resource} 的样例仅在 {owner} 的节点显示；请在该节点执行此命令")
    refusal = hindrance(request, book, today)
    if refusal is not None:
        raise refusal
    return request.value
