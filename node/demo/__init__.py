"""The demo: a province, a city and a district carry real records, on real Kafka, on this machine.

**The road.** `world` starts three clusters and three `exchange-node run` processes; `story` says what their stewards would say and
publishes with the command a department would use; `takers` read at their own nodes with an independent client and keep a digest;
`table` draws the nodes' own status; `run` plays it all and compares; `remote` lets another terminal cut and mend a link.

Everything is under `.run/demo` and ends with this process, even when it is killed. One demo runs in a folder at a time.
"""

from node.demo.remote import ask
from node.demo.run import FOLDER, run

__all__ = ["cut", "mend", "run"]


def cut(division: str) -> None:
    """Cut the link of a running demo's node to its parent. CommandRefused if no demo runs here or there is no such link."""
    ask(FOLDER, "break", division)


def mend(division: str) -> None:
    """Restore the link. CommandRefused as with `cut`."""
    ask(FOLDER, "mend", division)
