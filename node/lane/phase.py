"""Where a shard stands on the road from taking it to letting it go."""

from enum import Enum


class Phase(Enum):
    """Where a shard stands."""

    RESTING = "resting"
    BACKING_OFF = "backing-off"
    OPENING = "opening"
    RECOVERING = "recovering"
    RUNNING = "running"
    CLOSING = "closing"
    """no more batches; waiting until those sent are settled"""
    RECORDING = "recording"
    COMMITTING = "committing"
    ABORTING = "aborting"
    GIVEN_UP = "given-up"
    CLOSED = "closed"

    # Asked at every fact: a tuple's members are compared by identity, where a set would hash them by Python's code.

    @property
    def is_open(self) -> bool:
        """The shard is ours and its progress is known: routes may be looked at."""
        return self in (Phase.RUNNING, Phase.CLOSING, Phase.RECORDING, Phase.COMMITTING)

    @property
    def has_producer(self) -> bool:
        """A producer is there, or is being taken: it can be lost."""
        return self.is_open or self in (Phase.OPENING, Phase.RECOVERING, Phase.ABORTING)

    @property
    def is_over(self) -> bool:
        """Nothing follows any more."""
        return self in (Phase.CLOSED, Phase.GIVEN_UP)
