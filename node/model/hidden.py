"""What no answer and no log says, whoever put it there: identity numbers and tokens. It is the last of several nets; what is told is chosen where it is told."""

import re

TOKEN_PREFIX = "xn-"  # noqa: S105 - how every token begins, so that scanners of repositories and logs know one when they see it

_HIDDEN = re.compile(rf"(?<![0-9])[0-9]{{17}}[0-9Xx](?![0-9])|{TOKEN_PREFIX}[A-Za-z0-9_-]{{20,}}")
"""An identity number has 18 places (GB 11643), and what has its form may be one; a token is longer than any word."""
_QUOTED = re.compile(r"'([^']*)'")
_WORD = re.compile(r"[a-z][a-z-]{0,39}")
"""What may be told of what was sent: a slip in one of our words."""


def hidden(text: str) -> str:
    """Return a text without identity numbers and tokens."""
    return _HIDDEN.sub("***", text)


def without_values(text: str) -> str:
    """Return what a decoder says without the values that it quotes, which may be anybody's; fields, types and words stay."""
    return _QUOTED.sub(lambda found: found[0] if _WORD.fullmatch(found[1]) else "'…'", text)
