"""Answers for benchmarks/book.py and what it measures with: book_world, book_requests, book_writer, book_keys and book_fold."""

from collections import Counter
from io import StringIO
from pathlib import Path
from random import Random

import msgspec
import pytest
from rich.console import Console

from benchmarks.book import GOAL, fold, logs_of, measure
from benchmarks.book_fold import Logs, deliver
from benchmarks.book_keys import pin
from benchmarks.book_world import Sizes, write
from benchmarks.result import encode
from benchmarks.show import tell_alone
from node.control import Folded, Folding
from node.control.bodies import KINDS
from node.errors import Unavailable
from node.model.keys import Signed
from node.model.names import Division

_SIZES = Sizes(nodes=5, items=12, requests=30, seed=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the logs of a small world, made once."""
    return logs_of(_SIZES, tmp_path_factory.mktemp("book"), Console(file=StringIO()))


def _kept(folder: Path) -> dict[Division, list[Signed]]:
    logs = Logs(folder)
    found: dict[Division, list[Signed]] = {code: [] for code in logs.left}
    for code in list(logs.left):
        while code in logs.left:
            found[code].append(logs.next(code))
    return found


def test_the_same_sizes_make_the_same_logs_and_what_is_kept_is_what_was_written(folder: Path) -> None:
    """Two runs of the benchmark must measure the same; a length that is wrong by one byte would shift all that follows."""
    assert _kept(folder) == write(_SIZES)


def test_logs_that_stand_there_are_kept_and_those_of_other_makers_made_anew(folder: Path, tmp_path: Path) -> None:
    """A second run is quick, but never measures what was made otherwise, nor what was left half made."""
    said = StringIO()
    assert logs_of(_SIZES, folder.parent, Console(file=said)) == folder
    assert not said.getvalue()
    small = Sizes(nodes=2, items=6, requests=2)
    made = logs_of(small, tmp_path, Console(file=said))
    (made / "makers.sha256").write_text("of before")
    (made / "445102.log").write_bytes(b"of before")
    assert logs_of(small, tmp_path, Console(file=said)) == made != logs_of(small, folder.parent, Console(file=said))
    assert said.getvalue().count("writing 2 requests") == 3
    assert len(_kept(made)) == 2


def test_every_kind_of_event_is_in_a_world(folder: Path) -> None:
    """What is not in the logs is not measured; consents are by far the most, and grants are seen by the nodes on their way."""
    sealed, kinds = Folding(pin("440000")), Counter[str]()
    for outcome in deliver(Logs(folder), Random(1), sealed):
        if isinstance(outcome, Folded):
            kinds.update(event.kind for event in outcome.events)
    book = sealed.book
    assert kinds.keys() == KINDS.keys()
    assert len(book.requests) == _SIZES.requests
    assert len(book.grants) > 0.7 * _SIZES.requests
    assert {len(grant.seen) for grant in book.grants.values()} >= {1, 2, 3}
    assert not book.refused


def test_a_log_of_which_too_many_wait_is_read_again_when_others_have_moved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a node does: what was not taken for want of room comes in the end, and what came before it is a repetition."""
    monkeypatch.setattr("node.control.chain.CONTROL_WAITING_MAX", 3)
    sealed, logs = Folding(pin("440000")), Logs(folder)
    outcomes = Counter(type(outcome).__name__ for outcome in deliver(logs, Random(1), sealed))
    assert outcomes["Stuck"] > 0 < logs.rewound
    assert {code: sequence for code, (sequence, _digest) in sealed.book.heads.items()} == {
        code: len(log) for code, log in _kept(folder).items()
    }


def test_logs_that_wait_for_each_other_for_ever_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measurement ends, whatever the logs hold."""
    monkeypatch.setattr("benchmarks.book_fold._REWINDS_MAX", 3)
    sealed, logs = Folding(pin("440000")), Logs(folder)
    monkeypatch.setattr(sealed, "again", lambda: {Division("440000")})
    with pytest.raises(Unavailable, match="wait for each other"):
        list(deliver(logs, Random(1), sealed))


def test_the_row_has_seconds_and_memory_against_the_goal(folder: Path) -> None:
    """The names by which the figures are read; the table shows both, and what was folded."""
    found = measure(_SIZES, 1, folder.parent, Console(file=StringIO()))
    (row,) = msgspec.json.decode(encode([found]))
    assert row["id"] == "book"
    assert 0 < row["ours"]["cpu_s"] <= row["ours"]["seconds"] + 0.02
    assert 0 < row["ours"]["memory_mib"] < 100
    assert row["goal"] == {"seconds": 20, "memory_mib": 500} == msgspec.to_builtins(GOAL)
    (run,) = row["ours"]["runs"]
    assert run["events"] == sum(map(len, _kept(folder).values()))
    assert sum(run["states"].values()) == run["counts"]["requests"] == _SIZES.requests
    assert run["asked_ms"].keys() == {"440000", "440100", "440103"}
    console = Console(width=200, force_terminal=False)
    with console.capture() as capture:
        tell_alone(console, found)
    for part in ("exchange-node", "< 20", "< 500", "CPU seconds", "30 requests", "rule_answers", "granted"):
        assert part in capture.get(), part


def test_logs_of_which_something_does_not_count_stop_the_measurement(folder: Path, tmp_path: Path) -> None:
    """Refusing is faster than folding: it must not be measured, and its cause is told."""
    for path in folder.glob("*.log"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "440000.log").unlink()
    with pytest.raises(Unavailable, match="not all of these logs counts"):
        fold(tmp_path, 0, [])
