"""What a grant shows, in the words of the command line."""

import pytest

from node.cli.shows import read_masks, shows
from node.cli.voice import CliError, Exit, Session


def test_masks_are_read_by_field() -> None:
    """As they are written, checked here, so that a slip is told before the node is asked."""
    assert read_masks([]) == {}
    assert read_masks(["holder_name=keep-first:1", "tags[]=hide"]) == {"holder_name": "keep-first:1", "tags[]": "hide"}


@pytest.mark.parametrize("asked", [["x"], ["x="], ["=hide"], ["x=blur"], ["x=keep-first"], ["x=hide", "x=hmac"]])
def test_a_wrong_mask_is_told_in_both_languages(asked: list[str]) -> None:
    """With itself and how it is written."""
    with pytest.raises(CliError) as wrong:
        read_masks(asked)
    assert wrong.value.status is Exit.WRONG
    for text in (wrong.value.en, wrong.value.zh):
        assert f"--mask {asked[-1]}" in text
        assert "FIELD=MASK" in text


def test_what_is_shown_is_told_in_a_line() -> None:
    """Fields, rows, masks and history, each only where it narrows."""
    english, chinese = Session(lang="en"), Session(lang="zh")
    assert shows(None, "", {}, "all", english) == "all fields"
    full = (("code", "name"), "code == '1'", {"name": "keep-first:1", "code": "hmac"}, "from-now")
    assert shows(*full, english) == "code, name; rows code == '1'; code=hmac; name=keep-first:1; from now on"
    assert shows(*full, chinese) == "code, name; 行 code == '1'; code=hmac; name=keep-first:1; 仅限新数据"
