"""The gates of a node's own resources: opened when a resource appears in the book, and anew when it gets another schema."""

import asyncio

from node.control import Book, gates
from node.errors import SchemaError
from node.model.names import Division, Topic
from node.model.values import Kind, ResourceValue
from node.telemetry import logger
from node.transform.gate import Gate, open_gate

_Plan = tuple[ResourceValue, tuple[int, ...]]


class Gates:
    """The gates by inbox. Calling it gives the gate of an inbox that `open` has returned."""

    def __init__(self, here: Division) -> None:
        self.trouble = ""
        """which resources have no gate, and why; empty when all have"""
        self._here = here
        self._open: dict[Topic, tuple[_Plan, Gate]] = {}
        self._faults: dict[Topic, tuple[_Plan, str]] = {}

    def __call__(self, inbox: Topic) -> Gate:
        """Return the gate of an inbox."""
        return self._open[inbox][1]

    async def open(self, book: Book) -> list[tuple[Topic, int]]:
        """Open what the book has and close nothing; return the inboxes that have a gate, with their partitions.

        A resource whose newest schema this node cannot check has no gate: nothing passes unchecked.
        """
        wanted = gates(book, self._here)
        for inbox, resource in wanted.items():
            plan = resource, tuple(book.versions[resource.name])
            if inbox in self._open and self._open[inbox][0] == plan:
                continue
            if inbox in self._faults and self._faults[inbox][0] == plan:
                continue
            await self._open_one(inbox, plan, book)
        self._faults = {inbox: fault for inbox, fault in self._faults.items() if inbox in wanted}
        self.trouble = "; ".join(f"{inbox}: {why}" for inbox, (_plan, why) in sorted(self._faults.items()))
        return [(inbox, resource.partitions) for inbox, resource in wanted.items() if inbox in self._open and inbox not in self._faults]

    async def _open_one(self, inbox: Topic, plan: _Plan, book: Book) -> None:
        resource, versions = plan
        schemas = {number: schema.schema for number in versions if (schema := book.schema(number, self._here)) is not None}
        try:
            # Compiling takes a millisecond a schema: a node with thousands of resources must not stand still for it.
            gate = await asyncio.to_thread(
                open_gate,
                resource=resource.name,
                schemas=schemas,
                partitions=resource.partitions,
                is_state=resource.kind is Kind.STATE,
                batch_bytes_max=resource.max_message_bytes,
            )
        except SchemaError as error:
            self._faults[inbox] = plan, str(error)
            logger().error("gate-closed", resource=resource.name, cause=str(error))
            return
        self._faults.pop(inbox, None)
        self._open[inbox] = plan, gate
