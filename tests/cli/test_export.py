"""`export`: what is asked of the node and told of a file; the file itself is the adapters', and all of it together is in tests/http."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.adapters import export as adapter
from node.adapters.export import Exported, Undecoded
from node.bus.security import Security
from node.control.exporting import Export
from node.model.names import Department, Division, Topic
from node.model.values import Actor, Kind

VILLAGES = "445102.civil-affairs.villages"
TOPIC = Topic(f"{VILLAGES}.v-0123456789ab")
WANTED = Export(
    grant=(Division("445102"), 17),
    topic=TOPIC,
    partitions=2,
    kind=Kind.STATE,
    schema_id=7,
    schemas={7: {"type": "record"}},
    from_ms=1_793_462_400_000,
    to_ms=None,
)
ALL = Exported(
    records=1200,
    superseded=0,
    deleted=0,
    undecoded=0,
    undecoded_first=(),
    formulas=0,
    bytes=34567,
    sha256="ab" * 32,
    positions={0: (3, 700), 1: (0, 600)},
    seconds=0.5,
)


class Exporter:
    """Stands for the adapters' `export`: keeps what it was given and returns what is laid down."""

    def __init__(self) -> None:
        self.outcome: Exported | BaseException = ALL
        self.given: dict[str, Any] = {}

    async def export(self, path: Path, *, on_progress: Callable[[int, int, int], None], **given: Any) -> Exported:
        """Report progress and return, or raise."""
        self.given = {"path": path, **given}
        on_progress(1, 2, 600)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch, node: Any) -> Exporter:
    """Return what stands for the adapters; the node allows the export."""
    node.answer("/v1/exports", WANTED)
    node.me = Actor(name="林海", role="operator", department=Department("445102.taxation"))
    exporter = Exporter()
    monkeypatch.setattr(adapter, "export", exporter.export)
    return exporter


@pytest.fixture
def run(cli: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Return what exports villages into a new file."""
    return lambda *more: cli("export", VILLAGES, "--output", str(tmp_path / "v.csv"), *more)


def test_the_node_decides_what_is_written(run: Callable[..., Any], exporter: Exporter, node: Any, tmp_path: Path) -> None:
    """It is told who asks, for which department and time; what it answers is written where its cluster is."""
    done = run("--from-time", "2026-11-01", "--to-time", "2026-11-30", "--grant", "445102/17")
    assert done.status == 0
    assert dict(node.asked)["/v1/exports"] == {
        "by": {"name": "林海", "role": "operator", "department": "445102.taxation"},
        "resource": VILLAGES,
        "taker": "445102.taxation",
        "grant": ["445102", 17],
        "from_time": "2026-11-01",
        "to_time": "2026-11-30",
    }
    assert exporter.given == {
        "path": tmp_path / "v.csv",
        "wanted": WANTED,
        "bootstrap": "127.0.0.1:1",
        "security": Security(),
        "replace": False,
    }
    told = done.out.splitlines()
    assert told[-3].endswith("v.csv: 1,200 records, 34,567 bytes, in 0.5 s")
    assert told[-2:] == ["under grant 445102/17, from 2026-11-01T00:00:00+08:00 to now", "SHA-256 " + "ab" * 32]
    assert done.err == ""


@pytest.mark.usefixtures("exporter")
def test_json_has_the_grant_and_the_figures(run: Callable[..., Any], tmp_path: Path) -> None:
    """All that proves what the file is, on one line; positions by partition."""
    done = run("--json")
    assert done.err == ""
    figures = msgspec.json.decode(msgspec.json.encode(ALL))
    assert done.json == figures | {
        "file": str(tmp_path / "v.csv"),
        "resource": VILLAGES,
        "taker": "445102.taxation",
        "grant": ["445102", 17],
        "topic": TOPIC,
        "schema_id": 7,
        "from_time": "2026-11-01T00:00:00+08:00",
        "to_time": None,
    }


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_not_in_the_file_is_told(run: Callable[..., Any], exporter: Exporter, lang: str) -> None:
    """Older records and deletions with the figures, what cannot be decoded by its place; and what may look like a formula."""
    bad = (Undecoded(0, 5, "no frame"), Undecoded(1, 6, "cut"))
    exporter.outcome = msgspec.structs.replace(ALL, superseded=1001, deleted=12, undecoded=3, undecoded_first=bad, formulas=4)
    done = run("--lang", lang)
    assert done.status == 3
    assert "1,001" in done.out
    assert "12" in done.out
    for line, parts in zip(done.err.splitlines(), (("0", "5", "no frame"), ("1", "6", "cut"), ("1",), ("4", "= + - @")), strict=True):
        assert all(part in line for part in parts)


@pytest.mark.parametrize(
    "more",
    [
        ("--from-time", "yesterday"),
        ("--from-time", "2026-11-02", "--to-time", "2026-11-01"),
        ("--grant", "17"),
    ],
)
def test_wrong_usage_asks_nothing(run: Callable[..., Any], node: Any, more: tuple[str, ...]) -> None:
    """Times and numbers that cannot be."""
    done = run(*more)
    assert (done.status, node.asked) == (2, [])
    assert done.err


def test_a_file_of_no_known_kind_is_told(cli: Callable[..., Any], node: Any) -> None:
    """With those there are."""
    done = cli("export", VILLAGES, "--output", "v.xlsx")
    assert (done.status, node.asked) == (1, [])
    assert "what can be written: .csv, .ndjson, .jsonl, .avro" in done.err


def test_a_file_that_is_there_is_kept_unless_told_otherwise(run: Callable[..., Any], exporter: Exporter, node: Any, tmp_path: Path) -> None:
    """Before anything is asked of anybody."""
    (tmp_path / "v.csv").write_bytes(b"mine")
    done = run()
    assert (done.status, node.asked) == (2, [])
    assert "--force" in done.err
    assert run("--force").status == 0
    assert exporter.given["replace"] is True


def test_a_refusal_is_the_nodes_own_words(run: Callable[..., Any], exporter: Exporter, node: Any) -> None:
    """And nothing is read."""
    node.answer("/v1/exports", {"code": "no-active-grant", "en": "445102/17 is suspended", "zh": "445102/17 已暂停"}, 409)
    done = run("--lang", "zh")
    assert (done.status, done.err, exporter.given) == (1, "445102/17 已暂停\n", {})


def test_an_interrupted_export_says_that_nothing_is_left(run: Callable[..., Any], exporter: Exporter) -> None:
    """The same command does it anew."""
    exporter.outcome = KeyboardInterrupt()
    done = run()
    assert done.status == 130
    assert "nothing is left" in done.err


def test_a_disk_that_is_full_is_one_line(run: Callable[..., Any], exporter: Exporter, tmp_path: Path) -> None:
    """With the file and the next step."""
    exporter.outcome = OSError(28, "No space left on device", str(tmp_path / "v.csv.partial"))
    done = run()
    assert done.status == 1
    assert done.err.splitlines() == [f"{tmp_path / 'v.csv.partial'}: No space left on device: mend this and give the command again"]
