"""Log events: one JSON line each, with fields, never a payload. `events` has their names, `limiting` how often the same is said.

Whatever libraries log by Python's own `logging`, from warnings on, is an event too, so that the log has one form.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from node.model.hidden import hidden
from node.telemetry.level import Level, LogLevel
from node.telemetry.limiting import MORE, Event, Limit

_WITHIN_MAX = 8
"""Collections within another in a field: ours have two, and one that holds itself has no end."""
LEVEL = LogLevel()
"""Of this process, as all of structlog's configuration is."""


def configure(
    *, division: str, readable: bool, level: Level = "info", held: Callable[[str, int], None] = lambda _event, _many: None
) -> "Sparing":
    """Log to standard error: JSON lines, or text for a person at a terminal. Call once, before anything is logged.

    Returns what holds events back that come too often; whoever runs for long has it `tell` each second. `held` is told their name and how many.
    """
    renderer = structlog.dev.ConsoleRenderer(colors=False) if readable else structlog.processors.JSONRenderer(ensure_ascii=False)
    ending = [_without_persons, renderer]
    sparing = Sparing(ending, held)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            sparing.take,
            *ending,
        ],
        # Standard error as it is when an event is logged: whoever redirects it later is followed, and a closed one is never written to.
        logger_factory=lambda *_arguments: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(division=division)
    LEVEL.configure(level)
    logging.root.handlers = [Libraries(logging.WARNING), *(one for one in logging.root.handlers if not isinstance(one, Libraries))]
    return sparing


class Sparing:
    """Holds back what comes too often, and tells of it: `ending` makes a line of an event."""

    def __init__(self, ending: Sequence[structlog.typing.Processor], held: Callable[[str, int], None]) -> None:
        self._limit, self._ending, self._held = Limit(), ending, held
        self._lock = threading.Lock()  # libraries log from threads of their own

    def take(self, _logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        """Let an event pass, or none."""
        with self._lock:
            shown = self._limit.take(event, time.monotonic())
        if shown is None:
            raise structlog.DropEvent
        return self._counted(shown)

    def tell(self, now: float) -> None:
        """Tell what was held back and whose interval is over at a moment (monotonic, s), which is infinite at the end."""
        with self._lock:
            due = list(self._limit.due(now))
        for event in due:
            line: Any = self._counted(event)
            for processor in self._ending:
                line = processor(None, "", line)
            structlog.PrintLogger(sys.stderr).msg(line)

    def _counted(self, event: Event) -> structlog.typing.EventDict:
        if many := event.get(MORE):
            self._held(str(event["event"]), many)
        return dict(event)


def _without_persons(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Hide what nobody should have put there: the text of an error from elsewhere may quote anything."""
    return {name: _hidden(value) for name, value in event.items()}


def _hidden(value: Any, within: int = 0) -> Any:
    """Return a value as it may be shown; what is neither text, number nor collection, or lies too deep, as the text that a renderer would make of it."""
    match value:
        case str():
            return hidden(value)
        case None | bool() | int() | float():
            return value
        case dict() if within < _WITHIN_MAX:
            return {hidden(str(name)): _hidden(one, within + 1) for name, one in value.items()}
        case list() | tuple() | set() | frozenset() if within < _WITHIN_MAX:
            return [_hidden(one, within + 1) for one in value]
        case _:
            return hidden(repr(value))


class Libraries(logging.Handler):
    """Makes events of what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one."""
        told = {"source": record.name, "text": record.getMessage(), **({"exc_info": record.exc_info} if record.exc_info else {})}
        if record.levelno >= logging.ERROR:
            logger().error("library", **told)
        else:
            logger().warning("library", **told)


def logger() -> structlog.typing.FilteringBoundLogger:
    """Return the logger: `logger().info("route-stopped", topic=…, reason=…)`."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return bound
