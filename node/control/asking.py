"""The asker's side of a request: made, amended, approved by a head, withdrawn, and the consent to an extension.

What can be told at once is refused here and never reaches the owner: an item that is not there or not shared, a way that it does not
offer, a selection that does not fit its newest version.
"""

from datetime import date, datetime

from node.control.book import Book
from node.control.checks import check_day, check_not_past, check_resource
from node.control.commands import AmendRequest, ApproveRequest, AskerCommand, ConsentExtension, NewRequest, WithdrawRequest
from node.control.desk import check_allowed, check_entitled, check_own_department, check_text, check_version, own_request, refused_state
from node.control.events import day_of
from node.control.fitting import misfit
from node.control.requests import Request, granted, state
from node.control.run import Run
from node.errors import CommandRefused
from node.model.names import department_of, division_of
from node.model.values import (
    EventRef,
    ExtensionConsentedValue,
    RequestApprovedValue,
    RequestValue,
    RequestWithdrawnValue,
)


def ask(command: AskerCommand, book: Book, at: datetime, run: Run) -> None:
    """Say what the asker's side wants to be said, nothing when it was said before; CommandRefused with cause and next step."""
    match command:
        case NewRequest():
            _new(command, book, at, run)
        case AmendRequest():
            _amend(command, book, at, run)
        case ApproveRequest():
            _approve(command, book, run)
        case WithdrawRequest():
            _withdraw(command, book, run)
        case ConsentExtension():
            _consent(command, book, run)


def _new(command: NewRequest, book: Book, at: datetime, run: Run) -> None:
    value, today = command.value, day_of(at)
    check_resource(value.resource)
    check_own_department(value.taker, book, run.author)
    check_entitled(value.by, value.taker, "steward", "head")
    if not any(_is_same(request, value, book, today) for request in book.requests.values()):
        _check_asked(value, book, today)
        run.say(value)


def _is_same(request: Request, value: RequestValue, book: Book, today: date) -> bool:
    """Tell whether a request says the same and is still good for something: not refused, not withdrawn, its grant not over."""
    if request.versions[0].body != value or state(request) in {"answered-refused", "withdrawn"}:
        return False
    return request.grant is None or (not book.grants[request.grant].ended and not (value.until and value.until < today.isoformat()))


def _amend(command: AmendRequest, book: Book, at: datetime, run: Run) -> None:
    request = own_request(command.request, book, run.author)
    first = request.versions[0].body
    check_entitled(command.by, first.taker, "steward", "head")
    value = command.value(first)
    if request.versions[-1].body == value:
        return
    check_allowed(request, "amend")
    _check_asked(value, book, day_of(at))
    told = request.incomplete.get(request.version)
    run.say(value, told.ref if told is not None else None)


def _approve(command: ApproveRequest, book: Book, run: Run) -> None:
    request = own_request(command.request, book, run.author)
    check_entitled(command.by, request.versions[0].body.taker, "head")
    body = RequestApprovedValue(by=command.by, request=command.request, version=command.version)
    said = request.approvals.get(command.version)
    if said is not None and said.body == body:
        return
    check_allowed(request, "approve")
    check_version(request, command.version)
    run.say(body)


def _withdraw(command: WithdrawRequest, book: Book, run: Run) -> None:
    request = own_request(command.request, book, run.author)
    check_entitled(command.by, request.versions[0].body.taker, "steward", "head")
    check_text("reason", command.reason, needed=False)
    body = RequestWithdrawnValue(by=command.by, request=command.request, reason=command.reason)
    if request.withdrawn is None or request.withdrawn.body != body:
        check_allowed(request, "withdraw")
        run.say(body)


def _consent(command: ConsentExtension, book: Book, run: Run) -> None:
    request = own_request(command.request, book, run.author)
    check_entitled(command.by, request.versions[0].body.taker, "head")
    body = ExtensionConsentedValue(by=command.by, request=command.request)
    if request.consented is not None and request.consented.body == body:
        return
    check_allowed(request, "consent")
    if request.extension is None or request.consented is not None:
        what, zh = (
            ("nobody asked for more days", "数源方没有申请延期")
            if request.extension is None
            else ("the days were given before", "此前已同意延期")
        )
        raise refused_state(request, f"{what}; there is nothing to consent to", f"{zh}；无需同意")
    run.say(body, request.extension.ref)


def _check_asked(value: RequestValue, book: Book, today: date) -> None:
    lacking = [field for field in ("basis", "purpose") if not getattr(value, field).strip()]
    if lacking:
        en = f"the request lacks {' and '.join(lacking)}; fill in all of it"
        raise CommandRefused("incomplete", en, f"申请缺少：{'、'.join(lacking)}；请全部填写")
    check_text("basis", value.basis)
    check_text("purpose", value.purpose)
    check_day("until", value.until)
    check_not_past("until", value.until, today)
    _check_offered(value, book)
    if value.renews is not None:
        _check_renewal(value, value.renews, book, today)
    place: EventRef = (division_of(value.taker), 1)
    why = misfit(granted(value, place), book)
    if why:
        en = f"{why}; see the resource with `exchange-node catalogue show {value.resource}`, mend the request and ask again"
        zh = f"{why}；请用 `exchange-node catalogue show {value.resource}` 查看该资源，修改申请后重试"
        raise CommandRefused("bad-selection", en, zh)


def _check_offered(value: RequestValue, book: Book) -> None:
    """Refuse what is not offered to this department, in this way."""
    name = value.resource
    resource, item = book.resources.get(name), book.items.get(name)
    if resource is None or (item is not None and item.gone):
        en = f"{name} is not in the catalogue that this node has; `exchange-node catalogue list` shows it, and the links bring what is new"
        zh = f"本节点的目录中没有 {name}；可用 `exchange-node catalogue list` 查看，新目录由链路送达"
        raise CommandRefused("no-such-resource", en, zh)
    if department_of(name) == value.taker:
        en = f"{name} is {value.taker}'s own: it needs no grant; read it where it is"
        raise CommandRefused("own-resource", en, f"{name} 属于 {value.taker} 自身：无需授权，可直接使用")
    if resource.sharing == "not-shared":
        en = f"{name} is not shared, by {resource.legal_basis or 'its owner'}; if you think it should be, turn to its authority"
        raise CommandRefused("not-shared", en, f"{name} 不予共享，依据：{resource.legal_basis or '数源方'}；如有异议，请向其主管部门提出")
    if value.way == "interface":
        en = f"look-ups by key come later; ask for {name} as a stream or a file"
        raise CommandRefused("way-comes-later", en, f"接口方式（按主键查询）将在以后提供；请以 stream 或 file 方式申请 {name}")
    ways = item.in_force.facts.sharing.ways if item is not None and item.in_force is not None else (value.way,)
    if value.way not in ways:
        en = f"{name} is not offered as a {value.way}, only by {', '.join(ways)}; choose one of these"
        raise CommandRefused("way-not-offered", en, f"{name} 不以 {value.way} 方式提供，可选：{'、'.join(ways)}；请另选")


def _check_renewal(value: RequestValue, renews: EventRef, book: Book, today: date) -> None:
    """Refuse to renew what is not a standing grant of the same department on the same resource."""
    grant = book.grants.get(renews)
    name = f"{renews[0]}/{renews[1]}"
    if grant is None or (grant.value.resource, grant.value.taker) != (value.resource, value.taker):
        en = f"{value.taker} holds no grant {name} on {value.resource}; `exchange-node grant list` shows what it holds"
        zh = f"{value.taker} 没有 {value.resource} 的授权 {name}；可用 `exchange-node grant list` 查看"
        raise CommandRefused("no-such-grant", en, zh)
    if grant.ended or (grant.value.until and grant.value.until < today.isoformat()):
        en = f"grant {name} is over and cannot be renewed; leave `renews` out and ask anew"
        raise CommandRefused("grant-over", en, f"授权 {name} 已终止或到期，不能续期；请去掉 `renews` 重新申请")
