"""What a request would come to, before it is made: the schema that its taker would have, and the divisions that the data would pass."""

from datetime import datetime
from typing import Any

import msgspec

from node.avro.deriving import derive
from node.control.book import Book
from node.control.commands import NewRequest
from node.control.course import path_of
from node.control.decide import decide
from node.control.naming import selection_of
from node.control.requests import granted
from node.model.names import Division, division_of


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What a request would come to. Rows are shown by the owner's node alone: `owner` is its division."""

    schema: dict[str, Any]
    """the newest version's, as JSON"""
    path: tuple[Division, ...]
    """the divisions that the data would pass, from the owner's to the taker's; empty while the tree does not join them"""
    owner: Division


def foresee(command: NewRequest, book: Book, author: Division, at: datetime) -> Foreseen:
    """Return what a request would come to now. CommandRefused where it would be refused."""
    decide(command, book, author, at)
    resource, value = book.resources[command.resource], command.value
    schema = book.schema(resource.schema, division_of(resource.name))
    assert schema is not None, "a resource is folded only after its schema"
    return Foreseen(
        schema=derive(msgspec.json.decode(schema.schema), selection_of(granted(value, (author, 1)))),
        path=path_of(resource.name, command.taker, book),
        owner=division_of(resource.name),
    )
