"""The counts of requests and grants at run time: made anew when the book or the day has changed, and kept for every look until then."""

from datetime import date

from node.control.counting import Counted, counted
from node.model.names import Division
from node.runtime.ledger import Ledger


class Counting:
    """What `counted` says of a node's book."""

    def __init__(self, here: Division, ledger: Ledger) -> None:
        self._here, self._ledger = here, ledger
        self._as_of: tuple[object, ...] = ()
        self._counted: Counted | None = None

    def on(self, today: date) -> Counted:
        """Return the counts of a day."""
        # The book is another object whenever it is folded anew, and no event is folded that these do not count.
        as_of = (self._ledger.book, *self._ledger.counts.values(), today)
        if self._counted is None or self._as_of != as_of:
            self._as_of, self._counted = as_of, counted(self._ledger.book, self._here, today)
        return self._counted
