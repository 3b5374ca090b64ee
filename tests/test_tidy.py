"""The house rules that no other tool holds: sizes, names, purity, and that every module is answered for."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
PURE = ("errors.py", "model", "avro", "batch", "transform", "lane", "control")
VAGUE = {"utils", "common", "helpers", "core", "base", "manager", "handler", "misc"}
SUPERVISED = {"node/runtime/node.py", "node/runtime/shard.py"}
"""The supervisor, and the driver that hands it what a callback would swallow: only these may catch whatever comes."""
ANSWERED_ELSEWHERE = {
    "node/lane/facts.py": "only names of facts and orders: test_machine and the simulation use each of them",
    "node/bus/embedded/tether.py": "a program of its own: the tests of processes start it",
}


def _sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


SOURCES = [*_sources("node", "tests", "benchmarks")]
NODE = [*_sources("node")]


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for found in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
            yield found


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_modules_and_functions_can_be_held_in_the_head(path: Path) -> None:
    """A module ends before line 400, a function has 70 lines at the most."""
    assert len(path.read_text("utf-8").splitlines()) <= MODULE_LINES_MAX
    for function in _functions(path):
        assert (function.end_lineno or 0) - function.lineno < FUNCTION_LINES_MAX, function.name


def test_names_say_what_a_module_is() -> None:
    """No module or package is called what could hold anything."""
    assert not [path for path in SOURCES if VAGUE & set(path.with_suffix("").relative_to(ROOT).parts)]


def _is_pure(path: Path) -> bool:
    return path.relative_to(ROOT / "node").parts[0] in PURE


@pytest.mark.parametrize("path", [path for path in NODE if _is_pure(path)], ids=_name)
def test_pure_rings_are_pure(path: Path) -> None:
    """No coroutine, no clock, no file opened: what they need comes in as an argument; imports are import-linter's matter."""
    tree = ast.parse(path.read_text("utf-8"))
    assert not [one.name for one in ast.walk(tree) if isinstance(one, ast.AsyncFunctionDef)]
    calls = [ast.unparse(one.func) for one in ast.walk(tree) if isinstance(one, ast.Call)]
    assert not [call for call in calls if call == "open" or call.endswith((".now", ".today", ".utcnow", ".read_text", ".read_bytes"))]


@pytest.mark.parametrize("path", NODE, ids=_name)
def test_every_module_is_answered_for_by_a_test_file(path: Path) -> None:
    """node/a/b.py by tests/a/test_b.py; a package's face by the tests of what it shows."""
    if path.name == "__init__.py" or _name(path) in ANSWERED_ELSEWHERE:
        return
    inside = path.relative_to(ROOT / "node")
    name = "main" if path.stem == "__main__" else path.stem
    assert (ROOT / "tests" / inside.parent / f"test_{name}.py").is_file()


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name.startswith("test_")], ids=_name)
def test_every_test_says_what_must_hold(path: Path) -> None:
    """Each test function has a docstring."""
    assert not [one.name for one in _functions(path) if one.name.startswith("test_") and not ast.get_docstring(one)]


@pytest.mark.parametrize("path", NODE, ids=_name)
def test_only_the_supervisor_catches_whatever_comes(path: Path) -> None:
    """Anywhere else a wide except hides a defect."""
    wide = [
        ast.unparse(one.type) if one.type else ""
        for one in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(one, ast.ExceptHandler) and (one.type is None or {"Exception", "BaseException"} & set(ast.unparse(one.type).split()))
    ]
    assert not wide or _name(path) in SUPERVISED


def test_nothing_is_unfinished_or_silenced() -> None:
    """No note of work left, no test that is skipped without saying why."""
    words = re.compile("TO" + "DO|FIX" + "ME|" + r"\bXX" + r"X\b|Not" + "ImplementedError")
    assert not [_name(path) for path in SOURCES if words.search(path.read_text("utf-8"))]


def test_the_project_speaks_of_itself_alone() -> None:
    """No path of a machine anywhere, no address of a registry where packages are named."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, listed):
        path = ROOT / name
        if not path.is_file() or path.suffix == ".csv":
            continue
        text = path.read_text("utf-8")
        assert f"{ROOT}/" not in text, name
        if name.endswith((".lock", ".sh", "Makefile", ".ci/run")):
            assert "://" not in text, name
        if name.endswith("pom.xml"):
            assert "<repository>" not in text
            assert "<url>" not in text
