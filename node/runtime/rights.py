"""What the own cluster lets others do, kept equal to what the book says."""

import time
from collections.abc import Collection

from node.bus.acls import NoAuthorizer, add_acls, list_acls, remove_acls
from node.bus.client import Client
from node.control.entitled import Acl, strangers
from node.errors import BusError
from node.telemetry import Metrics, logger

_LOOK_S = 3.0
"""So often the cluster is asked what it has, though the book has not changed: somebody else may have given rights there. The rest of the 5 s in
which a stranger has to go is for the node's other work."""
_REST = 50
"""A province has some 50,000 entries, which take half a second to read: looks take a fiftieth of the time at most."""


class Rights:
    """The access control lists of the node's cluster."""

    def __init__(self, metrics: Metrics, others: Collection[str] = ()) -> None:
        self._metrics = metrics.rights_changed
        self.trouble = ""
        """why the cluster's lists are not as they should be"""
        self.open = False
        """the cluster has no lists: it lets everybody do everything"""
        self._others = others
        self._wanted: frozenset[Acl] = frozenset()
        self._before: frozenset[Acl] = frozenset()
        self._there: frozenset[Acl] | None = None
        """what the cluster has, None where that is not known"""
        self._look_at = 0.0

    async def step(self, client: Client, wanted: frozenset[Acl]) -> None:
        """Take away what is too much, then add what is missing. What fails is tried again with the next step."""
        if self.open:
            return
        try:
            there = await self._look(client)
            too_much, missing = strangers(there, wanted, self._others), wanted - there
            self._there = None  # whoever is interrupted here does not know
            await remove_acls(client, too_much)
            await add_acls(client, missing)
        except NoAuthorizer as error:
            self.open = True
            logger().error("cluster-open", cause=str(error), next_step="close it: README, section 'What the clusters let others do'")
            return
        except BusError as error:
            self.trouble = str(error)
            return
        self._there = (there - too_much) | missing
        if too_much or missing:
            self._tell(too_much, missing)
        self.trouble, self._before, self._wanted = "", self._wanted, wanted

    async def _look(self, client: Client) -> frozenset[Acl]:
        """Return what the cluster has, asked anew now and then."""
        began = time.monotonic()
        if self._there is not None and began < self._look_at:
            return self._there
        there = await list_acls(client)
        took = time.monotonic() - began
        self._look_at = began + max(_LOOK_S, _REST * took)
        return there

    def _tell(self, too_much: frozenset[Acl], missing: frozenset[Acl]) -> None:
        # What was wanted the time before counts as ours: brokers list an entry some milliseconds after it was added.
        foreign = sorted(map(str, too_much - self._wanted - self._before))
        changes = {"added": len(missing), "removed": len(too_much) - len(foreign), "stranger": len(foreign)}
        for change, many in changes.items():
            self._metrics.labels(change).inc(many)
        logger().info("rights-changed", **changes)
        if foreign:
            logger().warning("strange-rights-removed", count=len(foreign), first=foreign[0])
