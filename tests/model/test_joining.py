"""Answers for node/model/joining.py: what a child seals names all that its word is about, and cannot be taken for another word."""

import msgspec
import pytest

from node.model.joining import joining, leaving

SECRET = "kT0yXk2mGQ8p3uH1nVb7Zc5sWd9eRf4aLq6jYi0oPxM"  # noqa: S105
AT = 1_795_668_000.25


def test_a_seal_to_join_counts_for_one_secret() -> None:
    """The same digest on both sides of the wire; another invitation's secret has another, and so has what is no text that could be sent."""
    assert len(joining(SECRET)) == 32
    assert joining(SECRET) == joining(SECRET)
    assert len({joining(secret) for secret in (SECRET, SECRET[:-1], "", "\udcff")}) == 4


def test_a_seal_to_leave_counts_for_one_child_one_parent_and_one_moment() -> None:
    """What was said to one parent is nothing to another, and what was said once is not said again later."""
    words = {
        leaving(division, parent, at) for division in ("445102", "445103") for parent in ("445100", "440000") for at in (AT, AT + 1e-6, 0.0)
    }
    assert len(words) == 12
    assert leaving("445102", "445100", AT) in words


@pytest.mark.parametrize("at", [AT, 0.1 + 0.2, 1_795_668_000.0])
def test_a_moment_is_the_same_after_the_wire(at: float) -> None:
    """The digest is over the number, whichever way JSON has it."""
    (came,) = msgspec.json.decode(msgspec.json.encode([at]), type=list[float])
    assert leaving("445102", "445100", came) == leaving("445102", "445100", at)
    assert leaving("445102", "445100", msgspec.json.decode(b"1795668000", type=float)) == leaving("445102", "445100", 1_795_668_000.0)


def test_neither_word_is_the_other() -> None:
    """A secret that reads like a leave gives no seal to leave by."""
    assert joining(f"445102 445100 {AT!r}") != leaving("445102", "445100", AT)
