"""Whether this node does what a grant says by now, so that it may tell all others; and the disposal of what it may not keep."""

import contextlib
from collections.abc import Awaitable, Callable, Container
from datetime import date

from node.bus import inspect
from node.bus.client import Client
from node.bus.security import Security
from node.bus.topics import remove_topic
from node.control import Book
from node.control.commands import SeeGrant
from node.control.reach import unseen
from node.errors import BusError, CommandRefused
from node.lane import TopicPartition
from node.model.names import Division, Topic, division_of
from node.telemetry import Metrics, logger

_TOLD_MAX = 100
"""Grants of which a node tells at a time that it follows them: each is an event of its own."""


class Following:
    """What a node does about the grants on whose way it lies. `say` has it carry out a command."""

    def __init__(self, here: Division, security: Security, metrics: Metrics, say: Callable[[SeeGrant], Awaitable[object]]) -> None:
        self.trouble = ""
        """which copy cannot be disposed of, and why"""
        self._here = here
        self._security = security
        self._metrics = metrics
        self._say = say

    async def step(self, client: Client, book: Book, today: date, carried: Container[Topic]) -> bool:
        """Dispose of copies that may not be kept, and say of grants what the node does by now: until then all others show that it does not.

        `carried` are the topics of its routes. Return whether some copy has to go as soon as open transactions let it.
        """
        held, self.trouble = False, ""
        with contextlib.suppress(BusError, CommandRefused):  # it is looked at again
            for command in unseen(book, self._here, today)[:_TOLD_MAX]:
                if not await follows(client, book, self._here, command, carried):
                    held = held or bool(command.disposed)
                elif await self._dispose(client, command):
                    await self._say(command)
        return held

    async def _dispose(self, client: Client, command: SeeGrant) -> bool:
        """Remove the copies of which a command says that they are disposed of, where they are there; tell whether they are gone."""
        try:
            for topic in command.disposed:
                if await remove_topic(client, topic, security=self._security):
                    self._metrics.copies_disposed.inc()
                    logger().info("copy-disposed", topic=topic, grant="/".join(map(str, command.grant)), state=command.state)
        except BusError as error:
            self.trouble = str(error)
            return False
        return True


async def follows(client: Client, book: Book, here: Division, command: SeeGrant, carried: Container[Topic]) -> bool:
    """Tell whether the node of `here` follows a grant as far as the command says, but for what is to be disposed of. BusError.

    `carried` are the topics of its routes. It flows once the topic is there, and at the taker's node once something has come; it has stopped once no
    route carries what nobody else was granted.
    """
    grant = book.grants[command.grant]
    if command.state != "flowing":
        return grant.topic not in carried or (not command.disposed and _is_shared(book, here, command))
    await client.look([grant.topic])
    info = client.topic(grant.topic)
    if info is None or here != division_of(grant.value.taker):
        return info is not None
    for partition in range(info.partitions):
        if await inspect.offset(client, TopicPartition(grant.topic, partition), inspect.LATEST):
            return True
    return False


def _is_shared(book: Book, here: Division, command: SeeGrant) -> bool:
    """Tell whether another grant, which flows, has the same topic on its way through this node."""
    grant = book.grants[command.grant]
    others = (one for one in book.unended_on(grant.value.resource) if one.ref != grant.ref and one.view == grant.view and not one.suspended)
    return any(here in book.tree.path(division_of(one.value.resource), division_of(one.value.taker)) for one in others)
