"""`division`: the tree of divisions."""

from typing import get_args

from cyclopts import App

from node.cli.client import open_node
from node.cli.given import give
from node.cli.voice import SESSION, CliError, Exit, Session, table
from node.control import AddDivision
from node.model.divisions import known_divisions
from node.model.names import Division
from node.model.values import DivisionValue, Level


def build() -> App:
    """Return the family."""
    app = App(name="division", help="行政区划之树 / The tree of divisions.")
    app.command(add)
    app.command(list_, name="list")
    return app


def add(code: str, *, name: str | None = None, level: Level | None = None, parent: str | None = None, session: Session = SESSION) -> int:
    """添加下级区划；根节点先添加自身 / Add a child of the node; a root adds itself first.

    广东省 144 个区划的名称、层级和上级已内置，可以不写 / Name, level and parent of Guangdong's 144 divisions are known and may be left out.

    例如 / For example:

        exchange-node division add 445102
        exchange-node division add 445102003 --name 太平街道 --level town --parent 445102

    Args:
        code: GB/T 2260 区划代码 / Division code of GB/T 2260.
        name: 名称 / Its name.
        level: 层级 / Its level.
        parent: 上级区划；未知时为本节点 / The division above it; the node's own where it is not known.
    """
    with open_node(session) as node:
        own = node.node().division
    known = known_divisions().get(code)
    if known is None and (name is None or level is None):
        en = f"{code} is not in the shipped table: give its --name and its --level ({', '.join(get_args(Level))})"
        raise CliError("unknown-division", en, f"内置表中没有 {code}：请给出 --name 与 --level（{', '.join(get_args(Level))}）", Exit.WRONG)
    value = known or DivisionValue(code=Division(code), name=name or "", level=level or "town", parent=own)
    above = None if code == own else value.parent
    return give(
        AddDivision(
            code=value.code,
            name=name or value.name,
            level=level or value.level,
            parent=Division(parent) if parent else above,
            valid_from=value.valid_from,
            valid_to=value.valid_to,
            successor=value.successor,
        ),
        session,
    )


def list_(*, session: Session = SESSION) -> int:
    """列出各区划 / List the divisions.

    例如 / For example:

        exchange-node division list
    """
    with open_node(session) as node:
        found = node.divisions()
    shown = table(session.say("division", "区划"), session.say("name", "名称"), session.say("level", "层级"), session.say("parent", "上级"))
    for one in found:
        shown.add_row(one.code, one.name, one.level, one.parent or "")
    session.tell(found, shown)
    return Exit.OK
