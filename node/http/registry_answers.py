"""How the registry reads and answers: Confluent's media type, error codes and error body `{error_code, message}`.

The codes are those of Confluent's Schema Registry API: an HTTP status and two digits.
"""

from enum import IntEnum
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from node.avro.compatibility import Comparable, read
from node.errors import CommandRefused, SchemaError
from node.http import answers
from node.model.hidden import hidden, without_values

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
AVRO = "AVRO"
REALM = "exchange-node"
"""What a client is told that it needs a password for."""


class Code(IntEnum):
    """Confluent's error codes, as far as they are used here."""

    NO_ACCESS = 40101
    SUBJECT_NOT_FOUND = 40401
    VERSION_NOT_FOUND = 40402
    SCHEMA_NOT_FOUND = 40403
    NO_LEVEL_OF_ITS_OWN = 40408
    NO_MODE_OF_ITS_OWN = 40409
    DIFFERENT = 40901
    INVALID_SCHEMA = 42201
    INVALID_VERSION = 42202
    NOT_PERMITTED = 42205
    NOT_READY = 50301


class Fault(msgspec.Struct, frozen=True):
    """The body of every refusal."""

    error_code: int
    message: str


class _Asked(msgspec.Struct, frozen=True, rename="camel"):
    """What clients post; whatever else they send (ids, metadata, rule sets) has no meaning here."""

    schema: str | None = None
    schema_type: str | None = None
    references: list[object] | None = None


def fault(code: Code, en: str, zh: str) -> HTTPException:
    """Return the refusal with a code and its reason in both languages, for the body has one message."""
    return HTTPException(status_code=code // 100, detail=f"{en} / {zh}", extra={"error_code": int(code)})


def refused(_request: Request[Any, Any, Any], error: CommandRefused) -> Response[Fault]:
    """Answer whoever is not let in: a client that knows no token of ours learns how it is to be brought."""
    headers = {"www-authenticate": f'Basic realm="{REALM}"'} if error.code == answers.NO_ACCESS else {}
    if isinstance(error, answers.TooMany):
        headers["retry-after"] = error.retry_after
    return Response(_fault_of(error), status_code=answers.STATUS[error.code], headers=headers, media_type=MEDIA_TYPE)


def encoded(error: CommandRefused) -> bytes:
    """Return a refusal as a body, for where no handler answers."""
    return msgspec.json.encode(_fault_of(error))


def _fault_of(error: CommandRefused) -> Fault:
    code = Code.NO_ACCESS if error.code == answers.NO_ACCESS else answers.STATUS[error.code]
    return Fault(code, hidden(f"{error.en} / {error.zh}"))


def http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Fault]:
    """Answer a refusal, ours or the server's own."""
    match error.extra:
        case {"error_code": int(code)}:
            body = Fault(code, hidden(str(error.detail)))
        case _:
            en, zh = answers.told(error)
            body = Fault(error.status_code, hidden(f"HTTP {error.status_code} {HTTPStatus(error.status_code).phrase}: {en} / {zh}"))
    return Response(body, status_code=error.status_code, media_type=MEDIA_TYPE)


def unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[Fault]:
    """Answer a defect of ours: the log has the rest."""
    problem = answers.unforeseen(request, error).content
    return Response(Fault(int(HTTPStatus.INTERNAL_SERVER_ERROR), f"{problem.en} / {problem.zh}"), status_code=500, media_type=MEDIA_TYPE)


def is_set(flag: str) -> bool:
    """Tell whether a flag of a query is true: Python's clients write `True`, Java's `true`, and most leave it out."""
    return flag.lower() == "true"


def asked_schema(body: bytes) -> Comparable:
    """Return the schema that a client posted; refused when it is none that we can use, with the place of the first fault."""
    try:
        asked = msgspec.json.decode(body, type=_Asked)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = without_values(str(error))
        en, zh = f"the request cannot be read: {why}", f"请求无法读取：{why}"
        raise HTTPException(status_code=400, detail=f"{en} / {zh}", extra={"error_code": 400}) from error
    if (asked.schema_type or AVRO) != AVRO:
        raise fault(Code.INVALID_SCHEMA, "Invalid schema: resources have Avro schemas, of no other type", "模式无效：资源只使用 Avro 模式")
    if asked.references:
        en = "Invalid schema: references are not offered; write the types that it refers to into the schema itself"
        raise fault(Code.INVALID_SCHEMA, en, "模式无效：不支持引用（references）；请将所引用的类型写入模式本身")
    try:
        return read(asked.schema or "")
    except SchemaError as error:
        raise fault(Code.INVALID_SCHEMA, f"Invalid schema: {error}", f"模式无效：{error}") from error
