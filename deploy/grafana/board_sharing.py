"""Requests by their legal clocks, grants and their ends, objections."""

from panels import Json, dashboard, lines, query, row, stat, table, variable

_ON = '{division=~"$division"}'


def _state(metric: str, word: str) -> str:
    return f'sum({metric}{{division=~"$division",state="{word}"}})'


def make() -> Json:
    """Return the dashboard."""
    return dashboard(
        "sharing",
        "共享与授权 / Sharing",
        "申请及其法定期限、授权及其到期、异议；每项只在数源方的节点计数 / Requests and their legal terms, grants and their ends, objections; each is counted at its owner's node alone",
        [variable("division", "区划 / Division", 'label_values(up{job="exchange-node"}, division)', several=True)],
        [
            *_wrong(),
            row("申请 / Requests"),
            *_requests(),
            row("授权 / Grants"),
            *_grants(),
            row("异议与处置 / Objections and disposals"),
            *_objections(),
        ],
    )


def _wrong() -> list[Json]:
    return [
        stat(
            "逾期 / Overdue",
            "法定期限已过的种类数 / Kinds of legal terms that are over",
            f"count(exchange_request_due_seconds{_ON} < 0) or vector(0)",
            red=1,
        ),
        stat(
            "最近的期限 / Next term",
            "距最近一项法定期限 / Until the next legal term is over",
            f"min(exchange_request_due_seconds{_ON})",
            unit="s",
        ),
        stat(
            "待答复 / Waiting",
            "等待数源方答复的申请 / Requests that wait for their owner's answer",
            _state("exchange_requests", "waiting"),
            amber=1,
        ),
        stat(
            "待补正 / Incomplete",
            "等待申请方补正的申请 / Requests that wait for what is missing",
            _state("exchange_requests", "incomplete"),
            amber=1,
        ),
        stat(
            "七日内到期 / End in 7 days",
            "一周内到期的授权 / Grants that are over within a week",
            'sum(exchange_grants_ending{division=~"$division",within="7d"})',
            amber=1,
        ),
        stat("已暂停 / Suspended", "已暂停的授权 / Grants that are suspended", _state("exchange_grants", "suspended"), amber=1),
        stat(
            "异议 / Objections",
            "数源方提出终止、等待主管部门决定的授权 / Grants whose owner wants them to end, and which wait for the authority",
            _state("exchange_objections", "waiting"),
            amber=1,
        ),
        stat("期限无法计算 / Untold", "工作日历缺少年份 / The calendar lacks a year", f"sum(exchange_clocks_untold{_ON})", red=1),
    ]


def _requests() -> list[Json]:
    return [
        table(
            "期限 / Terms",
            "每种期限中最先到期的一项 / Of each kind of term the one that is over first",
            {"剩余 / left": (f"min by (division, kind, state) (exchange_request_due_seconds{_ON})", "s", None)},
        ),
        lines("申请 / Requests", "按状态 / By state", [query(f"sum by (state) (exchange_requests{_ON})", "{{state}}")], stacked=True),
        lines(
            "剩余时间 / Time left",
            "负数为逾期 / Negative when it is over",
            [query(f"min by (kind) (exchange_request_due_seconds{_ON})", "{{kind}}")],
            unit="s",
            least=None,
        ),
        lines(
            "提醒 / Reminders",
            "每日即将到期与逾期的期限 / Terms that came to be due soon, or overdue, in a day",
            [query(f"sum by (kind, state) (increase(exchange_clock_events_total{_ON}[1d]))", "{{kind}} {{state}}")],
        ),
    ]


def _grants() -> list[Json]:
    return [
        lines("授权 / Grants", "按状态 / By state", [query(f"sum by (state) (exchange_grants{_ON})", "{{state}}")], stacked=True),
        lines(
            "即将到期 / Soon over",
            "7 日与 30 日内 / Within 7 and 30 days",
            [query(f"sum by (within) (exchange_grants_ending{_ON})", "{{within}}")],
        ),
        table(
            "各区划 / By division",
            "有效的授权、待答复的申请 / Grants that flow, requests that wait",
            {
                "有效 / flowing": ('sum by (division) (exchange_grants{division=~"$division",state="flowing"})', "short", None),
                "30 日内到期 / end in 30 days": (
                    'sum by (division) (exchange_grants_ending{division=~"$division",within="30d"})',
                    "short",
                    1,
                ),
                "待答复 / waiting": ('sum by (division) (exchange_requests{division=~"$division",state="waiting"})', "short", None),
            },
        ),
        lines(
            "账本 / The book",
            "事件，按结果 / Events, by outcome",
            [query(f"max by (outcome) (exchange_control_events{_ON})", "{{outcome}}")],
        ),
    ]


def _objections() -> list[Json]:
    return [
        lines(
            "异议 / Objections",
            "等待决定，或主管部门已同意终止 / Waiting, or the authority has agreed to the end",
            [query(f"sum by (state) (exchange_objections{_ON})", "{{state}}")],
        ),
        lines(
            "处置与权限 / Disposals and rights",
            "每小时处置的副本与变更的权限 / Copies disposed of, and rights changed, an hour",
            [
                query(f"sum(increase(exchange_copies_disposed_total{_ON}[1h]))", "disposed"),
                query(f"sum by (change) (increase(exchange_rights_changed_total{_ON}[1h]))", "{{change}}"),
            ],
        ),
    ]
