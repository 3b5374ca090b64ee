"""What a lane does to batches between their logs.

A link does nothing: `raw` only tells which batches may pass untouched. A gate opens them (`gate`): `kernel_gate` judges every record, what
passes goes on, what does not goes to the quarantine with its reason (`quarantine`), from where it is read back (`refusal`).

Bounds: a batch unfolds to 64 MiB at most; a gate holds one group of batches that came together, their records unfolded and once more
copied. Failure modes: none; what cannot be opened is refused whole, what is garbled within its length harms no neighbour.
"""

from node.transform.raw import Care, Verdict, judge, rebuilt
from node.transform.writes import Made, Transform, Write

__all__ = ["Care", "Made", "Transform", "Verdict", "Write", "judge", "rebuilt"]
