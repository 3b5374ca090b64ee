"""`view`: what takers are granted of a resource where it is less than the whole."""

from cyclopts import App
from rich.console import Group
from rich.text import Text

from node.cli.answered import ViewInfo, ViewShown
from node.cli.client import open_node
from node.cli.item_shown import fields_table
from node.cli.shows import shows
from node.cli.status import routes_table
from node.cli.voice import SESSION, Exit, Session, table


def build() -> App:
    """Return the family."""
    app = App(
        name="view", help="视图：只含所授权字段和行的主题 / Views: topics with the fields and rows that were granted, and nothing else."
    )
    app.command(list_, name="list")
    app.command(show)
    return app


def list_(*, session: Session = SESSION) -> int:
    """列出有效授权所需的视图 / List the views that active grants need.

    读、滤、送的条数仅在切分视图的节点（数源方）可见 / Records read, filtered out and sent are known where a view is cut: on its owner's node.

    例如 / For example:

        exchange-node view list
        exchange-node view list --json | jq '.[] | {topic, takers, cut}'
    """
    with open_node(session) as node:
        found = node.views()
    read, filtered, sent = session.say("read", "读"), session.say("filtered", "滤除"), session.say("sent", "送出")
    made = table(
        session.say("view", "视图"),
        session.say("takers", "使用部门"),
        session.say("shows", "内容"),
        session.say("state", "状态"),
        read,
        filtered,
        sent,
        right=(read, filtered, sent),
    )
    for one in found:
        cut = one.cut
        figures = ("", "", "") if cut is None else (f"{cut.read:,}", f"{cut.filtered:,}", f"{cut.sent:,}")
        made.add_row(one.topic, ", ".join(one.takers), _shows(one, session), _states(one), *figures)
    session.tell(found, made)
    return Exit.OK


def show(view: str, *, session: Session = SESSION) -> int:
    """显示一个视图：内容、模式、各分区的状态与延迟 / Show a view: what it has, its schema, state and lag of its partitions.

    例如 / For example:

        exchange-node view show 445102.civil-affairs.villages.v-0123456789ab
        exchange-node view show 445102.civil-affairs.villages.v-0123456789ab --json | jq .schema

    Args:
        view: 视图的主题，见 view list / The view's topic, as view list shows it.
    """
    with open_node(session) as node:
        found = node.view(view)
    session.tell(found, _shown(found, session))
    return Exit.OK


def _shown(found: ViewShown, session: Session) -> Group:
    one = found.view
    grants = ", ".join(f"{author}/{sequence}" for author, sequence in one.grants)
    parts: list[Text | Group] = [
        Text(one.topic, style="bold"),
        Text(session.say(f"of {one.resource}: ", f"资源 {one.resource}：") + _shows(one, session)),
        Text(session.say(f"takers: {', '.join(one.takers)}; grants: {grants}", f"使用部门：{', '.join(one.takers)}；授权：{grants}")),
    ]
    if one.cut is not None:
        cut = one.cut
        en = f"read {cut.read:,} records ({cut.bytes:,} bytes), filtered {cut.filtered:,}, sent {cut.sent:,}"
        parts.append(Text(session.say(en, f"读 {cut.read:,} 条（{cut.bytes:,} 字节），滤除 {cut.filtered:,} 条，送出 {cut.sent:,} 条")))
    if found.schema is None:
        en = "its schema has not come with its owner's control log yet"
        parts.append(Text(session.say(en, "其模式尚未随数源方的控制日志到达"), style="yellow"))
    else:
        parts += [
            Text(session.say(f"schema {found.schema_id}", f"模式 {found.schema_id}")),
            Group(Text(), fields_table(found.schema, session)),
        ]
    if found.routes:
        parts.append(Group(Text(), routes_table(found.routes, session)))
    return Group(*parts)


def _shows(view: ViewInfo, session: Session) -> str:
    return shows(view.fields, view.rows, view.masks, view.history, session)


def _states(view: ViewInfo) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(view.states.items()))
