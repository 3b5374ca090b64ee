"""What a lane does to batches between their logs.

A link does nothing: `raw` only tells which batches may pass untouched. A gate opens them (`gate`): `kernel_gate` judges every record, what
passes goes on, what does not goes to the quarantine with its reason (`quarantine`), from where it is read back (`refusal`). Views cut them (`view`):
`kernel_view` walks every record once for all views of a resource, tells whose rows it is among, and writes for each what it has of it.

Bounds: a batch unfolds to 64 MiB at most; a gate or the views of a resource hold one group of batches that came together, their records unfolded and once
more copied. What a view of state has shown takes 8 bytes a key, twice that with its empty seats (`shown`). Failure modes: what cannot be opened is refused
whole by a gate; what is garbled within its length harms no neighbour. A resource that holds what no gate lets pass stops its views (BatchError).

Non-obvious: what a view does not have leaves no trace in its topic: not in keys, headers, tombstones, offsets. Two things are not hidden: when a record was
published, and that something of a subject has changed. Whoever holds two views of a resource side by side can still align them by order and time where their
filters let the same records pass; keys and `hmac` only see to it that values tell nothing.
"""

from node.transform.raw import Care, Verdict, judge, rebuilt
from node.transform.writes import Made, Transform, Write

__all__ = ["Care", "Made", "Transform", "Verdict", "Write", "judge", "rebuilt"]
