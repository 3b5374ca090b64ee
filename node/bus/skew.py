"""How far a cluster's clock is from ours, told by its answers to writes that it dates itself (LogAppendTime).

An answer that took `t` seconds dates a moment within them: half of that is the most by which the figure can be wrong, so of a minute's answers the
quickest counts.
"""

import time

_KEPT_S = 60.0


class Skew:
    """The newest good figure. `seconds` is the cluster's clock minus ours, None before its first answer."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._took_s = self._at = 0.0

    def note(self, dated_ms: int, took_s: float) -> None:
        """Take an answer that came now, `took_s` after what it answers was sent."""
        now = time.monotonic()
        if self.seconds is None or took_s <= self._took_s or now - self._at > _KEPT_S:
            self.seconds = dated_ms / 1000 + took_s / 2 - time.time()
            self._took_s, self._at = took_s, now
