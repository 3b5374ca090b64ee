"""`key`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.control.holders import HeldKey, Holder, KeyRing, OwnKey
from node.model.keys import fingerprint, key_text
from node.model.names import Division

KEY, OTHER = key_text(bytes(range(32))), key_text(bytes(range(1, 33)))
CITY, DISTRICT = Division("445100"), Division("445102")


def held(key: str, state: str = "valid", last: int | None = None) -> HeldKey:
    """A key of the district, by the city's word."""
    return HeldKey(
        key=key, fingerprint=fingerprint(key), said=(CITY, 4), state=state, last=last, revoked=None if last is None else (CITY, 9)
    )


@pytest.fixture
def ring(node: Any) -> KeyRing:
    """What the node answers."""
    own = OwnKey(
        division=DISTRICT,
        key=OTHER,
        fingerprint=fingerprint(OTHER),
        state="unvouched",
        reasons=("nobody has vouched",),
        next="",
        root="SHA256:00",
    )
    ring = KeyRing(own=own, divisions=(Holder(division=DISTRICT, sequence=37, keys=(held(KEY, "revoked", 12), held(OTHER))),))
    node.answer("/v1/keys", ring)
    return ring


def test_show_tells_the_own_key_and_whose_keys_count(cli: Callable[..., Any], ring: KeyRing) -> None:
    """The whole key, to be given to the parent's operator; its state and what is awaited; and each key with whose word it counts by."""
    done = cli("key", "show", "--lang", "en")
    assert done.status == 0
    for part in (
        OTHER,
        fingerprint(OTHER),
        "unvouched",
        "nobody has vouched",
        "SHA256:00",
        KEY,
        "revoked",
        "445100/9",
        "445100/4",
        "37",
        "12",
    ):
        assert part in done.out, part
    assert "未确认" in cli("key", "show", "--lang", "zh").out
    assert cli("key", "show", "--json").json["own"]["key"] == ring.own.key


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["rotate"], {"command": "rotate-key"}),
        (["vouch", "445102", KEY], {"command": "vouch-key", "division": "445102", "key": KEY}),
        (["revoke", "445102", KEY, "--last", "37"], {"command": "revoke-key", "division": "445102", "key": KEY, "last": 37}),
    ],
)
def test_each_word_is_a_command_to_the_node(cli: Callable[..., Any], node: Any, words: list[str], command: dict[str, Any]) -> None:
    """The node decides, and what it says is told."""
    node.answer("/v1/commands", {"events": [{"author": "445100", "sequence": 9, "kind": "node-key"}]})
    done = cli("key", *words, "--lang", "en")
    assert (done.status, node.asked) == (0, [("/v1/commands", command)])
    assert "445100/9 node-key" in done.out


def test_a_revocation_says_what_still_counts(cli: Callable[..., Any], node: Any) -> None:
    """There is no last event by itself: one too many undoes what is right."""
    assert cli("key", "revoke", "445102", KEY).status == 2
    assert node.asked == []
