"""Answers for node/demo/generate/writing.py: what is written reads in again as what was made."""

from pathlib import Path

import pytest

from node.adapters import read_rows
from node.demo.generate import load, shipped_names, stream, write_rows
from node.demo.generate.writing import format_of

_FLOATS = {"grids", "births"}
"""Schemas with floats of 32 bits, which an Avro container rounds."""


@pytest.mark.parametrize("ending", ["ndjson", "csv", "avro"])
@pytest.mark.parametrize("name", shipped_names())
def test_a_file_reads_in_as_the_records(name: str, ending: str, tmp_path: Path) -> None:
    """By the adapter that publishes it, row for row, wrong records too: they are wrong by the schema's rules and not by its types."""
    source, path = load(name), tmp_path / f"rows.{ending}"
    made = list(stream(source, count=40, seed=8, wrong=0.2))
    assert write_rows(path, source, made) == 40
    read = [row.datum for row in read_rows(path, source.schema)]
    if ending == "avro" and name in _FLOATS:
        assert len(read) == 40
    else:
        assert read == [one.datum for one in made]


def test_the_ending_says_the_format() -> None:
    """NDJSON where it says none."""
    assert [format_of(Path(name)) for name in ("a.csv", "a.avro", "a.ndjson", "a.jsonl", "a")] == [
        "csv",
        "avro",
        "ndjson",
        "ndjson",
        "ndjson",
    ]
    assert format_of(None) == "ndjson"
