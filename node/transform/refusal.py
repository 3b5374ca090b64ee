"""Refused records as they are looked at: why each was refused, and what its department had published.

`node.transform.quarantine` writes what is read here, and says what each header means.
"""

from collections.abc import Mapping

import msgspec

from node.batch.records import Record
from node.transform.quarantine import PREFIX

_REASON = f"{PREFIX}reason"
_SHOWN_MAX = 4
_MASK_MAX = 28
"""A masked key has at most 32 characters: the length of a longer one is nobody's need."""


class Refusal(msgspec.Struct, frozen=True):
    """One record of a quarantine."""

    offset: int
    """where it lies in the quarantine"""
    at: int
    """its timestamp there (ms)"""
    word: str
    """why, in a word to group by"""
    field: str
    place: int
    """byte in the value, -1 where none is at fault"""
    zh: str
    en: str
    inbox_offset: int
    """where it lay in the inbox, -1 if that is not told"""
    form: str
    """`record` or `batch` where it could not be opened, else empty"""
    claimed: int
    """how many records a batch that could not be opened says it has, else 0"""
    published: Record
    """as its department wrote it: our headers are gone, and it has its own timestamp; of no use where `form` says something"""

    @property
    def known_by(self) -> int:
        """A moment (ms) at which it was published already.

        Departments' clocks may run ahead, so it is its own timestamp only where the quarantine's is no earlier.
        """
        return min(self.at, self.published.timestamp)


def read_refusal(record: Record) -> Refusal:
    """Return what a record of a quarantine tells; a header that is missing or no number tells nothing."""
    ours = _ours(record)
    told = {name.removeprefix(PREFIX): (value or b"").decode(errors="replace") for name, value in record.headers[ours:]}
    own = _number(told, "inbox.timestamp", record.timestamp)
    return Refusal(
        offset=record.offset,
        at=record.timestamp,
        word=told.get("reason", ""),
        field=told.get("field", ""),
        place=_number(told, "place", -1),
        zh=told.get("message.zh", ""),
        en=told.get("message.en", ""),
        inbox_offset=_number(told, "inbox.offset", -1),
        form=told.get("form", ""),
        claimed=_number(told, "records", 0),
        published=msgspec.structs.replace(record, timestamp=own, headers=record.headers[:ours]),
    )


def _ours(record: Record) -> int:
    """Return how many headers are the record's own: the gate writes its own behind them, the reason first.

    A department may have written a header of that name too, which is why the record was refused.
    """
    for number in range(len(record.headers) - 1, -1, -1):
        if record.headers[number][0] == _REASON:
            return number
    return len(record.headers)


def _number(told: Mapping[str, str], name: str, otherwise: int) -> int:
    try:
        return int(told[name])
    except (KeyError, ValueError):
        return otherwise


def masked(key: bytes | None) -> str | None:
    """Return a key so that it can be told apart from others and nobody is named: a quarter of its characters, four at most, the rest as `*`.

    A key that is no text is told by its length; None stays None.
    """
    if key is None:
        return None
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return f"({len(key)} bytes)"
    shown = text[: min(_SHOWN_MAX, len(text) // 4)]
    return "".join(sign if sign.isprintable() else "?" for sign in shown) + "*" * min(len(text) - len(shown), _MASK_MAX)
