"""Who sees and says what at a node's faces: a department sees the published catalogue and its own affairs, no others'.

Stewards and heads see by their department. The authority, the operators and the inspectors of a level see all that its node has. What may be
done with a request, a grant or an item is judged where that is decided; here it is only seen to that everybody speaks as who they are.
"""

from typing import get_args

import msgspec

from node.control.book import Book
from node.control.commands import AddDepartment, AddDivision, ApplyCatalogue, Command, RevokeKey, RotateKey, VouchKey
from node.control.desk import not_entitled
from node.control.offered import Offer
from node.control.requests import Request
from node.control.rights import is_rule
from node.model.names import Department, Topic, department_of
from node.model.values import Actor, GrantValue, Role

OVERSEERS: tuple[Role, ...] = ("authority", "operator", "inspector")
SETTERS: tuple[Role, ...] = ("operator", "authority")
"""Who adds divisions and departments, and applies items that nobody else has to look at."""
ACTORS: tuple[Role, ...] = tuple(role for role in get_args(Role) if role not in {"inspector", "rule"})
"""Who may give commands at all: inspectors only look."""

_IN_FORCE = {"published", "updated"}


def oversees(by: Actor) -> bool:
    """Tell whether somebody sees all that the node has."""
    return by.role in OVERSEERS


def seen_request(by: Actor, request: Request) -> Request | None:
    """Return a request as somebody sees it, None where it does not concern him: to its owner up to the newest version that the asker's head approved."""
    value = request.value
    if oversees(by) or by.department == value.taker:
        return request
    if by.department != department_of(value.resource) or not request.approvals:
        return None
    return msgspec.structs.replace(request, versions=request.versions[: max(request.approvals)])


def sees_grant(by: Actor, value: GrantValue) -> bool:
    """Tell whether somebody is the owner or the taker of a grant, or oversees both."""
    return oversees(by) or by.department in {value.taker, department_of(value.resource)}


def sees_taken(by: Actor, owner: Department, takers: tuple[Department, ...]) -> bool:
    """Tell whether somebody is the owner or a taker of what is taken, or oversees them."""
    return oversees(by) or by.department == owner or by.department in takers


def sees_topic(by: Actor, topic: Topic, book: Book) -> bool:
    """Tell whether somebody sees what a topic has: of a view, whoever oversees it, its owner, and those who were ever granted it, for they may have its records still."""
    return topic not in book.views or any(sees_grant(by, book.grants[ref].value) for ref in book.granted[topic])


def seen_offer(by: Actor, offer: Offer | None) -> Offer | None:
    """Return an offer as somebody sees it: to others than its owner only what is in force, and not who takes it nor what is due; None where that is nothing."""
    if offer is None or oversees(by) or by.department == offer.owner:
        return offer
    if offer.state not in _IN_FORCE:
        return None
    return msgspec.structs.replace(offer, since="", pending=None, takers=(), reasons=(), clocks=(), clock_problem=None)


def check_speaker(command: Command, by: Actor) -> None:
    """Refuse a command that names another as who gives it, or that is the operators' and the authority's alone."""
    if isinstance(command, AddDivision | AddDepartment | ApplyCatalogue) and not (by.role in SETTERS or is_rule(by)):
        raise not_entitled(by, f"an {' or '.join(SETTERS)}", "运维人员或主管部门")
    if isinstance(command, VouchKey | RevokeKey | RotateKey) and not (by.role == "operator" or is_rule(by)):
        raise not_entitled(by, "an operator", "运维人员")
    said: Actor | None = getattr(command, "by", None)
    if said is not None:
        check_self(said, by)


def check_self(said: Actor, by: Actor) -> None:
    """Refuse whoever is not whom what was asked names."""
    if said != by:
        raise not_entitled(by, f"{_named(said)}, whom the command names", f"命令所称的 {_named(said)} 本人")


def _named(by: Actor) -> str:
    return f"{by.name} ({by.role}{f' of {by.department}' if by.department else ''})"
