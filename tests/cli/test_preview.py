"""What people see of a grant before it is given."""

from rich.console import Console

from node.cli.answered import PreviewInfo
from node.cli.preview import shown
from node.cli.voice import Session
from node.config import Lang

SCHEMA = {
    "type": "record",
    "name": "Village",
    "fields": [
        {"name": "code", "type": "string", "doc": "twelve digits"},
        {"name": "people", "type": ["null", "int"], "doc": "（脱敏：取整到 10 的倍数 / masked: rounded to multiples of 10）"},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
    ],
}
FOUND = PreviewInfo(
    schema=SCHEMA, rows=[{"code": "[1]", "people": 120, "tags": ["山"]}, {"code": "2", "people": None, "tags": []}], read=12345
)


def text(found: PreviewInfo, lang: Lang) -> list[str]:
    """The lines that are shown."""
    console = Console(width=200, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(shown(found, Session(lang=lang)))
    return captured.get().splitlines()


def test_fields_come_first_then_the_rows() -> None:
    """Every field with its type and mask, every row with all its fields, whatever they hold; texts as they are, all else as JSON."""
    lines = [line.split() for line in text(FOUND, "en")]
    assert lines[0] == ["field", "type", "meaning"]
    assert lines[2][:3] == ["people", "null", "|"]
    assert "masked:" in lines[2]
    assert lines[5:8] == [["code", "people", "tags"], ["[1]", "120", '["山"]'], ["2", "null", "[]"]]


def test_what_was_looked_at_is_told() -> None:
    """Few rows of many records say that the filter is narrow; and nothing is written yet."""
    assert text(FOUND, "en")[-1].startswith("2 rows, found in 12,345 records; nothing was written")
    assert text(FOUND, "zh")[-1].startswith("共 2 行，取自 12,345 条记录；未写入任何内容")
    nothing = PreviewInfo(schema=SCHEMA, rows=[], read=0)
    assert text(nothing, "en")[-1].startswith("0 rows, found in 0 records")
