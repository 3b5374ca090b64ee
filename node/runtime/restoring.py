"""A node's log against the copy in its parent's cluster: what a restored cluster lacks comes back from there, before more is said."""

import asyncio
from contextlib import suppress

from node.bus.client import Client
from node.bus.log import read_log
from node.bus.security import Security
from node.errors import CommandRefused
from node.model.limits import WAIT_MAX_S
from node.model.names import Division, control_topic
from node.runtime.ledger import Ledger


async def compare_with_parent(ledger: Ledger, here: Division, parents: Client, security: Security) -> None:
    """Compare until it is known that the own log lacks nothing, or that the two differ; once in a process. BusError if the parent does not answer.

    The link runs meanwhile: the keys with which the copy is signed may have to come down over it first.
    """
    topic = control_topic(here)
    while not ledger.hand.proven and not ledger.hand.fork:
        ledger.hand.comparing = True
        await parents.look([topic])
        copy = [] if parents.topic(topic) is None else await read_log(parents.bootstrap, topic, security)
        compared = False
        with suppress(CommandRefused):  # somebody else holds the pen, or the own cluster does not answer
            compared = await ledger.compare(copy)
        if not compared:
            await asyncio.sleep(WAIT_MAX_S)
