"""Names: divisions, departments, resources and topics, and what may stand in them.

A topic's name says its owner: `<division>.<department>.<resource>`, all `[a-z0-9-]`, the same on every cluster. The
node's own topics stand under the department `node`, which no real department may take.
"""

import re
from typing import NewType

Division = NewType("Division", str)
"""A code of GB/T 2260: six digits (or up to twelve for towns and development zones), for example `445102`."""
Department = NewType("Department", str)
"""`<division>.<department>`, for example `445102.civil-affairs`."""
Topic = NewType("Topic", str)
"""`<division>.<department>.<resource>`, for example `445102.civil-affairs.villages`."""

NODE = "node"
TOPIC_LENGTH_MAX = 200
"""Kafka allows 249; the rest is for `.quarantine` and view names."""

INBOX, _QUARANTINE, _VIEW = ".inbox", ".quarantine", ".v-"

_DIVISION = re.compile(r"[0-9]{6}(?:[0-9]{3}(?:[0-9]{3})?)?")
_WORD = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_VIEW_TOPIC = re.compile(r"[^.]+\.[^.]+\.[^.]+\.v-[^.]+")


def division(text: str) -> Division:
    """Return `text` as a division code; ValueError says what a code looks like."""
    if not _DIVISION.fullmatch(text):
        raise ValueError(f"{text!r} is no division code: 6, 9 or 12 digits of GB/T 2260, for example 445102")
    return Division(text)


def department(text: str) -> Department:
    """Return `text` as a department; ValueError says what one looks like."""
    code, dot, word = text.partition(".")
    if not dot or not _DIVISION.fullmatch(code) or not _WORD.fullmatch(word) or word == NODE:
        raise ValueError(
            f"{text!r} is no department: <division>.<name> of a-z, 0-9 and -, for example 445102.civil-affairs; the name 'node' is taken"
        )
    return Department(text)


def resource(text: str) -> Topic:
    """Return `text` as a resource's name, which is its topic; ValueError says what one looks like."""
    parts = text.split(".")
    if len(parts) != 3 or len(text) > TOPIC_LENGTH_MAX or not _WORD.fullmatch(parts[2]):
        raise ValueError(
            f"{text!r} is no resource: <division>.<department>.<name> of a-z, 0-9 and -, for example 445102.civil-affairs.villages"
        )
    department(f"{parts[0]}.{parts[1]}")
    return Topic(text)


def division_of(name: str) -> Division:
    """Return the division that a department's or a topic's name begins with."""
    return Division(name.partition(".")[0])


def department_of(topic: Topic) -> Department:
    """Return the department that owns a resource."""
    return Department(topic.rpartition(".")[0])


def control_topic(code: Division) -> Topic:
    """Return the control log of a division's node."""
    return Topic(f"{code}.{NODE}.control")


def inbox_topic(resource: Topic) -> Topic:
    """Return the topic that a resource's department writes to; the gate takes it from there."""
    return Topic(f"{resource}{INBOX}")


def quarantine_topic(resource: Topic) -> Topic:
    """Return the topic in which the gate keeps the records that it refused."""
    return Topic(f"{resource}{_QUARANTINE}")


def view_topic(resource: Topic, view: str) -> Topic:
    """Return the topic of a resource's view: what of it some takers were granted."""
    return Topic(f"{resource}{_VIEW}{view}")


def is_view(topic: str) -> bool:
    """Tell whether a topic is a view's."""
    return bool(_VIEW_TOPIC.fullmatch(topic))


def resource_of(topic: Topic) -> Topic:
    """Return the resource of an inbox, a quarantine or a view."""
    resource, dot, _part = topic.rpartition(".")
    assert dot
    assert resource.count(".") == 2
    return Topic(resource)


def origin(text: str) -> Topic:
    """Return the resource that `text` names, itself or one of its views; ValueError says what a resource looks like."""
    return resource(resource_of(Topic(text)) if is_view(text) else text)


def progress_topic(code: Division) -> Topic:
    """Return the topic in which a division's node keeps how far its lanes into a cluster have come."""
    return Topic(f"{code}.{NODE}.progress")


def canary_topic(code: Division) -> Topic:
    """Return the topic of the tiny records by which a division's node is heard, and each link on their way."""
    return Topic(f"{code}.{NODE}.canary")


def is_canary(topic: Topic) -> bool:
    """Tell whether a topic holds a node's canaries."""
    return topic == canary_topic(division_of(topic))


def audit_topic(code: Division) -> Topic:
    """Return the topic in which a division's node notes who did what."""
    return Topic(f"{code}.{NODE}.audit")


def is_nodes(topic: Topic) -> bool:
    """Tell whether a topic is a node's own: its control log, its canary."""
    return topic.split(".", 2)[1:2] == [NODE]


def principal_of(code: Division) -> str:
    """Return the name under which a division's node logs in to a cluster, its own and its parent's: that of a department which none may take."""
    return f"{code}.{NODE}"
