"""What a lane does to batches between their logs.

A link does nothing: `raw` only tells which batches may pass untouched. A gate opens them (`gate`): `kernel_gate` judges every record, what
passes goes on, what does not goes to the quarantine with its reason (`quarantine`), from where it is read back (`refusal`).
Views open what gates have let pass (`view`): `kernel_view` walks every record once and writes what each view has of it; of state a view
remembers the keys that it has shown (`shown`), so that nothing else is ever taken back.

Bounds: a batch unfolds to 64 MiB at most; a gate holds one group of batches that came together, their records unfolded and once more
copied, a view one of these batches and what it makes of the group. Failure modes: a gate has none; what cannot be opened is refused whole,
what is garbled within its length harms no neighbour. A view stops (BatchError) before what no gate can have let pass.
"""

from node.transform.raw import Care, Verdict, judge, rebuilt
from node.transform.writes import Made, Transform, Write

__all__ = ["Care", "Made", "Transform", "Verdict", "Write", "judge", "rebuilt"]
