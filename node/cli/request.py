"""`request`: asking for another department's resource, and answering."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import App, Parameter
from rich.console import Group
from rich.text import Text

from node.cli import preview, request_shown
from node.cli.answered import ForeseenInfo
from node.cli.client import open_node
from node.cli.clock_shown import complain
from node.cli.given import give
from node.cli.item_shown import fields_table
from node.cli.refs import read_ref
from node.cli.shows import read_masks
from node.cli.voice import SESSION, CliError, Exit, Flag, Session
from node.control import (
    AmendRequest,
    AnswerRequest,
    ApproveRequest,
    ConsentExtension,
    ExtendRequest,
    NewRequest,
    WithdrawRequest,
)
from node.control.course import REQUESTS_MAX, Standing
from node.control.requests import State
from node.model.names import Department, Topic
from node.model.values import Actor, RequestValue, Way

Texts = Annotated[list[str] | None, Parameter(negative=(), show_default=False)]
Text_ = Annotated[str, Parameter(show_default=False)]


def build() -> App:
    """Return the family."""
    app = App(name="request", help="申请：向其他部门申请数据，以及答复 / Requests: asking for another department's data, and answering.")
    for act in (new, amend, approve, withdraw, answer, extend, consent):
        app.command(act)
    app.command(list_, name="list")
    app.command(show)
    return app


def new(
    resource: str,
    /,
    *,
    taker: str,
    basis: str,
    purpose: str,
    field: Texts = None,
    rows: Text_ = "",
    mask: Texts = None,
    way: Way = "stream",
    history: Literal["all", "from-now"] = "all",
    until: Text_ = "",
    renews: Text_ = "",
    dry_run: Flag = False,
    session: Session = SESSION,
) -> int:
    r"""申请一个资源，或其中部分字段和行 / Ask for a resource, or for some of its fields and rows.

    在申请部门本级的节点执行；须经申请部门负责人同意后才送达数源方 / Run it on the node of the asking department; its head approves before the owner
    has to answer. 脱敏方式 / Masks: hide, keep-first:n, keep-last:n, hmac, year, round:n

    例如 / For example:

        exchange-node request new 445102.civil-affairs.villages --taker 445100.taxation --basis "税收征收管理法第六条" --purpose 税源核对
        exchange-node request new 445102.government-services.licences --taker 445100.taxation --basis "税收征收管理法第六条" --purpose 税源核对 \
            --field licence_no --field holder_name --rows "street == '445102007'" --mask holder_name=keep-first:1 --until 2027-12-31 --dry-run

    Args:
        resource: 资源名称 / The resource's name.
        taker: 申请部门 / The department that asks.
        basis: 依据的法律或职责 / The law or duty for which the data is needed.
        purpose: 用途 / What it is for.
        field: 申请的字段，可多次；记录内的字段写作 home.street；不填则全部 / A field, again for each one; within a record: home.street; without it, all.
        rows: 行条件，CEL 表达式；不填则全部 / Which rows, an expression in CEL; without it, all.
        mask: FIELD=MASK，可多次 / A field's mask, FIELD=MASK, again for each one.
        way: 共享方式 / In which way.
        history: all 含已有数据，from-now 仅限新数据 / all with what there is, or only what comes from-now on.
        until: 期限的最后一天，不填则至终止 / Last day of the term; without it, until it is ended.
        renews: 所续期的授权编号 / The number of the grant whose term is ending.
        dry_run: 只显示视图的模式、样例和途经节点，不写入 / Only show the view's schema, rows, and which nodes the data would pass; nothing is written.
    """
    masks, renewed = read_masks(mask or ()), read_ref(renews, "grant") if renews else None

    def asked(by: Actor) -> NewRequest:
        return NewRequest(
            by=by,
            resource=Topic(resource),
            taker=Department(taker),
            basis=basis,
            purpose=purpose,
            fields=tuple(field) if field else None,
            rows=rows,
            masks=masks,
            way=way,
            history=history,
            until=until,
            renews=renewed,
        )

    return _foresee(asked, session) if dry_run else give(asked, session)


def amend(
    request: str,
    /,
    *,
    basis: str | None = None,
    purpose: str | None = None,
    field: Annotated[list[str] | None, Parameter(negative="--all-fields", show_default=False)] = None,
    rows: str | None = None,
    mask: Annotated[list[str] | None, Parameter(negative="--no-masks", show_default=False)] = None,
    way: Way | None = None,
    history: Literal["all", "from-now"] | None = None,
    until: str | None = None,
    renews: str | None = None,
    session: Session = SESSION,
) -> int:
    """修改申请，例如补正；负责人须重新同意 / Ask in other words, for example for what was missing; the head has to approve anew.

    未填的保持不变 / What is left out stays as it is.

    例如 / For example:

        exchange-node request amend 445100/12 --basis "税收征收管理法第六条，粤税发〔2026〕3 号"
        exchange-node request amend 445100/12 --rows "" --all-fields --no-masks

    Args:
        request: 编号 AUTHOR/SEQUENCE，见 request list / Its number AUTHOR/SEQUENCE, as request list shows it.
        basis: 依据 / The law or duty.
        purpose: 用途 / What it is for.
        field: 字段，可多次，取代原有各项 / A field, again for each one, instead of those before.
        rows: 行条件；空为全部 / Which rows; empty for all.
        mask: FIELD=MASK，可多次，取代原有各项 / A mask, again for each one, instead of those before.
        way: 共享方式 / In which way.
        history: all 或 from-now / all or from-now.
        until: 期限的最后一天；空为至终止 / Last day of the term; empty: until it is ended.
        renews: 所续期的授权编号；空为不续期 / The grant whose term is ending; empty for none.
    """
    ref = read_ref(request, "request")
    before = _found(request, session).value
    parts = {"basis": basis, "purpose": purpose, "rows": rows, "way": way, "history": history, "until": until}
    changed: dict[str, Any] = {name: part for name, part in parts.items() if part is not None}
    if field is not None:
        changed["fields"] = tuple(field) or None
    if mask is not None:
        changed["masks"] = read_masks(mask)
    if renews is not None:
        changed["renews"] = read_ref(renews, "grant") if renews else None
    return give(lambda by: AmendRequest(by=by, request=ref, **(_parts(before) | changed)), session)


def approve(request: str, /, *, version: int | None = None, session: Session = SESSION) -> int:
    """申请部门负责人同意，申请随即送达数源方 / Let the asking department's head stand for a request; from then on the owner has to answer.

    同时显示数据将途经哪些节点 / It also tells through which nodes the data will pass.

    例如 / For example:

        exchange-node request show 445100/12
        exchange-node request approve 445100/12

    Args:
        request: 编号 AUTHOR/SEQUENCE，见 request list / Its number AUTHOR/SEQUENCE, as request list shows it.
        version: 所读的版本，不填为最新 / The version that was read; the newest, if left out.
    """
    found = _found(request, session)
    passes = request_shown.path(found.path, session)
    session.complain(session.say(f"the data will pass: {passes}", f"数据将途经：{passes}"))
    return give(lambda by: ApproveRequest(by=by, request=found.request, version=version or found.version), session)


def withdraw(request: str, /, *, reason: Text_ = "", session: Session = SESSION) -> int:
    """撤回尚未答复的申请 / Take a request back that was not answered yet.

    例如 / For example:

        exchange-node request withdraw 445100/12 --reason 不再需要

    Args:
        request: 编号 AUTHOR/SEQUENCE，见 request list / Its number AUTHOR/SEQUENCE, as request list shows it.
        reason: 原因 / Why.
    """
    ref = read_ref(request, "request")
    return give(lambda by: WithdrawRequest(by=by, request=ref, reason=reason), session)


def answer(
    request: str,
    /,
    *,
    consent: Flag = False,
    refuse: Annotated[str | None, Parameter(show_default=False)] = None,
    missing: Texts = None,
    version: int | None = None,
    session: Session = SESSION,
) -> int:
    """数源方答复：同意、拒绝并说明理由，或一次性告知全部缺项 / Answer for the owner: consent, refuse with a reason, or tell all that is missing at once.

    在数源方本级的节点执行；同意即授权，数据随之流动 / Run it on the owner's node; a consent makes the grant, and the data flows.

    例如 / For example:

        exchange-node request answer 445100/12 --consent
        exchange-node request answer 445100/12 --refuse "超出法定职责"
        exchange-node request answer 445100/12 --missing 依据的条款 --missing 使用期限

    Args:
        request: 编号 AUTHOR/SEQUENCE，见 request list / Its number AUTHOR/SEQUENCE, as request list shows it.
        consent: 同意 / Consent.
        refuse: 拒绝的理由 / Refuse, and why.
        missing: 缺少的一项，可多次 / Something that is missing, again for each one.
        version: 所读的版本，不填为最新 / The version that was read; the newest, if left out.
    """
    if [consent, refuse is not None, bool(missing)].count(True) != 1:
        en = "give one answer: --consent, --refuse REASON, or --missing TEXT once or more"
        raise CliError("usage", en, "请给出一种答复：--consent、--refuse 理由，或一个以上的 --missing 缺项", Exit.WRONG)
    said: Literal["consent", "refuse", "incomplete"] = "consent" if consent else "refuse" if refuse is not None else "incomplete"
    ref = read_ref(request, "request")
    version = version or _found(request, session).version
    return give(
        lambda by: AnswerRequest(by=by, request=ref, version=version, answer=said, reason=refuse or "", missing=tuple(missing or ())),
        session,
    )


def extend(request: str, /, *, days: int, reason: str, session: Session = SESSION) -> int:
    """数源方申请延期答复，仅一次，须经申请方同意 / Ask for more working days to answer, once; they count when the asker consents.

    例如 / For example:

        exchange-node request extend 445100/12 --days 5 --reason 需会商

    Args:
        request: 编号 AUTHOR/SEQUENCE，见 request list / Its number AUTHOR/SEQUENCE, as request list shows it.
        days: 工作日，1 至 10 / Working days, 1 to 10.
        reason: 理由 / Why.
    """
    ref = read_ref(request, "request")
    return give(lambda by: ExtendRequest(by=by, request=ref, days=days, reason=reason), session)


def consent(request: str, /, *, session: Session = SESSION) -> int:
    """申请部门负责人同意延期 / Let the asking department's head give the working days that the owner asked for.

    例如 / For example:

        exchange-node request consent 445100/12

    Args:
        request: 编号 AUTHOR/SEQUENCE，见 request list / Its number AUTHOR/SEQUENCE, as request list shows it.
    """
    ref = read_ref(request, "request")
    return give(lambda by: ConsentExtension(by=by, request=ref), session)


def list_(*, state: State | None = None, resource: Text_ = "", mine: Text_ = "", session: Session = SESSION) -> int:
    """列出申请，先到期的在前 / List the requests, what is due first.

    例如 / For example:

        exchange-node request list
        exchange-node request list --state waiting --mine 445102.civil-affairs
        exchange-node request list --json | jq '.[] | select(.clock.state == "overdue")'

    Args:
        state: 状态 / Where it stands.
        resource: 资源名称 / The resource's name.
        mine: 部门：其提出的和须由其答复的 / A department: what it asks, and what it has to answer.
    """
    with open_node(session) as node:
        found = node.requests(state=state or "", resource=resource, department=mine)
    session.tell(found, request_shown.listed(found, session))
    if len(found) >= REQUESTS_MAX:
        en = f"these are the first {REQUESTS_MAX}; narrow them with --state, --resource or --mine"
        session.complain(session.say(en, f"仅列出前 {REQUESTS_MAX} 项；请用 --state、--resource 或 --mine 缩小范围"))
    complain((one.clock_problem for one in found), session)
    return Exit.OK


def show(request: str, /, *, sample: Flag = False, session: Session = SESSION) -> int:
    """显示一项申请：内容、期限、途经节点与全过程 / Show a request: what it asks for, its clock, the nodes on the way, and its whole course.

    例如 / For example:

        exchange-node request show 445100/12
        exchange-node request show 445100/12 --sample
        exchange-node request show 445100/12 --json | jq .course

    Args:
        request: 编号 AUTHOR/SEQUENCE，见 request list / Its number AUTHOR/SEQUENCE, as request list shows it.
        sample: 在数源方的节点上，另显示申请方将得到的十行样例 / On the owner's node, show ten rows too, as the asker would have them.
    """
    found = _found(request, session)
    if not sample:
        session.tell(found, request_shown.whole(found, session))
        return Exit.OK
    with open_node(session) as node:
        rows = node.sample(found.request)
    shown = Group(request_shown.whole(found, session), Text(), preview.shown(rows, session))
    session.tell(msgspec.to_builtins(found) | {"sample": rows}, shown)
    return Exit.OK


def _found(request: str, session: Session) -> Standing:
    with open_node(session) as node:
        return node.request(read_ref(request, "request"))


def _foresee(asked: Callable[[Actor], NewRequest], session: Session) -> int:
    with open_node(session) as node:
        found = node.foresee(asked(node.me()))
    rows = None if found.sample is None else found.sample.rows
    session.tell({"schema": found.foreseen.schema, "path": found.foreseen.path, "rows": rows}, _foreseen(found, session))
    return Exit.OK


def _foreseen(found: ForeseenInfo, session: Session) -> Group:
    foreseen = found.foreseen
    passes = request_shown.path(foreseen.path, session)
    path = Text(session.say(f"the data would pass: {passes}", f"数据将途经：{passes}"))
    if found.sample is not None:
        return Group(path, Text(), preview.shown(found.sample, session))
    en = f"rows are shown on the node of {foreseen.owner} alone; nothing was written"
    return Group(
        path,
        Text(),
        fields_table(foreseen.schema, session),
        Text(),
        Text(session.say(en, f"样例仅在 {foreseen.owner} 的节点显示；未写入任何内容")),
    )


def _parts(value: RequestValue) -> dict[str, Any]:
    """Return what an amendment says anew."""
    return {name: getattr(value, name) for name in AmendRequest.__struct_fields__ if name not in {"by", "request"}}
