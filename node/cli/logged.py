"""`logging`: what the running node writes into its log. Not `log`, which is about control logs: those are the book, these are for operators."""

from datetime import timedelta
from typing import Annotated

from cyclopts import App, Parameter

from node.cli.client import open_node
from node.cli.voice import SESSION, VOICE, Exit, Session, Voice, table
from node.telemetry.events import EVENTS
from node.telemetry.level import FOR_S, Level

_FOR = timedelta(seconds=FOR_S)


def build() -> App:
    """Return the family."""
    app = App(name="logging", help="运行日志：级别与事件目录 / The running node's log: its level, and which events there are.")
    app.command(level)
    app.command(events)
    return app


def level(level: Level | None = None, /, *, for_: Annotated[timedelta, Parameter(name="--for")] = _FOR, session: Session = SESSION) -> int:
    """查看或临时更改日志级别，到时自动恢复，无需重启 / Show the log's level, or change it for a while without a restart; it comes back by itself.

    操作记入审计 / It stands in the audit. 长期的级别在配置的 log.level 中 / What is to hold for good is `log.level` in the configuration.

    例如 / For example:

        exchange-node logging level
        exchange-node logging level debug --for 30m

    Args:
        level: debug、info、warning 或 error；省略则只查看 / Only shown if left out.
        for_: 多久，至多一天 / For how long, a day at most.
    """
    with open_node(session) as node:
        now = node.log_level() if level is None else node.change_log_level(level, for_.total_seconds())
    en, zh = f"{now.level}, as it is configured", f"{now.level}（配置的级别）"
    if now.ends_in_s is not None:
        left = timedelta(seconds=round(now.ends_in_s))
        en, zh = f"{now.level} for {left} more, then {now.configured} again", f"{now.level}，{left} 后恢复为 {now.configured}"
    session.tell(now, session.say(en, zh))
    return Exit.OK


def events(*, voice: Voice = VOICE) -> int:
    """列出全部日志事件：名称、级别、字段、含义与处置 / List all log events: name, level, fields, what happened, what to do.

    例如 / For example:

        exchange-node logging events
        exchange-node logging events --json | jq '.["route-stopped"]'
    """
    shown = table(voice.say("event", "事件"), voice.say("level", "级别"), voice.say("fields", "字段"), voice.say("meaning", "含义与处置"))
    for name, told in EVENTS.items():
        what, then = voice.say(told.en, told.zh), voice.say(told.do_en, told.do_zh)
        shown.add_row(name, told.levels, told.fields, f"{what} → {then}" if then else what)
    voice.tell({name: told._asdict() for name, told in EVENTS.items()}, shown)
    return Exit.OK
