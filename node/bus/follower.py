"""Who is fetched for: a route that is followed, and its listener."""

from typing import Protocol

import msgspec

from node.lane import Stop, TopicPartition
from node.lane.facts import Batch
from node.transform import Care


class Listener(Protocol):
    """Who follows routes: one shard of a lane."""

    def fetched(self, route: TopicPartition, generation: int, batches: list[Batch], position: int, end: int) -> None:
        """Batches came, or the position moved on. Other routes of the same source may get the same batches."""

    def source_failed(self, route: TopicPartition, generation: int, stop: Stop | None, detail: str) -> None:
        """The route cannot be followed any further; it is followed no more."""


class Following(msgspec.Struct, eq=False, kw_only=True):
    """A route that is followed, what it is read from, and from where on."""

    route: TopicPartition
    """whose batches they are"""
    source: TopicPartition
    """what is fetched: the route itself, unless something else is made of it"""
    topic_id: bytes
    """of the source"""
    generation: int
    position: int
    care: Care
    """the same for all routes of one source"""
    listener: Listener
    held: bool = False
    placed: int = 0
    """number of the last Fetch that its connection had sent when it was put on it: that one is none of its own"""
    asked: int = 0
    """number of the last Fetch that asked for its position"""
    answered_at: float | None = None
    """monotonic time of the last reply to a Fetch that asked for its position"""
    attempts: int = 0
    """how often it could not be placed, or lost its place"""
    trouble: str = ""
    """why it is not being fetched at the moment"""
