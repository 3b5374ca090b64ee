"""What a look at what moves finds: routes that stand or lag, and refused records that nobody has repaired."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from node.control.checkup import Finding, finding, listed
from node.model.limits import QUARANTINE_RETENTION_MS
from node.model.names import Topic

LAG_WARN_S = 30.0
"""A record takes below a second over three levels: after half a minute something stands in its way, or there is much to catch up. The alerts'
objective goes by the same figure (deploy/prometheus): whoever is woken finds here what woke him."""
_STOPPED, _WAITING, _GIVEN_UP = "stopped", "waiting", "given-up"
GONE_WARN = timedelta(days=14)
"""What is refused goes after QUARANTINE_RETENTION_MS: two weeks before, there is time to ask its department."""


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """A resource on a lane, as far as it matters here; `state` is the worst of its partitions'."""

    lane: str
    topic: str
    state: str
    why: str
    lag_seconds: float


class Waits(msgspec.Struct, frozen=True):
    """Refused records of a resource that wait: how many, and when the oldest was refused; None where that is not known."""

    records: int
    oldest_ms: int | None


def moving(routes: Collection[Moving]) -> Iterator[Finding]:
    """Yield which routes are stopped, given up, waiting or behind, the worst by name."""
    yield from _stopped([one for one in routes if one.state == _STOPPED])
    yield from _given_up([one for one in routes if one.state == _GIVEN_UP])
    waiting = sorted({f"{one.topic}: {one.why or 'its topic is not there yet'}" for one in routes if one.state == _WAITING})
    if waiting:
        en, zh = f"waiting: {listed(waiting)}", f"等待中：{listed(waiting)}"
        do = (
            "mostly the other node has to make or dispose of something first: see its `exchange-node status`",
            "多为对方节点须先建立或清除主题：请在对方查看 `exchange-node status`",
        )
        yield finding("moving", "waiting", "warn", (en, zh), do)
    yield from _late([one for one in routes if one.state not in {_STOPPED, _WAITING, _GIVEN_UP}])


def _stopped(routes: list[Moving]) -> Iterator[Finding]:
    if routes:
        some = listed([f"{_place(one)}: {one.why}" for one in routes])
        topics = Counter(one.topic for one in routes)
        en = f"{len(routes)} stopped, and nothing of them moves until an operator says how they go on: {some}"
        do = listed([f"exchange-node route resume {topic} --from-start | --from-now | --accept" for topic in topics])
        said = en, f"{len(routes)} 个已停止，在操作员决定如何继续之前不再搬运：{some}"
        yield finding(
            "moving", "stopped", "fail", said, (f"{do} (--help: what each loses or doubles)", f"{do}（各选项会丢失或重复什么，见 --help）")
        )


def _given_up(routes: list[Moving]) -> Iterator[Finding]:
    if routes:
        some = listed({one.lane for one in routes})
        en = f"given up to another process of this node's name: {len(routes)} resources on {some}"
        do = "two nodes run for one division: stop one of them, and restart this one", "同一区划有两个节点在运行：请停掉其一并重启本节点"
        yield finding("moving", "given-up", "fail", (en, f"已让给同名的另一进程：{some} 的 {len(routes)} 个资源"), do)


def _late(routes: list[Moving]) -> Iterator[Finding]:
    worst = sorted(routes, key=lambda one: -one.lag_seconds)[:3]
    if worst and worst[0].lag_seconds >= LAG_WARN_S:
        late = sum(one.lag_seconds >= LAG_WARN_S for one in routes)
        some = "; ".join(f"{_place(one)}: {one.lag_seconds:,.0f} s{f' ({one.why})' if one.why else ''}" for one in worst)
        en, zh = (
            f"{late} of {len(routes)} are more than {LAG_WARN_S:.0f} s behind; the worst: {some}",
            f"{len(routes)} 个中有 {late} 个落后超过 {LAG_WARN_S:.0f} 秒；最久：{some}",
        )
        do = (
            "much to catch up takes its time (`exchange-node status`); if it does not shrink, look at the reason beside it",
            "积压需时间消化（见 `exchange-node status`）；若不减少，请看所附原因",
        )
        yield finding("moving", "lag", "warn", (en, zh), do)
    else:
        most = worst[0].lag_seconds if worst else 0.0
        yield finding(
            "moving",
            "lag",
            "ok",
            (f"resources: {len(routes)}; {most:.0f} s behind at most", f"{len(routes)} 个资源，最多落后 {most:.0f} 秒"),
        )


def quarantined(waiting: Mapping[Topic, Waits] | None, now: datetime, trouble: str = "") -> Iterator[Finding]:
    """Yield which resources have refused records that nobody has replayed or discarded; None where that was not looked at yet, or why it cannot be."""
    if trouble:
        en, zh = f"what waits could not be counted: {trouble}", f"无法统计待处理记录：{trouble}"
        yield finding(
            "moving",
            "quarantine",
            "warn",
            (en, zh),
            ("mend what it names; it is tried again once a minute", "请按提示修复；每分钟重试一次"),
        )
    if waiting is None:
        yield finding("moving", "quarantine", "ok", ("not looked at yet: once a minute", "尚未检查：每分钟一次"))
        return
    if not waiting:
        yield finding("moving", "quarantine", "ok", ("no refused record waits", "没有待处理的被拒记录"))
        return
    edge = now - timedelta(milliseconds=QUARANTINE_RETENTION_MS) + GONE_WARN
    oldest = {topic: datetime.fromtimestamp(one.oldest_ms / 1000, UTC) for topic, one in waiting.items() if one.oldest_ms is not None}
    some = listed(
        [f"{topic}: {one.records}{f', since {oldest[topic]:%Y-%m-%d}' if topic in oldest else ''}" for topic, one in waiting.items()]
    )
    many = sum(one.records for one in waiting.values())
    late = any(moment < edge for moment in oldest.values())
    soon = (", and the oldest are removed within two weeks", "，其中最早的将在两周内被清除") if late else ("", "")
    en, zh = f"{many} refused records wait{soon[0]}: {some}", f"{many} 条被拒记录待处理{soon[1]}：{some}"
    do = (
        "their department sees why with `exchange-node quarantine show RESOURCE`, and replays or discards them",
        "请部门用 `exchange-node quarantine show 资源` 查看原因，并回放或作废",
    )
    yield finding("moving", "quarantine", "fail" if late else "warn", (en, zh), do)


def _place(one: Moving) -> str:
    return f"{one.lane} {one.topic}"
