"""Which face a path belongs to, the node's own or the registry's: their clients ask for refusals and media types of their own."""

from node.errors import CommandRefused
from node.http import answers, registry_answers

_ROOTS = {"subjects", "schemas", "config", "mode", "compatibility"}


def is_registrys(path: str) -> bool:
    """Tell whether a path is the registry's, also where nothing is at it."""
    return path.removeprefix("/").partition("/")[0] in _ROOTS


def encoded(path: str, error: CommandRefused) -> tuple[str, bytes]:
    """Return media type and body of a refusal, for where no handler answers."""
    if is_registrys(path):
        return registry_answers.MEDIA_TYPE, registry_answers.encoded(error)
    return "application/json", answers.encoded(error.code, error.en, error.zh)
