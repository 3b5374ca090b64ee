"""The catalogue: what is offered, looked for by words and by what its items tell, and each item whole."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from node.avro.described import DataItem, data_items
from node.control.offered import Offer, Search, due_first, offer_of, search, timed
from node.control.sight import seen_offer
from node.http.answers import missing
from node.model.items import Base, State
from node.model.names import Topic, division_of
from node.model.values import Actor, Kind, Sharing
from node.runtime import Node

Words = Annotated[str, QueryParameter(description="Words that title, name, code, summary, themes, owner or fields hold, Chinese too")]
Owner = Annotated[str, QueryParameter(description="A department, or a division with all of its departments")]
Theme = Annotated[str, QueryParameter(description="A theme, or a part of its name")]
BaseData = Annotated[Base | None, QueryParameter(description="A class of base data")]
Shared = Annotated[Sharing | None, QueryParameter(description="How it is shared")]
OfKind = Annotated[Kind | None, QueryParameter(description="Whether it is facts or state")]
InState = Annotated[State | None, QueryParameter(name="state", description="How far the item, or a new content of it, has come")]

DueFirst = Annotated[bool, QueryParameter(description="What is due first before all: by the law's terms for reviews and updates")]


class OfferFace(msgspec.Struct, frozen=True):
    """An offer with its data items, which are told from its schema."""

    offer: Offer
    items: tuple[DataItem, ...]
    schema: dict[str, Any]


@get("/v1/catalogue")
async def found(
    node: NamedDependency[Node],
    by: NamedDependency[Actor],
    *,
    words: Words = "",
    owner: Owner = "",
    theme: Theme = "",
    base: BaseData = None,
    sharing: Shared = None,
    kind: OfKind = None,
    in_state: InState = None,
    due: DueFirst = False,
) -> list[Offer]:
    """List what is offered, and what is drafted to whom it concerns; all that is asked must hold."""
    asked = Search(words=words, owner=owner, theme=theme, base=base, sharing=sharing, kind=kind, state=in_state)
    book, now = node.ledger.book, datetime.now(UTC)
    seen = (seen_offer(by, timed(offer, book, node.calendar, now)) for offer in search(book, asked))
    # Whoever does not see that something is due does not see it by its place either.
    offers = [
        offer
        for offer in seen
        if offer is not None and (in_state is None or in_state in {offer.state, offer.pending and offer.pending.state})
    ]
    return due_first(offers) if due else offers


@get("/v1/catalogue/{name:str}")
async def shown(node: NamedDependency[Node], by: NamedDependency[Actor], name: FromPath[str]) -> OfferFace:
    """Return one item whole: what is in force, or else its newest content."""
    book = node.ledger.book
    found = offer_of(Topic(name), book)
    offer = None if found is None else seen_offer(by, timed(found, book, node.calendar, datetime.now(UTC)))
    if offer is None:
        raise missing("item", name)
    schema = book.schema(offer.resource.schema, division_of(name))
    if schema is None:
        raise missing("schema", str(offer.resource.schema))
    told = msgspec.json.decode(schema.schema)
    return OfferFace(offer, data_items(told), told)


HANDLERS = [found, shown]
