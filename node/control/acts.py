"""Acts: who did what and when at a node, as it stands in the node's audit topic and is read back from there.

An act is one record, UTF-8 JSON. It names what was done and to what, by names and numbers that people can look up; it never holds the words of
a request, a filter or a reason, nor anything of a record: those stand in the control log, where `events` finds them, or nowhere.

What was refused is an act too, with the code of the refusal; what nobody could read as a command is none. Notes of what was done with refused
records (`audit`) lie in the same topic, and are told here as acts.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from node.control.audit import Note, decode_note
from node.control.book import Book
from node.control.commands import ApplyCatalogue, Command, DeclareKey, DraftItem, RevokeKey, SeeGrant, VouchKey
from node.control.events import Event, stamp
from node.errors import DataError
from node.model.keys import fingerprint
from node.model.names import Department, department_of
from node.model.values import RULE, Actor, EventRef

VERSION = 1
NAMES_MAX = 100
"""Resources that an act names, of those that one command may apply at once."""
Outcome = Literal["done", "held-already", "refused"]

_ASKERS = {"new-request", "amend-request", "withdraw-request"}
"""Acts on what the asker's head has not approved yet."""
_NAME = r"[0-9]{6,12}(\.[a-z0-9-]{1,63}){1,4}"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FORM = re.compile(
    rf"({_NAME}(, {_NAME})*|[0-9]{{6,12}}(/[0-9]{{1,19}})?|{_DAY}([T ][0-9:.]{{5,15}}([+-][0-9:]{{2,6}}|Z)?)?|[0-9a-f]{{12}}|SHA256:[0-9a-f]{{64}}|[a-z][a-z-]{{0,39}}|[0-9]{{1,5}})?|True|False|Decree 809( Art\. [0-9]{{1,2}})?"
)
"""What may stand in an act: names, numbers of events, days and moments, ids of tokens, words of ours, counts. Anything else was typed by somebody, and may hold anything."""
_ANYTHING = "?"

_NAMED = (
    "code",
    "division",
    "last",
    "department",
    "item",
    "resource",
    "taker",
    "request",
    "version",
    "answer",
    "passes",
    "grant",
    "filed",
    "renews",
    "state",
    "days",
)
"""What a command names, in the order in which it is told; all else that it says is text."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did. `subject` says to what, by the names of a command's fields; `events` what it said in the control log."""

    version: int = VERSION
    kind: Literal["act"] = "act"
    at: str
    by: Actor
    act: str
    outcome: Outcome
    code: str = ""
    """why it was refused"""
    subject: dict[str, str] = {}
    events: tuple[EventRef, ...] = ()


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which acts are looked for; all that is given must hold. `about` is a name or number that the subject holds as a whole or up to a dot."""

    name: str = ""
    department: str = ""
    act: str = ""
    outcome: Outcome | None = None
    about: str = ""


class Audited(msgspec.Struct, frozen=True, tag_field="line", tag="audited"):
    """One act, with its offset in the audit topic."""

    offset: int
    act: Act


class Unreadable(msgspec.Struct, frozen=True, tag_field="line", tag="unreadable"):
    """A record of the audit topic that cannot be read, by its offset."""

    offset: int
    why: str


class _Head(msgspec.Struct, frozen=True):
    kind: str
    version: int


def commanded(command: Command, by: Actor, book: Book, at: datetime, *, events: Sequence[Event] = (), code: str = "") -> Act:
    """Return the act that a command was: refused with a code, or done by the events that it made."""
    return acted(
        type(command).__struct_config__.tag,  # type: ignore[arg-type]  # every command's tag is a text
        by,
        at,
        subject=_subject(command, book),
        outcome="refused" if code else "done" if events else "held-already",
        code=code,
        events=[event.ref for event in events],
    )


def acted(
    act: str,
    by: Actor,
    at: datetime,
    *,
    subject: dict[str, str],
    outcome: Outcome = "done",
    code: str = "",
    events: Iterable[EventRef] = (),
) -> Act:
    """Return an act; `at` must know its time zone."""
    kept = {field: text if _FORM.fullmatch(text) else _ANYTHING for field, text in subject.items()}
    return Act(at=stamp(at), by=by, act=act, outcome=outcome, code=code, subject=kept, events=tuple(events))


def encode_act(act: Act) -> bytes:
    """Return an act as a record's value."""
    return msgspec.json.encode(act)


def read_act(value: bytes) -> Act | None:
    """Read a record of the audit topic, a note as the act that it was; None for what a newer node wrote. DataError for a damaged one."""
    try:
        head = msgspec.json.decode(value, type=_Head)
        if head.version > VERSION:
            return None
        if head.kind == "act":
            return msgspec.json.decode(value, type=Act)
    except msgspec.MsgspecError as error:
        raise DataError(f"an act cannot be read: {error}") from error
    note = decode_note(value)
    return None if note is None else _noted(note)


def is_sought(act: Act, sought: Sought) -> bool:
    """Tell whether an act is among those looked for."""
    return (
        (not sought.name or act.by.name == sought.name)
        and (not sought.department or concerns(act, Department(sought.department)))
        and (not sought.act or act.act == sought.act)
        and (sought.outcome is None or act.outcome == sought.outcome)
        and (not sought.about or any(_is_about(name, sought.about) for name in _names(act)))
    )


def concerns(act: Act, department: Department) -> bool:
    """Tell whether an act is one of a department, or was done to what is its own."""
    return act.by.department == department or any(_is_about(name, department) for name in _names(act))


def _names(act: Act) -> Iterable[str]:
    """Yield what an act names; what only its asker's side may know of a request does not name the owner's resource."""
    told = act.subject.items()
    return (name for field, text in told if field != "resource" or act.act not in _ASKERS for name in text.split(", "))


def _is_about(name: str, sought: str) -> bool:
    return name == sought or name.startswith(f"{sought}.")


def _subject(command: Command, book: Book) -> dict[str, str]:
    if isinstance(command, ApplyCatalogue):
        names = [item.name for item in command.resources]
        more = {"more": str(len(names) - NAMES_MAX)} if len(names) > NAMES_MAX else {}
        return {"resources": ", ".join(names[:NAMES_MAX])} | more
    if isinstance(command, DraftItem):
        return {"item": command.item.name}
    told = {field: getattr(command, field, None) for field in _NAMED}
    key = {"key": _fingerprint(command.key)} if isinstance(command, VouchKey | RevokeKey | DeclareKey) else {}
    disposed = {"disposed": ", ".join(command.disposed)} if isinstance(command, SeeGrant) and command.disposed else {}
    return _concerned(told, book) | {field: _text(value) for field, value in told.items() if value is not None} | key | disposed


def _concerned(told: dict[str, Any], book: Book) -> dict[str, str]:
    """Return whose a named grant or request is and of what, so that an act can be found by that."""
    grant, request = book.grants.get(told["grant"]), book.requests.get(told["request"])
    value = grant.value if grant is not None else request.value if request is not None else None
    return {} if value is None else {"resource": value.resource, "taker": value.taker}


def _fingerprint(key: str) -> str:
    try:
        return fingerprint(key)
    except ValueError:  # the command was refused for it
        return _ANYTHING


def _text(value: Any) -> str:
    return f"{value[0]}/{value[1]}" if isinstance(value, tuple) else str(value)


def _noted(note: Note) -> Act:
    subject = {
        "resource": note.topic.removesuffix(".quarantine"),
        "owner": department_of(note.topic),
        "partition": str(note.partition),
        "records": str(sum(last - first + 1 for first, last in note.offsets)),
    }
    return Act(at=note.at, by=note.by or RULE, act=note.kind, outcome="done", subject=subject)
