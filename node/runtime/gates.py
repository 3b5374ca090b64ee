"""The gates of a node's own resources: opened when a resource appears in the book, and anew when it gets another schema."""

import asyncio
from collections.abc import Callable

from node.control import Book, gates
from node.errors import SchemaError
from node.model.names import Division, Topic, resource_of
from node.model.values import Kind, ResourceValue
from node.telemetry import logger
from node.transform.gate import Gate, open_gate

_Plan = tuple[ResourceValue, tuple[tuple[int, str], ...]]
"""what a gate is made of: the resource and its schemas by id, the newest last"""


class Gates:
    """The gates by inbox. Calling it gives the gate of an inbox that `open` has returned, as the book has it now."""

    def __init__(self, here: Division, book: Callable[[], Book]) -> None:
        self.trouble = ""
        """which resources have no gate, and why; empty when all have"""
        self._here = here
        self._book = book
        self._opening = asyncio.Lock()
        """two that open at once would take what the other has opened for news, and end with the older list"""
        self._open: dict[Topic, tuple[_Plan, Gate]] = {}
        self._faults: dict[Topic, tuple[_Plan, str]] = {}

    def __call__(self, inbox: Topic) -> Gate:
        """Return the gate of an inbox.

        A record may follow its schema by a millisecond, before `open` is called again: it must not be refused for that.
        """
        plan = self._plan(self._book().resources[resource_of(inbox)])
        if self._open[inbox][0] != plan:
            self._open[inbox] = plan, _opened(plan)
        return self._open[inbox][1]

    async def open(self) -> list[tuple[Topic, int]]:
        """Open what the book has and close nothing; return the inboxes that have a gate, with their partitions.

        A resource with a schema that this node cannot check has no gate: nothing passes unchecked.
        """
        async with self._opening:
            wanted = gates(self._book(), self._here)
            for inbox, resource in wanted.items():
                plan = self._plan(resource)
                if plan not in (self._open.get(inbox, (None,))[0], self._faults.get(inbox, (None,))[0]):
                    await self._open_one(inbox, plan)
            self._faults = {inbox: fault for inbox, fault in self._faults.items() if inbox in wanted}
            self.trouble = "; ".join(f"{inbox}: {why}" for inbox, (_plan, why) in sorted(self._faults.items()))
            return [(inbox, resource.partitions) for inbox, resource in wanted.items() if inbox in self._open and inbox not in self._faults]

    def _plan(self, resource: ResourceValue) -> _Plan:
        return resource, self._book().schemas_of(resource.name)

    async def _open_one(self, inbox: Topic, plan: _Plan) -> None:
        try:
            # Compiling takes a millisecond a schema: a node with thousands of resources must not stand still for it.
            gate = await asyncio.to_thread(_opened, plan)
        except SchemaError as error:
            self._faults[inbox] = plan, str(error)
            logger().error("gate-closed", resource=plan[0].name, cause=str(error))
            return
        self._faults.pop(inbox, None)
        self._open[inbox] = plan, gate


def _opened(plan: _Plan) -> Gate:
    resource, schemas = plan
    return open_gate(
        resource=resource.name,
        schemas=dict(schemas),
        partitions=resource.partitions,
        is_state=resource.kind is Kind.STATE,
        batch_bytes_max=resource.max_message_bytes,
    )
