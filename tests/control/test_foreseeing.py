"""Answers for node/control/foreseeing.py."""

from datetime import date

import pytest

from node.control.foreseeing import foresee, sampled
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


def test_rows_are_of_what_a_consent_would_grant_now() -> None:
    """On the owner's node, whoever has approved it so far; elsewhere it is named, and what nobody could consent to is told with its reason."""
    nodes = settled()
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT, fields=("sum",), until="2026-11-23"))
    nodes.bring_all()
    request = nodes.books[DISTRICT].requests[ref]
    assert sampled(request, nodes.books[DISTRICT], DISTRICT, AT.date()) == request.value
    for here, today, code in ((CITY, AT.date(), "not-own-resource"), (DISTRICT, date(2026, 11, 24), "past")):
        with pytest.raises(CommandRefused) as caught:
            sampled(request, nodes.books[here], here, today)
        assert caught.value.code == code
        assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.zh)
