"""`publish`: what is told of a publication; the publication itself is the adapters'."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node import adapters
from node.adapters import Published, Refusal
from node.http.book import ResourceFace
from node.model.names import Topic
from node.model.values import Kind, ResourceValue

VILLAGES = "445102.civil-affairs.villages"
RESOURCE = ResourceValue(name=Topic(VILLAGES), title="村", kind=Kind.STATE, schema=7, partitions=2)
ALL = Published(rows=3, published=3, refused_count=0, refused=(), resumed_from=0, seconds=0.5)


class Publisher:
    """Stands for the adapters' `publish`: keeps what it was given and returns what is laid down."""

    def __init__(self) -> None:
        self.outcome: Published | BaseException = ALL
        self.given: dict[str, Any] = {}

    async def publish(
        self, path: Path, *, on_progress: Callable[[int, int, int], None], on_refused: Callable[[Any], None], **given: Any
    ) -> Published:
        """Report progress and return, or raise."""
        self.given = {"path": path, **given}
        on_progress(1, 3, 0)
        on_progress(3, 3, 1)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        if self.outcome.refused:
            on_refused(self.outcome.refused)
        return self.outcome


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch, node: Any) -> Publisher:
    """Return what stands for the adapters; the resource is in the catalogue."""
    node.answer(f"/v1/resources/{VILLAGES}", ResourceFace(RESOURCE, {"type": "record"}, 7))
    publisher = Publisher()
    monkeypatch.setattr(adapters, "publish", publisher.publish)
    return publisher


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return a file that is there."""
    (tmp_path / "villages.csv").write_text("code\n1\n")
    return str(tmp_path / "villages.csv")


def test_all_published_is_success(cli: Callable[..., Any], publisher: Publisher, file: str) -> None:
    """The node told where to, the summary tells how many."""
    done = cli("publish", file, "--resource", VILLAGES)
    assert done.status == 0
    told, hint = done.out.splitlines()[-2:]
    assert told == "3 of 3 rows published, 0 refused, in 0.5 s"
    assert "exchange-node quarantine list 445102.civil-affairs.villages" in hint
    assert publisher.given["bootstrap"] == "127.0.0.1:1"
    assert publisher.given["resource"] == RESOURCE
    assert (publisher.given["schema"].id, msgspec.json.decode(publisher.given["schema"].schema)) == (7, {"type": "record"})


def test_refused_rows_are_told_by_line_and_written(cli: Callable[..., Any], publisher: Publisher, file: str, tmp_path: Path) -> None:
    """Standard error has them for people, the file for programs; the exit status says that something was left."""
    refused = (Refusal(2, "code", "nothing there"), Refusal(5, "", "expected 4 cells, got 3"))
    publisher.outcome = Published(rows=9, published=6, refused_count=3, refused=refused, resumed_from=4, seconds=1.0)
    done = cli("publish", file, "--resource", VILLAGES, "--refused", str(tmp_path / "refused.ndjson"))
    assert done.status == 3
    assert done.err.splitlines() == [
        "line 2: code: nothing there",
        "line 5: expected 4 cells, got 3",
        "and 1 more refused, in this run or an earlier one",
    ]
    assert "6 of 9 rows published, 3 refused, in 1.0 s; went on from row 5" in done.out
    written = [msgspec.json.decode(line) for line in (tmp_path / "refused.ndjson").read_bytes().splitlines()]
    assert written == [
        {"line": 2, "field": "code", "reason": "nothing there"},
        {"line": 5, "field": "", "reason": "expected 4 cells, got 3"},
    ]


def test_file_that_was_published_before_is_told_as_such(cli: Callable[..., Any], publisher: Publisher, file: str) -> None:
    """A second run publishes nothing and succeeds."""
    publisher.outcome = msgspec.structs.replace(ALL, resumed_from=3)
    done = cli("publish", file, "--resource", VILLAGES)
    assert done.status == 0
    assert "an earlier run had done all of it" in done.out


def test_json_is_the_outcome_alone(cli: Callable[..., Any], publisher: Publisher, file: str) -> None:
    """No progress bar stands between a program and the figures."""
    done = cli("publish", file, "--resource", VILLAGES, "--json")
    assert done.json == msgspec.json.decode(msgspec.json.encode(publisher.outcome))
    assert done.err == ""


def test_interrupted_publication_tells_how_to_go_on(cli: Callable[..., Any], publisher: Publisher, file: str) -> None:
    """Ctrl-C loses nothing."""
    publisher.outcome = KeyboardInterrupt()
    done = cli("publish", file, "--resource", VILLAGES, "--lang", "zh")
    assert done.status == 130
    assert "再次执行同一命令即可续传" in done.err


def test_resource_of_another_node_is_not_published_here(cli: Callable[..., Any], publisher: Publisher, node: Any, file: str) -> None:
    """Only its owner's node writes a resource: what goes into a carried copy would never reach anybody else."""
    other = msgspec.structs.replace(RESOURCE, name=Topic("440000.civil-affairs.streets"))
    node.answer(f"/v1/resources/{other.name}", ResourceFace(other, {}, 7))
    done = cli("publish", file, "--resource", other.name)
    assert (done.status, publisher.given) == (1, {})
    assert "belongs to 440000 and this is the node of 445102" in done.err


def test_file_that_is_not_there_is_wrong_usage(cli: Callable[..., Any], node: Any) -> None:
    """Nothing is asked of the node."""
    done = cli("publish", "nowhere.csv", "--resource", VILLAGES)
    assert (done.status, node.asked) == (2, [])
