"""How subjects of some resources go on: a licence is issued, changed and revoked, a case passes its steps.

A story says what follows a record, and perhaps how a subject begins where the schema's own `generate` properties do not suffice. It gets
the newest record of the subject, which it must not change, and whether this is its last; it returns the next record, or None where the
subject has come to its end.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from node.demo.generate.makers import Draw
from node.demo.generate.stories import credit, enterprises, licences, services

Follow = Callable[[Draw, dict[str, Any], bool], dict[str, Any] | None]


class Story(NamedTuple):
    """What follows a record, and how a subject begins (None: as its schema says)."""

    follow: Follow
    begin: Callable[[Draw], dict[str, Any]] | None = None


STORIES: dict[str, Story] = {
    "licences": Story(licences.follow, licences.begin),
    "cases": Story(services.follow_case),
    "grid_events": Story(services.follow_grid_event),
    "credit_lists": Story(credit.follow_list),
    "credit_remedies": Story(credit.follow_remedy),
    "enterprises": Story(enterprises.follow),
}
"""By the name in a schema's `"generate": {"story": …}`."""
