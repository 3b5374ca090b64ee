"""Answers for node/control/checkup_machine.py: disks that fill, and certificates that end."""

from datetime import UTC, datetime, timedelta

import pytest

from node.control.checkup import Said
from node.control.checkup_cluster import Space
from node.control.checkup_machine import GIB, Certificate, Disk, certificates, disks, disks_of
from tests.control.checked import states

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("free", "size", "state"),
    [(50, 100, "ok"), (20, 100, "ok"), (19.9, 100, "warn"), (5, 100, "warn"), (4.9, 100, "fail"), (0.9, 2, "fail"), (0, 0, "fail")],
)
@pytest.mark.parametrize("name", ["data", "broker-1"])
def test_a_disk_is_judged_by_its_share_and_by_what_is_left(name: str, free: float, size: float, state: str) -> None:
    """A tenth of a small disk may be less than one segment."""
    (found,) = disks([Disk(name, "/srv", int(size * GIB), int(free * GIB))])
    assert states([found]) == [(name, state)]
    assert all("/srv" in text for text in (found.en, found.zh))
    assert ("node" in found.en, "broker" in found.en) == ((name == "data", name != "data") if state != "ok" else (False, False))


def test_thresholds_may_be_said() -> None:
    """As shares and bytes."""
    (past,) = disks([Disk("broker-2", "/srv", 100 * GIB, 0, is_past=True)])
    assert (past.state, "when it was last told" in past.en, "最近一次所见" in past.zh) == ("fail", True, True)
    half = [Disk("data", "/srv", 100 * GIB, 50 * GIB)]
    assert states(disks(half, warn=0.6)) == [("data", "warn")]
    assert states(disks(half, fail=0.6)) == [("data", "fail")]
    assert states(disks(half, least=60 * GIB)) == [("data", "fail")]


def test_of_several_folders_that_counts_which_fills_first() -> None:
    """By broker; who does not tell is told, and nothing wrong."""
    found = disks_of([Space(2, "/a", 100, 50), Space(1, "/b", 1000, 100), Space(1, "/c", 100, 9), Space(1, "/d", 10, 9)])
    assert found == [Disk("broker-1", "/c", 100, 9), Disk("broker-2", "/a", 100, 50)]
    assert states(disks([], [Said("broker 1 does not tell", "broker 1 未提供")])) == [("brokers", "ok")]


@pytest.mark.parametrize(
    ("days", "state", "words"),
    [
        (400, "ok", "counts until"),
        (30, "ok", "counts until"),
        (29.9, "warn", "ends on"),
        (7, "warn", "ends on"),
        (6.9, "fail", "ends on"),
        (-1, "fail", "ended on"),
    ],
)
def test_a_certificate_is_told_before_it_ends(days: float, state: str, words: str) -> None:
    """Where it lies, and the day."""
    end = NOW + timedelta(days=days)
    (found,) = certificates([Certificate("http", "node.crt", end)], NOW)
    assert states([found]) == [("http", state)]
    assert all(f"{end:%Y-%m-%d}" in text for text in (found.en, found.zh))
    assert words in found.en


@pytest.mark.parametrize(
    ("name", "todo"), [("http", "restart"), ("kafka", "keystore"), ("parent", "parent's operator"), ("kafka-ca", "authority")]
)
def test_who_has_to_renew_it_is_told(name: str, todo: str) -> None:
    """A node's own, its brokers', the parent's, or what is trusted."""
    (found,) = certificates([Certificate(name, "somewhere", NOW)], NOW)
    assert todo in found.do_en


def test_without_tls_there_is_nothing_to_end_and_what_cannot_be_seen_is_a_failure() -> None:
    """One line in either case."""
    assert states(certificates([], NOW)) == [("tls", "ok")]
    (found,) = certificates([Certificate("kafka", "k1:9092", trouble="no certificate was seen")], NOW)
    assert states([found]) == [("kafka", "fail")]
    assert "no certificate was seen" in found.en
