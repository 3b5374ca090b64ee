"""`generate`: files of records, what is told of them, and what is refused."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.adapters import read_rows
from node.demo.generate import load, records


def test_a_file_is_written_and_told(cli: Callable[..., Any], tmp_path: Path) -> None:
    """As many records as asked, in the format of the file's ending, the same as the library makes."""
    out = tmp_path / "licences.csv"
    done = cli("generate", "licences", "--count", "300", "--seed", "5", "--out", str(out))
    assert done.status == 0
    assert f"300 records of licences in {out}, 0 of them wrong" in done.out
    assert [row.datum for row in read_rows(out, load("licences").schema)] == [made.datum for made in records("licences", count=300, seed=5)]


def test_what_is_wrong_is_counted_and_answered(cli: Callable[..., Any], tmp_path: Path) -> None:
    """The summary counts by field and rule; the answers name each wrong row with its key."""
    out, answers = tmp_path / "rows.ndjson", tmp_path / "answers.ndjson"
    done = cli("generate", "population", "--count", "500", "--wrong", "0.2", "--out", str(out), "--answers", str(answers), "--json")
    expected = [(row, made) for row, made in enumerate(records("population", count=500, seed=1, wrong=0.2), 1) if made.wrong]
    told = [msgspec.json.decode(line) for line in answers.read_bytes().splitlines()]
    assert told == [{"row": row, "key": made.key, "field": made.wrong[0], "rule": made.wrong[1]} for row, made in expected if made.wrong]
    assert done.json["faults"] == dict(Counter(" ".join(made.wrong) for _, made in expected if made.wrong))
    assert (done.json["records"], done.json["wrong"], done.err) == (500, len(expected), "")
    rows = out.read_bytes().splitlines()
    assert msgspec.json.decode(rows[told[0]["row"] - 1])["id_number"] == told[0]["key"]


def test_people_see_the_faults_as_a_table(cli: Callable[..., Any], tmp_path: Path) -> None:
    """In their language, the most frequent first."""
    done = cli("generate", "licences", "--count", "400", "--wrong", "0.5", "--out", str(tmp_path / "x.ndjson"), "--lang", "zh")
    assert "400 条，其中错误" in done.out
    assert "（整条记录）" in done.out
    assert "cn-uscc" in done.out


def test_without_a_file_the_rows_go_to_standard_output(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """And nothing else: another program reads them. A catalogue item of one's own works as a shipped one."""
    from node.cli import main  # noqa: PLC0415  # the fixture `cli` reads text, this output is bytes

    (tmp_path / "v.yaml").write_text("name: 445102.civil-affairs.v\nschema: v.avsc\n")
    (tmp_path / "v.avsc").write_text('{"type": "record", "name": "V", "fields": [{"name": "phone", "type": "string"}]}')
    assert main(["generate", str(tmp_path / "v.yaml"), "--count", "3"]) == 0
    rows = capfdbinary.readouterr().out.splitlines()
    assert [list(msgspec.json.decode(row)) for row in rows] == [["phone"]] * 3
    assert main(["generate", str(tmp_path / "v.yaml"), "--count", "2", "--format", "csv"]) == 0
    assert capfdbinary.readouterr().out.splitlines()[0] == b"phone"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("generate nothing", "nor one of the shipped schemas, which are births"),
        ("generate licences --json", "--json prints a summary, so the records need a file"),
        ("generate streets.avsc", "cannot be read"),
        ("generate licences --count 0", ""),
        ("generate licences --wrong 1.5", ""),
        ("generate licences --format xml", ""),
    ],
)
def test_wrong_usage_is_told_and_ends_with_two(cli: Callable[..., Any], line: str, told: str) -> None:
    """Nothing is written."""
    done = cli(*line.split())
    assert done.status == 2
    assert told in done.err
