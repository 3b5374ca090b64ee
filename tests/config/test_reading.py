"""YAML against a shape, seen through a node's configuration: every problem once, at its line."""

from pathlib import Path

import pytest

from node.config import Field, Many, Part, Shape, Wrong, load, one_of, read_text, read_yaml
from node.errors import ConfigError
from tests.config.files import LEAST, problems


@pytest.mark.parametrize("written", ["445102", "0445102", "44_51_02", "4.45102e+5", "yes", "2025-01-31"])
def test_number_without_quotes_is_told_with_quotes(file: Path, written: str) -> None:
    """What YAML makes something else of (a number, an octal, a day) is never converted back: the line and the quotes are told."""
    (told,) = problems(file, LEAST.replace('"445102"', written))
    assert told.startswith(f"node.yaml:1: division: {written} is no text to YAML")
    assert told.endswith('quote it (for example division: "445102")')


def test_misspelt_key_is_told_once_with_the_one_meant_and_read_on(file: Path) -> None:
    """A typo is one problem, not two, and what stands below it is checked as well."""
    told = problems(file, 'devision: "445102"\nkafak:\n  bootstrap: nowhere\n')
    assert len(told) == 3
    assert "devision: unknown key; did you mean division? known here: division, kafka, parent, http, data_dir" in told[0]
    assert told[2].startswith("node.yaml:3: kafka.bootstrap: 'nowhere'")


def test_doubled_key_is_told_with_its_first_line(file: Path) -> None:
    """YAML would let the last one win in silence."""
    (told,) = problems(file, LEAST + 'division: "445103"\n')
    assert told == "node.yaml:3: division: stands here again, first in line 1; keep one of the two"


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_empty_file_lacks_what_is_required(file: Path, text: str) -> None:
    """An empty file is told what to begin with."""
    told = problems(file, text)
    assert told == [
        'node.yaml:1: division: is missing; add it (for example division: "445102")',
        'node.yaml:1: kafka: is missing; add it (for example kafka: {bootstrap: "127.0.0.1:9092"})',
    ]


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        (LEAST + "http: [", 3, "not YAML"),
        ("division: a: b", 1, "mapping values are not allowed here"),
        ("\n\tdivision: 1", 2, "cannot start any token"),
        (LEAST + "---\nmore: 1", 3, "another document"),
        (b"\n\nname: \xd6\xd0", 3, "not UTF-8 (byte 0xd6)"),
        ("\nname: \x07", 2, "U+0007 is not allowed"),
        ("[" * 10_000, 1, "nested too deeply"),
        (b"#" * (1 << 20) + b"\n", 1, "longer than 1048576 bytes"),
    ],
)
def test_file_that_is_no_yaml_is_told_with_its_line(file: Path, text: str | bytes, line: int, cause: str) -> None:
    """Syntax comes first: nothing else can be said of such a file."""
    (told,) = problems(file, text)
    assert told.startswith(f"node.yaml:{line}: not YAML: ")
    assert cause in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- division", "node.yaml:1: there should be keys with values here"),
        (LEAST + "parent:\n", "node.yaml:3: parent: there should be keys with values here"),
        (LEAST + "http: 8080\n", "node.yaml:3: http: there should be keys with values here"),
        (LEAST + "data_dir:\n", "node.yaml:3: data_dir: has no value"),
        (LEAST + "data_dir: ' '\n", "node.yaml:3: data_dir: is empty"),
        (LEAST + "data_dir: [a, b]\n", "node.yaml:3: data_dir: has parts of its own; it is text"),
        (LEAST + "? [a]\n: 1\n", "node.yaml:3: ?: unknown key"),
        (LEAST + "x: &a {y: *a}\n", "node.yaml:3: x: unknown key"),
        (LEAST + "data_dir: !!python/name:os.system ''\n", "node.yaml:3: data_dir: "),
    ],
)
def test_value_of_the_wrong_form_is_told_with_its_line(file: Path, text: str, told: str) -> None:
    """Lists, sections, nothing and YAML's own objects are never taken for a value."""
    assert any(problem.startswith(told) for problem in problems(file, text))


def test_file_that_is_not_there_is_a_problem_too(tmp_path: Path) -> None:
    """A wrong path is told like anything else that is wrong."""
    for path, cause in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError, match=cause):
            load(path)


def test_problems_are_told_in_chinese_where_asked(file: Path) -> None:
    """The same problem, line and example in the other language."""
    assert problems(file, "", "zh")[0] == 'node.yaml:1: division：缺少；请添加（例如 division: "445102"）'


def test_list_that_is_required_is_missed_and_its_items_have_lines(file: Path) -> None:
    """Wrong items are told and left out, and the line of each that is right is that of its place among the right ones."""
    shape = {"words": Many(Field(read_text, "a"))}
    file.write_text("")
    assert read_yaml(file, shape, "en").problems == [f"{file}:1: words: is missing; add it (for example words: [a])"]
    file.write_text("words:\n- a\n- ' '\n\n- b\n")
    reading = read_yaml(file, shape, "en")
    assert reading.values == {"words": ["a", "b"]}
    assert reading.problems == [f"{file}:3: words: is empty; fill it in (for example words: [a])"]
    assert [reading.line(f"words.{place}") for place in range(2)] == [2, 5]


_KINDS: Shape = {
    "name": Field(read_text, "n", required=False),
    "part": Part({"word": Field(one_of("stream", "file"), "file"), "list": Many(Field(one_of("a", "b"), "a"))}, required=False),
}


def test_a_part_may_hold_a_list(file: Path) -> None:
    """Its items are read by their own lines, and an example of a part that is missing shows the list."""
    file.write_text("part:\n  word: file\n  list:\n    - a\n    - c\n")
    reading = read_yaml(file, _KINDS, "en")
    assert reading.values == {"part": {"word": "file", "list": ["a"]}}
    assert reading.problems == [f"{file}:5: part.list: 'c' is none of a, b; did you mean a? (for example list: [a])"]
    reading.missing("part", _KINDS["part"])
    assert reading.problems[0] == f"{file}:1: part: is missing; add it (for example part: {{word: file, list: [a]}})"


def test_whether_a_key_stands_there_and_is_sound(file: Path) -> None:
    """What depends on a key is asked only where nothing is wrong with it, or around it."""
    file.write_text("name: n\npart: {word: files, list: [a]}\n")
    reading = read_yaml(file, _KINDS, "en")
    assert [reading.has(key) for key in ("name", "part.word", "part.none")] == [True, True, False]
    assert [reading.sound(key) for key in ("name", "part", "part.word", "part.list", "none")] == [True, True, False, True, True]
    reading.wrong("part", Wrong("no", "no"))
    assert not reading.sound("part.list")


def test_a_word_that_is_none_of_several_is_told_with_the_nearest() -> None:
    """In both languages."""
    told = one_of("stream", "file")("steam")
    assert isinstance(told, Wrong)
    assert told.en == "'steam' is none of stream, file; did you mean stream?"
    assert "应为 stream, file 之一" in told.zh
    assert one_of("stream", "file")("file") == "file"


def test_a_table_has_names_of_its_own(file: Path) -> None:
    """Each name and each value is read; what is wrong with one is told at its line, and the others with it."""
    parent = 'parent: {division: "445100", bootstrap: "127.0.0.1:9093", root: "SHA256:' + "0" * 64 + '", rates: '
    told = problems(file, LEAST + parent + '\n  {445102.a.b: 5000, "x": 5000, 445102.a.c: 1,\n  445102.a.d: many, 445102.a.b: 6000}}\n')
    assert [line.split(": ", 2)[:2] for line in told] == [[f"node.yaml:{line}", "parent.rates"] for line in (4, 4, 5, 5)]
    assert "445102.a.b stands here twice" in told[3]
    assert all("for example 445102.civil-affairs.villages: 1250000" in one for one in told)
    (told_one,) = problems(file, LEAST + parent + "fast}\n")
    assert "should be a name and a value on each line" in told_one


def test_limits_of_the_link_are_read(file: Path) -> None:
    """Of the whole link, of a resource and of a view."""
    text = 'parent:\n  division: "445100"\n  bootstrap: "127.0.0.1:9093"\n  root: "SHA256:' + "0" * 64 + '"\n'
    file.write_text(LEAST + text + "  rate_bytes_per_s: 1250000\n  rates:\n    445102.a.b: 5000\n    445102.a.b.v-0123456789ab: 6000\n")
    parent = load(file).parent
    assert parent is not None
    assert (parent.rate_bytes_per_s, parent.rates) == (1_250_000, {"445102.a.b": 5000, "445102.a.b.v-0123456789ab": 6000})
    (told,) = problems(file, LEAST + text + "  rate_bytes_per_s: 1000\n")
    assert "it lies within 1024 and" in told
