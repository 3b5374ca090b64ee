"""Who may act: the roles of State Council Decree 809's departments and authorities, as every node judges them from an event alone."""

from node.model.names import Department, Division, division_of
from node.model.values import RULE, Actor, Role


def may(by: Actor, department: Department, *roles: Role) -> bool:
    """Tell whether somebody acts for a department in one of these roles."""
    return by.department == department and by.role in roles


def has_authority(by: Actor, node: Division) -> bool:
    """Tell whether somebody is the authority of a node's level: with no department, or with one of that level."""
    return by.role == "authority" and (not by.department or division_of(by.department) == node)


def is_rule(by: Actor) -> bool:
    """Tell whether it is the node itself that acts."""
    return by == RULE
