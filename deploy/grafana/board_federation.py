"""The whole tree at a look: which link or node is in trouble, and how much moves."""

from panels import OK_OR_NOT, Json, dashboard, lines, query, row, stat, states, table, variable

_ON = '{division=~"$division"}'
_LINKS = "min by (link, direction) (max by (origin, link, direction) (exchange_canary_age_seconds))"
_RATE = 'sum by (division) (rate(exchange_records_total{lane="%s"}[1m]))'
_LAG = 'max by (division) (exchange_lag_seconds{lane="%s"})'


def make() -> Json:
    """Return the dashboard."""
    return dashboard(
        "federation",
        "交换联邦 / Federation",
        "全部节点与链路：何处有故障，搬运了多少 / All nodes and links: where something is wrong, and how much moves",
        [variable("division", "区划 / Division", 'label_values(up{job="exchange-node"}, division)', several=True)],
        [*_wrong(), row("链路与节点 / Links and nodes"), *_tree(), row("流量与延迟 / Volume and lag"), *_moved()],
    )


def _of_link(figure: str) -> str:
    """Return a figure of each division by the link to its parent: what comes down to a division comes over that link."""
    link = 'max by (division, link) (exchange_canary_age_seconds{direction="down"})'
    return f"max by (link) ((0 * {link} + 1) * on (division) group_left {figure})"


def _wrong() -> list[Json]:
    return [
        stat(
            "链路不通 / Links down",
            "12 秒内没有金丝雀到达的链路方向数 / Directions of links over which no canary has come for 12 s",
            f"count({_LINKS} > 12) or vector(0)",
            red=1,
        ),
        stat(
            "节点离线 / Nodes down",
            "Prometheus 无法访问的节点 / Nodes that Prometheus does not reach",
            'count(up{job="exchange-node"} == 0) or vector(0)',
            red=1,
        ),
        stat(
            "未就绪 / Not ready",
            "在运行但未履行全部职责的节点；原因见其 /readyz / Nodes that run and do not all that they are there for; /readyz says why",
            f"count(exchange_ready{_ON} == 0) or vector(0)",
            red=1,
        ),
        stat(
            "停止的分区 / Stopped",
            "停止、须人工恢复的分区 / Partitions that stand still until somebody resumes them",
            f"sum(exchange_route_stopped{_ON}) or vector(0)",
            red=1,
        ),
        stat(
            "落后的路由 / Late routes",
            "落后超过 30 秒的路由 / Routes that lag more than 30 s",
            f"count(exchange_lag_seconds{_ON} > 30) or vector(0)",
            amber=1,
            red=10,
        ),
        stat(
            "最大延迟 / Worst lag",
            "所有路由中最大的延迟 / The greatest lag of all routes",
            f"max(exchange_lag_seconds{_ON})",
            unit="s",
            amber=10,
            red=30,
        ),
        stat(
            "日志告警 / Log alarms",
            "不再被采信的控制日志 / Control logs of which no more is taken",
            f"sum(exchange_control_alarms{_ON}) or vector(0)",
            red=1,
        ),
        stat(
            "告警 / Alerts",
            "正在触发的告警 / Alerts that fire",
            'count(ALERTS{alertstate="firing",alertname!="Watchdog"}) or vector(0)',
            amber=1,
            red=1,
        ),
    ]


def _tree() -> list[Json]:
    age = 'min by (link) (max by (origin, link) (exchange_canary_age_seconds{direction="%s"}))'
    return [
        states(
            "链路 / Links",
            "最新金丝雀的年龄，按链路（下级-上级）与方向；12 秒起为不通 / Age of the newest canary by link (child-parent) and direction; down from 12 s on",
            [query(_LINKS, "{{link}} {{direction}}")],
            unit="s",
            red=12,
        ),
        states(
            "节点 / Nodes",
            "就绪与否；空白为离线 / Ready or not; a gap is a node that is down",
            [query(f"min by (division) (exchange_ready{_ON})", "{{division}}")],
            mappings=OK_OR_NOT,
        ),
        table(
            "区划之树 / The tree",
            "每条链路两个方向的金丝雀年龄、每秒记录数与延迟 / Each link in both directions: age of its canaries, records a second, lag",
            {
                "上行 / up": (age % "up", "s", 12),
                "下行 / down": (age % "down", "s", 12),
                "上行记录/秒 / records/s up": (_of_link(_RATE % "link-up"), "cps", None),
                "下行记录/秒 / records/s down": (_of_link(_RATE % "link-down"), "cps", None),
                "上行延迟 / lag up": (_of_link(_LAG % "link-up"), "s", 30),
                "下行延迟 / lag down": (_of_link(_LAG % "link-down"), "s", 30),
            },
        ),
        table(
            "各节点 / Nodes now",
            "就绪、最大延迟、每秒记录数与版本 / Ready, worst lag, records a second, version",
            {
                "就绪 / ready": (f"min by (division) (exchange_ready{_ON})", "bool_yes_no", None),
                "延迟 / lag": (f"max by (division) (exchange_lag_seconds{_ON})", "s", 30),
                "记录/秒 / records/s": (f"sum by (division) (rate(exchange_records_total{_ON}[1m]))", "cps", None),
                "版本 / version": (f"max by (division, version) (exchange_build_info{_ON})", "none", None),
            },
        ),
        lines(
            "金丝雀年龄 / Canary age",
            "最新金丝雀的年龄，按来源与接收节点 / Age of the newest canary, by its origin and by who received it",
            [query("exchange_canary_age_seconds" + _ON, "{{origin}} → {{division}} ({{link}} {{direction}})")],
            unit="s",
            red=12,
        ),
        table(
            "正在触发的告警 / Alerts that fire",
            "处理办法见 deploy/runbook.md / What to do: deploy/runbook.md",
            {"告警 / alerts": ('ALERTS{alertstate="firing"}', "none", None)},
        ),
    ]


def _moved() -> list[Json]:
    return [
        lines(
            "链路记录数 / Records over links",
            "每秒经链路写入的记录 / Records a second that links wrote",
            [
                query(
                    'sum by (division, lane) (rate(exchange_records_total{division=~"$division",lane=~"link-.*"}[$__rate_interval]))',
                    "{{division}} {{lane}}",
                )
            ],
            unit="cps",
            stacked=True,
        ),
        lines(
            "链路字节数 / Bytes over links",
            "每秒经链路写入的压缩后字节 / Bytes a second that links wrote, as compressed",
            [
                query(
                    'sum by (division, lane) (rate(exchange_bytes_total{division=~"$division",lane=~"link-.*"}[$__rate_interval]))',
                    "{{division}} {{lane}}",
                )
            ],
            unit="Bps",
            stacked=True,
        ),
        lines(
            "今日记录数 / Records today",
            "自北京时间零点起：发布、上行、下行、视图 / Since midnight in Shanghai: published, up, down, views",
            [query(f"sum by (division, direction) (exchange_volume_records{_ON})", "{{division}} {{direction}}")],
        ),
        lines(
            "今日字节数 / Bytes today",
            "自北京时间零点起 / Since midnight in Shanghai",
            [query(f"sum by (division, direction) (exchange_volume_bytes{_ON})", "{{division}} {{direction}}")],
            unit="bytes",
        ),
        lines(
            "延迟 / Lag",
            "各节点每条通道中最大的延迟 / The greatest lag of each node's lanes",
            [query(f"max by (division, lane) (exchange_lag_seconds{_ON})", "{{division}} {{lane}}")],
            unit="s",
            red=30,
        ),
        lines(
            "待搬运 / Records behind",
            "尚未搬运的记录 / Records not yet carried",
            [query(f"sum by (division, lane) (exchange_lag_records{_ON})", "{{division}} {{lane}}")],
        ),
    ]
