"""`grant`: what lets a resource move to a taker."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from node.cli import grant_shown, preview
from node.cli.acting import ACTING, Acting
from node.cli.client import open_node
from node.cli.given import give as give_command
from node.cli.refs import read_ref
from node.cli.shows import read_masks
from node.cli.voice import SESSION, CliError, Exit, Flag, Session
from node.control import EndGrant, FileEnd, GiveGrant, ResumeGrant, SuspendGrant
from node.model.names import Department, Topic


def build() -> App:
    """Return the family."""
    app = App(name="grant", help="授权：资源因授权而流动 / Grants: by them alone resources move.")
    app.command(give)
    app.command(end)
    app.command(suspend)
    app.command(resume)
    app.command(file_end)
    app.command(revoke)
    app.command(list_, name="list")
    app.command(show)
    return app


def give(
    resource: str,
    *,
    to: str,
    purpose: str,
    until: str = "",
    field: Annotated[list[str] | None, Parameter(negative=(), show_default=False)] = None,
    rows: Annotated[str, Parameter(show_default=False)] = "",
    mask: Annotated[list[str] | None, Parameter(negative=(), show_default=False)] = None,
    history: Literal["all", "from-now"] = "all",
    dry_run: Flag = False,
    session: Session = SESSION,
) -> int:
    r"""把本节点的一个资源，或其中部分字段和行，授权给某部门 / Give a department a resource of this node, or some of its fields and rows.

    授权到达使用方节点后即开始流动 / It flows as soon as the grant has reached the nodes on the way. 只授权一部分时，使用方读取的是视图
    RESOURCE.v-…，未授权的内容不出本节点 / Of a part its taker reads a view, RESOURCE.v-…; what is not granted does not leave this node.

    脱敏方式 / Masks: hide, keep-first:n, keep-last:n, hmac, year, round:n

    例如 / For example:

        exchange-node grant give 445102.civil-affairs.villages --to 440000.civil-affairs --purpose 地名核对 --until 2027-12-31
        exchange-node grant give 445102.government-services.licences --to 445100.taxation --purpose 税源核对 --field licence_no --field holder_name \
            --rows "street == '445102007'" --mask holder_name=keep-first:1 --dry-run

    Args:
        resource: 资源名称 / The resource's name.
        to: 使用部门 / The taker.
        purpose: 用途 / What it is for.
        until: 期限的最后一天，不填则至终止 / Last day of the term; without it, until it is ended.
        field: 授权的字段，可多次；记录内的字段写作 home.street；不填则全部 / A field that is granted, again for each one; within a record: home.street; without it, all.
        rows: 行条件，CEL 表达式；不填则全部 / Which rows, an expression in CEL; without it, all.
        mask: FIELD=MASK，可多次 / A field's mask, FIELD=MASK, again for each one.
        history: all 含已有数据，from-now 仅限新数据 / all with what there is, or only what comes from-now on.
        dry_run: 只显示视图的模式和十行样例，不写入 / Only show the view's schema and ten rows; nothing is written.
    """
    command = GiveGrant(
        resource=Topic(resource),
        taker=Department(to),
        purpose=purpose,
        fields=tuple(field) if field else None,
        rows=rows,
        masks=read_masks(mask or ()),
        history=history,
        until=until,
    )
    if not dry_run:
        return give_command(command, session)
    with open_node(session) as node:
        found = node.preview(command)
    session.tell(found, preview.shown(found, session))
    return Exit.OK


def end(
    grant: Annotated[str | None, Parameter(show_default=False)] = None,
    /,
    *,
    resource: str | None = None,
    to: str | None = None,
    reason: str = "",
    session: Session = SESSION,
) -> int:
    """终止授权，流动随之停止 / End a grant: its flow stops.

    用编号指明一项，或用资源与使用部门指明其全部 / Name one by its number, or by resource and taker all that the taker holds.

    例如 / For example:

        exchange-node grant end 445102/17 --reason 期满
        exchange-node grant end --resource 445102.civil-affairs.villages --to 440000.civil-affairs

    Args:
        grant: 编号 AUTHOR/SEQUENCE，见 grant list / Its number AUTHOR/SEQUENCE, as grant list shows it.
        resource: 资源名称 / The resource's name.
        to: 使用部门 / The taker.
        reason: 原因 / Why.
    """
    if (grant is None) == (resource is None and to is None) or (resource is None) != (to is None):
        en = "name the grant: either AUTHOR/SEQUENCE, for example 445102/17, or both --resource and --to"
        raise CliError("usage", en, "请指明授权：给出 AUTHOR/SEQUENCE（例如 445102/17），或同时给出 --resource 与 --to", Exit.WRONG)
    if grant is not None:
        return give_command(EndGrant(grant=read_ref(grant, "grant"), reason=reason), session)
    return give_command(EndGrant(resource=Topic(resource or ""), taker=Department(to or ""), reason=reason), session)


def suspend(grant: str, /, *, reason: str, acting: Acting = ACTING, session: Session = SESSION) -> int:
    """数源方所在级的数据主管部门暂停授权，例如发现滥用 / The authority of the owner's level lets nothing move under a grant, for example on misuse.

    例如 / For example:

        exchange-node grant suspend 445102/17 --reason 超范围使用 --as 黄山 --role authority

    Args:
        grant: 编号 AUTHOR/SEQUENCE，见 grant list / Its number AUTHOR/SEQUENCE, as grant list shows it.
        reason: 原因 / Why.
    """
    return give_command(SuspendGrant(by=acting.actor, grant=read_ref(grant, "grant"), reason=reason), session)


def resume(grant: str, /, *, reason: str = "", acting: Acting = ACTING, session: Session = SESSION) -> int:
    """数据主管部门恢复已暂停的授权 / The authority lets a suspended grant flow again.

    例如 / For example:

        exchange-node grant resume 445102/17 --reason 已整改 --as 黄山 --role authority

    Args:
        grant: 编号 AUTHOR/SEQUENCE，见 grant list / Its number AUTHOR/SEQUENCE, as grant list shows it.
        reason: 原因 / Why.
    """
    return give_command(ResumeGrant(by=acting.actor, grant=read_ref(grant, "grant"), reason=reason), session)


def file_end(grant: str, /, *, reason: str, acting: Acting = ACTING, session: Session = SESSION) -> int:
    """数源方提出终止备案；主管部门同意后才终止 / Let the owner file for a grant's end; it ends when the authority agrees.

    例如 / For example:

        exchange-node grant file-end 445102/17 --reason 系统停用 --as 林海 --role head --department 445102.civil-affairs

    Args:
        grant: 编号 AUTHOR/SEQUENCE，见 grant list / Its number AUTHOR/SEQUENCE, as grant list shows it.
        reason: 原因 / Why.
    """
    return give_command(FileEnd(by=acting.actor, grant=read_ref(grant, "grant"), reason=reason), session)


def revoke(grant: str, /, *, reason: str = "", filed: str = "", acting: Acting = ACTING, session: Session = SESSION) -> int:
    """数据主管部门终止经申请的授权，流动随之停止 / The authority ends a grant that was requested: its flow stops.

    例如 / For example:

        exchange-node grant revoke 445102/17 --reason 超范围使用 --as 黄山 --role authority
        exchange-node grant revoke 445102/17 --filed 445102/40 --as 黄山 --role authority

    Args:
        grant: 编号 AUTHOR/SEQUENCE，见 grant list / Its number AUTHOR/SEQUENCE, as grant list shows it.
        reason: 原因 / Why.
        filed: 所同意的数源方终止备案，见 grant show / The owner's filing that is agreed to, as grant show tells it.
    """
    agreed = read_ref(filed, "grant") if filed else None
    return give_command(EndGrant(by=acting.actor, grant=read_ref(grant, "grant"), reason=reason, filed=agreed), session)


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
