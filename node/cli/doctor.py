"""`doctor`: what is wrong with a node and what stands around it, what that means, and what to do."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from rich.console import Group
from rich.text import Text

from node.cli.client import open_node
from node.cli.run import CONFIG
from node.cli.voice import SESSION, CliError, Exit, Session, table
from node.config import load
from node.control.checkup import Finding, Said, State, Subject, finding
from node.errors import ConfigError

_STYLES: dict[State, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_EXIT: dict[State, Exit] = {"fail": Exit.FAILED, "warn": Exit.PARTLY, "ok": Exit.OK}
_TITLES: dict[Subject, Said] = {
    "node": Said("node", "节点"),
    "moving": Said("what moves", "数据流动"),
    "cluster": Said("own cluster", "本级集群"),
    "parent": Said("parent's cluster", "上级集群"),
    "disk": Said("disks", "磁盘"),
    "certificates": Said("certificates", "证书"),
}
assert _TITLES.keys() == set(get_args(Subject))


def doctor(*, config: Path = CONFIG, session: Session = SESSION) -> int:
    """检查节点、本级与上级集群、数据流动、磁盘与证书，并说明如何处理 / Look at the node, its cluster and its parent's, what moves, disks and certificates, and say what to do.

    节点未运行时，按其配置文件检查其余部分 / Where the node does not run, the rest is checked by its configuration.

    退出码：0 正常，3 有警告，1 有错误 / Exit status: 0 all is well, 3 a warning, 1 something is wrong.

    例如 / For example:

        exchange-node doctor
        exchange-node doctor --config 445102/node.yaml
        exchange-node doctor --json | jq '.[] | select(.state != "ok")'

    Args:
        config: 节点的 YAML 文件，仅在节点无应答时使用 / The node's YAML file, for when the node does not answer.
    """
    found = _sorted(_found(config, session))
    session.tell(found, _shown(found, session))
    states = {one.state for one in found}
    return next((status for state, status in _EXIT.items() if state in states), Exit.OK)


def _found(config: Path, session: Session) -> list[Finding]:
    try:
        with open_node(session) as node:
            return node.doctor()
    except CliError as error:
        if error.status is Exit.WRONG:
            raise
        todo = (
            "start it, or name its address by --node; what follows is checked without it",
            "请启动节点，或以 --node 指明地址；以下为不经节点的检查",
        )
        return [finding("node", "answers", "fail", (error.en, error.zh), todo), *_found_alone(config, session)]


def _found_alone(config: Path, session: Session) -> list[Finding]:
    """Return what can be told of a node that does not answer: all of its configuration's faults, or what is found by it."""
    if not config.exists():
        said = f"there is no {config} here to check the rest by", f"此处没有 {config}，无法检查其余部分"
        return [
            finding(
                "node", "configuration", "warn", said, ("name the node's configuration by --config", "请以 --config 指明节点的配置文件")
            )
        ]
    from node.app import settings_of  # noqa: PLC0415  # slow to import, as the next, and mostly the node answers
    from node.runtime.examination import examine_alone  # noqa: PLC0415

    try:
        settings = settings_of(load(config, session.language))
    except ConfigError as error:
        todo = "mend it; `exchange-node check` tells the same", "请修正；`exchange-node check` 给出同样的结果"
        return [finding("node", "configuration", "fail", (problem, problem), todo) for problem in error.problems]
    well = finding("node", "configuration", "ok", (f"{config} is right", f"{config} 正确"))
    return [well, *asyncio.run(examine_alone(settings))]


def _sorted(found: Sequence[Finding]) -> list[Finding]:
    """Return findings by subject, the worst of each first."""
    subjects, states = list(_TITLES), list(_EXIT)
    return sorted(found, key=lambda one: (subjects.index(one.subject), states.index(one.state)))


def _shown(found: Sequence[Finding], session: Session) -> Group:
    columns = session.say("check", "检查项"), session.say("found", "结果"), session.say("what to do", "处理")
    shown = table("", *columns)
    subject = None
    for one in found:
        if one.subject != subject:
            subject = one.subject
            shown.add_row("", Text(session.say(*_TITLES[subject]), style="bold"), "", "")
        state = Text(one.state, style=_STYLES[one.state])
        shown.add_row(state, Text(one.check), Text(session.say(one.en, one.zh)), Text(session.say(one.do_en, one.do_zh)))
    return Group(shown, Text(_summed(found, session)))


def _summed(found: Sequence[Finding], session: Session) -> str:
    counts = {state: sum(one.state == state for one in found) for state in _EXIT}
    en = f"wrong: {counts['fail']}, warnings: {counts['warn']}, well: {counts['ok']}"
    return session.say(en, f"错误 {counts['fail']} 项，警告 {counts['warn']} 项，正常 {counts['ok']} 项")
