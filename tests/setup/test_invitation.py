"""Answers for node/setup/invitation.py: one line of text carries it whole, and what is none is told as such."""

import base64
import json
from typing import Any

import msgspec
import pytest

from node.errors import ConfigError
from node.model.names import Division
from node.setup.invitation import PREFIX, Invitation, decode, encode

GIVEN = Invitation(
    parent=Division("445100"),
    child=Division("445102"),
    url="https://node.445100.example:8080",
    bootstrap="k1.445100.example:9092,k2.445100.example:9092",
    root="sha256-of-a-key",
    secret="hidden-secret",  # noqa: S106
    until="2026-11-30T00:00:00Z",
    ca="-----BEGIN CERTIFICATE-----\n潮州\n-----END CERTIFICATE-----\n",
)
AS_JSON: dict[str, Any] = json.loads(msgspec.json.encode(GIVEN))


def written(value: Any) -> str:
    """An invitation that holds any JSON."""
    return PREFIX + base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize("ends", ["", "a", "ab", "abc"])
def test_it_comes_back_as_it_was_given(ends: str) -> None:
    """At any length, also with the blanks and line ends that copying adds; it is one word that needs no quotes."""
    given = msgspec.structs.replace(GIVEN, secret=GIVEN.secret + ends)
    text = encode(given)
    assert decode(text) == decode(f"  {text}\r\n") == given
    assert text.startswith(PREFIX)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert text.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        PREFIX,
        encode(GIVEN).removeprefix(PREFIX),
        encode(GIVEN)[:-7],
        f"{PREFIX}a",
        f"{PREFIX}邀请",
        PREFIX + base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        PREFIX + base64.urlsafe_b64encode(b"no JSON").decode(),
        written([]),
        written({key: value for key, value in AS_JSON.items() if key != "child"}),
        written(AS_JSON | {"until": 7}),
    ],
    ids=["empty", "prefix-alone", "no-prefix", "cut", "no-base64", "no-ascii", "no-utf8", "no-json", "no-object", "no-child", "no-text"],
)
def test_what_is_none_is_told_with_the_next_step(text: str) -> None:
    """Whatever went wrong with it on the way; its secret is in no message."""
    with pytest.raises(ConfigError, match=r"^this is no invitation of a parent's node \(.*copy the whole line") as refused:
        decode(text)
    assert "hidden" not in str(refused.value)


def test_a_newer_nodes_is_told_apart() -> None:
    """Copying it again would not help; what a later release adds to this version is passed over."""
    with pytest.raises(ConfigError, match=r"version 2, this node reads 1: join with the newer release"):
        decode(written(AS_JSON | {"version": 2}))
    assert decode(written(AS_JSON | {"more": True})) == GIVEN
