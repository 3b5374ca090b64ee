"""The book as a registry: subjects, and the versions under each.

A subject is `<topic>-value` (TopicNameStrategy), its topic a resource's or that of the resource's inbox: both have the resource's
schema, and the same versions. Or it is a view's, with what the view leaves of each version. Keys are plain text, so there is no `-key`.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from litestar.exceptions import HTTPException

from node.control import Book
from node.control.naming import selection_of
from node.control.sight import sees_topic
from node.control.views import schema_ids
from node.http.registry_answers import Code, fault
from node.model.names import Topic, division_of, is_view
from node.model.values import Actor

VALUE, _KEY, _INBOX = "-value", "-key", ".inbox"
_VERSION_MAX = 2**31 - 1


class Version(NamedTuple):
    """A schema under a subject."""

    number: int
    id: int
    text: str


def subjects_of(topics: Iterable[Topic]) -> Iterator[str]:
    """Yield the subjects of resources and views, in order of their names."""
    for topic in sorted(topics):
        yield f"{topic}{VALUE}"
        if not is_view(topic):
            yield f"{topic}{_INBOX}{VALUE}"


def topic_of(book: Book, subject: str) -> Topic:
    """Return the resource or view that a subject is of; refused when the book has no such subject."""
    topic, ends, kind = subject.rpartition("-")
    found = next((one for one in (Topic(topic), Topic(topic.removesuffix(_INBOX))) if one in book.versions), None)
    if found is None and topic in book.views:
        found = Topic(topic)
    if f"{ends}{kind}" == VALUE and found is not None:
        return found
    raise no_subject(subject)


def no_subject(subject: str) -> HTTPException:
    """Return the refusal of a subject that there is not, with the likely cause."""
    topic, ends, kind = subject.rpartition("-")
    if f"{ends}{kind}" == _KEY:
        en = "Keys are UTF-8 text without a schema: write and read them with a serializer of strings"
        zh = "键是不带模式的 UTF-8 文本：请用字符串序列化器读写"
    elif f"{ends}{kind}" == VALUE and is_view(topic):
        en = f"No grant that is known to this node needs {topic}: `exchange-node view list` shows which are; has the owner's control log come?"
        zh = f"本节点已知的授权均不需要 {topic}：可用 `exchange-node view list` 查看；数源方的控制日志是否已到达？"
    elif f"{ends}{kind}" == VALUE:
        en = f"{topic} is not in the catalogue of this node: `exchange-node catalogue list` shows what is; is the topic's name right?"
        zh = f"本节点的目录中没有 {topic}：可用 `exchange-node catalogue list` 查看；主题名称是否正确？"
    else:
        en = "A subject is a topic's name and -value (TopicNameStrategy); no other strategy is offered"
        zh = "主题（subject）为 Kafka 主题名加 -value（TopicNameStrategy）；不支持其他命名策略"
    return fault(Code.SUBJECT_NOT_FOUND, f"Subject '{subject}' not found. {en}", f"未找到 '{subject}'。{zh}")


def versions(book: Book, topic: Topic) -> list[Version]:
    """Return the versions of a resource or view, the first first."""
    ids = book.versions[topic] if topic in book.versions else _view_ids(book, topic)
    return [Version(number, one, _text(book, one, topic)) for number, one in enumerate(ids, 1)]


def version(book: Book, topic: Topic, asked: str) -> Version:
    """Return the version that a path names by its number, as `latest`, or, as old clients do, as -1."""
    known = versions(book, topic)
    number = len(known) if asked.strip().lower() in {"latest", "-1"} else _number(asked)
    if not 1 <= number <= len(known):
        en = f"Version {number} not found. There are {len(known)}"
        raise fault(Code.VERSION_NOT_FOUND, en, f"未找到第 {number} 版，共有 {len(known)} 版")
    return known[number - 1]


def schema_text(book: Book, number: int, subject: str) -> str:
    """Return the schema under an id; where two nodes registered different ones under it, the subject settles which is meant."""
    schema = book.schema(number, division_of(subject))
    if schema is None:
        en = f"Schema {number} not found. A schema of another node comes with that node's control log: is the link up?"
        raise fault(Code.SCHEMA_NOT_FOUND, en, f"未找到模式 {number}。其他节点的模式随其控制日志到达：链路是否正常？")
    return schema.schema


def served_by(book: Book, number: int, subject: str, by: Actor) -> list[Topic]:
    """Return the resources and views that have or had the schema under an id and that somebody sees, in order of their names."""
    text = schema_text(book, number, subject)
    owners = book.schemas[number]
    views = (one for one in book.views if division_of(one) in owners and sees_topic(by, one, book) and number in _view_ids(book, one))
    return sorted(topic for topic in (*book.served.get(number, ()), *views) if _text(book, number, topic) == text)


def _view_ids(book: Book, view: Topic) -> list[int]:
    """Return the ids of a view's schemas; versions of its resource that follow each other with the same of it are one version."""
    value = book.views[view]
    ids = schema_ids(book, value.resource, selection_of(value))
    return [one for one, _same in itertools.groupby(ids[number] for number in book.versions[value.resource] if number in ids)]


def _text(book: Book, number: int, topic: Topic) -> str:
    schema = book.schema(number, division_of(topic))
    assert schema is not None, "the book folds a resource only after its schema, and a view has those that are registered"
    return schema.schema


def _number(asked: str) -> int:
    text = asked.strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(_VERSION_MAX)) else 0
    if not 1 <= number <= _VERSION_MAX:
        en = f"The specified version '{asked}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""
        raise fault(Code.INVALID_VERSION, en, f"版本 '{asked}' 无效：应为 1 至 2^31-1 的整数，或 latest")
    return number
