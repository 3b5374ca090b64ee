"""As whom a command acts: name, role and department, which its event keeps."""

import getpass
import os
import re
from dataclasses import dataclass
from typing import Annotated, get_args

import msgspec
from cyclopts import Group, Parameter

from node.cli.voice import CliError, Exit, Played
from node.model.names import Department
from node.model.values import Actor

ACTOR = "EXCHANGE_NODE_ACTOR"
"""The variable of the environment that says NAME:ROLE:DEPARTMENT, each where the command line does not; parts may be empty."""

_FORM = re.compile(rf"(.*):({'|'.join(get_args(Played))}|):([^:]*)")
_GROUP = Group("身份 / As whom", sort_key=90)


@Parameter(name="*", group=_GROUP)
@dataclass(frozen=True, kw_only=True)
class Acting:
    """Who gives a command. The node judges whether that role may."""

    as_: Annotated[
        str,
        Parameter(
            name="--as",
            show_default=False,
            help=f"姓名；以下三项未填的取自 {ACTOR}=姓名:角色:部门，再无则为系统用户名 / Name; what is left out of these three is that of "
            f"{ACTOR}=NAME:ROLE:DEPARTMENT, else the system's user.",
        ),
    ] = ""
    role: Annotated[
        Played | None, Parameter(show_default=False, help="角色，默认 operator / Role; operator if it is left out there too.")
    ] = None
    department: Annotated[
        str, Parameter(show_default=False, help="所代表的部门，例如 445102.civil-affairs / The department for which one acts.")
    ] = ""

    @property
    def actor(self) -> Actor:
        """The actor as commands name it; CliError where the environment does not say one."""
        name, role, department = _told(os.environ.get(ACTOR, ""))
        return Actor(
            name=self.as_ or name or _user(), role=self.role or role or "operator", department=Department(self.department or department)
        )


ACTING = Acting()


def _told(text: str) -> tuple[str, Played | None, str]:
    found = _FORM.fullmatch(text or "::")
    if found is None:
        roles = ", ".join(get_args(Played))
        en = f"{ACTOR}={text}: write it as NAME:ROLE:DEPARTMENT, for example 林海:head:445102.taxation; a role is one of {roles}"
        zh = f"{ACTOR}={text}：应写成 姓名:角色:部门，例如 林海:head:445102.taxation；角色为 {roles} 之一"
        raise CliError("usage", en, zh, Exit.WRONG)
    return found[1], msgspec.convert(found[2] or None, Played | None), found[3]


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number that no user has
        return "operator"
