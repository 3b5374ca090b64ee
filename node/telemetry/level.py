"""The level from which on events are logged: as it is configured, or another for a while, which ends by itself."""

import asyncio
import logging
import time
from typing import Literal, get_args

import structlog

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = get_args(Level)
FOR_S, FOR_S_MAX = 15 * 60.0, 24 * 3600.0

_AIOKAFKA = {"debug": logging.WARNING}
"""aiokafka logs each failed attempt of its own, and what matters of them is in our own events; below warnings it would tell what it sends."""


class LogLevel:
    """The level of this process: `configured`, and what it is `now`."""

    def __init__(self) -> None:
        self.configured: Level = "info"
        self.now: Level = "info"
        self._ends_at = 0.0
        self._ending: asyncio.TimerHandle | None = None

    def configure(self, level: Level) -> None:
        """Take a level for good."""
        self.configured = level
        self._end()

    def change(self, level: Level, for_s: float) -> None:
        """Take a level for so many seconds; the configured one holds from now on without end."""
        self._end()
        if level != self.configured:
            self._apply(level)
            self._ends_at = time.monotonic() + for_s
            self._ending = asyncio.get_running_loop().call_later(for_s, self._restore)

    @property
    def ends_in_s(self) -> float | None:
        """When the configured level comes back; None where it holds."""
        return None if self._ending is None else max(self._ends_at - time.monotonic(), 0.0)

    def _restore(self) -> None:
        structlog.get_logger().warning("level-restored", to=self.configured)
        self._end()

    def _end(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        self._apply(self.configured)

    def _apply(self, level: Level) -> None:
        self.now = level
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
        logging.getLogger("aiokafka").setLevel(_AIOKAFKA.get(level, logging.CRITICAL))
