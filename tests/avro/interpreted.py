"""The kernel run by Python instead of compiled: the same source, perhaps with a bug planted in it.

Compiling each bug would take a minute; interpreted, the source means the same, which the tests hold against the compiled build: no number in it
ever passes 64 bits. Each load is checked.
"""

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import numpy.typing as npt

from node.avro import jit

_HERE = Path(jit.__file__).parent
_MODULES = ("read", "compare", "dates", "codes", "rules", "warnings", "cel", "", "key", "write", "sha", "mask", "cut")
"""Each after those that it calls."""


def _element(array: npt.NDArray[Any], at: int) -> Any:
    assert at >= 0
    return array.item(at)


def _load(count: int, *, signed: bool = False) -> Callable[[npt.NDArray[Any], int], Any]:
    def load(array: npt.NDArray[Any], at: int) -> Any:
        assert 0 <= at <= array.shape[0] - count
        return int.from_bytes(array[at : at + count].tobytes(), "little", signed=signed)

    return load


def _copy(target: npt.NDArray[Any], at: int, source: npt.NDArray[Any], begin: int, size: int) -> None:
    assert min(at, begin, size) >= 0
    assert at + size <= target.shape[0]
    assert begin + size <= source.shape[0]
    target[at : at + size] = source[begin : begin + size]


def _as_it_is(function: Any) -> Any:
    return function


def kernel(module: str = "", right: str = "", wrong: str = "") -> dict[str, Any]:
    """Return the kernel's functions by name; in `kernel_<module>` the text `right`, which stands there once, is `wrong`."""
    namespace: dict[str, Any] = {
        "compiled": _as_it_is,
        "inlined": _as_it_is,
        "load8": _element,
        "load32": _load(4),
        "load64": _load(8, signed=True),
        "row_at": _element,
        "number_at": _element,
        "copy_bytes": _copy,
        "Bytes": Any,
        "Int32s": Any,
        "Int64s": Any,
    }
    for name in _MODULES:
        exec(_code(name, right, wrong) if right and name == module else _code(name), namespace)  # noqa: S102  # our own source
    return namespace


@cache
def _code(name: str, right: str = "", wrong: str = "") -> CodeType:
    path = _HERE / (f"kernel_{name}.py" if name else "kernel.py")
    source = path.read_text(encoding="utf-8")
    if right:
        assert source.count(right) == 1, f"{path.name} has {source.count(right)} times {right!r}"
        source = source.replace(right, wrong)
    tree = ast.parse(source)
    tree.body = [one for one in tree.body if not _imports_kernel(one)]
    return compile(tree, path.name, "exec")


def _imports_kernel(one: ast.stmt) -> bool:
    return isinstance(one, ast.ImportFrom) and str(one.module).startswith(("node.avro.kernel", "node.avro.jit"))
