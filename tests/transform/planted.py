"""A gate with a bug planted in its source: its kernel run by Python, its own modules as they are.

What runs by Python means what it means compiled (see `tests.avro.interpreted`), and a bug costs no compiling.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from node.transform import gate, quarantine
from tests.avro.interpreted import kernel

_HERE = Path(gate.__file__).parent
_FROM_QUARANTINE = [name for name in vars(quarantine) if vars(gate).get(name) is vars(quarantine)[name] and not name.startswith("__")]

_KERNELS = ("kernel_record", "kernel_gate")
"""Each after those that it calls."""
_COMPILED = ("node.avro.kernel", "node.avro.jit", "node.transform.kernel")


def _copy(target: npt.NDArray[Any], at: int, source: npt.NDArray[Any], begin: int, size: int) -> None:
    assert min(at, begin, size) >= 0
    assert at + size <= target.shape[0]
    assert begin + size <= source.shape[0]
    target[at : at + size] = source[begin : begin + size]


def _source(name: str, module: str, right: str, wrong: str) -> str:
    source = (_HERE / f"{name}.py").read_text(encoding="utf-8")
    if right and name == module:
        assert source.count(right) == 1, f"{name}.py has {source.count(right)} times {right!r}"
        source = source.replace(right, wrong)
    return source


def _interpreted(module: str, right: str, wrong: str) -> SimpleNamespace:
    """Return the gate's kernel, run by Python."""
    namespace = kernel() | {"copy_bytes": _copy}
    for name in _KERNELS:
        tree = ast.parse(_source(name, module, right, wrong))
        tree.body = [one for one in tree.body if not (isinstance(one, ast.ImportFrom) and str(one.module).startswith(_COMPILED))]
        exec(compile(tree, f"{name}.py", "exec"), namespace)  # noqa: S102 - our own source
    return SimpleNamespace(**namespace | {name: _wrapping(namespace[name]) for name in ("judge", "put")})


def _wrapping(function: Callable[..., Any]) -> Callable[..., int]:
    """Return a function of the kernel that lets numbers wrap without a word."""

    def wrapping(*given: Any) -> int:
        with np.errstate(all="ignore"):
            return int(function(*given))

    return wrapping


def _module(name: str, module: str, right: str, wrong: str) -> ModuleType:
    made = ModuleType(f"planted_{name}")
    sys.modules[made.__name__] = made  # msgspec looks up annotations there
    exec(compile(_source(name, module, right, wrong), f"{name}.py", "exec"), made.__dict__)  # noqa: S102 - our own source
    return made


@contextmanager
def planted(module: str = "", right: str = "", wrong: str = "", *, by_python: bool = False) -> Iterator[Any]:
    """Give the gate's module in which the text `right` of `module`, which stands there once, is `wrong`."""
    kept = _module("quarantine", module, right, wrong)
    made = _module("gate", module, right, wrong)
    made.__dict__.update({name: getattr(kept, name) for name in _FROM_QUARANTINE})
    if module in _KERNELS or by_python:
        made.__dict__["kernel"] = _interpreted(module, right, wrong)
    try:
        yield made
    finally:
        del sys.modules[made.__name__], sys.modules[kept.__name__]
