"""Answers for node/demo/generate/lives.py."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from node.demo.generate.dice import Dice
from node.demo.generate.lives import SPAN_MS, START, STEP_MS_MAX, lives, tell
from node.errors import SchemaError
from tests.demo.generate.schemas import field, source

FIELDS = (field("no", "string", {"text": "{serial}"}), field("value", "string", {"digits": 6}))


def told(folder: Path, count: int, **said: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Return moments and records of a schema whose outermost `generate` property says this."""
    return list(tell(lives(source(folder, *FIELDS, generate=said)), Dice(3), count))


def test_without_a_word_every_record_is_of_a_new_subject(tmp_path: Path) -> None:
    """Numbered from 1."""
    assert [record["no"] for _, record in told(tmp_path, 50)] == [str(number) for number in range(1, 51)]


def test_subjects_go_on_in_their_share(tmp_path: Path) -> None:
    """A third of the records begin a subject; the others are of one that lives, whose number stays and whose value is drawn anew."""
    records = [record for _, record in told(tmp_path, 3000, lives=0.33, redraw=["value"])]
    subjects = Counter(record["no"] for record in records)
    assert 0.3 < len(subjects) / len(records) < 0.37
    assert max(subjects.values()) > 3
    assert len({(record["no"], record["value"]) for record in records}) > 0.99 * len(records)


@pytest.mark.parametrize("count", [1, 10, 5000])
def test_the_clock_moves_on_and_stays_within_the_span(tmp_path: Path, count: int) -> None:
    """Each record is later than the one before, and none is in the next year, however many there are."""
    moments = [at for at, _ in told(tmp_path, count)]
    assert all(timedelta(milliseconds=1) <= later - earlier <= timedelta(milliseconds=STEP_MS_MAX) for earlier, later in pairwise(moments))
    assert moments[0] > START
    assert moments[-1] <= START + timedelta(milliseconds=2 * SPAN_MS)
    assert moments[-1].year == 2025


def test_many_records_are_nearer_to_each_other(tmp_path: Path) -> None:
    """A million still fit: their steps are shorter from the first on."""
    how = lives(source(tmp_path, *FIELDS))
    stream = tell(how, Dice(3), 1_000_000)
    first = [next(stream)[0] for _ in range(1000)]
    assert timedelta(hours=6) < first[-1] - first[0] < timedelta(hours=9)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ({"lives": 0}, "lives is the share"),
        ({"lives": 1.5}, "lives is the share"),
        ({"story": "none"}, "there is no story none; there are cases"),
    ],
)
def test_a_wrong_word_is_told(tmp_path: Path, said: dict[str, Any], cause: str) -> None:
    """In the place where it stands."""
    with pytest.raises(SchemaError, match=cause):
        told(tmp_path, 1, **said)
