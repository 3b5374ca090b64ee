"""What the gate makes with the bounds-checked build of its kernel: run as a program of its own, for a process has one build or the other.

It makes the inboxes of some seeds anew and prints a digest of what the gate makes of each, and of some mutants of its first batch.
"""

import hashlib
import os
import subprocess
import sys
from random import Random

from node.avro.jit import CHECKED
from node.batch import codec
from node.transform import Made
from tests.avro.ruling import NOW_MS
from tests.transform.cases import ROOM_BYTES, damaged, inbox
from tests.transform.holding import content


def digest(seed: int, mutants: int) -> str:
    """Return the digest of all that the gate of this process makes of a seed's inbox."""
    one, rng = inbox(seed, batches=3, sizes=(1, 4, 12)), Random(seed)
    found = hashlib.sha256(_told(one.gate.judge(one.partition, one.raws, NOW_MS)))
    sound = content(one.raws[0])
    assert sound is not None
    for _ in range(mutants):
        found.update(_told(one.gate.judge(one.partition, [damaged(one.raws[0], sound, rng)], NOW_MS)))
    return found.hexdigest()


def _told(made: Made) -> bytes:
    written = b"".join(write.topic.encode() + write.data[write.start : write.start + write.header.size] for write in made.writes)
    return written + repr((made.taken, sorted(made.refused.items()), sorted(made.warned.items()))).encode()


def checked_digests(first: int, last: int, mutants: int) -> list[str]:
    """Return the digests of the checked build for the seeds from `first` to before `last`."""
    command = [sys.executable, "-m", "tests.transform.checked", *map(str, (first, last, mutants))]
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
