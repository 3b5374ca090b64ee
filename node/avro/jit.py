"""The one typed door to Numba, which has no types of its own, and the loads that kernels read arrays with.

A function of a module `kernel*.py`, in whatever package, is decorated with `compiled` or `inlined`; it runs without the GIL and is
kept in Numba's cache (beside its module in `__pycache__`, in NUMBA_CACHE_DIR, or in the user's cache folder where that is read-only).
Non-obvious: Numba thinks a cached function fresh as long as its own file is the same, though code of other files is compiled into it.
Here the stamp is a digest of the kernel modules of its package and of this one, so kernels may call each other across these modules;
constants that they freeze must stand in one of them or in `node.avro.layout`.

EXCHANGE_NODE_KERNEL=checked builds the same functions with every load and index checked (IndexError): the tests hold it against the
fast build. Loads of the fast build check nothing: who calls them has compared with the end.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.caching import InTreeCacheLocator, UserProvidedCacheLocator, UserWideCacheLocator
from numba.extending import intrinsic

from node.avro.tables import Bytes, Int32s, Int64s

__all__ = [
    "CHECKED",
    "Bytes",
    "Copy",
    "Int32s",
    "Int64s",
    "Load",
    "compiled",
    "copy_bytes",
    "inlined",
    "load8",
    "load32",
    "load64",
    "number_at",
    "row_at",
]

Load = Callable[[npt.NDArray[Any], int], int]
Copy = Callable[[Bytes, int, Bytes, int, int], None]

CHECKED = os.environ.get("EXCHANGE_NODE_KERNEL") == "checked"

_P = ParamSpec("_P")
_R = TypeVar("_R")


@cache
def _digest(folder: Path) -> str:
    """Return the digest of what the kernels of a package are compiled from: they call each other and those of this package."""
    here = Path(__file__).parent
    sources = {here / "jit.py", here / "layout.py", here / "tables.py", *here.glob("kernel*.py"), *folder.glob("kernel*.py")}
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()


class _Stamp:
    """What a cached function depends on, for Numba's locators of cache folders."""

    _lineno: int
    _py_file: str

    def get_source_stamp(self) -> tuple[str, Any]:
        return _digest(Path(self._py_file).parent), super().get_source_stamp()  # type: ignore[misc]  # the locator that it is mixed into has one

    def get_disambiguator(self) -> str:
        return f"{self._lineno}{'-checked' if CHECKED else ''}"


class Given(_Stamp, UserProvidedCacheLocator):
    """The folder NUMBA_CACHE_DIR."""


class Beside(_Stamp, InTreeCacheLocator):
    """`__pycache__` beside the module."""


class OfUser(_Stamp, UserWideCacheLocator):
    """The user's cache folder."""


_OPTIONS = {"cache": True, "nogil": True, "boundscheck": CHECKED, "error_model": "numpy", "_nrt": False}
"""Without Numba's run time nothing can be allocated, which no kernel should, and no array's references are counted, which costs four
times the walk itself."""
_LOCATORS = ",".join(f"{__name__}.{one.__name__}" for one in (Given, Beside, OfUser))


def _jit(function: Callable[_P, _R], **options: bool) -> Callable[_P, _R]:
    config: Any = numba.config
    njit: Any = numba.njit
    before, config.CACHE_LOCATOR_CLASSES = config.CACHE_LOCATOR_CLASSES, _LOCATORS
    try:
        return cast("Callable[_P, _R]", njit(**_OPTIONS, **options)(function))
    finally:
        config.CACHE_LOCATOR_CLASSES = before


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Return `function` compiled at its first call, or loaded from the cache."""
    return _jit(function)


def inlined(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Return `function` compiled into each place that calls it: for the few instructions of a hot loop."""
    return _jit(function, forceinline=True)


def _fast_load(bits: int) -> Load:
    """Return the load of `bits` from element `at` on, unaligned, sign-extended where the array is signed."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = signature.args[0]
        first = builder.bitcast(context.make_array(array)(context, builder, arguments[0]).data, ir.IntType(8).as_pointer())
        step = ir.Constant(ir.IntType(64), array.dtype.bitwidth // 8)
        place = builder.gep(first, [builder.mul(arguments[1], step)])
        value = builder.load(builder.bitcast(place, ir.IntType(bits).as_pointer()), align=1)
        if bits == 64:
            return value
        return (builder.sext if array.dtype.signed else builder.zext)(value, ir.IntType(64))

    @intrinsic
    def load(_typing: Any, array: Any, _at: Any) -> Any:
        return types.int64(array, types.int64), build

    return cast("Load", load)


@inlined
def _checked_load8(array: npt.NDArray[Any], at: int) -> int:
    if at < 0 or at >= array.shape[0]:
        raise IndexError
    return np.int64(array[at])  # type: ignore[return-value]  # a number of 64 bits to Numba


@inlined
def _checked_load32(array: npt.NDArray[Any], at: int) -> int:
    return (
        _checked_load8(array, at)
        | _checked_load8(array, at + 1) << 8
        | _checked_load8(array, at + 2) << 16
        | _checked_load8(array, at + 3) << 24
    )


@inlined
def _checked_load64(array: npt.NDArray[Any], at: int) -> int:
    return _checked_load32(array, at) | _checked_load32(array, at + 4) << 32


def _fast_copy() -> Copy:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, at, source, begin, size = arguments
        into = context.make_array(signature.args[0])(context, builder, target).data
        out_of = context.make_array(signature.args[2])(context, builder, source).data
        raw_memcpy: Any = cgutils.raw_memcpy
        raw_memcpy(builder, builder.gep(into, [at]), builder.gep(out_of, [begin]), size, 1)
        return context.get_dummy_value()

    @intrinsic
    def copy(_typing: Any, target: Any, _at: Any, source: Any, _begin: Any, _size: Any) -> Any:
        return types.void(target, types.int64, source, types.int64, types.int64), build

    return cast("Copy", copy)


@inlined
def _checked_copy(target: Bytes, at: int, source: Bytes, begin: int, size: int) -> None:
    if at < 0 or begin < 0 or size < 0 or at + size > target.shape[0] or begin + size > source.shape[0]:
        raise IndexError
    for step in range(size):
        target[at + step] = source[begin + step]


copy_bytes: Copy = _checked_copy if CHECKED else _fast_copy()
"""copy `size` bytes from `begin` on in one array to `at` in another"""
load8: Load = _checked_load8 if CHECKED else _fast_load(8)
"""a byte, 0 to 255"""
load32: Load = _checked_load32 if CHECKED else _fast_load(32)
"""four bytes from `at` on, lowest first, 0 to 2^32 - 1"""
load64: Load = _checked_load64 if CHECKED else _fast_load(64)
"""eight bytes from `at` on, lowest first"""
row_at: Load = _checked_load8 if CHECKED else _fast_load(32)
"""an element of an int32 array"""
number_at: Load = _checked_load8 if CHECKED else _fast_load(64)
"""an element of an int64 array"""
