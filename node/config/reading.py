"""A YAML file read with line numbers against a shape: which keys there are, how each is read; every problem is kept with its line."""

import difflib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from node.errors import ConfigError

Lang = Literal["en", "zh"]

FILE_BYTES_MAX = 1 << 20
"""A thousand times what a node needs; YAML's reader takes 300 bytes of memory for one of the file."""

_TAG = "tag:yaml.org,2002:"
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")


class Wrong(NamedTuple):
    """What is wrong with a value and what would be right, in both languages; `example` replaces the field's own."""

    en: str
    zh: str
    example: str = ""


class Field(NamedTuple):
    """A key with one value: how its text is read (to a value, or what is Wrong), and a value that is right, as in the file."""

    read: Callable[[str], object | Wrong]
    example: str
    required: bool = True
    number: bool = False
    day: bool = False
    """a day stands with or without quotes: YAML keeps its text either way"""
    flag: bool = False


class Many(NamedTuple):
    """A key with a list, each item read as the field says; the line of item `n`, counted from 0, is that of `KEY.n`."""

    item: Field
    required: bool = True


class Part(NamedTuple):
    """A key with keys of its own."""

    fields: Mapping[str, "Field | Many | Part | Table"]
    required: bool = True


class Table(NamedTuple):
    """A key with keys that are names, each read by `name`, and with a value that the field says; it may be absent."""

    name: Callable[[str], object | Wrong]
    example: str
    item: Field
    required: bool = False


Shape = Mapping[str, Field | Many | Part | Table]


def read_text(text: str) -> str | Wrong:
    """Read a text that may not be empty."""
    return text if text.strip() else Wrong("is empty; fill it in", "为空；请填写")


def read_flag(text: str) -> bool:
    """Read what YAML takes for true or false."""
    return text.lower() in {"true", "yes", "on"}


def whole_within(least: int, most: int) -> Callable[[str], int | Wrong]:
    """Return the reading of a whole number that both bounds include."""

    def read_whole(text: str) -> int | Wrong:
        if least <= int(text) <= most:
            return int(text)
        return Wrong(f"{text} is out of bounds; it lies within {least} and {most}", f"{text} 超出范围；应在 {least} 至 {most} 之间")

    return read_whole


class Reading:
    """What a file holds: `values` (plain, nested as the shape is), and its problems, told in one language."""

    def __init__(self, path: Path, lang: Lang) -> None:
        self.values: dict[str, Any] = {}
        self._path, self._lang = path, lang
        self._lines: dict[str, int] = {}
        self._problems: list[tuple[int, str]] = []
        self._spoilt: set[str] = set()

    @property
    def problems(self) -> list[str]:
        """All that is wrong, in the order of lines."""
        return [text for _line, text in sorted(self._problems, key=lambda problem: problem[0])]

    def raise_if_wrong(self) -> None:
        """Raise ConfigError if anything is wrong."""
        if self._problems:
            raise ConfigError(self.problems)

    def has(self, key: str) -> bool:
        """Tell whether a key such as `kafka.bootstrap` stands in the file, its value right or wrong."""
        return key in self._lines

    def sound(self, key: str) -> bool:
        """Tell whether nothing has been found wrong with a key, or with what it stands in; one that is not there is sound."""
        while key and key not in self._spoilt:
            key = key.rpartition(".")[0]
        return not key

    def line(self, key: str) -> int:
        """Return the line of a key such as `kafka.bootstrap`, or of what it would stand in."""
        while key and key not in self._lines:
            key = key.rpartition(".")[0]
        return self._lines.get(key, 1)

    def wrong(self, key: str, wrong: Wrong, line: int | None = None) -> None:
        """Add a problem; `key` is empty where the file as a whole is wrong."""
        line = self.line(key) if line is None else line
        self._spoilt.add(key)
        told, colon, example = wrong.en, ": ", f" (for example {wrong.example})"
        if self._lang == "zh":
            told, colon, example = wrong.zh, "：", f"（例如 {wrong.example}）"
        where = f"{self._path}:{line}" if line else str(self._path)
        self._problems.append((line, f"{where}: {key}{colon if key else ''}{told}{example if wrong.example else ''}"))

    def walk(self, node: yaml.Node | None, shape: Shape, above: str = "") -> dict[str, Any]:
        """Return the values of a mapping by its shape."""
        if node is not None and not isinstance(node, yaml.MappingNode):
            example = next(f"{key}: {part.example}" for key, part in shape.items() if isinstance(part, Field))
            en = "there should be keys with values here; write each on a line of its own"
            self.wrong(above.rstrip("."), Wrong(en, "此处应为“键: 值”；每个键各占一行", example), node.start_mark.line + 1)
            return {}
        found = self._keys(node, shape, above) if node is not None else {}
        values: dict[str, Any] = {}
        for key, part in shape.items():
            name = above + key
            if key not in found:
                if part.required:
                    self.missing(name, part)
            elif isinstance(part, Part):
                values[key] = self.walk(found[key], part.fields, name + ".")
            elif isinstance(part, Many):
                values[key] = self._items(found[key], part.item, name, key)
            elif isinstance(part, Table):
                values[key] = self._table(found[key], part, name)
            else:
                value = self._scalar(found[key], part, key)
                if isinstance(value, Wrong):
                    self.wrong(name, value if value.example else value._replace(example=f"{key}: {part.example}"))
                else:
                    values[key] = value
        return values

    def _keys(self, node: yaml.MappingNode, shape: Shape, above: str) -> dict[str, yaml.Node]:
        """Return the known keys of a mapping. One that seems misspelt counts as the one meant, so that what is below it is read too."""
        found: dict[str, yaml.Node] = {}
        meant: dict[str, tuple[yaml.Node, int]] = {}
        for key_node, value in node.value:
            key, line = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?", key_node.start_mark.line + 1
            if key in found:
                first = self._lines[above + key]
                wrong = Wrong(
                    f"stands here again, first in line {first}; keep one of the two", f"重复，首次出现在第 {first} 行；请只保留一个"
                )
                self.wrong(above + key, wrong, line)
            elif key in shape:
                found[key], self._lines[above + key] = value, line
            else:
                near = difflib.get_close_matches(key, shape, n=1)
                meant.update(dict.fromkeys(near, (value, line)))
                self.wrong(above + key, _unknown(near, shape), line)
        for key in meant.keys() - found.keys():
            found[key], self._lines[above + key] = meant[key]
        return found

    def _items(self, node: yaml.Node, item: Field, name: str, key: str) -> list[Any]:
        """Return the items of a list that are right."""
        if not isinstance(node, yaml.SequenceNode):
            wrong = Wrong("should be a list; write each item on a line of its own after a dash", "应为列表；每项以“-”开头，各占一行")
            self.wrong(name, wrong._replace(example=f"{key}: [{item.example}]"), node.start_mark.line + 1)
            return []
        values: list[Any] = []
        for one in node.value:
            value, line = self._scalar(one, item, key), one.start_mark.line + 1
            if isinstance(value, Wrong):
                self.wrong(name, value if value.example else value._replace(example=f"{key}: [{item.example}]"), line)
            else:
                self._lines[f"{name}.{len(values)}"] = line
                values.append(value)
        return values

    def _table(self, node: yaml.Node, table: Table, name: str) -> dict[Any, Any]:
        """Return the entries of a table that are right."""
        if not isinstance(node, yaml.MappingNode):
            wrong = Wrong("should be a name and a value on each line", "每行应为一个名称和一个值", f"{table.example}: {table.item.example}")
            self.wrong(name, wrong, node.start_mark.line + 1)
            return {}
        values: dict[Any, Any] = {}
        for key_node, one in node.value:
            text, line = str(key_node.value), key_node.start_mark.line + 1
            key, value = table.name(text), self._scalar(one, table.item, text)
            example = f"{table.example}: {table.item.example}"
            if key in values:
                value = Wrong(f"{text} stands here twice; keep one of the two", f"{text} 重复；请只保留一个")
            for problem in (key, value):
                if isinstance(problem, Wrong):
                    self.wrong(name, problem if problem.example else problem._replace(example=example), line)
            if not isinstance(key, Wrong) and not isinstance(value, Wrong):
                values[key] = value
        return values

    def missing(self, name: str, part: Field | Many | Part | Table) -> None:
        """Add the problem that a key is not there, with an example of it."""
        self.wrong(name, Wrong("is missing; add it", "缺少；请添加", _example(name.rpartition(".")[2], part)))

    def _scalar(self, node: yaml.Node, field: Field, key: str) -> object | Wrong:
        if not isinstance(node, yaml.ScalarNode):
            kinds = ((field.number, "a whole number", "整数"), (field.day, "a day", "日期"), (field.flag, "true or false", "true 或 false"))
            what_en, what_zh = next(((en, zh) for is_it, en, zh in kinds if is_it), ("text", "文字"))
            return Wrong(f"has parts of its own; it is {what_en}", f"不应有下级内容；应为{what_zh}")
        kind, text = node.tag.removeprefix(_TAG), str(node.value)
        if kind == "null":
            return Wrong("has no value; give it one or remove the key", "没有值；请填写，或去掉此键")
        if field.flag:
            if kind != "bool":
                return Wrong(
                    f"{text!r} is neither true nor false; write one of the two without quotes", f"{text!r} 应为 true 或 false，不加引号"
                )
        elif field.number:
            if kind != "int" or not _WHOLE.fullmatch(text):
                return Wrong(f"{text!r} is no whole number; write plain digits without quotes", f"{text!r} 不是整数；请只写数字，不加引号")
        elif kind != "str" and not field.day:
            example = field.example if isinstance(field.read(text), Wrong) else f'"{text}"'
            en = f"{text} is no text to YAML, it reads it as {kind}; quote it"
            return Wrong(en, f"YAML 会把 {text} 当作 {kind} 而不是文字；请加引号", f"{key}: {example}")
        return field.read(text)


def _example(key: str, part: Field | Many | Part | Table) -> str:
    if isinstance(part, Part):
        inner = ", ".join(_example(one, field) for one, field in part.fields.items() if field.required)
        return f"{key}: {{{inner}}}"
    if isinstance(part, Table):
        return f"{key}: {{{part.example}: {part.item.example}}}"
    return f"{key}: [{part.item.example}]" if isinstance(part, Many) else f"{key}: {part.example}"


def one_of(*words: str) -> Callable[[str], str | Wrong]:
    """Return the reading of one word of several."""

    def read_word(text: str) -> str | Wrong:
        if text in words:
            return text
        near = difflib.get_close_matches(text, words, n=1)
        known, meant = ", ".join(words), near[0] if near else words[0]
        return Wrong(f"{text!r} is none of {known}; did you mean {meant}?", f"{text!r} 无效，应为 {known} 之一；是否应为 {meant}？")

    return read_word


def _unknown(near: list[str], shape: Shape) -> Wrong:
    known = ", ".join(shape)
    if near:
        return Wrong(f"unknown key; did you mean {near[0]}? known here: {known}", f"未知的键；是否应为 {near[0]}？此处可用：{known}")
    return Wrong(f"unknown key; remove it, known here: {known}", f"未知的键；请去掉，此处可用：{known}")


def read_yaml(path: Path, shape: Shape, lang: Lang) -> Reading:
    """Walk a YAML file by its shape. Whatever is wrong with it, a missing file too, is a problem of the reading."""
    reading = Reading(path, lang)
    text = ""
    try:
        text = _text(path)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        why = error.strerror or type(error).__name__
        reading.wrong("", Wrong(f"cannot be read ({why}); is the path right?", f"无法读取（{why}）；路径是否正确？"), 0)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        why, line = _broken(error, text)
        en = f"not YAML: {why}; mend the syntax here or just above"
        reading.wrong("", Wrong(en, f"不是有效的 YAML：{why}；请修正此处或其上方的语法"), line)
    else:
        reading.values = reading.walk(node, shape)
    return reading


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise ValueError(f"longer than {FILE_BYTES_MAX} bytes")
    return data.decode("utf-8-sig")


def _broken(error: Exception, text: str) -> tuple[str, int]:
    """Return why a file is no YAML at all, and the line."""
    match error:
        case yaml.MarkedYAMLError():
            mark = error.problem_mark or error.context_mark
            return error.problem or error.context or "syntax error", mark.line + 1 if mark else 1
        case yaml.reader.ReaderError():
            return f"character U+{error.character:04X} is not allowed", text.count("\n", 0, error.position) + 1
        case UnicodeDecodeError():
            return f"not UTF-8 (byte {error.object[error.start]:#04x})", error.object.count(b"\n", 0, error.start) + 1
        case RecursionError():
            return "nested too deeply", 1
    return str(error), 1
