"""`route`: what a node carries over its link, and letting a stopped route go on."""

from typing import Annotated

from cyclopts import App, ArgumentCollection, Group, Parameter

from node.cli.client import Mode, open_node
from node.cli.status import routes_table
from node.cli.voice import SESSION, Exit, Flag, Session


def build() -> App:
    """Return the family."""
    app = App(name="route", help="链路上的路由 / What is carried over the link.")
    app.command(list_, name="list")
    app.command(resume)
    return app


def list_(*, session: Session = SESSION) -> int:
    """列出本节点搬运的路由 / List the routes that this node carries.

    例如 / For example:

        exchange-node route list
    """
    with open_node(session) as node:
        found = node.status().routes
    session.tell(found, routes_table(found, session))
    return Exit.OK


def _exactly_one(chosen: ArgumentCollection) -> None:
    if sum(bool(argument.tokens) for argument in chosen) != 1:
        raise ValueError(
            "请选择一项 / Choose exactly one of --from-start, --from-now and --accept; --help says what each loses or doubles."
        )


_MODE = Group("选择其一 / Choose one", validator=_exactly_one, sort_key=1)


def resume(
    topic: str,
    *,
    from_start: Annotated[Flag, Parameter(group=_MODE)] = False,
    from_now: Annotated[Flag, Parameter(group=_MODE)] = False,
    accept: Annotated[Flag, Parameter(group=_MODE)] = False,
    session: Session = SESSION,
) -> int:
    """让停止的路由继续 / Let a stopped route go on.

    路由停止是因为源或目标与已搬运的不符：主题被重建、截断，或从旧备份恢复 / A route stops when its source or target is not what
    was carried so far: a topic was made anew, cut short, or restored from an older copy. 先看原因再选择 / See why, then choose:
    `exchange-node status`

    基础数据的视图跳过一段后，其中变更或删除的记录仍会显示旧内容，直到再次变更；--from-start 可纠正 / A view of state that skips a stretch goes
    on showing what was changed or deleted in it; --from-start mends that.

    例如 / For example:

        exchange-node route resume 445102.civil-affairs.villages --accept

    Args:
        topic: 主题，其全部停止的分区一并继续 / The topic; all its stopped partitions go on.
        from_start: 从源的最早一条重新搬运：目标已有的会重复 / From the oldest record of the source: what the target already holds is doubled.
        from_now: 从源的末尾继续：其间的记录不会到达 / From the end of the source: what lies between never arrives.
        accept: 从停下处继续，认可两端现状：源已没有的会丢失 / From where it stood, both sides taken as they are: what the source no longer has is lost.
    """
    mode: Mode = "from-start" if from_start else "from-now" if from_now else "accept"
    assert from_start + from_now + accept == 1
    with open_node(session) as node:
        routes = node.resume(topic, mode)
    partitions = ", ".join(str(route.partition) for route in routes)
    en = f"{topic} goes on ({mode}), partitions {partitions}; `exchange-node status` shows it flowing"
    session.tell({"routes": routes}, session.say(en, f"{topic} 已继续（{mode}），分区 {partitions}；可用 `exchange-node status` 查看"))
    return Exit.OK
