"""What views make with the bounds-checked build of their kernel: run as a program of its own, as `checked` is.

It makes the partitions of some seeds anew and prints a digest of what their views have of each, and of some mutants of its first batch.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from random import Random

from node.avro.jit import CHECKED
from node.batch import codec
from node.errors import BatchError
from node.transform import Write
from tests.avro.ruling import NOW_MS
from tests.transform.cases import ROOM_BYTES, damaged
from tests.transform.holding import content
from tests.transform.running import Running


def digest(seed: int, mutants: int) -> str:
    """Return the digest of all that the views of this process have of a seed's partition; IndexError goes on."""
    one, rng = Running(seed, batches=3, sizes=(1, 4, 12)), Random(seed)
    found = hashlib.sha256(_made(one, [source.raw for source in one.sources]))
    sound = content(one.sources[0].raw)
    assert sound is not None
    for _ in range(mutants):
        found.update(_made(one, [damaged(one.sources[0].raw, sound, rng)]))
    return found.hexdigest()


def _made(one: Running, raws: Sequence[Write]) -> bytes:
    memories = one.memories()
    try:
        made = one.views.make(0, raws, NOW_MS, memories)
    except BatchError as fault:
        return str(fault).encode()
    shown = [(len(memory), sorted(memory.keys.seats.tolist())) for memory in memories.values() if memory is not None]
    told = [(topic, each.taken, [bytes(write.data) for write in each.writes]) for topic, each in made.items()]
    return repr((told, shown)).encode()


def checked_digests(first: int, last: int, mutants: int) -> list[str]:
    """Return the digests of the checked build for the seeds from `first` to before `last`."""
    command = [sys.executable, "-m", "tests.transform.checked_view", *map(str, (first, last, mutants))]
    environment = os.environ | {"EXCHANGE_NODE_KERNEL": "checked"}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()


def main() -> None:
    """Print the digests of the seeds that the command line names."""
    assert CHECKED, "EXCHANGE_NODE_KERNEL=checked is not set"
    vars(codec)["DECOMPRESSED_BYTES_MAX"] = ROOM_BYTES
    first, last, mutants = map(int, sys.argv[1:])
    for seed in range(first, last):
        print(digest(seed, mutants))  # noqa: T201 - it is what this program is for


if __name__ == "__main__":
    main()
