"""How every path answers when it cannot: JSON `{code, en, zh}`."""

import math
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from node.errors import CommandRefused
from node.http.request_ids import current
from node.model.hidden import hidden, without_values
from node.telemetry import logger

NO_ACCESS = "no-access"
STATUS = {
    "malformed": 400,
    NO_ACCESS: 401,
    "not-entitled": 403,
    "not-found": 404,
    "too-slow": 408,
    "too-many": 429,
    "too-large": 431,
    "no-answer": 503,
}
"""By the codes of refusals; all else is what the book forbids, 409."""
REASONS = {401: NO_ACCESS, 403: "not-entitled", 408: "too-slow", 413: "too-large", 429: "too-many", 431: "too-large", 503: "unavailable"}
"""Which refusals are counted, by what."""
_CONFLICT = 409
_TOLD = {
    400: ("the request cannot be read", "请求无法读取"),
    404: ("there is no such path: /v1/openapi/openapi.json tells which there are", "没有此路径：可用路径见 /v1/openapi/openapi.json"),
    405: ("the path has no such method", "此路径不支持该方法"),
    413: ("the body has more than 4 MiB", "请求体超过 4 MiB"),
}

_Asked = TypeVar("_Asked")


class TooMany(CommandRefused):
    """Somebody asks too often; `wait_s` says how long he has to wait."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        whole = self.retry_after
        super().__init__("too-many", f"too many requests: ask again in {whole} s", f"请求过于频繁：请在 {whole} 秒后重试")

    @property
    def retry_after(self) -> str:
        """The wait as the header of that name has it, in whole seconds (RFC 9110, 10.2.3)."""
        return str(math.ceil(self.wait_s))


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a request was not carried out, and what to do, in both languages; and by what the node's log names the request."""

    code: str
    en: str
    zh: str
    request_id: str = ""


def refused(_request: Request[Any, Any, Any], error: CommandRefused) -> Response[Problem]:
    """Answer a refusal: 400 for what cannot be read, 401 and 403 for who may not, 404 for what is not there, 409 for what the book forbids."""
    headers = {"www-authenticate": "Bearer"} if error.code == NO_ACCESS else {}
    if isinstance(error, TooMany):
        headers["retry-after"] = error.retry_after
    return Response(_problem(error.code, error.en, error.zh), status_code=STATUS.get(error.code, _CONFLICT), headers=headers)


def encoded(code: str, en: str, zh: str) -> bytes:
    """Return a refusal as a body, for where no handler answers."""
    return msgspec.json.encode(_problem(code, en, zh))


def _problem(code: str, en: str, zh: str) -> Problem:
    return Problem(code, hidden(en), hidden(zh), current())


def http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Answer what the server itself refuses: an unknown path, a method that is not served."""
    code = "not-found" if error.status_code == STATUS["not-found"] else "bad-request"
    return Response(_problem(code, *told(error)), status_code=error.status_code)


def told(error: HTTPException) -> tuple[str, str]:
    """Return what the server itself refuses, in both languages. Its own words are not told: they quote the whole address, with what was asked."""
    en, zh = _TOLD.get(error.status_code, (f"the request is refused: {HTTPStatus(error.status_code).phrase}", "请求被拒绝"))
    match error.extra:
        case [{"key": str(), "message": str()}, *_] as found:
            why = "; ".join(f"{one['key']}: {without_values(one['message'])}" for one in found)
            return f"{en}: {why}", f"{zh}：{why}"
        case _:
            return en, zh


def unforeseen(_request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Answer a defect of ours: the log has the rest."""
    logger().error("http-failed", exc_info=error)
    name = f"{type(error).__name__}, {current()}"
    en, zh = f"the node failed on this request ({name}): see its log", f"节点处理该请求时出错（{name}）：请查看日志"
    return Response(_problem("internal", en, zh), status_code=500)


def read_body(body: bytes, kind: type[_Asked]) -> _Asked:
    """Return what a request's JSON body asks. CommandRefused if it is not of that kind."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = without_values(str(error))
        raise CommandRefused("malformed", f"the request cannot be read: {why}", f"请求无法读取：{why}") from error


def missing(what: str, name: str) -> CommandRefused:
    """Return the refusal of a name that the book does not have."""
    return CommandRefused("not-found", f"the book has no {what} {name}", f"账簿中没有：{name}")
