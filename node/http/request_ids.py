"""The name by which a request is found again: in the node's log, in the header of its answer, and in the body of a refusal.

A client may bring its own as `X-Request-ID`; what is no plain word, or might be a person's number or a token, is not taken.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

import structlog

from node.model.hidden import hidden

HEADER = b"x-request-id"
_PLAIN = re.compile(r"[A-Za-z0-9-]{1,64}")
_BYTES = 8
"""Of all requests of a year, a thousand a second, two have the same with a chance of 1 in 40: it is looked for within days."""
_FIELD = "request_id"
T = TypeVar("T")


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the name that a request brings, or a new one."""
    brought = next((value for name, value in headers if name == HEADER), b"").decode("latin-1")
    return brought if _PLAIN.fullmatch(brought) and hidden(brought) == brought else secrets.token_hex(_BYTES)


@contextmanager
def bound(name: str) -> Iterator[None]:
    """Have all that is logged within bear a request's name."""
    with structlog.contextvars.bound_contextvars(**{_FIELD: name}):
        yield


def outside(call: Callable[[], T]) -> T:
    """Call what may begin work that outlives the request: that does not bear its name."""
    context = copy_context()
    context.run(structlog.contextvars.unbind_contextvars, _FIELD)
    return context.run(call)


def current() -> str:
    """Return the name of the request that is being answered; empty where none is."""
    return str(structlog.contextvars.get_contextvars().get(_FIELD, ""))
