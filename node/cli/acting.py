"""As whom a command acts: name, role and department, which its event keeps."""

import getpass
from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from node.model.names import Department
from node.model.values import Actor

_GROUP = Group("身份 / As whom", sort_key=90)


@Parameter(name="*", group=_GROUP)
@dataclass(frozen=True, kw_only=True)
class Acting:
    """Who gives a command. The node judges whether that role may."""

    as_: Annotated[
        str, Parameter(name="--as", show_default=False, help="姓名，默认为系统用户名 / Name; the system's user if left out.")
    ] = ""
    role: Annotated[Literal["steward", "head", "authority", "operator", "inspector"], Parameter(help="角色 / Role.")] = "operator"
    department: Annotated[
        str, Parameter(show_default=False, help="所代表的部门，例如 445102.civil-affairs / The department for which one acts.")
    ] = ""

    @property
    def actor(self) -> Actor:
        """The actor as commands name it."""
        return Actor(name=self.as_ or _user(), role=self.role, department=Department(self.department))


ACTING = Acting()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number that no user has
        return "operator"
