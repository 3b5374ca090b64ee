"""`audit`: who did what and when at a node."""

from rich.table import Table

from node.cli.client import open_node
from node.cli.moving import moving
from node.cli.request_shown import time_of
from node.cli.voice import SESSION, Exit, Session, print_json, table
from node.control.acts import Act, Audited, Outcome, Unreadable

_OUTCOMES: dict[Outcome, tuple[str, str]] = {
    "done": ("done", "完成"),
    "held-already": ("held already", "原已如此"),
    "refused": ("refused", "被拒"),
}


def audit(
    *,
    since: str = "",
    until: str = "",
    name: str = "",
    department: str = "",
    act: str = "",
    outcome: Outcome | None = None,
    about: str = "",
    session: Session = SESSION,
) -> int:
    """查阅审计：何人、何时、对何物做了何事，结果如何 / Read the audit: who did what to what, when, and how it ended.

    保存三年；含被拒的操作。不含申请的文字、条件和任何记录内容：这些见控制日志 / Kept for three years; what was refused is there too. It holds no words of a
    request, no filters and nothing of a record: those stand in the control log, by the events named. 部门只看到与己有关的 / A department is told of
    what concerns it. --json 时每行一个 / With --json, one act a line.

    例如 / For example:

        exchange-node audit
        exchange-node audit --since 2026-11-01 --department 445102.civil-affairs
        exchange-node audit --about 445100/12
        exchange-node audit --outcome refused --json | jq -r '[.act.at, .act.by.name, .act.act, .act.code] | @tsv'

    Args:
        since: 自何时，不填则为最近七天；不带时区按北京时间 / From when on, the last seven days if left out; without a zone it is Asia/Shanghai.
        until: 至何时：日期含当天，时刻不含 / Up to when: a day counts as a whole, a moment does not count.
        name: 何人 / Who acted.
        department: 部门：其所做的，及涉及其资源的 / A department: what it did, and what was done to what is its own.
        act: 何事，例如 answer-request / What was done, for example answer-request.
        outcome: 结果 / How it ended.
        about: 资源、申请、授权或区划 / A resource, request, grant or division.
    """
    sought = {"since": since, "until": until, "name": name, "department": department, "act": act, "outcome": outcome or "", "about": about}
    found: list[Act] = []
    with open_node(session) as node:
        for line in moving(node.audit(**sought), session.say("audit", "审计"), session):
            if isinstance(line, Audited):
                if session.json:
                    print_json(line)
                else:
                    found.append(line.act)
            elif isinstance(line, Unreadable):
                en = f"the record at offset {line.offset} of the audit topic cannot be read: {line.why}"
                session.complain(session.say(en, f"审计主题中位移 {line.offset} 的记录无法读取：{line.why}"))
    if not session.json:
        session.tell(None, _shown(found, session) if found else session.say("no such act", "没有这样的操作"))
    return Exit.OK


def _shown(acts: list[Act], session: Session) -> Table:
    words = (
        ("time", "时间"),
        ("who", "何人"),
        ("role", "角色"),
        ("act", "操作"),
        ("outcome", "结果"),
        ("what", "对象"),
        ("events", "事件"),
    )
    shown = table(*(session.say(*word) for word in words))
    for one in acts:
        ended = session.say(*_OUTCOMES[one.outcome]) + (f": {one.code}" if one.code else "")
        who = f"{one.by.role} {one.by.department}".strip()
        subject = " ".join(f"{name}={text}" for name, text in one.subject.items())
        shown.add_row(
            time_of(one.at), one.by.name, who, one.act, ended, subject, " ".join(f"{author}/{sequence}" for author, sequence in one.events)
        )
    return shown
