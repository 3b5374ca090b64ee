"""Identity numbers and tokens are told to nobody."""

from pathlib import Path

import pytest

from node.model.hidden import hidden, without_values
from node.runtime.access import add_token
from tests.http.tokens import OPERATOR

PERSON = "440102199001011234"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"no resource {PERSON}", "no resource ***"),
        (f"{PERSON[:-1]}X/{PERSON[:-1]}x", "***/***"),
        (f"/v1/{PERSON}?id%3D{PERSON}：{PERSON}", "/v1/***?id%3D***：***"),
        (f"人{PERSON}的", "人***的"),
        ("request 440102/4 of 2027-01-01, offset 1234567890123456789, id 2034567890", None),
        ("445102.civil-affairs.villages.v-d8e555d875d1", None),
        ("a token begins with xn-", None),
    ],
)
def test_identity_numbers_are_hidden_and_nothing_else(text: str, told: str | None) -> None:
    """Wherever they stand; numbers of events, offsets, days and names stay."""
    assert hidden(text) == (text if told is None else told)


def test_tokens_are_hidden(tmp_path: Path) -> None:
    """As they are made."""
    secret = add_token(tmp_path, OPERATOR)[1]
    assert hidden(f"Bearer {secret}, {secret}!") == "Bearer ***, ***!"


def test_what_a_decoder_quotes_is_left_out() -> None:
    """Where it is wrong stays, and a word that is a slip in one of ours."""
    assert without_values("Invalid value 'add-divsion', 'X', '1'") == "Invalid value 'add-divsion', '…', '…'"
    assert without_values("Invalid enum value '张三' - at `$.role`") == "Invalid enum value '…' - at `$.role`"
