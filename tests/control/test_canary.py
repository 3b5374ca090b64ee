"""Answers for node/control/canary.py."""

import msgspec
import pytest

from node.control.book import Book
from node.control.canary import Canary, Direction, Link, decode, encode, last_link
from node.errors import DataError
from node.model.limits import CANARY_BYTES_MAX, CANARY_LATE_S
from node.model.names import Division
from tests.control.worlds import CITY, CITY2, DISTRICT, DISTRICT2, PARENTS, ROOT, World

WELL = Direction(heard_ms=1_770_000_000_000)
CANARY = Canary(division=DISTRICT, made_ms=1_770_000_000_000, software="0.1.0", ready=True, link=Link(parent=CITY, up=WELL, down=WELL))


def test_a_canary_comes_as_it_was_sent() -> None:
    """Small, and whole."""
    assert decode(encode(CANARY), DISTRICT) == CANARY
    assert len(encode(CANARY)) < CANARY_BYTES_MAX / 4


def test_fields_of_a_newer_minor_form_are_passed_over() -> None:
    """Neighbours are brought up to date one by one."""
    more = msgspec.json.encode(msgspec.to_builtins(CANARY) | {"more": 1})
    assert decode(more, DISTRICT) == CANARY


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{}",
        b"\xff",
        b"[1]",
        encode(msgspec.structs.replace(CANARY, division=CITY)),
        encode(msgspec.structs.replace(CANARY, version=2)),
    ],
)
def test_what_is_no_canary_is_an_error(value: bytes) -> None:
    """Whoever writes that is not heard."""
    with pytest.raises(DataError, match=f"the canary of {DISTRICT}"):
        decode(value, DISTRICT)


def test_what_is_too_long_is_not_even_read() -> None:
    """A child may write what it likes under its prefix."""
    with pytest.raises(DataError, match="bytes"):
        decode(encode(msgspec.structs.replace(CANARY, software="x" * CANARY_BYTES_MAX)), DISTRICT)


def test_a_direction_is_late_when_two_canaries_were_missed() -> None:
    """And never younger than now, whatever clocks say."""
    late = WELL.heard_ms + int(CANARY_LATE_S * 1000)
    assert (WELL.is_late(late), WELL.is_late(late + 1)) == (False, True)
    assert WELL.age_s(WELL.heard_ms - 5000) == 0


def test_a_canary_comes_over_the_last_link_of_its_way() -> None:
    """Up from all below, by whichever child; down from all above; from nobody else."""
    book = World(PARENTS).book
    found = {origin: last_link(book, CITY, ROOT, origin) for origin in PARENTS}
    assert found == {
        ROOT: (CITY, ROOT, "down"),
        CITY: None,
        DISTRICT: (DISTRICT, CITY, "up"),
        DISTRICT2: (DISTRICT2, CITY, "up"),
        CITY2: None,
    }
    assert last_link(book, ROOT, None, DISTRICT) == (CITY, ROOT, "up")
    assert last_link(book, DISTRICT, CITY, ROOT) == (DISTRICT, CITY, "down")
    assert last_link(book, ROOT, None, Division("999900")) is None


def test_before_the_tree_is_known_the_configured_parent_is() -> None:
    """A node that has just joined hears it first."""
    assert last_link(Book(), DISTRICT, CITY, CITY) == (DISTRICT, CITY, "down")
    assert last_link(Book(), DISTRICT, CITY, ROOT) is None
