"""The kernel run by Python instead of compiled: the same source, perhaps with a bug planted in it.

Compiling each bug would take a minute; interpreted, the source means the same, which the tests hold against the compiled build. Numbers come out
of arrays as NumPy's of 64 bits, so they wrap as compiled ones do, and each load is checked.
"""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from node.avro import jit

_HERE = Path(jit.__file__).parent
_MODULES = ("read", "compare", "dates", "codes", "rules", "warnings", "cel", "", "key")
"""Each after those that it calls."""


def _load(count: int) -> Callable[[npt.NDArray[Any], int], Any]:
    def load(array: npt.NDArray[Any], at: int) -> Any:
        assert at >= 0
        assert at + count <= array.shape[0]
        return array[at : at + count].copy().view({1: np.uint8, 4: np.uint32, 8: np.int64}[count])[0].astype(np.int64)

    return load


def _element(array: npt.NDArray[Any], at: int) -> Any:
    assert 0 <= at < array.shape[0]
    return np.int64(array[at])


def _as_it_is(function: Any) -> Any:
    return function


def kernel(module: str = "", right: str = "", wrong: str = "") -> dict[str, Any]:
    """Return the kernel's functions by name; in `kernel_<module>` the text `right`, which stands there once, is `wrong`."""
    namespace: dict[str, Any] = {
        "compiled": _as_it_is,
        "inlined": _as_it_is,
        "load8": _load(1),
        "load32": _load(4),
        "load64": _load(8),
        "row_at": _element,
        "number_at": _element,
        "Bytes": Any,
        "Int32s": Any,
        "Int64s": Any,
    }
    for name in _MODULES:
        path = _HERE / (f"kernel_{name}.py" if name else "kernel.py")
        source = path.read_text(encoding="utf-8")
        if right and name == module:
            assert source.count(right) == 1, f"{path.name} has {source.count(right)} times {right!r}"
            source = source.replace(right, wrong)
        tree = ast.parse(source)
        tree.body = [
            one
            for one in tree.body
            if not (isinstance(one, ast.ImportFrom) and str(one.module).startswith(("node.avro.kernel", "node.avro.jit")))
        ]
        exec(compile(tree, path.name, "exec"), namespace)  # noqa: S102  # our own source
    return namespace
