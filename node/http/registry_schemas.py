"""Schemas by the id that stands in each record: what deserializers ask."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from node.http.registry_answers import AVRO, MEDIA_TYPE
from node.http.registry_book import schema_text, served_by, subjects_of, versions
from node.model.values import Actor
from node.runtime import Node

Subject = Annotated[str, QueryParameter(description="Settles which schema is meant where two nodes registered one id at once")]


class SchemaFace(msgspec.Struct, frozen=True):
    """A schema."""

    schema: str


class PlaceFace(msgspec.Struct, frozen=True):
    """Where a schema stands."""

    subject: str
    version: int


@get("/schemas/types", media_type=MEDIA_TYPE)
async def types() -> list[str]:
    """List the kinds of schemas there are."""
    return [AVRO]


@get("/schemas/ids/{number:int}", media_type=MEDIA_TYPE)
async def schema(node: NamedDependency[Node], number: FromPath[int], subject: Subject = "") -> SchemaFace:
    """Return the schema under an id."""
    return SchemaFace(schema_text(node.ledger.book, number, subject))


@get("/schemas/ids/{number:int}/schema", media_type=MEDIA_TYPE)
async def text(node: NamedDependency[Node], number: FromPath[int], subject: Subject = "") -> str:
    """Return the schema under an id, alone."""
    return schema_text(node.ledger.book, number, subject)


@get("/schemas/ids/{number:int}/subjects", media_type=MEDIA_TYPE)
async def its_subjects(node: NamedDependency[Node], by: NamedDependency[Actor], number: FromPath[int], subject: Subject = "") -> list[str]:
    """List the subjects that have or had the schema under an id."""
    return list(subjects_of(served_by(node.ledger.book, number, subject, by)))


@get("/schemas/ids/{number:int}/versions", media_type=MEDIA_TYPE)
async def its_versions(
    node: NamedDependency[Node], by: NamedDependency[Actor], number: FromPath[int], subject: Subject = ""
) -> list[PlaceFace]:
    """List the versions that are the schema under an id."""
    book = node.ledger.book
    return [
        PlaceFace(name, one.number)
        for resource in served_by(book, number, subject, by)
        for name in subjects_of([resource])
        for one in versions(book, resource)
        if one.id == number
    ]


HANDLERS = [types, schema, text, its_subjects, its_versions]
