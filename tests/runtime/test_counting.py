"""Answers for node/runtime/counting.py."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import cast

from node.runtime.counting import Counting
from node.runtime.ledger import Ledger
from tests.control.acting import CITY, DISTRICT, approved, asked, settled

TODAY = date(2026, 11, 22)


def test_counts_are_made_anew_when_the_book_or_the_day_has_changed_and_kept_until_then() -> None:
    """A scrape of a node whose book stands still costs nothing."""
    nodes = settled()
    book = nodes.books[DISTRICT]
    ledger = SimpleNamespace(book=book, counts={"folded": 1})
    counting = Counting(DISTRICT, cast("Ledger", ledger))
    first = counting.on(TODAY)
    assert counting.on(TODAY) is first
    assert counting.on(TODAY + timedelta(days=1)) is not first
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT))
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    ledger.counts = {"folded": 2}
    assert counting.on(TODAY).requests["waiting"] == 1
    ledger.book = nodes.books[CITY]
    assert counting.on(TODAY).requests["waiting"] == 1
