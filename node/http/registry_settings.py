"""Compatibility level and mode: the same for every subject, and not to be changed here."""

from typing import Annotated

import msgspec
from litestar import HttpMethod, Response, get, route
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from node.avro.compatibility import LEVEL
from node.http.registry_answers import MEDIA_TYPE, Code, fault, is_set
from node.http.registry_book import topic_of
from node.runtime import Node

MODE = "READONLY"
"""Clients find what is registered, and register nothing."""

DefaultToGlobal = Annotated[str, QueryParameter(name="defaultToGlobal")]


class LevelFace(msgspec.Struct, frozen=True, rename="camel"):
    """What a new version is held to."""

    compatibility_level: str


class ModeFace(msgspec.Struct, frozen=True):
    """What clients may do."""

    mode: str


@get("/config", media_type=MEDIA_TYPE)
async def level() -> LevelFace:
    """Return the level of all subjects."""
    return LevelFace(LEVEL)


@get("/config/{subject:str}", media_type=MEDIA_TYPE)
async def subject_level(node: NamedDependency[Node], subject: FromPath[str], default_to_global: DefaultToGlobal = "") -> LevelFace:
    """Return the level that holds for a subject, if asked so; it has none of its own."""
    topic_of(node.ledger.book, subject)
    if is_set(default_to_global):
        return LevelFace(LEVEL)
    en = f"Subject '{subject}' does not have subject-level compatibility configured; {LEVEL} holds for all (GET /config)"
    raise fault(Code.NO_LEVEL_OF_ITS_OWN, en, f"'{subject}' 没有单独的兼容级别；全部适用 {LEVEL}（GET /config）")


@get("/mode", media_type=MEDIA_TYPE)
async def mode() -> ModeFace:
    """Return the mode of all subjects."""
    return ModeFace(MODE)


@get("/mode/{subject:str}", media_type=MEDIA_TYPE)
async def subject_mode(node: NamedDependency[Node], subject: FromPath[str], default_to_global: DefaultToGlobal = "") -> ModeFace:
    """Return the mode that holds for a subject, if asked so; it has none of its own."""
    topic_of(node.ledger.book, subject)
    if is_set(default_to_global):
        return ModeFace(MODE)
    en = f"Subject '{subject}' does not have subject-level mode configured; {MODE} holds for all (GET /mode)"
    raise fault(Code.NO_MODE_OF_ITS_OWN, en, f"'{subject}' 没有单独的模式设置；全部适用 {MODE}（GET /mode）")


@route(["/config", "/config/{subject:str}"], http_method=[HttpMethod.PUT, HttpMethod.DELETE], status_code=200, media_type=MEDIA_TYPE)
async def keep_level() -> Response[None]:
    """Refuse: takers of all levels rely on it."""
    en = f"The level is {LEVEL} for every resource and is not set: takers of other levels rely on it. A schema that must break is a new resource"
    raise fault(
        Code.NOT_PERMITTED, en, f"所有资源的兼容级别均为 {LEVEL}，不可设置：其他层级的使用部门依赖于此。不兼容的模式应作为新资源编目"
    )


@route(["/mode", "/mode/{subject:str}"], http_method=[HttpMethod.PUT, HttpMethod.DELETE], status_code=200, media_type=MEDIA_TYPE)
async def keep_mode() -> Response[None]:
    """Refuse: schemas enter by the catalogue alone."""
    en = f"The mode is {MODE} and is not set: schemas enter by the catalogue, with `exchange-node catalogue apply` on the owner's node"
    raise fault(
        Code.NOT_PERMITTED, en, f"模式为 {MODE}，不可设置：模式（schema）经目录登记，在数源方节点执行 `exchange-node catalogue apply`"
    )


HANDLERS = [level, subject_level, mode, subject_mode, keep_level, keep_mode]
