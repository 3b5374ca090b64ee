"""What `configure` sets for the whole process is undone, for the tests that come after."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from node.telemetry.log import Libraries


@contextmanager
def undone() -> Iterator[None]:
    """Undo it in the end."""
    level = logging.getLogger("aiokafka").level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.root.handlers = [one for one in logging.root.handlers if not isinstance(one, Libraries)]
    logging.getLogger("aiokafka").setLevel(level)
