"""`doctor`: what is wrong with a node and its cluster, what it means, and what to do."""

from rich.text import Text

from node.cli.client import open_node
from node.cli.voice import SESSION, Exit, Session, table

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_EXIT = {"ok": Exit.OK, "warn": Exit.PARTLY, "fail": Exit.FAILED}


def doctor(*, session: Session = SESSION) -> int:
    """检查节点与其集群：是否就绪、集群是否封闭、权限是否与账本一致 / Look whether the node does what it should, its cluster is closed, and rights are as the book says.

    退出码：0 正常，3 有警告，1 有错误 / Exit status: 0 all is well, 3 a warning, 1 something is wrong.

    例如 / For example:

        exchange-node doctor
        exchange-node doctor --json | jq '.[] | select(.state != "ok")'
    """
    with open_node(session) as node:
        found = node.doctor()
    shown = table("", session.say("check", "检查项"), session.say("found", "结果"))
    for one in found:
        shown.add_row(Text(one.state, style=_STYLES[one.state]), one.check, session.say(one.en, one.zh))
    session.tell(found, shown)
    states = {one.state for one in found}
    return next((_EXIT[state] for state in ("fail", "warn") if state in states), Exit.OK)
