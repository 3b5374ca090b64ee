"""`grant`: what lets a resource move to a taker, made of its request."""

from cyclopts import App

from node.cli import grant_shown
from node.cli.client import open_node
from node.cli.given import give
from node.cli.refs import read_ref
from node.cli.voice import SESSION, Exit, Session
from node.control import EndGrant, FileEnd, ResumeGrant, SuspendGrant


def build() -> App:
    """Return the family."""
    app = App(
        name="grant",
        help="授权：申请经双方负责人同意而成，资源因授权而流动 / Grants: of requests that two heads approved; by them alone resources move.",
    )
    app.command(suspend)
    app.command(resume)
    app.command(file_end)
    app.command(revoke)
    app.command(list_, name="list")
    app.command(show)
    return app


def suspend(grant: str, /, *, reason: str, session: Session = SESSION) -> int:
    """数源方所在级的数据主管部门暂停授权，例如发现滥用 / The authority of the owner's level lets nothing move under a grant, for example on misuse.

    例如 / For example:

        exchange-node grant suspend 445102/17 --reason 超范围使用

    Args:
        grant: 编号 AUTHOR/SEQUENCE，见 grant list / Its number AUTHOR/SEQUENCE, as grant list shows it.
        reason: 原因 / Why.
    """
    ref = read_ref(grant, "grant")
    return give(lambda by: SuspendGrant(by=by, grant=ref, reason=reason), session)


def resume(grant: str, /, *, reason: str = "", session: Session = SESSION) -> int:
    """数据主管部门恢复已暂停的授权 / The authority lets a suspended grant flow again.

    例如 / For example:

        exchange-node grant resume 445102/17 --reason 已整改

    Args:
        grant: 编号 AUTHOR/SEQUENCE，见 grant list / Its number AUTHOR/SEQUENCE, as grant list shows it.
        reason: 原因 / Why.
    """
    ref = read_ref(grant, "grant")
    return give(lambda by: ResumeGrant(by=by, grant=ref, reason=reason), session)


def file_end(grant: str, /, *, reason: str, session: Session = SESSION) -> int:
    """数源方提出终止备案；主管部门同意后才终止 / Let the owner file for a grant's end; it ends when the authority agrees.

    例如 / For example:

        exchange-node grant file-end 445102/17 --reason 系统停用

    Args:
        grant: 编号 AUTHOR/SEQUENCE，见 grant list / Its number AUTHOR/SEQUENCE, as grant list shows it.
        reason: 原因 / Why.
    """
    ref = read_ref(grant, "grant")
    return give(lambda by: FileEnd(by=by, grant=ref, reason=reason), session)


def revoke(grant: str, /, *, reason: str = "", filed: str = "", session: Session = SESSION) -> int:
    """数据主管部门终止授权，流动随之停止 / The authority ends a grant: its flow stops.

    例如 / For example:

        exchange-node grant revoke 445102/17 --reason 超范围使用
        exchange-node grant revoke 445102/17 --filed 445102/40

    Args:
        grant: 编号 AUTHOR/SEQUENCE，见 grant list / Its number AUTHOR/SEQUENCE, as grant list shows it.
        reason: 原因 / Why.
        filed: 所同意的数源方终止备案，见 grant show / The owner's filing that is agreed to, as grant show tells it.
    """
    agreed = read_ref(filed, "grant") if filed else None
    ref = read_ref(grant, "grant")
    return give(lambda by: EndGrant(by=by, grant=ref, reason=reason, filed=agreed), session)


def list_(*, session: Session = SESSION) -> int:
    """列出授权，含已终止的 / List the grants, ended ones too.

    尚未确认的节点：链路可能中断 / Nodes that are awaited have not said yet that they follow the state: their links may be down.

    例如 / For example:

        exchange-node grant list
        exchange-node grant list --json | jq '.[] | select(.active)'
    """
    with open_node(session) as node:
        found = node.grants()
    session.tell(found, grant_shown.listed(found, session))
    return Exit.OK


def show(grant: str, /, *, session: Session = SESSION) -> int:
    """显示一项授权：内容、各节点的执行情况与全过程 / Show a grant: what it shows, which nodes follow it, and its whole course.

    例如 / For example:

        exchange-node grant show 445102/17
        exchange-node grant show 445102/17 --json | jq .awaited

    Args:
        grant: 编号 AUTHOR/SEQUENCE，见 grant list / Its number AUTHOR/SEQUENCE, as grant list shows it.
    """
    with open_node(session) as node:
        found = node.grant(read_ref(grant, "grant"))
    session.tell(found, grant_shown.whole(found, session))
    return Exit.OK
