"""Answers for node/cli/refs.py."""

from typing import Literal

import pytest

from node.cli.refs import read_ref, told
from node.cli.voice import CliError, Exit


def test_a_number_is_read_as_it_is_told() -> None:
    """Author and sequence."""
    assert read_ref("445102/17", "grant") == ("445102", 17)
    assert told(read_ref("445100/3", "request")) == "445100/3"


@pytest.mark.parametrize("what", ["grant", "request"])
@pytest.mark.parametrize("text", ["", "17", "445102/", "445102/x", "445102/²", "445102/-1"])
def test_what_is_no_number_is_told_with_the_list(text: str, what: Literal["grant", "request"]) -> None:
    """In both languages."""
    with pytest.raises(CliError) as caught:
        read_ref(text, what)
    assert caught.value.status is Exit.WRONG
    assert "AUTHOR/SEQUENCE" in caught.value.en
    assert f"`exchange-node {what} list`" in caught.value.en
    assert f"`exchange-node {what} list`" in caught.value.zh
