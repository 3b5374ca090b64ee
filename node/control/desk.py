"""The desk: what an act on a request or a grant is held to before anything is said, told with what is the case and what may be done there."""

from typing import Literal

from node.control.bodies import ACTOR_MAX, TEXT_MAX
from node.control.book import Book
from node.control.checks import check_department, check_filled
from node.control.grants import Grant
from node.control.requests import Request, State, state
from node.control.rights import has_authority, may
from node.errors import CommandRefused
from node.model.names import Department, Division, division_of
from node.model.values import Actor, EventRef, Role

Act = Literal["amend", "approve", "withdraw", "answer", "extend", "consent"]
ALLOWED: dict[State, tuple[Act, ...]] = {
    "draft": ("amend", "approve", "withdraw"),
    "waiting": ("amend", "withdraw", "answer", "extend", "consent"),
    "incomplete": ("amend", "withdraw"),
    "answered-refused": (),
    "granted": (),
    "withdrawn": (),
}
"""What may be done with a request in each state; `consent` is the asker's to an extension, `answer` has all that the owner may say."""

STATES_ZH: dict[State, str] = {
    "draft": "草稿，尚未经申请方负责人同意",
    "waiting": "待数源方答复",
    "incomplete": "待补正",
    "answered-refused": "已拒绝",
    "granted": "已授权",
    "withdrawn": "已撤回",
}
ACTS_ZH: dict[Act, str] = {
    "amend": "修改",
    "approve": "审核同意",
    "withdraw": "撤回",
    "answer": "答复",
    "extend": "延期",
    "consent": "同意延期",
}
ROLES_ZH: dict[Role, str] = {
    "steward": "专员",
    "head": "负责人",
    "authority": "主管部门",
    "operator": "运维人员",
    "inspector": "监督人员",
    "rule": "节点规则",
}


def check_actor(by: Actor) -> None:
    """Refuse an actor without a name, with one that is too long, or with a department that is none."""
    check_text("by.name", by.name, most=ACTOR_MAX)
    if by.department:
        check_department(by.department)


def check_text(field: str, text: str, *, most: int = TEXT_MAX, needed: bool = True) -> None:
    """Refuse a text that is longer than events take, or is empty although people need it."""
    if needed:
        check_filled(field, text)
    if len(text) > most:
        en = f"{field} has {len(text)} characters, more than {most}; shorten it"
        raise CommandRefused("too-long", en, f"{field} 有 {len(text)} 个字符，超过 {most}；请缩短")


def check_entitled(by: Actor, department: Department, *roles: Role) -> None:
    """Refuse whoever does not act for the department in one of the roles; an actor that is none is told first."""
    check_actor(by)
    if not may(by, department, *roles):
        raise not_entitled(
            by,
            f"a {' or '.join(roles)} of {department}",
            f"{department} 的{'或'.join(ROLES_ZH[role] for role in roles)}",
        )


def check_authority(by: Actor, node: Division) -> None:
    """Refuse whoever is not the authority of the node's level."""
    check_actor(by)
    if not has_authority(by, node):
        raise not_entitled(by, f"the authority of {node}", f"{node} 的主管部门")


def check_own_department(department: Department, book: Book, author: Division) -> None:
    """Refuse a taker that is not a department of this node: it asks, and takes, on its own."""
    check_department(department)
    there = division_of(department)
    if there != author:
        en = f"{department} belongs to {there}; run this command on its own node"
        raise CommandRefused("not-own-department", en, f"{department} 属于 {there}；请在其本级节点执行此命令")
    if department not in book.departments:
        en = f"{department} is not a department of this node yet; add it first with `exchange-node department add`"
        raise CommandRefused("no-such-department", en, f"{department} 还不是本节点的部门；请先用 `exchange-node department add` 添加")


def request_of(ref: EventRef, book: Book) -> Request:
    """Return the request that a command names."""
    if ref not in book.requests:
        en = f"there is no request {_name(ref)} here; `exchange-node request list` shows those there are, and the links bring others"
        zh = f"本节点没有申请 {_name(ref)}；可用 `exchange-node request list` 查看现有申请，其他申请由链路送达"
        raise CommandRefused("no-such-request", en, zh)
    return book.requests[ref]


def own_request(ref: EventRef, book: Book, author: Division) -> Request:
    """Return the request that a command of the asker's side names."""
    request = request_of(ref, book)
    if ref[0] != author:
        en = f"request {_name(ref)} was made on the node of {ref[0]}; run this command there"
        raise CommandRefused("not-own-request", en, f"申请 {_name(ref)} 由 {ref[0]} 的节点提出；请在该节点执行此命令")
    return request


def own_grant(ref: EventRef, book: Book, author: Division) -> Grant:
    """Return the grant that a command of its owner's node names."""
    if ref not in book.grants:
        en = f"there is no grant {_name(ref)} here; `exchange-node grant list` shows those there are"
        raise CommandRefused("no-such-grant", en, f"没有授权 {_name(ref)}；可用 `exchange-node grant list` 查看现有授权")
    if ref[0] != author:
        en = f"grant {_name(ref)} is not this node's; run this command on the node of its owner, {ref[0]}"
        raise CommandRefused("not-own-grant", en, f"授权 {_name(ref)} 不属于本节点；请在数源方 {ref[0]} 的节点执行此命令")
    return book.grants[ref]


def check_allowed(request: Request, act: Act) -> None:
    """Refuse an act that the request's state does not have, and tell which it has."""
    now = state(request)
    if act in ALLOWED[now]:
        return
    acts = ALLOWED[now]
    en = f"what may be done with it: {', '.join(acts)}" if acts else "nothing more can be done with it; make a new request"
    zh = f"此时可以：{'、'.join(ACTS_ZH[one] for one in acts)}" if acts else "不能再操作；请另提申请"
    raise refused_state(request, en, zh)


def refused_state(request: Request, en: str, zh: str) -> CommandRefused:
    """Return the refusal of an act by a request's state, which it names before what is given."""
    now = state(request)
    said = request.withdrawn or request.answer
    since_en, since_zh = (
        (f" since {said.at}, by a {said.body.by.role}", f"（{said.at}，{ROLES_ZH[said.body.by.role]}）") if said else ("", "")
    )
    name = _name(request.ref)
    return CommandRefused(
        "wrong-state", f"request {name} is {now}{since_en}: {en}", f"申请 {name} 的状态为“{STATES_ZH[now]}”{since_zh}：{zh}"
    )


def check_version(request: Request, version: int) -> None:
    """Refuse an act on a version that is not the newest: whoever acts has read another text."""
    if version != request.version:
        en = f"request {_name(request.ref)} has version {request.version} now, {version} was read; look at it anew and decide on that"
        zh = f"申请 {_name(request.ref)} 现为第 {request.version} 版，所读为第 {version} 版；请重新查看后再决定"
        raise CommandRefused("superseded", en, zh)


def _name(ref: EventRef) -> str:
    return f"{ref[0]}/{ref[1]}"


def not_entitled(by: Actor, en: str, zh: str) -> CommandRefused:
    """Return the refusal of whoever is not who an act takes."""
    now_en = f"{by.role} of {by.department}" if by.department else by.role
    now_zh = f"{by.department} 的{ROLES_ZH[by.role]}" if by.department else ROLES_ZH[by.role]
    return CommandRefused("not-entitled", f"this takes {en}; you act as {now_en}", f"须由{zh}操作；当前身份为{now_zh}")
