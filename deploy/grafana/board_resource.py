"""One resource, from its owner's gate to the last taker."""

from panels import Json, dashboard, lines, query, row, stat, table, variable

_OF = 'resource=~"$resource([.](inbox|v-.*))?"'
"""The resource itself, its inbox and its views."""
_ON = "{" + _OF + "}"
_GATE = '{lane="gate",resource="$resource.inbox"}'
_RATE = "[$__rate_interval]"


def make() -> Json:
    """Return the dashboard."""
    return dashboard(
        "resource",
        "资源流向 / Resource",
        "一个资源从数源方到每个使用方：发布、通过、拒绝，各通道的速度、延迟与时效 / One resource from its owner to every taker: published, passed, refused, and each lane's rate, lag and age",
        [
            variable(
                "resource",
                "资源 / Resource",
                "label_values(exchange_lag_seconds, resource)",
                regex=r"/^(?!\d+\.node\.)(.+?)(?:\.inbox|\.v-[^.]+)?$/",
            )
        ],
        [*_wrong(), row("闸口 / Gate"), *_gate(), row("到各使用方 / To every taker"), *_lanes()],
    )


def _wrong() -> list[Json]:
    refused = '(sum(rate(exchange_refused_records_total{resource="$resource.inbox"}[5m])) or vector(0))'
    passed = f"sum(rate(exchange_records_total{_GATE}[5m]))"
    return [
        stat(
            "停止的分区 / Stopped",
            "须人工恢复 / They stand still until somebody resumes them",
            f"sum(exchange_route_stopped{_ON}) or vector(0)",
            red=1,
        ),
        stat(
            "等待的分区 / Waiting", "主题尚未建立 / Their topic is not there yet", f"sum(exchange_route_waiting{_ON}) or vector(0)", amber=1
        ),
        stat("最大延迟 / Worst lag", "各通道中最大的 / Of all lanes", f"max(exchange_lag_seconds{_ON})", unit="s", amber=10, red=30),
        stat(
            "追平时间 / Time to catch up",
            "最慢的通道 / Of the slowest lane",
            f"max(exchange_catch_up_seconds{_ON})",
            unit="s",
            amber=60,
            red=600,
        ),
        stat(
            "拒绝比例 / Refused",
            "最近五分钟 / In the last five minutes",
            f"{refused} / ({passed} > 0) or vector(0)",
            unit="percentunit",
            amber=0.01,
            red=0.05,
        ),
        stat(
            "隔离区 / Quarantine",
            "待处理的被拒记录 / Refused records that wait",
            'sum(exchange_quarantine_records{resource="$resource"}) or vector(0)',
            amber=1,
        ),
        stat(
            "今日发布 / Published today",
            "自北京时间零点起通过闸口的记录 / Records that passed the gate since midnight in Shanghai",
            f'sum(exchange_volume_records{{{_OF},direction="published"}})',
        ),
        stat(
            "今日搬运 / Carried today",
            "自零点起经链路与视图写入的记录 / Records that links and views wrote since midnight",
            f'sum(exchange_volume_records{{{_OF},direction!="published"}})',
        ),
    ]


def _gate() -> list[Json]:
    return [
        lines(
            "发布与通过 / Published and passed",
            "每秒，通过与隔离之和即发布 / A second; passed and quarantined together are what was published",
            [query(f"sum by (outcome) (rate(exchange_records_total{_GATE}{_RATE}))", "{{outcome}}")],
            unit="cps",
            stacked=True,
        ),
        lines(
            "拒绝原因 / Refused, by reason",
            "每秒 / A second",
            [query(f'sum by (reason) (rate(exchange_refused_records_total{{resource="$resource.inbox"}}{_RATE}))', "{{reason}}")],
            unit="cps",
            stacked=True,
        ),
        lines(
            "警告 / Warned",
            "违反仅警告的规则而通过 / Passed although a rule that only warns is broken",
            [query(f'sum by (rule) (rate(exchange_warned_records_total{{resource="$resource.inbox"}}{_RATE}))', "{{rule}}")],
            unit="cps",
        ),
        lines(
            "隔离区中最早的记录 / Oldest in quarantine",
            "等待了多久 / How long it has waited",
            [query('time() - max(exchange_quarantine_oldest_timestamp_seconds{resource="$resource"})', "age")],
            unit="s",
            red=3 * 86400,
        ),
    ]


def _lanes() -> list[Json]:
    by = "division, lane, resource"
    name = "{{division}} {{lane}} {{resource}}"
    bucket = f"sum by (division, lane, le) (rate(exchange_age_seconds_bucket{_RATE})) and on (division, lane) exchange_lag_seconds{_ON}"
    return [
        table(
            "各通道 / Lanes",
            "每个节点的每条通道：速度、延迟、追平时间 / Each lane of each node: records a second, lag, time to catch up",
            {
                "记录/秒 / records/s": (f'sum by ({by}) (rate(exchange_records_total{{{_OF},outcome!="filtered"}}[1m]))', "cps", None),
                "延迟 / lag": (f"max by ({by}) (exchange_lag_seconds{_ON})", "s", 30),
                "待搬运 / behind": (f"sum by ({by}) (exchange_lag_records{_ON})", "short", None),
                "追平 / catch up": (f"max by ({by}) (exchange_catch_up_seconds{_ON})", "s", 600),
            },
            width=24,
        ),
        lines(
            "记录数 / Records",
            "每秒，按节点与通道 / A second, by node and lane",
            [query(f"sum by ({by}, outcome) (rate(exchange_records_total{_ON}{_RATE}))", name + " {{outcome}}")],
            unit="cps",
        ),
        lines(
            "延迟 / Lag",
            "最早一条尚未搬运的记录的年龄 / Age of the oldest record not yet carried",
            [query(f"max by ({by}) (exchange_lag_seconds{_ON})", name)],
            unit="s",
            red=30,
        ),
        lines(
            "记录年龄 / Age",
            "其所经通道上，从记录的时间到该处提交：中位与 99% / On the lanes that it takes, from a record's timestamp to its commit there: median and 99 %",
            [
                query(f"histogram_quantile(0.5, {bucket})", "{{division}} {{lane}} p50"),
                query(f"histogram_quantile(0.99, {bucket})", "{{division}} {{lane}} p99"),
            ],
            unit="s",
        ),
        lines(
            "最新记录 / Newest record",
            "各通道最近搬运的记录是多久以前的 / How old the newest record is that each lane has carried",
            [query(f"time() - max by ({by}) (exchange_newest_timestamp_seconds{_ON})", name)],
            unit="s",
        ),
        lines(
            "追平时间 / Time to catch up",
            "按最近一分钟的速度；没有曲线的部分为不收敛 / At the rate of the last minute; where it has no end, the backlog does not shrink",
            [query(f"max by ({by}) (exchange_catch_up_seconds{_ON})", name)],
            unit="s",
        ),
        lines(
            "今日 / Today",
            "自北京时间零点起，按部门与方向 / Since midnight in Shanghai, by department and direction",
            [
                query(
                    f"sum by (division, department, direction) (exchange_volume_records{_ON})", "{{division}} {{department}} {{direction}}"
                )
            ],
        ),
    ]
