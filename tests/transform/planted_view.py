"""Views with a bug planted in their source: the kernels of this package run by Python, those of `node.avro` as they are compiled.

What runs by Python means what it means compiled, and a bug costs no compiling. Numbers are those of 64 bits: a hash of keys goes beyond.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

import node.transform as package
from tests.transform.planted import _copy

_HERE = Path(package.__file__ or "").parent
_MODULES = ("kernel_record", "kernel_shown", "opening", "shown", "kernel_view", "view")
"""Each after those that it calls."""
_WRAPPED = ("hash_of", "learn", "put", "undo", "look", "cut", "read_heads")


def _load(count: int, *, signed: bool = False) -> Callable[[npt.NDArray[Any], int], Any]:
    def load(array: npt.NDArray[Any], at: int) -> Any:
        assert 0 <= at <= array.shape[0] - count
        return np.int64(int.from_bytes(array[at : at + count].tobytes(), "little", signed=signed))

    return load


def _number(array: npt.NDArray[Any], at: int) -> Any:
    assert at >= 0
    return array[at]


def _as_it_is(function: Any) -> Any:
    return function


_BY_PYTHON = {
    "compiled": _as_it_is,
    "inlined": _as_it_is,
    "load8": _load(1),
    "load64": _load(8, signed=True),
    "number_at": _number,
    "copy_bytes": _copy,
    "Bytes": Any,
    "Int32s": Any,
    "Int64s": Any,
}


def _module(name: str, right: str, wrong: str) -> ModuleType:
    source = (_HERE / f"{name}.py").read_text(encoding="utf-8")
    if right:
        assert source.count(right) == 1, f"{name}.py has {source.count(right)} times {right!r}"
        source = source.replace(right, wrong)
    tree, made = ast.parse(source), ModuleType(f"node.transform.{name}")
    if name.startswith("kernel_"):
        tree.body = [one for one in tree.body if not (isinstance(one, ast.ImportFrom) and one.module == "node.avro.jit")]
        vars(made).update(_BY_PYTHON)
    sys.modules[made.__name__] = made
    exec(compile(tree, f"{name}.py", "exec"), vars(made))  # noqa: S102 - our own source
    if name.startswith("kernel_"):
        vars(made).update({inner: _wrapping(vars(made)[inner]) for inner in _WRAPPED if inner in vars(made)})
    setattr(package, name, made)
    return made


def _wrapping(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the kernel that lets numbers wrap without a word."""

    def wrapping(*given: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*given)

    return wrapping


@contextmanager
def planted(module: str = "", right: str = "", wrong: str = "") -> Iterator[Any]:
    """Give the module of views in which the text `right` of `module`, which stands there once, is `wrong`."""
    names = [f"node.transform.{name}" for name in _MODULES]
    kept = {name: sys.modules[name] for name in names}
    try:
        for name in _MODULES:
            made = _module(name, *((right, wrong) if name == module else ("", "")))
        yield made
    finally:
        sys.modules.update(kept)
        for name in _MODULES:
            setattr(package, name, kept[f"node.transform.{name}"])
