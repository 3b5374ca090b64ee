"""Answers for node/cli/item_shown.py; what `catalogue show` prints is tested with the command."""

from rich.console import Console

from node.cli.item_shown import fields_table, kept, sharing, state
from node.cli.voice import Voice
from tests.cli.test_catalogue import LICENCES_OFFER, SCHEMA, VILLAGES_OFFER

EN, ZH = Voice(lang="en"), Voice(lang="zh")


def test_states_and_sharing_are_told_in_a_word() -> None:
    """And what is pending beside what is in force."""
    assert (state(VILLAGES_OFFER, EN), state(VILLAGES_OFFER, ZH)) == ("published", "已发布")
    assert (state(LICENCES_OFFER, EN), state(LICENCES_OFFER, ZH)) == ("updated (version 3 returned)", "已更新 (第 3 版已退回)")
    assert (sharing(LICENCES_OFFER, EN), sharing(LICENCES_OFFER, ZH)) == ("unconditional", "无条件共享")


def test_how_long_records_are_kept() -> None:
    """In days, or for ever."""
    assert [kept(ms, EN) for ms in (-1, 86_400_000, 43_200_000)] == ["for ever", "1 days", "0.5 days"]
    assert kept(-1, ZH) == "永久"


def test_fields_are_told_with_type_and_meaning() -> None:
    """One line for each."""
    console = Console(width=200)
    with console.capture() as capture:
        console.print(fields_table(SCHEMA, EN))
    assert [line.split() for line in capture.get().splitlines()] == [
        ["field", "type", "meaning"],
        ["code", "string", "twelve", "digits"],
        ["since", "null", "|", "string"],
    ]
