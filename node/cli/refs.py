"""Numbers by which people name events, AUTHOR/SEQUENCE: those of grants, requests and filings."""

from typing import Literal

from node.cli.voice import CliError, Exit
from node.model.names import Division
from node.model.values import EventRef

_ZH = {"grant": "授权", "request": "申请"}


def read_ref(text: str, what: Literal["grant", "request"]) -> EventRef:
    """Return the event that a number names; CliError with the command that lists them."""
    author, slash, sequence = text.partition("/")
    if not slash or not sequence.isascii() or not sequence.isdigit():
        en = f"{text!r} is no {what}'s number; it is AUTHOR/SEQUENCE, for example 445102/17; `exchange-node {what} list` shows them"
        zh = f"{text!r} 不是{_ZH[what]}编号；应为 AUTHOR/SEQUENCE，例如 445102/17；见 `exchange-node {what} list`"
        raise CliError("usage", en, zh, Exit.WRONG)
    return Division(author), int(sequence)


def told(ref: EventRef) -> str:
    """Return an event's number."""
    return f"{ref[0]}/{ref[1]}"
