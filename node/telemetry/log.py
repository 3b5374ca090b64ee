"""Log events: one JSON line each, with fields, never a payload."""

import logging
import sys
from typing import Any

import structlog

from node.model.hidden import hidden


def configure(*, division: str, readable: bool) -> None:
    """Log to standard error: JSON lines, or text for a person at a terminal. Call once, before anything is logged."""
    renderer = structlog.dev.ConsoleRenderer(colors=False) if readable else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_persons,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # Standard error as it is when an event is logged: whoever redirects it later is followed, and a closed one is never written to.
        logger_factory=lambda *_arguments: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(division=division)
    # aiokafka logs each failed attempt of its own; what matters of them is in our own events.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _without_persons(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Hide what nobody should have put there: the text of an error from elsewhere may quote anything."""
    return {name: _hidden(value) for name, value in event.items()}


def _hidden(value: Any) -> Any:
    match value:
        case str():
            return hidden(value)
        case list() | tuple() | set():
            return [_hidden(one) for one in value]
        case _:
            return value


def logger() -> structlog.typing.FilteringBoundLogger:
    """Return the logger: `logger().info("route-stopped", topic=…, reason=…)`."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return bound
