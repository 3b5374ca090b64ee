"""Whether this node does what a grant says by now, so that it may tell all others."""

from collections.abc import Container

from node.bus import inspect
from node.bus.client import Client
from node.control import Book
from node.control.commands import SeeGrant
from node.lane import TopicPartition
from node.model.names import Division, Topic, division_of


async def follows(client: Client, book: Book, here: Division, command: SeeGrant, carried: Container[Topic]) -> bool:
    """Tell whether the node of `here` follows a grant as far as the command says; `carried` are the topics of its routes. BusError.

    It flows once the topic is there, and at the taker's node once something has come; it has stopped once no route carries what nobody else was
    granted.
    """
    grant = book.grants[command.grant]
    topic = grant.view or grant.value.resource
    if command.state != "flowing":
        return topic not in carried or _is_shared(book, here, command)
    await client.look([topic])
    info = client.topic(topic)
    if info is None or here != division_of(grant.value.taker):
        return info is not None
    for partition in range(info.partitions):
        if await inspect.offset(client, TopicPartition(topic, partition), inspect.LATEST):
            return True
    return False


def _is_shared(book: Book, here: Division, command: SeeGrant) -> bool:
    """Tell whether another grant, which flows, has the same topic on its way through this node."""
    grant = book.grants[command.grant]
    others = (one for one in book.unended_on(grant.value.resource) if one.ref != grant.ref and one.view == grant.view and not one.suspended)
    return any(here in book.tree.path(division_of(one.value.resource), division_of(one.value.taker)) for one in others)
