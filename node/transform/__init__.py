"""What a lane does to a batch between its two logs. A link does nothing: `raw` only tells which batches may pass untouched."""

from node.transform.raw import Verdict, judge, rebuilt

__all__ = ["Verdict", "judge", "rebuilt"]
