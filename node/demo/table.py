"""The demo's screen: each link and resource as it moves, and the sum at the end."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from node.demo.requesting import Course
from node.demo.sides import Sides
from node.demo.takers import Received
from node.demo.trespass import Attempt


class Flow(msgspec.Struct):
    """One resource on one link, or at its gate."""

    link: str
    resource: str
    records: int = 0
    per_second: float = 0.0
    lag_s: float = 0.0
    state: str = ""


class Board:
    """Keeps the figures of all links and draws them."""

    def __init__(self, lang: str) -> None:
        self._zh = lang == "zh"
        self._flows: dict[tuple[str, str], Flow] = {}
        self._links: dict[str, str] = {}

    def say(self, en: str, zh: str) -> str:
        """Return the text in the reader's language."""
        return zh if self._zh else en

    def update(self, division: str, status: Mapping[str, Any] | None, elapsed_s: float) -> None:
        """Take a node's status as it is now; None: it did not answer."""
        if status is None:
            self._links[division] = self.say("the node does not answer", "节点无应答")
            return
        self._links.pop(division, None)
        link = status["link"]
        if link is not None:
            self._links[division] = "" if link["up"] and not link["trouble"] else link["trouble"] or self.say("down", "中断")
        sums: dict[tuple[str, str], Flow] = {}
        for route in status["routes"]:
            if route["topic"].split(".")[1] == "node":
                continue
            name = self._name(division, route["lane"], link["parent"] if link else "")
            resource = route["topic"].removesuffix(".inbox")
            flow = sums.setdefault((resource, name), Flow(name, resource))
            flow.records += route["records"]
            flow.lag_s = max(flow.lag_s, route["lag_seconds"])
            flow.state = route["reason"] or route["state"] if route["state"] != "flowing" or not flow.state else flow.state
        for key, flow in sums.items():
            before = self._flows.get(key)
            if before is not None and elapsed_s > 0:
                flow.per_second = max(flow.records - before.records, 0) / elapsed_s
            self._flows[key] = flow

    def _name(self, division: str, lane: str, parent: str) -> str:
        if lane == "gate":
            return f"{division} {self.say('gate', '闸口')}"
        if lane == "view":
            return f"{division} {self.say('view', '视图')}"
        return f"{division} → {parent}" if lane == "link-up" else f"{parent} → {division}"

    def draw(self, note: str) -> RenderableType:
        """Return the screen."""
        table = _table(
            self,
            ("What moves", "数据流动"),
            ("link", "链路", False),
            ("resource", "资源", False),
            ("records", "记录数", True),
            ("records/s", "记录/秒", True),
            ("lag, s", "滞后（秒）", True),
            ("state", "状态", False),
        )
        for flow in sorted(self._flows.values(), key=lambda one: (one.resource, one.link)):
            table.add_row(flow.link, flow.resource, f"{flow.records:,}", f"{flow.per_second:,.0f}", f"{flow.lag_s:.1f}", flow.state)
        troubles = [Text(f"{division}: {why}", style="red") for division, why in self._links.items() if why]
        return Group(table, *troubles, Text(note, style="dim"))


class Arrived(msgspec.Struct, frozen=True):
    """What one taker has of a resource, beside what was published and what of it was refused."""

    resource: str
    published: int
    refused: int
    taker: str
    received: Received
    equal: bool


def summary(board: Board, rows: Iterable[Arrived]) -> Table:
    """Return the table of what each taker has."""
    table = _table(
        board,
        ("What arrived", "核对结果"),
        ("resource", "资源", False),
        ("published", "发布", True),
        ("refused", "隔离", True),
        ("taker", "使用部门", False),
        ("received", "收到", True),
        ("SHA-256", "SHA-256", False),
        ("equal", "一致", False),
    )
    for one in rows:
        figures = f"{one.published:,}", f"{one.refused:,}", one.taker, f"{one.received.records:,}", one.received.sha256[:12]
        table.add_row(one.resource, *figures, _mark(board, equal=one.equal))
    return table


def refusals(board: Board, rows: Iterable[tuple[str, Mapping[str, int], Mapping[str, int]]]) -> Table:
    """Return the table of what lies in quarantine: of each resource what is wrong by reason and field, and what was found so."""
    table = _table(
        board,
        ("What the gate refused", "闸口隔离"),
        ("resource", "资源", False),
        ("reason and field", "原因与字段", False),
        ("wrong", "有误", True),
        ("refused", "隔离", True),
        ("equal", "一致", False),
    )
    for resource, wrong, found in rows:
        for reason in sorted({*wrong, *found}):
            made, got = wrong.get(reason, 0), found.get(reason, 0)
            table.add_row(resource, reason, f"{made:,}", f"{got:,}", _mark(board, equal=made == got))
    return table


def both(board: Board, sides: Sides) -> Table:
    """Return the table of one row as its owner holds it and as the view's taker got it."""
    table = _table(
        board,
        ("One row, at its owner and at the view's taker", "同一条记录：数源方与视图使用方"),
        ("field", "字段", False),
        ("owner", "数源方", False),
        ("taker", "使用方", False),
    )
    for field, owned, taken in sides.sample:
        table.add_row(field, owned, taken or Text(board.say("not granted", "未授权"), style="dim"))
    return table


def course(board: Board, told: Course) -> Group:
    """Return what came of the request: who did what when, its clock, and how fast the decision took effect."""
    table = _table(
        board,
        ("How taxation came to it", "税务部门的申请"),
        ("when", "时间", False),
        ("act", "事项", False),
        ("by", "办理人", False),
    )
    for step in told.standing["course"]:
        by = step["by"]
        table.add_row(step["at"][:19].replace("T", " "), step["kind"], f"{by['name']} ({by['role']})")
    clock = told.standing["clock"]
    lines = [] if clock is None else [f"{clock['kind']}: {board.say('due', '期限')} {clock['due']}, {clock['state']}"]
    lines.append(
        board.say(
            f"records flowed {told.flowed_s:.1f} s after the decision; suspended: all copies disposed of in {told.disposed_s:.1f} s, "
            f"{'nothing came' if told.stopped else 'RECORDS CAME OR ARE MISSING'}; all of it anew {told.resumed_s:.1f} s after the suspension ended",
            f"决定后 {told.flowed_s:.1f} 秒开始流动；暂停后 {told.disposed_s:.1f} 秒各副本均已清除，期间{'无数据到达' if told.stopped else '数据有误'}；"
            f"恢复后 {told.resumed_s:.1f} 秒全部重新到达",
        )
    )
    return Group(table, *map(Text, lines))


def closed(board: Board, attempts: Sequence[Attempt]) -> Table:
    """Return the table of what was tried without a right, and what Kafka answered."""
    table = _table(
        board,
        ("What Kafka refuses", "Kafka 拒绝的访问"),
        ("who", "谁", False),
        ("tried to", "试图", False),
        ("topic", "主题", False),
        ("answer", "应答", False),
        ("refused", "已拒绝", False),
    )
    for one in attempts:
        mark = Text("✓", style="green") if one.refused else Text(board.say("LET IN", "放行"), style="bold red")
        table.add_row(one.who or board.say("(nobody)", "（匿名）"), one.what, one.topic, one.answer, mark)
    return table


def _table(board: Board, title: tuple[str, str], *columns: tuple[str, str, bool]) -> Table:
    table = Table(title=board.say(*title), title_justify="left")
    for en, zh, right in columns:
        table.add_column(board.say(en, zh), justify="right" if right else "left", no_wrap=True)
    return table


def _mark(board: Board, *, equal: bool) -> Text:
    return Text("✓", style="green") if equal else Text(board.say("NOT EQUAL", "不一致"), style="bold red")
