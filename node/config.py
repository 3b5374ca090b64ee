"""The configuration of a node: one YAML file, read with line numbers, wrong or whole.

    division: "445102"                # whose node this is; in quotes, or YAML makes a number of it
    kafka:
      bootstrap: "127.0.0.1:9092"     # the cluster beside this node; several as "a:9092,b:9092"
      replication: 3                  # of the topics that the node makes; 1 on a single broker
    parent:                           # absent at the root
      division: "445100"
      bootstrap: "10.0.0.1:9092"
    http:
      listen: "127.0.0.1:8080"
    data_dir: ./data                  # relative to this file

Road: `read_yaml` walks a file against a shape (which keys there are, how each is read) and keeps every problem with its
line; `load` is that walk for the node's own shape. Nothing is guessed: unknown and doubled keys are refused, and a value of
the wrong type is told, never converted. The catalogue's files are read the same way.

Bounds: a file has at most FILE_BYTES_MAX bytes. Failure mode: ConfigError with all problems of the file at once.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import yaml

from node.errors import ConfigError
from node.model import names
from node.model.names import Division

Lang = Literal["en", "zh"]

FILE_BYTES_MAX = 1 << 20
"""A thousand times what a node needs; YAML's reader takes 300 bytes of memory for one of the file."""
REPLICATION_MAX = 32767
"""Kafka's replication factor is an int16."""
PORT_MAX = 65535

_TAG = "tag:yaml.org,2002:"
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):([0-9]{1,5})")


class Kafka(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster beside the node: `host:port`, several with commas between; and how many copies its topics have."""

    bootstrap: str
    replication: int = 3


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """The division above and its cluster, which this node dials."""

    division: Division
    bootstrap: str


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """Where the node's own HTTP listens, `host:port`; port 0 takes a free one."""

    listen: str = "127.0.0.1:8080"

    @property
    def host(self) -> str:
        """The address to bind, an IPv6 one without its brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to bind."""
        return int(self.listen.rpartition(":")[2])


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration; `data_dir` is absolute."""

    division: Division
    kafka: Kafka
    parent: Parent | None = None
    http: Http = Http()
    data_dir: Path


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


class Part(NamedTuple):
    """A key with keys of its own."""

    fields: Mapping[str, Field]
    required: bool = True


Shape = Mapping[str, Field | Part]


def load(path: Path, lang: Lang = "en") -> Config:
    """Return the configuration in a file; ConfigError tells every problem as `FILE:LINE: key: what is wrong; what is right`."""
    reading = read_yaml(path, _SHAPE, lang)
    values = reading.values
    if "parent" in values and "kafka" in values:
        _check_parent(reading, values["parent"], values["kafka"])
    reading.raise_if_wrong()
    return msgspec.convert({**values, "data_dir": path.parent.resolve() / values.get("data_dir", "data")}, Config)


def _check_parent(reading: "Reading", parent: dict[str, str], kafka: dict[str, str]) -> None:
    own = reading.values.get("division")
    if own is not None and parent.get("division") == own:
        en = f"{own} is this node's own division; name the division above it, or remove `parent` at the root"
        reading.wrong("parent.division", Wrong(en, f"{own} 是本节点自身的区划；应填上级区划，根节点则去掉 parent"))
    shared = set(parent.get("bootstrap", "").split(",")) & set(kafka.get("bootstrap", "").split(",")) - {""}
    if shared:
        en = f"{min(shared)} is this node's own cluster; name the brokers of the parent's, each node has a cluster of its own"
        reading.wrong("parent.bootstrap", Wrong(en, f"{min(shared)} 是本节点自己的集群；应填上级节点的集群，每个节点各有一个集群"))


def read_division(text: str) -> Division | Wrong:
    """Read a division code."""
    try:
        return names.division(text)
    except ValueError:
        en = f"{text!r} is no division code; it has the 6, 9 or 12 digits of GB/T 2260"
        return Wrong(en, f"{text!r} 不是行政区划代码；应为 GB/T 2260 的 6、9 或 12 位数字")


def read_text(text: str) -> str | Wrong:
    """Read a text that may not be empty."""
    return text if text.strip() else Wrong("is empty; fill it in", "为空；请填写")


def whole_within(least: int, most: int) -> Callable[[str], int | Wrong]:
    """Return the reading of a whole number that both bounds include."""

    def read_whole(text: str) -> int | Wrong:
        if least <= int(text) <= most:
            return int(text)
        return Wrong(f"{text} is out of bounds; it lies within {least} and {most}", f"{text} 超出范围；应在 {least} 至 {most} 之间")

    return read_whole


def _read_bootstrap(text: str) -> str | Wrong:
    addresses = [address.strip() for address in text.split(",")]
    for address in addresses:
        found = _ADDRESS.fullmatch(address)
        if found is None or not 1 <= int(found[2]) <= PORT_MAX:
            en = f"{address!r} is no broker's address; write host:port, several with commas between"
            return Wrong(en, f"{address!r} 不是 broker 地址；应写成 host:port，多个以逗号分隔")
    return ",".join(addresses)


def _read_listen(text: str) -> str | Wrong:
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found[2]) > PORT_MAX:
        return Wrong(f"{text!r} is no address to listen on; write host:port", f"{text!r} 不是监听地址；应写成 host:port")
    return text


_BOOTSTRAP = Field(_read_bootstrap, '"127.0.0.1:9092"')
_DIVISION = Field(read_division, '"445102"')
_SHAPE: Shape = {
    "division": _DIVISION,
    "kafka": Part({"bootstrap": _BOOTSTRAP, "replication": Field(whole_within(1, REPLICATION_MAX), "3", required=False, number=True)}),
    "parent": Part({"division": _DIVISION, "bootstrap": _BOOTSTRAP}, required=False),
    "http": Part({"listen": Field(_read_listen, '"127.0.0.1:8080"', required=False)}, required=False),
    "data_dir": Field(read_text, "./data", required=False),
}


class Reading:
    """What a file holds: `values` (plain, nested as the shape is), and its problems, told in one language."""

    def __init__(self, path: Path, lang: Lang) -> None:
        self.values: dict[str, Any] = {}
        self._path, self._lang = path, lang
        self._lines: dict[str, int] = {}
        self._problems: list[tuple[int, str]] = []

    @property
    def problems(self) -> list[str]:
        """All that is wrong, in the order of lines."""
        return [text for _line, text in sorted(self._problems, key=lambda problem: problem[0])]

    def raise_if_wrong(self) -> None:
        """Raise ConfigError if anything is wrong."""
        if self._problems:
            raise ConfigError(self.problems)

    def line(self, key: str) -> int:
        """Return the line of a key such as `kafka.bootstrap`, or of what it would stand in."""
        while key and key not in self._lines:
            key = key.rpartition(".")[0]
        return self._lines.get(key, 1)

    def wrong(self, key: str, wrong: Wrong, line: int | None = None) -> None:
        """Add a problem; `key` is empty where the file as a whole is wrong."""
        line = self.line(key) if line is None else line
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
                self._missing(name, part)
            elif isinstance(part, Part):
                values[key] = self.walk(found[key], part.fields, name + ".")
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

    def _missing(self, name: str, part: Field | Part) -> None:
        if not part.required:
            return
        key = name.rpartition(".")[2]
        if isinstance(part, Field):
            example = f"{key}: {part.example}"
        else:
            example = f"{key}: {{{', '.join(f'{inner}: {field.example}' for inner, field in part.fields.items() if field.required)}}}"
        self.wrong(name, Wrong("is missing; add it", "缺少；请添加", example))

    def _scalar(self, node: yaml.Node, field: Field, key: str) -> object | Wrong:
        if not isinstance(node, yaml.ScalarNode):
            what_en, what_zh = ("a whole number", "整数") if field.number else ("text", "文字")
            return Wrong(f"has parts of its own; it is {what_en}", f"不应有下级内容；应为{what_zh}")
        kind, text = node.tag.removeprefix(_TAG), str(node.value)
        if kind == "null":
            return Wrong("has no value; give it one or remove the key", "没有值；请填写，或去掉此键")
        if field.number:
            if kind != "int" or not _WHOLE.fullmatch(text):
                return Wrong(f"{text!r} is no whole number; write plain digits without quotes", f"{text!r} 不是整数；请只写数字，不加引号")
        elif kind != "str":
            example = field.example if isinstance(field.read(text), Wrong) else f'"{text}"'
            en = f"{text} is no text to YAML, it reads it as {kind}; quote it"
            return Wrong(en, f"YAML 会把 {text} 当作 {kind} 而不是文字；请加引号", f"{key}: {example}")
        return field.read(text)


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
