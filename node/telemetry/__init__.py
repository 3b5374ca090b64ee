"""Every metric and every log event of the node, in one place. Counted per batch, never per record; nothing personal is ever logged.

`events` is the list of log events, `log` how they become lines, `limiting` how often the same is said, `level` from which level on.
"""

from node.telemetry.log import configure, logger
from node.telemetry.metrics import Metrics

__all__ = ["Metrics", "configure", "logger"]
