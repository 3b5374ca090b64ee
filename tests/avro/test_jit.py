"""Answers for node/avro/jit.py."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.errors import NumbaError

from node.avro.jit import compiled, load8, load32, load64, number_at, row_at

_LOAD = """
import sys, time
import node.avro.values as values
from node.avro.kernel import walk_all
begin = time.process_time()
values.warm()
print(time.process_time() - begin, sum(walk_all.stats.cache_hits.values()), sum(walk_all.stats.cache_misses.values()))
"""


def _run(code: str, **environment: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


@compiled
def _loads(octets: Any, rows: Any, numbers: Any) -> Any:
    return load8(octets, 1), load32(octets, 1), load64(octets, 1), row_at(rows, 1), number_at(numbers, 1)


def test_loads_read_what_stands_there() -> None:
    """Bytes unaligned and without sign but for all eight; elements with their sign."""
    octets = np.arange(250, 260, dtype=np.int64).astype(np.uint8)
    found = _loads(octets, np.array([1, -2], np.int32), np.array([1, -(2**63)]))
    raw = octets.tobytes()
    expected = (raw[1], int.from_bytes(raw[1:5], "little"), int.from_bytes(raw[1:9], "little", signed=True), -2, -(2**63))
    assert found == expected


def test_a_kernel_cannot_allocate() -> None:
    """What would set memory aside for each record does not compile."""

    def greedy(count: int) -> Any:
        return len([count])

    with pytest.raises(NumbaError, match="NRT required"):
        compiled(greedy)(3)


def test_the_kernel_is_loaded_from_its_cache_within_half_a_second() -> None:
    """A node that starts does not compile: that was done when it was installed."""
    _run(_LOAD)
    loads = [_run(_LOAD) for _ in range(3)]  # other processes may have the cores: the quickest shows what it takes
    assert {(hits, misses) for _seconds, hits, misses in loads} == {("1", "0")}
    assert min(float(seconds) for seconds, _hits, _misses in loads) < 0.5


_TINY = """
import sys
sys.path.insert(0, sys.argv[1])
import kernel_outer
print(kernel_outer.outer(1), sum(kernel_outer.outer.stats.cache_misses.values()))
"""


def test_a_changed_module_makes_those_stale_that_call_it(tmp_path: Path) -> None:
    """Numba itself looks at a function's own file alone, and would go on with the old code of the other."""
    head = "from node.avro.jit import compiled\n"
    inner, outer = tmp_path / "kernel_inner.py", tmp_path / "kernel_outer.py"
    inner.write_text(f"{head}\n@compiled\ndef inner(a):\n    return a + 1\n")
    outer.write_text(f"{head}from kernel_inner import inner\n\n@compiled\ndef outer(a):\n    return inner(a)\n")
    program = _TINY.replace("sys.argv[1]", repr(str(tmp_path)))
    assert _run(program) == ["2", "1"]
    assert _run(program) == ["2", "0"]
    inner.write_text(inner.read_text().replace("a + 1", "a + 2"))
    assert _run(program) == ["3", "1"]


def test_a_folder_that_cannot_be_written_has_its_cache_elsewhere(tmp_path: Path) -> None:
    """An image may be read-only: NUMBA_CACHE_DIR names another folder."""
    source = tmp_path / "kernel_outer.py"
    source.write_text("from node.avro.jit import compiled\n\n@compiled\ndef outer(a):\n    return a\n")
    program = _TINY.replace("sys.argv[1]", repr(str(tmp_path)))
    cache = tmp_path / "elsewhere"
    assert _run(program, NUMBA_CACHE_DIR=str(cache)) == ["1", "1"]
    assert list(cache.rglob("*.nbi"))
    assert not list((tmp_path / "__pycache__").glob("*.nbi"))
