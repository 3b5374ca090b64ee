"""Answers for node/control/foreseeing.py."""

import pytest

from node.control.foreseeing import foresee
from node.errors import CommandRefused
from tests.control.acting import AT, CITY, DISTRICT, PROVINCE, asked, settled


def test_the_schema_is_that_of_the_view_and_the_path_that_of_the_data() -> None:
    """From the owner over all levels between; nothing is said."""
    nodes = settled()
    book = nodes.books[DISTRICT]
    before = book.tail(DISTRICT)
    found = foresee(asked(DISTRICT, PROVINCE, fields=("code",), masks={"code": "hmac"}), book, DISTRICT, AT)
    assert [field["name"] for field in found.schema["fields"]] == ["code"]
    assert "masked" in found.schema["fields"][0]["doc"]
    assert (found.path, found.owner) == ((PROVINCE, CITY, DISTRICT), PROVINCE)
    assert book.tail(DISTRICT) == before


def test_what_would_be_refused_is_refused() -> None:
    """With the same words."""
    nodes = settled()
    with pytest.raises(CommandRefused) as caught:
        foresee(asked(CITY, DISTRICT, fields=("none",)), nodes.books[CITY], CITY, AT)
    assert caught.value.code == "bad-selection"
