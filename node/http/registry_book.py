"""The book as a registry: subjects, and the versions under each.

A subject is `<topic>-value` (TopicNameStrategy), its topic a resource's or that of the resource's inbox: both have the resource's
schema, and the same versions. Keys are plain text, so there is no `-key`.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from node.control import Book
from node.http.registry_answers import Code, fault
from node.model.names import Topic, division_of

_VALUE, _KEY, _INBOX = "-value", "-key", ".inbox"
_VERSION_MAX = 2**31 - 1


class Version(NamedTuple):
    """A schema under a subject."""

    number: int
    id: int
    text: str


def subjects_of(resources: Iterable[Topic]) -> Iterator[str]:
    """Yield the subjects of resources, in order of their names."""
    for topic in sorted(resources):
        yield f"{topic}{_VALUE}"
        yield f"{topic}{_INBOX}{_VALUE}"


def resource_of(book: Book, subject: str) -> Topic:
    """Return the resource that a subject is of; refused when the book has no such subject, with the likely cause."""
    topic, ends, kind = subject.rpartition("-")
    resource = next((one for one in (Topic(topic), Topic(topic.removesuffix(_INBOX))) if one in book.versions), None)
    if f"{ends}{kind}" == _VALUE and resource is not None:
        return resource
    if f"{ends}{kind}" == _KEY:
        en = "Keys are UTF-8 text without a schema: write and read them with a serializer of strings"
        zh = "键是不带模式的 UTF-8 文本：请用字符串序列化器读写"
    elif f"{ends}{kind}" == _VALUE:
        en = f"{topic} is not in the catalogue of this node: `exchange-node catalogue list` shows what is; is the topic's name right?"
        zh = f"本节点的目录中没有 {topic}：可用 `exchange-node catalogue list` 查看；主题名称是否正确？"
    else:
        en = "A subject is a topic's name and -value (TopicNameStrategy); no other strategy is offered"
        zh = "主题（subject）为 Kafka 主题名加 -value（TopicNameStrategy）；不支持其他命名策略"
    raise fault(Code.SUBJECT_NOT_FOUND, f"Subject '{subject}' not found. {en}", f"未找到 '{subject}'。{zh}")


def versions(book: Book, resource: Topic) -> list[Version]:
    """Return a resource's versions, the first first."""
    return [Version(number, one, _text(book, one, resource)) for number, one in enumerate(book.versions[resource], 1)]


def version(book: Book, resource: Topic, asked: str) -> Version:
    """Return the version that a path names by its number, as `latest`, or, as old clients do, as -1."""
    known = book.versions[resource]
    number = len(known) if asked.strip().lower() in {"latest", "-1"} else _number(asked)
    if number > len(known):
        en = f"Version {number} not found. The resource has {len(known)}"
        raise fault(Code.VERSION_NOT_FOUND, en, f"未找到第 {number} 版，该资源共有 {len(known)} 版")
    return Version(number, known[number - 1], _text(book, known[number - 1], resource))


def schema_text(book: Book, number: int, subject: str) -> str:
    """Return the schema under an id; where two nodes registered different ones under it, the subject settles which is meant."""
    schema = book.schema(number, division_of(subject))
    if schema is None:
        en = f"Schema {number} not found. A schema of another node comes with that node's control log: is the link up?"
        raise fault(Code.SCHEMA_NOT_FOUND, en, f"未找到模式 {number}。其他节点的模式随其控制日志到达：链路是否正常？")
    return schema.schema


def served_by(book: Book, number: int, subject: str) -> list[Topic]:
    """Return the resources that have or had the schema under an id, in order of their names."""
    text = schema_text(book, number, subject)
    return sorted(topic for topic in book.served.get(number, ()) if _text(book, number, topic) == text)


def _text(book: Book, number: int, resource: Topic) -> str:
    schema = book.schema(number, division_of(resource))
    assert schema is not None, "the book folds a resource only after its schema"
    return schema.schema


def _number(asked: str) -> int:
    text = asked.strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(_VERSION_MAX)) else 0
    if not 1 <= number <= _VERSION_MAX:
        en = f"The specified version '{asked}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""
        raise fault(Code.INVALID_VERSION, en, f"版本 '{asked}' 无效：应为 1 至 2^31-1 的整数，或 latest")
    return number
