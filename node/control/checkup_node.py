"""What a look at the node itself finds: why it is not ready, control logs, clocks, neighbours' versions, days off, and tokens that end."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta

from node.control.calendar import Calendar
from node.control.checkup import Finding, State, Subject, finding, listed
from node.model.names import Division

SKEW_WARN_S, SKEW_FAIL_S = 1.0, 60.0
"""Clocks kept by NTP are some milliseconds apart. After a minute what was entered just now is refused, and marks and terms move by as much."""
REFUSES_EN = "By the gate's clock `not-future` refuses any moment that is ahead (days of grace apart), and `timestamp` any record more than an hour ahead"
REFUSES_ZH = "按闸口时钟，not-future 拒收任何超前的时刻（宽限天数除外），timestamp 拒收超前一小时以上的记录"
"""The alert ClockSkew says it in the same words. The hour is `node.transform.gate.AHEAD_MS_MAX`."""
OCTOBER, DECEMBER = 10, 12
"""The State Council tells a year's days off mostly in the November before. In December, 10 working days of an answer and 10 more of its extension
end in January or later."""
TOKEN_WARN = timedelta(days=14)
"""Two weeks: as long as whoever makes tokens may be away."""


def ready(reasons: Collection[str]) -> Iterator[Finding]:
    """Yield why the node is not ready."""
    for reason in reasons:
        do = "what stands there has to be mended; the node goes on by itself", "请按所述修复；节点会自行恢复"
        yield finding("node", "ready", "fail", (reason, reason), do)
    if not reasons:
        yield finding("node", "ready", "ok", ("the node does all it is there for", "节点运行正常"))


def control_logs(alarms: Mapping[Division, str], unknown: int) -> Iterator[Finding]:
    """Yield of whose control log no more is taken, by author with the cause, and how many events a newer node has written."""
    for author, why in sorted(alarms.items()):
        en = f"the control log of {author} is taken no further: {why}. Grants and their ends from there count for nothing here"
        zh = f"{author} 的控制日志不再被采信：{why}。其后的授权与终止在本节点不生效"
        do = "find out with its operator what was written; a key that is lost or stolen: `exchange-node key`, vouched for by its parent"
        yield finding(
            "node", "control-logs", "fail", (en, zh), (do, "请与其操作员查明写入了什么；密钥丢失或被盗：`exchange-node key`，由其上级担保")
        )
    if unknown:
        en, zh = (
            f"{unknown} events of control logs are of kinds that this version does not know: they move nothing here",
            f"控制日志中有 {unknown} 个本版本不认识的事件：在本节点不起作用",
        )
        yield finding(
            "node", "control-logs", "warn", (en, zh), ("bring this node to the version of the newer ones", "请将本节点升级到较新节点的版本")
        )
    if not alarms and not unknown:
        yield finding("node", "control-logs", "ok", ("all control logs are taken to their end", "全部控制日志已采信到末尾"))


def clock(subject: Subject, ahead_s: float | None) -> Iterator[Finding]:
    """Yield how far a cluster's clock is before the node's; nothing where that is not known."""
    if ahead_s is None:
        return
    apart = abs(ahead_s)
    way_en, way_zh = ("ahead of", "快") if ahead_s > 0 else ("behind", "慢")
    en, zh = f"its clock is {apart:.1f} s {way_en} the node's", f"其时钟比节点{way_zh} {apart:.1f} 秒"
    if apart < SKEW_WARN_S:
        yield finding(subject, "clock", "ok", (en, zh))
        return
    broken_en = f"legal terms end at another moment, and nodes cut days elsewhere. {REFUSES_EN}"
    broken_zh = f"法定时限的截止时刻偏移，各节点日切点不一致。{REFUSES_ZH}"
    state: State = "fail" if apart >= SKEW_FAIL_S else "warn"
    do = "keep both machines by NTP (chrony), and find out which of the two is wrong", "请在两台机器上启用 NTP（chrony），并查明哪一方不准"
    yield finding(subject, "clock", state, (f"{en}: {broken_en}", f"{zh}：{broken_zh}"), do)


def neighbours(own: str, theirs: Mapping[Division, str], parent: Division | None) -> Iterator[Finding]:
    """Yield whether the nodes of the parent and the children have versions that go with this one's."""
    if not theirs:
        return
    mine, found = _version(own), {code: _version(text) for code, text in theirs.items()}
    other = [code for code, version in found.items() if version and mine and version[0] != mine[0]]
    apart = [code for code, version in found.items() if version and mine and code not in other and abs(version[1] - mine[1]) > 1]
    if other or apart:
        some = listed([f"{code}{' (parent)' if code == parent else ''}: {theirs[code]}" for code in (*other, *apart)])
        en, zh = f"this node has {own}; versions that do not go with it: {some}", f"本节点为 {own}；与之不相配的版本：{some}"
        do = (
            "bring all nodes to one version, from the root down, one minor version at a time",
            "请自根节点起逐级升级到同一版本，每次只跨一个次版本",
        )
        yield finding("node", "versions", "fail" if other else "warn", (en, zh), do)
    else:
        yield finding(
            "node",
            "versions",
            "ok",
            (f"{own}, and neighbours go with it: {listed(_told(theirs))}", f"{own}，与相邻节点相配：{listed(_told(theirs))}"),
        )


def _told(theirs: Mapping[Division, str]) -> list[str]:
    return [f"{code}: {version}" for code, version in theirs.items()]


def _version(text: str) -> tuple[int, int] | None:
    """Return major and minor, None for what is no version."""
    parts = text.split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) > 1 and parts[0].isdecimal() and parts[1].isdecimal() else None


def holidays(calendar: Calendar, today: date) -> Finding:
    """Return whether the days off of this year are known, and of the next as soon as terms reach into it."""
    needed = [today.year, today.year + 1] if today.month >= OCTOBER else [today.year]
    lacking = [year for year in needed if year not in calendar.years]
    if not lacking:
        last = max(calendar.years)
        return finding("node", "holidays", "ok", (f"days off are known up to {last}", f"已掌握至 {last} 年的放假安排"))
    years = ", ".join(map(str, lacking))
    en, zh = (
        f"the days off of {years} are not known: legal terms that end then cannot be told",
        f"未掌握 {years} 年的放假安排：届时到期的法定时限无法计算",
    )
    do_en = f"write the State Council's days off and worked weekend days into a file with `holidays`, `workdays` and `years: [{years}]`, name it as `calendar: FILE` in the node's configuration and restart, or install a newer chinesecalendar"
    do_zh = f"请将国务院公布的放假和调休上班日期写入文件（`holidays`、`workdays`、`years: [{years}]`），在节点配置中以 `calendar: 文件` 指明并重启，或升级 chinesecalendar"
    state: State = "fail" if today.year in lacking or today.month >= DECEMBER else "warn"
    return finding("node", "holidays", state, (en, zh), (do_en, do_zh))


def tokens(until: Mapping[str, date], today: date) -> Iterator[Finding]:
    """Yield which tokens end soon; `until` has the last day of each that has one and counts still, by its id and role."""
    soon = {token: day for token, day in until.items() if today <= day < today + TOKEN_WARN}
    if soon:
        some = listed([f"{token} ({day})" for token, day in soon.items()])
        do = (
            "make new ones before: `exchange-node access add`; whose they are: `exchange-node access list`",
            "请提前用 `exchange-node access add` 新建；所属人见 `exchange-node access list`",
        )
        yield finding("node", "tokens", "warn", (f"tokens that end soon: {some}", f"即将到期的令牌：{some}"), do)
