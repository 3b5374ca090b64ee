"""What moved today, as it is told: never less than was told before.

The figures come from progress records, which are exact; but a lane's are not known while it is not open, and after a restart not before they are read. What was
known of them stands meanwhile, over restarts too (`moved.json`); figures of a day only grow, so the greater of both is true.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from node.runtime.hints import read_hint, write_hint
from node.telemetry.metrics import Volume

_NAME = "moved.json"
_Key = tuple[str, str, str]


class _Kept(msgspec.Struct, frozen=True):
    day: str
    volumes: list[Volume]


class Moved:
    """Records and bytes of one day by department, resource and direction."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _NAME
        kept = read_hint(self._file, _Kept, _Kept("", []))
        self._day = kept.day
        self._known: dict[_Key, Volume] = {_key(one): one for one in kept.volumes}

    def told(self, day: str, found: Iterable[Volume]) -> list[Volume]:
        """Return what moved on a day, from what is found of its partitions now and what was known before."""
        if day != self._day:
            self._day, self._known = day, {}
        sums: dict[_Key, Volume] = {}
        for one in found:
            before = sums.get(_key(one))
            sums[_key(one)] = (
                one
                if before is None
                else msgspec.structs.replace(one, records=before.records + one.records, bytes=before.bytes + one.bytes)
            )
        for key, one in sums.items():
            known = self._known.get(key)
            if known is None or one.records >= known.records:
                self._known[key] = one
        return list(self._known.values())

    def save(self) -> None:
        """Write the file, whole or not at all. OSError."""
        write_hint(self._file, _Kept(self._day, list(self._known.values())))


def _key(one: Volume) -> _Key:
    return one.department, one.resource, one.direction
