"""Whether this node does what a grant says by now, so that it may tell all others; and the disposal of what it may not keep."""

import contextlib
import time
from collections.abc import Awaitable, Callable, Container
from datetime import date

from node.bus import inspect
from node.bus.client import Client
from node.bus.security import Security
from node.bus.topics import remove_topic
from node.control import Book
from node.control.commands import SeeGrant
from node.control.grants import is_copy
from node.control.reach import unseen
from node.errors import BusError, CommandRefused
from node.lane import TopicPartition
from node.model.names import Division, Topic, division_of
from node.model.values import EventRef
from node.telemetry import Metrics, logger

SPEAKING_S = 1.0
"""So long a node speaks before it looks again at what it has to stop: some dozen events, each a transaction of its own."""
_SWEEP_S = 300.0


class Following:
    """What a node does about the grants on whose way it lies. `say` has it carry out a command."""

    def __init__(self, here: Division, security: Security, metrics: Metrics, say: Callable[[SeeGrant], Awaitable[object]]) -> None:
        self.trouble = ""
        """which copy cannot be disposed of, and why"""
        self._here = here
        self._security = security
        self._metrics = metrics
        self._say = say
        self._vain: set[EventRef] = set()
        """grants of which something was to be said that was not so yet"""
        self._swept = -_SWEEP_S

    async def step(
        self, client: Client, book: Book, today: date, carried: Container[Topic], wanted: Callable[[], Container[Topic]]
    ) -> bool:
        """Dispose of copies that may not be kept, and say of grants what the node does by now: until then all others show that it does not.

        `carried` are the topics of its routes, `wanted` tells those that the book asks for here. It ends after SPEAKING_S, for others wait. Return whether
        more is to be done as soon as that may be.
        """
        held, self.trouble, end = False, "", time.monotonic() + SPEAKING_S
        with contextlib.suppress(BusError, CommandRefused):  # it is looked at again
            commands = unseen(book, self._here, today)
            await client.look({book.grants[command.grant].topic for command in commands if command.state == "flowing"})
            # What could not be said before comes last: it would hinder all that can be.
            for command in sorted(commands, key=lambda one: one.grant in self._vain):
                if time.monotonic() > end:
                    return True
                if not await follows(client, book, self._here, command, carried):
                    held = held or bool(command.disposed)
                    self._vain.add(command.grant)
                elif await self._dispose(client, command):
                    await self._say(command)
                    self._vain.discard(command.grant)
            await self._sweep(client, book, carried, wanted)
        return held

    async def _sweep(self, client: Client, book: Book, carried: Container[Topic], wanted: Callable[[], Container[Topic]]) -> None:
        """Now and then remove what lies here although nobody holds a grant on it, whatever was said of it: made late, or again by a clock put back."""
        if time.monotonic() < self._swept + _SWEEP_S:
            return
        self._swept = time.monotonic()
        here = wanted()
        stray = [topic for topic in book.granted if topic not in here and topic not in carried and is_copy(topic, self._here)]
        await client.look(stray)
        for topic in stray:
            # Asked anew: it may have been granted while the cluster was looked at.
            if client.topic(topic) is not None and topic not in wanted() and await remove_topic(client, topic, security=self._security):
                self._metrics.copies_disposed.inc()
                logger().warning("copy-disposed", topic=topic, state="stray")

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
