"""Answers for node/transform/reasons.py: each verdict of the gate's kernel has its word and its sentences."""

import re

from node.avro.rules import RULES
from node.transform import kernel_gate
from node.transform.reasons import REASONS, UNREADABLE

_ALL = [*REASONS.values(), UNREADABLE]


def test_every_verdict_has_a_reason() -> None:
    """None is left without words, and none is told that the kernel does not know."""
    assert set(REASONS) == {verdict for name, verdict in vars(kernel_gate).items() if name.startswith("G_")}


def test_a_reason_is_a_word_that_nothing_else_has() -> None:
    """Operators group and count by it, beside the names of rules."""
    words = [reason.word for reason in _ALL]
    assert len(set(words)) == len(words)
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", word) for word in words)
    assert not set(words) & set(RULES)


def test_a_reason_is_said_in_both_languages() -> None:
    """Chinese in Chinese characters, English in ASCII; of no field."""
    for reason in _ALL:
        assert re.search("[\u4e00-\u9fff]", reason.zh)
        assert reason.en.isascii()
        assert reason.field == ""
