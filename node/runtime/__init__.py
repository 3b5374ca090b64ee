"""The loops of a node: fold control logs, make topics, carry routes, and tell how all of it is.

**The road.** `run_node` keeps parts going that live and fail apart (`supervising`):

- *the own cluster*: `Ledger` folds every control log that is there; whatever changes in the book, the topics that follow from it are made, and copies that may not
  be kept are removed once no route holds them (`following`);
- *the gate* and *the views*: a `Lane` each from the own cluster to itself. What departments publish passes the gate (`gates`); of what has passed, the
  parts that are granted are cut into views (`views`);
- *the link* (every node but the root): two `Lane`s, up and down, between the own cluster and the parent's; their routes
  follow from the book. A `Lane` has a `Shard` for each shard that some route falls into, and each drives one machine.

A view is a route of its own, named after its topic and read from its resource's: so it stops, waits and catches up by itself. Views that stand at the same
place of a partition share all the work up to their own cut: one Fetch (`bus.source`), one call of the transform (`transforming`). What a view of state has
shown is kept beside its route (`memories`).

The own cluster's access control lists are kept to the book (`rights`), and who logs in there gets a password here (`logins`).

`Checkups` looks once a minute at disks, certificates and refused records that wait (`waiting`), for gauges and the doctor, whose whole look is
`examination`.

`Clocks` says once of each legal clock that it is due soon, or overdue (`clocks`).

What the link may carry is said in the configuration or by an operator (`pacing`).

Beside them, on request only, `Quarantine` reads what the gate refused, sends it back to its inbox or notes that it was given up (`quarantine`,
`reading`, `repair`), and `preview` shows what a grant would give.

**Bounds.** One reader, one writer, four lanes, at most 64 shards; a failing part is tried again after 0.1 s to 5 s; a stop takes 10 s. A memory takes some 16
bytes for each key that a filtered view of state shows.

**Failure modes.** A copy that cannot be removed is a reason in `/readyz`, and is not said to be; a node that ends between removing it and saying so finds that it has
to say it still. A cluster that does not answer is a reason in `/readyz` and a log line, and is tried again for ever. Anything unforeseen
in a part ends that part only; the supervisor logs it and starts the part anew: what was not committed is carried again, nothing twice. A lost secret
(`secret`) closes the views that hide keys by it, until it is restored: under another one each subject would get another name.
"""

from node.runtime.flow import FlowStatus, RouteStatus
from node.runtime.lane import Lane
from node.runtime.ledger import Ledger
from node.runtime.node import Node, run_node
from node.runtime.settings import LinkStatus, NodeSettings

__all__ = ["FlowStatus", "Lane", "Ledger", "LinkStatus", "Node", "NodeSettings", "RouteStatus", "run_node"]
