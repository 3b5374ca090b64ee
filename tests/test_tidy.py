"""The habits of the house that no other tool checks: sizes, names, purity, a test for each module, nothing of one machine."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = ("node", "tests", "benchmarks")
MODULE_LINES_MAX, FUNCTION_LINES_MAX = 400, 70
VAGUE = {"utils", "common", "helpers", "core", "base", "manager", "handler", "misc"}
PURE = ("errors.py", "model", "avro", "batch", "transform", "lane", "control")
OUTSIDE = {
    "asyncio",
    "threading",
    "socket",
    "time",
    "random",
    "secrets",
    "logging",
    "structlog",
    "subprocess",
    "aiokafka",
    "prometheus_client",
}
CLOCKS = {"now", "utcnow", "today"}

UNANSWERED: dict[str, str] = {}
"""Modules under node/ that no test file answers for, each with the reason."""

CATCH_ALL = {
    "node/runtime/supervising.py": "the supervisor",
    "node/runtime/shard.py": "hands to the supervisor what was raised in a callback, where asyncio would only log it",
    "node/runtime/transforming.py": "stops the route of the batch, where the supervisor would come to the same batch again for ever",
}


@cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def _modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (one for one in _nodes(path) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def _pure() -> list[Path]:
    return [path for one in PURE for path in ([ROOT / "node" / one] if one.endswith(".py") else _modules(f"node/{one}"))]


def _written() -> list[Path]:
    """Return every text file that is ours."""
    folders = [path for folder in (*CODE, "deploy", "schemas", ".ci") for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [
        path
        for path in (*folders, *ROOT.glob("*"))
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".sh", ".xml", ".lock", ""} and path.is_file()
    ]


def test_there_is_something_to_check() -> None:
    """Rules over empty lists would hold for ever."""
    assert len(_modules("node")) > 50
    assert len(_pure()) > 20
    assert {"Makefile", "requirements.lock", "deploy/kafka/pom.xml", ".ci/run"} <= {_name(path) for path in _written()}


def test_modules_are_short() -> None:
    """No module has more than 400 lines: it would do two things."""
    long = {
        _name(path): lines for path in _modules(*CODE) if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MODULE_LINES_MAX
    }
    assert long == {}


def test_functions_are_short() -> None:
    """No function has more than 70 lines: one screen."""
    long = {
        f"{_name(path)}:{one.lineno} {one.name}": lines
        for path in _modules(*CODE)
        for one in _functions(path)
        if (lines := (one.end_lineno or one.lineno) - one.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    """A name such as utils collects whatever comes."""
    vague = {_name(path) for path in _modules(*CODE) if {path.stem, *path.relative_to(ROOT).parent.parts} & VAGUE}
    assert vague == set()


def test_pure_rings_wait_for_nothing() -> None:
    """No coroutine, and nothing of clocks, dice, sockets, threads or logs is imported (the import contract sees `node` as a whole)."""
    waiting = ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith
    found = []
    for path in _pure():
        for one in _nodes(path):
            match one:
                case ast.Import():
                    names = [alias.name for alias in one.names]
                case ast.ImportFrom():
                    names = [one.module or ""]
                case _:
                    names = []
            if isinstance(one, waiting) or any(name.partition(".")[0] in OUTSIDE for name in names):
                found.append(f"{_name(path)}:{getattr(one, 'lineno', 0)}")
    assert found == []


def test_pure_rings_ask_no_clock_and_open_no_file() -> None:
    """Time and bytes are arguments there."""
    found = []
    for path in _pure():
        for one in _nodes(path):
            if not isinstance(one, ast.Call):
                continue
            match one.func:
                case ast.Name(id="open" | "input" | "print"):
                    found.append(f"{_name(path)}:{one.lineno}")
                case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=clock) if clock in CLOCKS:
                    found.append(f"{_name(path)}:{one.lineno}")
                case _:
                    pass
    assert found == []


def _answering(module: Path) -> Path:
    inside = module.relative_to(ROOT / "node")
    return ROOT / "tests" / inside.with_name(f"test_{inside.stem.strip('_')}.py")


def test_every_module_is_answered_for_by_a_test_file() -> None:
    """node/a/b.py by tests/a/test_b.py, so that whoever changes a module knows where its promises are kept; a package's own file aside."""
    modules = [path for path in _modules("node") if path.name != "__init__.py"]
    missing = {_name(path) for path in modules if not _answering(path).exists()}
    assert missing == UNANSWERED.keys()
    assert all(UNANSWERED.values())


def test_every_test_says_what_must_hold() -> None:
    """In its docstring, which stands first in what a failure shows."""
    silent = [
        f"{_name(path)}:{one.lineno} {one.name}"
        for path in _modules("tests")
        if path.name.startswith("test_")
        for one in _functions(path)
        if one.name.startswith("test_") and not ast.get_docstring(one)
    ]
    assert silent == []


def _catches_all(one: ast.ExceptHandler) -> bool:
    kinds = one.type.elts if isinstance(one.type, ast.Tuple) else [one.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in kinds)


def test_only_the_supervisor_catches_everything() -> None:
    """Anywhere else a defect would be taken for an expected failure."""
    found = {_name(path) for path in _modules(*CODE) for one in _nodes(path) if isinstance(one, ast.ExceptHandler) and _catches_all(one)}
    assert found == CATCH_ALL.keys()


def _is_skip(one: ast.expr) -> bool:
    return isinstance(one, ast.Attribute) and one.attr in {"skip", "skipif", "xfail"}


def test_nothing_is_skipped_without_a_reason() -> None:
    """Whoever reads the summary must learn why a test did not run."""
    found = []
    for path in _modules("tests", "benchmarks"):
        calls = [one for one in _nodes(path) if isinstance(one, ast.Call) and _is_skip(one.func)]
        said = {id(one.func) for one in calls if _has_reason(one)}
        found += [
            f"{_name(path)}:{one.lineno}" for one in _nodes(path) if isinstance(one, ast.expr) and _is_skip(one) and id(one) not in said
        ]
    assert found == []


def _has_reason(one: ast.Call) -> bool:
    by_name = any(keyword.arg == "reason" for keyword in one.keywords)
    return by_name or (isinstance(one.func, ast.Attribute) and isinstance(one.func.value, ast.Name) and bool(one.args))


@pytest.mark.parametrize(
    "pattern", [r"\b(?:TO[D]O|FIX[M]E)\b", r"(?<![\w./~])/(?:work|root|home|Users|mnt|srv)/\w"], ids=["left-over", "machine"]
)
def test_nothing_is_left_over_or_bound_to_one_machine(pattern: str) -> None:
    """No note to oneself, and no absolute path of the machine that something was written on."""
    found = [
        f"{_name(path)}:{number}: {line.strip()}"
        for path in _written()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


def test_set_up_names_no_registry() -> None:
    """Where packages come from is the machine's affair (pip.conf, settings.xml): an address here would go past its mirror."""
    files = [
        ROOT / "Makefile",
        ROOT / "requirements.lock",
        *ROOT.rglob("deploy/**/*.xml"),
        *(ROOT / "deploy").rglob("*.sh"),
        *(ROOT / ".ci").glob("*"),
    ]
    namespace = 'xmlns="http://maven.apache.org/POM/4.0.0"'  # the name of Maven's format, which nothing fetches
    found = [
        f"{_name(path)}: {line.strip()}"
        for path in files
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"https?:" r"//", line.replace(namespace, ""))
    ]
    assert found == []
