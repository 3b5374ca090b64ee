"""Every metric and every log event of the node, in one place. Counted per batch, never per record; nothing personal is ever logged."""

from node.telemetry.log import configure, logger
from node.telemetry.metrics import Metrics

__all__ = ["Metrics", "configure", "logger"]
