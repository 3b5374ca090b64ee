"""The loops of a node: fold control logs, make topics, carry routes, and tell how all of it is.

**The road.** `run_node` supervises two halves that live and fail apart:

- *the own cluster*: `Ledger` folds every control log that is there; whatever changes in the book, the topics that follow from it are made;
- *the link* (every node but the root): two `Lane`s, up and down, between the own cluster and the parent's; their routes
  follow from the book. A `Lane` has a `Shard` for each shard that some route falls into, and each drives one machine.

Beside them, on request only, `Quarantine` reads what the gate refused, sends it back to its inbox or notes that it was given up (`quarantine`,
`reading`, `repair`).

**Bounds.** One reader, one writer, two lanes, at most 32 shards; a failing half is tried again after 0.1 s to 5 s; a stop takes 10 s.

**Failure modes.** A cluster that does not answer is a reason in `/readyz` and a log line, and is tried again for ever. Anything unforeseen
in a half ends that half only; the supervisor logs it and starts the half anew: what was not committed is carried again, nothing twice.
"""

from node.runtime.lane import Lane, RouteStatus
from node.runtime.ledger import Ledger
from node.runtime.node import LinkStatus, Node, NodeSettings, run_node

__all__ = ["Lane", "Ledger", "LinkStatus", "Node", "NodeSettings", "RouteStatus", "run_node"]
