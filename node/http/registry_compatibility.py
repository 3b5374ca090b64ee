"""Whether a schema may follow those that are registered: what a steward's tools ask before the catalogue is applied."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody

from node.avro.compatibility import Comparable, conflicts, read
from node.errors import SchemaError
from node.http.registry_answers import MEDIA_TYPE, asked_schema, is_set
from node.http.registry_book import Version, topic_of, version, versions
from node.runtime import Node

Verbose = Annotated[str, QueryParameter(description="Whether to tell the reasons")]


class VerdictFace(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether it may follow, and where it may not; reasons only when asked for."""

    is_compatible: bool
    messages: list[str] | None = None


@post("/compatibility/subjects/{subject:str}/versions/{number:str}", status_code=200, media_type=MEDIA_TYPE)
async def with_one(
    node: NamedDependency[Node], subject: FromPath[str], number: FromPath[str], body: RawBody, verbose: Verbose = ""
) -> VerdictFace:
    """Tell whether the posted schema and one version read each other."""
    book = node.ledger.book
    against = version(book, topic_of(book, subject), number)
    return _verdict(asked_schema(body), [against], is_set(verbose))


@post("/compatibility/subjects/{subject:str}/versions", status_code=200, media_type=MEDIA_TYPE)
async def with_all(node: NamedDependency[Node], subject: FromPath[str], body: RawBody, verbose: Verbose = "") -> VerdictFace:
    """Tell whether the posted schema and every version read each other: what the catalogue asks for."""
    book = node.ledger.book
    against = versions(book, topic_of(book, subject))
    return _verdict(asked_schema(body), against, is_set(verbose))


def _verdict(asked: Comparable, against: Iterable[Version], verbose: bool) -> VerdictFace:  # noqa: FBT001 - both callers name it
    reasons = [reason for one in against for reason in _reasons(asked, one)]
    return VerdictFace(is_compatible=not reasons, messages=reasons if verbose else None)


def _reasons(asked: Comparable, against: Version) -> list[str]:
    try:
        found = conflicts(asked, read(against.text))
    except SchemaError as error:
        return [f"version {against.number} cannot be compared: {error} / 无法与第 {against.number} 版比较：{error}"]
    return [f"version {against.number}, {one.place}: {one.en} / 第 {against.number} 版，{one.place}：{one.zh}" for one in found]


HANDLERS = [with_one, with_all]
