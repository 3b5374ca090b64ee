"""One node: its lanes, what its gate refuses, its transactions and its process."""

from panels import OK_OR_NOT, Json, dashboard, lines, query, row, stat, states, table, variable

_ON = '{division="$division"}'


def _quantile(share: float, by: str) -> str:
    return f"histogram_quantile({share}, sum by ({by}, le) (rate(exchange_age_seconds_bucket{_ON}[$__rate_interval])))"


def make() -> Json:
    """Return the dashboard."""
    return dashboard(
        "node",
        "交换节点 / Node",
        "一个节点：通道、闸口、隔离区、事务与进程 / One node: lanes, gate, quarantine, transactions, process",
        [variable("division", "区划 / Division", 'label_values(up{job="exchange-node"}, division)')],
        [
            *_wrong(),
            row("通道 / Lanes"),
            *_lanes(),
            row("闸口与隔离区 / Gate and quarantine"),
            *_gate(),
            row("事务与账本 / Transactions and the book"),
            *_written(),
            row("进程与机器 / Process and machine"),
            *_machine(),
        ],
    )


def _wrong() -> list[Json]:
    ending = f"min(exchange_certificate_not_after_timestamp_seconds{_ON}) - time()"
    return [
        stat(
            "就绪 / Ready",
            "履行全部职责为 ✓，原因见 /readyz / ✓ if it does all that it is there for; /readyz says why not",
            f"min(exchange_ready{_ON}) or vector(0)",
            red=0.5,
            amber=1,
            mappings=OK_OR_NOT,
        ),
        stat(
            "停止的分区 / Stopped",
            "须人工恢复 / They stand still until somebody resumes them",
            f"sum(exchange_route_stopped{_ON}) or vector(0)",
            red=1,
        ),
        stat(
            "等待的分区 / Waiting",
            "主题尚未建立或须先处置 / Their topic is not there yet, or has to be disposed of first",
            f"sum(exchange_route_waiting{_ON}) or vector(0)",
            amber=1,
        ),
        stat(
            "最大延迟 / Worst lag",
            "所有路由中最大的延迟 / The greatest lag of its routes",
            f"max(exchange_lag_seconds{_ON})",
            unit="s",
            amber=10,
            red=30,
        ),
        stat(
            "隔离区 / Quarantine",
            "待处理的被拒记录 / Refused records that wait",
            f"sum(exchange_quarantine_records{_ON}) or vector(0)",
            amber=1,
        ),
        stat(
            "放弃的分片 / Given up",
            "被同名进程占用的分片 / Shards that another process with this name holds",
            'sum(exchange_shards{division="$division",phase="given-up"}) or vector(0)',
            red=1,
        ),
        stat(
            "磁盘剩余 / Disk left",
            "最满的磁盘 / Of the fullest disk",
            f"min(exchange_disk_free_bytes{_ON} / exchange_disk_size_bytes{_ON})",
            unit="percentunit",
            amber=0.20,
            red=0.05,
        ),
        stat(
            "证书有效期 / Certificates",
            "最先到期的证书还有多久 / Until the first certificate ends",
            ending,
            unit="s",
            amber=30 * 86400,
            red=7 * 86400,
        ),
    ]


def _lanes() -> list[Json]:
    return [
        lines(
            "记录数 / Records",
            "每秒记录，按通道与结果 / Records a second, by lane and outcome",
            [query(f"sum by (lane, outcome) (rate(exchange_records_total{_ON}[$__rate_interval]))", "{{lane}} {{outcome}}")],
            unit="cps",
            stacked=True,
        ),
        lines(
            "字节数 / Bytes",
            "每秒字节 / Bytes a second",
            [query(f"sum by (lane, outcome) (rate(exchange_bytes_total{_ON}[$__rate_interval]))", "{{lane}} {{outcome}}")],
            unit="Bps",
            stacked=True,
        ),
        lines(
            "记录年龄 / Age",
            "从记录的时间到此处提交：中位与 99% / From a record's timestamp to its commit here: median and 99 %",
            [query(_quantile(0.5, "lane"), "{{lane}} p50"), query(_quantile(0.99, "lane"), "{{lane}} p99")],
            unit="s",
        ),
        lines(
            "延迟 / Lag",
            "每条通道最大的延迟 / The greatest lag of each lane",
            [query(f"max by (lane) (exchange_lag_seconds{_ON})", "{{lane}}")],
            unit="s",
            red=30,
        ),
        lines(
            "追平时间 / Time to catch up",
            "按最近一分钟的速度 / At the rate of the last minute",
            [query(f"max by (lane) (exchange_catch_up_seconds{_ON})", "{{lane}}")],
            unit="s",
        ),
        lines(
            "待搬运 / Records behind",
            "尚未搬运的记录 / Records not yet carried",
            [query(f"sum by (lane) (exchange_lag_records{_ON})", "{{lane}}")],
        ),
        states(
            "分片 / Shards",
            "每条通道的分片，按阶段 / Shards of each lane, by phase",
            [query(f"sum by (lane, phase) (exchange_shards{_ON})", "{{lane}} {{phase}}")],
        ),
        table(
            "停止的路由 / Stopped routes",
            "原因；恢复用 route resume / Why; `route resume` lets them go on",
            {"分区 / partitions": (f"sum by (lane, resource, reason) (exchange_route_stopped{_ON}) > 0", "short", 1)},
        ),
        lines(
            "限速 / Rate limits",
            "链路与资源的上限 / Limits of the link and of resources",
            [query(f"exchange_rate_limit_bytes_per_second{_ON}", "{{lane}} {{resource}}")],
            unit="Bps",
        ),
        lines(
            "受限时间 / Throttled",
            "因限速而等待的时间占比 / Share of the time spent waiting for a limit",
            [query(f"sum by (lane) (rate(exchange_throttled_seconds_total{_ON}[$__rate_interval]))", "{{lane}}")],
            unit="percentunit",
        ),
    ]


def _gate() -> list[Json]:
    return [
        lines(
            "闸口 / Gate",
            "每秒通过与隔离的记录 / Records a second that passed, and that were refused",
            [query('sum by (outcome) (rate(exchange_records_total{division="$division",lane="gate"}[$__rate_interval]))', "{{outcome}}")],
            unit="cps",
            stacked=True,
        ),
        lines(
            "拒绝原因 / Refused, by reason",
            "按资源与原因 / By resource and reason",
            [
                query(
                    f"topk(10, sum by (resource, reason) (rate(exchange_refused_records_total{_ON}[$__rate_interval])))",
                    "{{resource}} {{reason}}",
                )
            ],
            unit="cps",
        ),
        lines(
            "警告 / Warned",
            "违反仅警告的规则而通过的记录 / Records that passed although a rule that only warns is broken",
            [
                query(
                    f"topk(10, sum by (resource, rule) (rate(exchange_warned_records_total{_ON}[$__rate_interval])))",
                    "{{resource}} {{rule}}",
                )
            ],
            unit="cps",
        ),
        table(
            "隔离区 / Quarantine",
            "待处理的记录及最早一条的年龄 / Records that wait, and the age of the oldest",
            {
                "待处理 / waiting": (f"max by (resource) (exchange_quarantine_records{_ON})", "short", None),
                "最早 / oldest": (f"time() - max by (resource) (exchange_quarantine_oldest_timestamp_seconds{_ON})", "s", 3 * 86400),
            },
        ),
    ]


def _written() -> list[Json]:
    return [
        lines(
            "事务 / Transactions",
            "每秒，按通道与结果 / A second, by lane and outcome",
            [query(f"sum by (lane, outcome) (rate(exchange_transactions_total{_ON}[$__rate_interval]))", "{{lane}} {{outcome}}")],
            unit="cps",
        ),
        lines(
            "每批记录数 / Records in a batch",
            "批越大越省 / Larger batches cost less",
            [
                query(
                    f"sum by (lane) (rate(exchange_records_total{_ON}[$__rate_interval])) / sum by (lane) (rate(exchange_batches_total{_ON}[$__rate_interval]))",
                    "{{lane}}",
                )
            ],
        ),
        lines("账本事件 / Events of the book", "按结果 / By outcome", [query(f"exchange_control_events{_ON}", "{{outcome}}")]),
        table(
            "控制日志告警 / Alarms of control logs",
            "不再采信谁的日志，为何 / Of whose log no more is taken, and why",
            {"告警 / alarm": (f"exchange_control_alarms{_ON}", "none", 1)},
        ),
        lines(
            "权限与处置 / Rights and disposals",
            "每小时变更的访问控制条目（stranger：账本之外）与处置的副本 / Access control entries changed (stranger: past the book) and copies disposed of, an hour",
            [
                query(f"sum by (change) (increase(exchange_rights_changed_total{_ON}[1h]))", "{{change}}"),
                query(f"increase(exchange_copies_disposed_total{_ON}[1h])", "disposed"),
            ],
        ),
        lines(
            "HTTP 拒绝 / HTTP refused",
            "每秒被拒的请求，按原因 / Requests refused a second, by reason",
            [query(f"sum by (reason) (rate(exchange_http_refused_total{_ON}[$__rate_interval]))", "{{reason}}")],
            unit="cps",
        ),
    ]


def _machine() -> list[Json]:
    return [
        lines(
            "CPU", "占用的核数 / Cores in use", [query(f"rate(process_cpu_seconds_total{_ON}[$__rate_interval])", "{{division}}")], width=6
        ),
        lines(
            "内存 / Memory",
            "常驻内存 / Resident memory",
            [query(f"process_resident_memory_bytes{_ON}", "{{division}}")],
            unit="bytes",
            width=6,
        ),
        lines(
            "文件与连接 / Files and connections",
            "打开的描述符 / Open descriptors",
            [query(f"process_open_fds{_ON}", "{{division}}")],
            width=6,
        ),
        lines(
            "运行时间 / Up since",
            "进程的运行时间 / How long the process has run",
            [query(f"time() - process_start_time_seconds{_ON}", "{{division}}")],
            unit="s",
            width=6,
        ),
        lines(
            "时钟偏差 / Clock skew",
            "集群时钟减节点时钟 / The cluster's clock minus the node's",
            [query(f"exchange_clock_skew_seconds{_ON}", "{{cluster}}")],
            unit="s",
            width=6,
            least=None,
        ),
        lines(
            "磁盘剩余 / Disk left", "每块磁盘 / Of each disk", [query(f"exchange_disk_free_bytes{_ON}", "{{disk}}")], unit="bytes", width=6
        ),
        lines(
            "抑制的日志 / Suppressed logs",
            "每秒被抑制的日志事件 / Log events left out a second",
            [query(f"sum by (event) (rate(exchange_log_events_suppressed_total{_ON}[$__rate_interval]))", "{{event}}")],
            unit="cps",
            width=6,
        ),
        table(
            "版本 / Version",
            "节点与 Python 的版本 / Of the node and of Python",
            {"版本 / version": (f"exchange_build_info{_ON}", "none", None)},
            width=6,
        ),
    ]
