"""`catalogue`: the resources that departments offer."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from node.avro.rule_kinds import EVERY
from node.avro.rules import RULES
from node.cli import item_shown
from node.cli.client import open_node
from node.cli.clock_shown import complain, in_list
from node.cli.given import give
from node.cli.items import read_items
from node.cli.voice import SESSION, Exit, Flag, Session, table
from node.control import ApplyCatalogue, ConsentItemExtension, DraftItem, ExtendItem, PublishItem, ReviewItem, SubmitItem, WithdrawItem
from node.model.items import Base, State
from node.model.names import Topic
from node.model.values import Sharing


def build() -> App:
    """Return the family."""
    app = App(name="catalogue", help="资源目录 / The catalogue of resources.")
    app.command(draft)
    app.command(submit)
    app.command(review)
    app.command(publish)
    app.command(extend)
    app.command(consent)
    app.command(withdraw)
    app.command(apply)
    app.command(list_, name="list")
    app.command(show)
    app.command(rules)
    return app


def apply(files: list[Path], /, *, session: Session = SESSION) -> int:
    """数据主管部门自用：按 YAML 文件编目，一步由草稿到发布 / The authority's own: from draft to published in one act, as YAML files describe.

    未提及的资源不变 / What is not named stays as it is. 每个文件描述一个资源，模式为同目录的 .avsc / Each file describes one resource, its schema is
    an .avsc beside it; 目录条目的其他键见 schemas/README.md / the other keys of an item are in schemas/README.md:

        name: 445102.civil-affairs.villages
        title: 村（居）委会 / Villages and communities
        kind: state            # facts: 只追加 / append only; state: 按主键保留最新 / the newest record of a key stands
        schema: villages.avsc
        partitions: 2          # 永不更改 / never changes
        retention_ms: -1       # facts; -1 永久 / for ever
        max_message_bytes: 1048576

    例如 / For example:

        exchange-node catalogue apply schemas/villages/villages.yaml

    Args:
        files: YAML 文件，可以多个 / YAML files, one or more.
    """
    items = read_items(files, session.language)
    return give(lambda by: ApplyCatalogue(resources=items, by=by), session)


def draft(file: Path, /, *, changed: Annotated[str, Parameter(show_default=False)] = "", session: Session = SESSION) -> int:
    """起草一个目录条目，或起草其新内容 / Draft an item, or a new content of one.

    已发布的内容在新内容发布之前一直有效 / What is published stays in force until the new content is published.

    例如 / For example:

        exchange-node catalogue draft schemas/villages/villages.yaml
        exchange-node catalogue draft schemas/villages/villages.yaml --changed 2026-11-20

    Args:
        file: YAML 文件，各键见 schemas/README.md / A YAML file; schemas/README.md has its keys.
        changed: 所述情况自何日变化，仅用于已发布的条目；更新期限自此日起算 / Since which day what is published is no longer right, of an item in force alone: the time for the update runs from then.
    """
    (item,) = read_items([file], session.language, whole=True)
    return give(lambda by: DraftItem(by=by, item=item, changed=changed), session)


def submit(name: str, /, *, session: Session = SESSION) -> int:
    """把草稿提交数据主管部门审核 / Put a draft before the authority.

    例如 / For example:

        exchange-node catalogue submit 445102.civil-affairs.villages

    Args:
        name: 资源名称 / The resource's name.
    """
    return give(lambda by: SubmitItem(by=by, item=Topic(name)), session)


def review(
    name: str,
    /,
    *,
    returned: Annotated[list[str] | None, Parameter(name="--return", negative=(), show_default=False)] = None,
    session: Session = SESSION,
) -> int:
    """审核通过，或一次性告知全部理由退回 / Let an item pass, or return it with all reasons at once.

    例如 / For example:

        exchange-node catalogue review 445102.civil-affairs.villages
        exchange-node catalogue review 445102.civil-affairs.villages --return 共享条件缺少依据 --return 分级偏低

    Args:
        name: 资源名称 / The resource's name.
        returned: 退回的理由，可多次；不填则通过 / Why it is returned, again for each reason; without it, it passes.
    """
    return give(lambda by: ReviewItem(by=by, item=Topic(name), passes=not returned, reasons=tuple(returned or ())), session)


def publish(name: str, /, *, session: Session = SESSION) -> int:
    """发布审核通过的条目，资源随之建立或更新 / Publish an item that has passed: its resource is made, or changed.

    例如 / For example:

        exchange-node catalogue publish 445102.civil-affairs.villages

    Args:
        name: 资源名称 / The resource's name.
    """
    return give(lambda by: PublishItem(by=by, item=Topic(name)), session)


def extend(name: str, /, *, reason: str, session: Session = SESSION) -> int:
    """向数据主管部门申请延长更新期限，只能一次 / Ask the authority for more time for an update, once.

    例如 / For example:

        exchange-node catalogue extend 445102.civil-affairs.villages --reason 区划调整尚未公布

    Args:
        name: 资源名称 / The resource's name.
        reason: 原因 / Why.
    """
    return give(lambda by: ExtendItem(by=by, item=Topic(name), reason=reason), session)


def consent(name: str, /, *, session: Session = SESSION) -> int:
    """同意延长更新期限，5 个工作日 / Give the department the time that it asked for, 5 working days.

    例如 / For example:

        exchange-node catalogue consent 445102.civil-affairs.villages

    Args:
        name: 资源名称 / The resource's name.
    """
    return give(lambda by: ConsentItemExtension(by=by, item=Topic(name)), session)


def withdraw(name: str, /, *, reason: str, session: Session = SESSION) -> int:
    """撤回条目；有部门正在使用时不能撤回 / Withdraw an item; not while anybody holds a grant on it.

    例如 / For example:

        exchange-node catalogue withdraw 445102.civil-affairs.villages --reason 职能调整

    Args:
        name: 资源名称 / The resource's name.
        reason: 原因 / Why.
    """
    return give(lambda by: WithdrawItem(by=by, item=Topic(name), reason=reason), session)


def list_(
    *,
    search: Annotated[str, Parameter(show_default=False)] = "",
    owner: Annotated[str, Parameter(show_default=False)] = "",
    theme: Annotated[str, Parameter(show_default=False)] = "",
    base: Base | None = None,
    sharing: Sharing | None = None,
    kind: Literal["facts", "state"] | None = None,
    state: State | None = None,
    due: Flag = False,
    session: Session = SESSION,
) -> int:
    """列出目录，可按词语和条件查找 / List the catalogue, all of it or what is looked for.

    例如 / For example:

        exchange-node catalogue list
        exchange-node catalogue list --search "证照 有效期" --sharing conditional
        exchange-node catalogue list --theme 信用体系 --owner 445102.development-reform
        exchange-node catalogue list --state submitted --due

    Args:
        search: 词语，以空格分开，须全部出现在标题、名称、代码、摘要、主题、部门或信息项中 / Words, all of which must stand in title, name, code, summary, themes, owner or fields.
        owner: 部门或区划 / A department or a division.
        theme: 主题，可为其一部分 / A theme, or a part of its name.
        base: 基础信息资源类 / A class of base data.
        sharing: 共享类型 / The sharing type.
        kind: 数据类型 / Facts or state.
        state: 状态，含待发布的新内容 / The state, that of a pending content too.
        due: 先列审核或更新期限最近的 / Those first whose review or update is due first.
    """
    with open_node(session) as node:
        found = node.offers(
            words=search,
            owner=owner,
            theme=theme,
            base=base or "",
            sharing=sharing or "",
            kind=kind or "",
            state=state or "",
            due="true" if due else "",
        )
    shown = table(
        session.say("resource", "资源"),
        session.say("title", "标题"),
        session.say("state", "状态"),
        session.say("clock", "期限"),
        session.say("sharing", "共享"),
        session.say("kind", "类型"),
        session.say("updated", "更新"),
        session.say("grade", "级别"),
    )
    for one in found:
        cycle = one.facts.update_cycle if one.facts is not None else ""
        shown.add_row(
            one.name,
            one.title,
            item_shown.state(one, session),
            in_list(one.clocks, one.clock_problem, session),
            item_shown.sharing(one, session),
            one.resource.kind.value,
            cycle,
            one.grade,
        )
    session.tell(found, shown)
    complain((one.clock_problem for one in found), session)
    return Exit.OK


def rules(*, session: Session = SESSION) -> int:
    """列出模式中可用的规则 / List the rules that a schema may name.

    规则写在字段旁 / A rule stands beside its field:

        {"name": "id", "type": "string", "rules": [{"rule": "cn-resident-id"}]}
        {"name": "age", "type": "int", "rules": [{"rule": "minimum", "value": 0, "severity": "warn"}]}

    跨字段规则 cel 写在记录上 / A rule across fields, cel, stands beside the fields:

        "rules": [{"rule": "cel", "expression": "valid_to == null || valid_to >= valid_from"}]

    severity 为 refuse（隔离，默认）或 warn（放行并计数）/ Its severity is refuse (quarantine, the default) or warn (it passes and is counted);
    message 可写自己的说明 / a message of one's own may stand in "message": {"zh": ..., "en": ...}.

    例如 / For example:

        exchange-node catalogue rules
    """
    shown = table(
        session.say("rule", "规则"), session.say("parameters", "参数"), session.say("types", "适用类型"), session.say("meaning", "含义")
    )
    for one in RULES.values():
        parameters = ", ".join((*one.required, *(f"[{name}]" for name in one.optional)))
        types = session.say("any", "任意") if tuple(one.fits) == tuple(EVERY) else ", ".join(one.fits)
        shown.add_row(one.name, parameters, types, session.say(one.en, one.zh))
    told = [
        {"rule": one.name, "required": one.required, "optional": one.optional, "types": one.fits, "zh": one.zh, "en": one.en}
        for one in RULES.values()
    ]
    session.tell(told, shown)
    return Exit.OK


def show(name: str, *, session: Session = SESSION) -> int:
    """显示一个条目及其信息项 / Show an item with its data items.

    例如 / For example:

        exchange-node catalogue show 445102.civil-affairs.villages
        exchange-node catalogue show 445102.civil-affairs.villages --json | jq .schema

    Args:
        name: 资源名称 / The resource's name.
    """
    with open_node(session) as node:
        found = node.offer(name)
    session.tell(found, item_shown.whole(found, session))
    return Exit.OK
