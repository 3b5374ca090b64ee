"""The verdicts of the bounds-checked build of the kernel: run as a program of its own, for a process has one build or the other.

It makes the cases of some seeds anew and prints a digest of what the kernel finds of each.
"""

import hashlib
import os
import subprocess
import sys

import numpy as np

from node.avro.jit import CHECKED
from node.avro.values import check_values
from tests.avro.corpus import case
from tests.avro.ruling import NOW_MS


def digest(seed: int, values: int, mutants: int) -> str:
    """Return the digest of all that the kernel of this process finds of a case: verdicts, places, warnings.

    The checked build gets each value in a buffer of its own, so that it sees a read beyond the value's end and not only beyond the last one's.
    """
    one = case(seed, values, mutants)
    program = one.program()
    if CHECKED:
        parts = [check_values(program, value, np.array([0, len(value)]), NOW_MS) for value in one.values]
    else:
        parts = [check_values(program, *one.joined(), NOW_MS)]
    found = np.concatenate([part.found for part in parts])
    warned = sum((program.warned(part.state) for part in parts), np.zeros(len(program.rules), np.int64))
    return hashlib.sha256(found.tobytes() + warned.tobytes()).hexdigest()


def checked_digests(first: int, last: int, values: int, mutants: int) -> list[str]:
    """Return the digests of the checked build for the seeds from `first` to before `last`."""
    command = [sys.executable, "-m", "tests.avro.checked", *map(str, (first, last, values, mutants))]
    environment = os.environ | {"EXCHANGE_NODE_KERNEL": "checked"}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()


def main() -> None:
    """Print the digests of the seeds that the command line names."""
    assert CHECKED, "EXCHANGE_NODE_KERNEL=checked is not set"
    first, last, values, mutants = map(int, sys.argv[1:])
    for seed in range(first, last):
        print(digest(seed, values, mutants))  # noqa: T201  # it is what this program is for


if __name__ == "__main__":
    main()
