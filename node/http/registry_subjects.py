"""Subjects and their versions: what serializers ask before they write."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery, QueryParameter, RawBody

from node.avro.compatibility import Comparable, differences, read, told
from node.control import Book
from node.control.sight import sees_topic
from node.errors import SchemaError
from node.http.registry_answers import MEDIA_TYPE, Code, asked_schema, fault, is_set
from node.http.registry_book import Version, subjects_of, topic_of, version, versions
from node.model.names import Topic
from node.model.values import Actor
from node.runtime import Node

_ALL_CONTEXTS, _DEFAULT_CONTEXT = ":*:", ":.:"


class RegisteredFace(msgspec.Struct, frozen=True):
    """The id of a schema that is registered."""

    id: int


class VersionFace(msgspec.Struct, frozen=True):
    """A version of a subject."""

    subject: str
    version: int
    id: int
    schema: str


@get("/subjects", media_type=MEDIA_TYPE)
async def subjects(
    node: NamedDependency[Node],
    by: NamedDependency[Actor],
    *,
    prefix: Annotated[str, QueryParameter(name="subjectPrefix")] = "",
    deleted_only: Annotated[str, QueryParameter(name="deletedOnly")] = "",
    offset: FromQuery[int] = 0,
    limit: FromQuery[int] = -1,
) -> list[str]:
    """List the subjects that somebody sees; none was ever deleted. A negative limit is none."""
    # Confluent's registry has contexts; here all stands in the default one.
    begins = prefix.removeprefix(_ALL_CONTEXTS).removeprefix(_DEFAULT_CONTEXT)
    book = node.ledger.book
    seen = (one for one in (*book.versions, *book.views) if sees_topic(by, one, book))
    found = [] if is_set(deleted_only) else [one for one in subjects_of(seen) if one.startswith(begins)]
    start = max(offset, 0)
    return found[start : start + limit] if limit >= 0 else found[start:]


@post("/subjects/{subject:str}", status_code=200, media_type=MEDIA_TYPE)
async def look_up(node: NamedDependency[Node], subject: FromPath[str], body: RawBody) -> VersionFace:
    """Return the newest version whose schema equals the one that was posted."""
    book = node.ledger.book
    resource = topic_of(book, subject)
    asked = asked_schema(body)
    found = _equal(book, resource, asked)
    if found is None:
        raise _different(Code.SCHEMA_NOT_FOUND, "Schema not found", book, resource, asked)
    return _face(subject, found)


@get("/subjects/{subject:str}/versions", media_type=MEDIA_TYPE)
async def list_versions(node: NamedDependency[Node], subject: FromPath[str]) -> list[int]:
    """List the numbers of a subject's versions."""
    book = node.ledger.book
    return [one.number for one in versions(book, topic_of(book, subject))]


@post("/subjects/{subject:str}/versions", status_code=200, media_type=MEDIA_TYPE)
async def register(node: NamedDependency[Node], subject: FromPath[str], body: RawBody) -> RegisteredFace:
    """Return the id of the registered schema that equals the one that was posted; nothing is registered here."""
    book = node.ledger.book
    resource = topic_of(book, subject)
    asked = asked_schema(body)
    found = _equal(book, resource, asked)
    if found is None:
        raise _different(Code.DIFFERENT, f"The schema is not one of those registered for {resource}", book, resource, asked)
    return RegisteredFace(found.id)


@get("/subjects/{subject:str}/versions/{number:str}", media_type=MEDIA_TYPE)
async def one_version(node: NamedDependency[Node], subject: FromPath[str], number: FromPath[str]) -> VersionFace:
    """Return a version, by its number or as `latest`."""
    book = node.ledger.book
    return _face(subject, version(book, topic_of(book, subject), number))


@get("/subjects/{subject:str}/versions/{number:str}/schema", media_type=MEDIA_TYPE)
async def version_text(node: NamedDependency[Node], subject: FromPath[str], number: FromPath[str]) -> str:
    """Return a version's schema alone."""
    book = node.ledger.book
    return version(book, topic_of(book, subject), number).text


@get("/subjects/{subject:str}/versions/{number:str}/referencedby", media_type=MEDIA_TYPE)
async def referenced_by(node: NamedDependency[Node], subject: FromPath[str], number: FromPath[str]) -> list[int]:
    """List the schemas that refer to a version: none, for references are not offered."""
    book = node.ledger.book
    version(book, topic_of(book, subject), number)
    return []


@delete(["/subjects/{subject:str}", "/subjects/{subject:str}/versions/{number:str}"], status_code=200, media_type=MEDIA_TYPE)
async def remove(node: NamedDependency[Node], subject: FromPath[str]) -> Response[None]:
    """Refuse: records that carry the schema's id stand in topics for ever."""
    topic_of(node.ledger.book, subject)
    en = "A schema is never deleted: records in the topics carry its id. What must not move any more is stopped with `exchange-node grant suspend` or `grant revoke`"
    raise fault(
        Code.NOT_PERMITTED, en, "模式不可删除：主题中的记录带有其编号。如需停止共享，请用 `exchange-node grant suspend` 或 `grant revoke`"
    )


def _face(subject: str, found: Version) -> VersionFace:
    return VersionFace(subject=subject, version=found.number, id=found.id, schema=found.text)


def _equal(book: Book, resource: Topic, asked: Comparable) -> Version | None:
    for one in reversed(versions(book, resource)):
        try:
            if not differences(read(one.text), asked):
                return one
        except SchemaError:
            continue  # registered by a node that took what we cannot use: nothing equals it
    return None


def _different(code: Code, what: str, book: Book, resource: Topic, asked: Comparable) -> HTTPException:
    latest = version(book, resource, "latest")
    try:
        en, zh = told(differences(read(latest.text), asked))
    except SchemaError as error:
        en = zh = str(error)
    return fault(
        code,
        f"{what}. Against version {latest.number} (id {latest.id}): {en}. Schemas enter by the catalogue alone: use the registered one "
        "(`use.latest.version`), or let the owner's steward change it with `exchange-node catalogue apply`",
        f"该模式不是 {resource} 已登记的模式。与第 {latest.number} 版（编号 {latest.id}）相比：{zh}。模式只能经目录登记：请使用已登记的模式"
        "（`use.latest.version`），或由数源部门的数据管理员用 `exchange-node catalogue apply` 修改",
    )


HANDLERS = [subjects, look_up, list_versions, register, one_version, version_text, referenced_by, remove]
