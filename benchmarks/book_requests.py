"""The courses of requests: asked, answered, and what becomes of the grants. All of it is made up, in proportions such as an office knows them."""

from collections.abc import Generator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from benchmarks.book_writer import LAST, Act, Course, Writer, actor
from node.control import (
    AmendRequest,
    AnswerRequest,
    ApproveRequest,
    CatalogueItem,
    ConsentExtension,
    EndGrant,
    Event,
    ExtendRequest,
    FileEnd,
    NewRequest,
    ResumeGrant,
    SeeGrant,
    SuspendGrant,
    WithdrawRequest,
)
from node.model.names import Department, department_of, division_of
from node.model.values import RULE, EventRef, GrantState

REASONS = (
    "与所述职责不符，请按最小必要原则另行申请",
    "用途已变更，不再需要该项数据",
    "发现超出约定用途使用数据，待核查后另行处理",
    "机构职能调整，相关业务已移交其他部门办理",
    "数据正在核对治理，须延长办理时间",
)
"""Why something is refused, put off, taken back or ended."""
_BASES = (
    "《政务数据共享条例》（国务院令第809号）第二十一条；本部门“三定”规定中关于事项核验的职责。",
    "《广东省公共数据管理办法》第十八条；办理政务服务事项须核验申请人相关信息。",
    "《中华人民共和国行政许可法》第三十四条；对申请材料的实质内容进行核实。",
    "《社会救助暂行办法》第五十八条；核对申请家庭的人口、收入与财产状况。",
)
_PURPOSES = (
    "办理政务服务事项时核验申请人提交的信息，免于提交纸质证明，不作其他用途。",
    "与本部门登记信息逐条比对，发现不一致的退回数源部门核实更正。",
    "按月统计辖区内相关事项的数量与变化，为年度工作安排提供依据。",
    "对享受待遇人员开展资格复核，防止重复领取与冒领。",
)
_MISSING = (
    "未写明所依据的具体条款，请补充法规名称与条款号",
    "未说明数据的保存期限与销毁方式",
    "所申请的信息项超出所述用途，请逐项说明必要性",
    "未注明使用该数据的业务系统及其安全等级",
)
_PUT_OFF_DAYS = 5


class Asker(msgspec.Struct, frozen=True):
    """A request to be made: who asks for which item, from when on."""

    item: CatalogueItem
    taker: Department
    begin: datetime


class _Open(msgspec.Struct, frozen=True):
    """A request that waits for its answer."""

    ref: EventRef
    version: int


def request(asker: Asker, writer: Writer, rng: Random) -> Course:
    """A request up to its answer, and what comes of that."""
    waiting = yield from _asked(asker, rng)
    if waiting is None:
        return
    owner, name = division_of(asker.item.name), asker.item.name
    theirs = actor(rng, "head", department_of(name))
    if rng.random() < 0.07:
        yield 6, owner, AnswerRequest(by=theirs, request=waiting.ref, version=waiting.version, answer="refuse", reason=rng.choice(REASONS))
        return
    by_rule = writer.book.resources[name].sharing == "unconditional"
    answer = AnswerRequest(by=RULE if by_rule else theirs, request=waiting.ref, version=waiting.version, answer="consent")
    said = yield 0.01 if by_rule else 1 + 8 * rng.random(), owner, answer
    yield from _granted(said[-1].ref, writer, rng)


def _asked(asker: Asker, rng: Random) -> Generator[Act, list[Event], _Open | None]:
    """Ask until the owner has all that it needs; None where it was given up, or is left as it is."""
    here, taker, item = division_of(asker.taker), asker.taker, asker.item
    owner, theirs = division_of(item.name), actor(rng, "head", department_of(item.name))
    steward, head = actor(rng, "steward", taker), actor(rng, "head", taker)
    told = _told(asker, rng)
    said = yield 0, here, NewRequest(by=steward, resource=item.name, taker=taker, **told)
    ref, chance = said[0].ref, rng.random()
    if chance < 0.01:
        return None
    if chance < 0.03:
        yield 3, here, WithdrawRequest(by=steward, request=ref, reason=rng.choice(REASONS))
        return None
    yield 1 + rng.random(), here, ApproveRequest(by=head, request=ref, version=1)
    if chance < 0.05:
        yield 0.005, here, WithdrawRequest(by=head, request=ref, reason=rng.choice(REASONS))
        return None
    if chance < 0.17:
        missing = tuple(rng.sample(_MISSING, 2))
        yield 0.005, owner, AnswerRequest(by=theirs, request=ref, version=1, answer="incomplete", missing=missing)
        if chance < 0.06:
            return None
        yield 4, here, AmendRequest(by=steward, request=ref, **told | {"basis": told["basis"] + rng.choice(_BASES)})
        yield 1, here, ApproveRequest(by=head, request=ref, version=2)
        return _Open(ref, 2)
    if chance < 0.21:
        yield 0.005, owner, ExtendRequest(by=theirs, request=ref, days=_PUT_OFF_DAYS, reason=rng.choice(REASONS))
        yield 1, here, ConsentExtension(by=head, request=ref)
    return _Open(ref, 1)


def _told(asker: Asker, rng: Random) -> dict[str, Any]:
    until = (asker.begin + timedelta(days=rng.randrange(90, 1000))).date().isoformat() if rng.random() < 0.3 else ""
    return {
        "basis": rng.choice(_BASES),
        "purpose": rng.choice(_PURPOSES),
        "way": rng.choice(("stream", "stream", "file")),
        "history": "from-now" if rng.random() < 0.1 else "all",
        "until": until,
        **_selection(asker.item, rng),
    }


def _selection(item: CatalogueItem, rng: Random) -> dict[str, Any]:
    """Return what of an item is asked for: all for a fifth; of the others a part of the fields, here and there masked or with a part of the rows."""
    chance = rng.random()
    if chance < 0.2:
        return {}
    fields: Any = item.schema["fields"]
    key: Any = item.schema["key"]
    others = [field["name"] for field in fields if field["name"] not in key]
    chosen = rng.sample(others, max(1, int(len(others) * rng.choice((0.3, 0.5, 0.8)))))
    found: dict[str, Any] = {"fields": tuple(sorted([*key, *chosen]))}
    plain = [field["name"] for field in fields if field["type"] == "string"]
    masked = [name for name in plain if name in chosen]
    if chance < 0.45 and masked:
        found["masks"] = {rng.choice(masked): "keep-first:1" if chance < 0.4 else "hmac"}
    if chance > 0.75:
        found["rows"] = f'{plain[0]}.startsWith("{rng.randrange(100):02}")'
    return found


def _granted(ref: EventRef, writer: Writer, rng: Random) -> Course:
    """What becomes of a grant: it is seen by every node on its way, and for one in six its course does not end there."""
    owner, grant = ref[0], writer.book.grants[ref]
    steward, authority = actor(rng, "steward", department_of(grant.value.resource)), actor(rng, "authority")
    yield from _seen(ref, ref, "flowing", writer)
    chance = rng.random()
    if chance < 0.04:
        said = yield 30, owner, SuspendGrant(by=authority, grant=ref, reason=REASONS[2])
        yield from _seen(ref, said[0].ref, "suspended", writer)
        if chance < 0.03:
            said = yield 10, owner, ResumeGrant(by=authority, grant=ref)
            yield from _seen(ref, said[0].ref, "flowing", writer)
    elif chance < 0.12:
        filed = None
        if chance < 0.09:
            said = yield 60 * rng.random(), owner, FileEnd(by=steward, grant=ref, reason=REASONS[3])
            filed = said[0].ref
        said = yield 5, owner, EndGrant(grant=ref, reason=rng.choice(REASONS), by=authority, filed=filed)
        yield from _seen(ref, said[0].ref, "ended", writer)
        return
    if grant.value.until and grant.value.until < LAST.date().isoformat():
        rest = datetime.fromisoformat(f"{grant.value.until}T16:00Z") - datetime.fromisoformat(grant.at)
        yield from _seen(ref, ref, "expired", writer, after_days=rest / timedelta(days=1))


def _seen(ref: EventRef, seen: EventRef, state: GrantState, writer: Writer, after_days: float = 0.0) -> Course:
    """Each node on the way says so within seconds; where nothing flows any more, those that hold a copy have removed it."""
    grant = writer.book.grants[ref]
    topic = grant.view or grant.value.resource
    for node in writer.book.tree.path(ref[0], division_of(grant.value.taker)):
        disposed = (topic,) if state in {"ended", "expired"} and (node != ref[0] or grant.view is not None) else ()
        yield after_days, node, SeeGrant(by=RULE, grant=ref, seen=seen, state=state, disposed=disposed)
        after_days = 0.00002
