"""The specification of what Prometheus reads: every metric with its type, unit, labels, and the question that it answers.

Names follow Prometheus' conventions: namespace `exchange_`, base units (seconds, bytes), `_total` for what only grows. The metrics of a node are made from
these entries and from nothing else (`metrics`), so that what stands here is what is exposed; a test holds both against a running federation.
`process_*` are prometheus-client's own, of the process.

Cardinality: `LABELS` bounds every label. Whatever has a resource grows with the book, up to RESOURCES_MAX names; the rest go together as `other`.
"""

from typing import Literal

import msgspec

RESOURCES_MAX = 1000
"""Resources and views by name, an inbox with its resource: with a gate and a link some twenty series each, a page of two MiB at most. A node of a province
has more of them than anybody looks at one by one."""
OTHER = "other"
AGES_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1800, 3600)
"""From a lane that runs with the flow, 10 ms, to one that stood for an hour: then the lag tells more than any age."""

LABELS = {
    "lane": "link-up, link-down, gate, view",
    "resource": f"a topic's name: an inbox at a gate, a view's topic where it is cut, else the resource; those of {RESOURCES_MAX} resources and views, then `{OTHER}`",
    "department": "who owns the resource: those of the node's book",
    "outcome": "what became of it: a word of the few that its lane has (carried; passed, quarantined; sent, filtered), of a transaction or an event",
    "reason": "a word of the few that the code has for it, or a rule of a schema",
    "rule": "a rule of a schema that only warns",
    "phase": "of a shard: the words of `lane.Phase`",
    "origin": "a division whose canary is to be heard here: those of the tree above and below",
    "link": "`<child>-<parent>`: as many as there are nodes below, and one",
    "direction": "up, down; of volumes also published, view",
    "cluster": "the own division, or the parent's",
    "author": "a division whose control log raises an alarm",
    "kind": "what a legal clock runs for: some ten words",
    "state": "a word of the few states that it can be in",
    "event": "a log event: those of `telemetry.events`",
    "disk": "data, and each broker of the own cluster",
    "certificate": "http, probes, and those of the own and the parent's cluster and their authorities",
    "within": "7d, 30d",
    "change": "added, removed, stranger",
    "version": "the node's own",
    "division": "the node's own",
    "python": "the interpreter's",
}
"""Every label, and what bounds its values."""

_ROUTE = ("lane", "resource")
_OUTCOME = ("lane", "resource", "outcome")
_VOLUME = ("department", "resource", "direction")


class Spec(msgspec.Struct, frozen=True):
    """One metric: `question` is what it answers, in English and Chinese; it is exposed as the metric's help."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    labels: tuple[str, ...]
    question: str
    zh: str


METRICS = (
    Spec(
        "exchange_build_info",
        "gauge",
        "",
        ("version", "division", "python"),
        "Which version of the node runs for which division?",
        "哪个版本，哪个区划",
    ),
    Spec(
        "exchange_ready",
        "gauge",
        "",
        (),
        "Does the node do all that it is there for (1)? /readyz and doctor say what it does not",
        "节点是否就绪",
    ),
    # ---- what moved
    Spec(
        "exchange_records_total",
        "counter",
        "records",
        _OUTCOME,
        "How many records became what, of which resource, on which lane?",
        "各资源各通道的记录去向",
    ),
    Spec("exchange_bytes_total", "counter", "bytes", _OUTCOME, "How many bytes of record batches, as they lie in Kafka?", "记录批的字节数"),
    Spec("exchange_batches_total", "counter", "batches", _OUTCOME, "In how many record batches?", "记录批数"),
    Spec(
        "exchange_refused_records_total",
        "counter",
        "records",
        ("resource", "reason"),
        "Why did the gate refuse records, by inbox?",
        "隔离原因",
    ),
    Spec(
        "exchange_warned_records_total",
        "counter",
        "records",
        ("resource", "rule"),
        "Which rules that only warn were broken?",
        "仅提示的规则",
    ),
    Spec("exchange_transactions_total", "counter", "transactions", ("lane", "outcome"), "How do a lane's transactions end?", "事务结果"),
    Spec(
        "exchange_age_seconds",
        "histogram",
        "seconds",
        ("lane",),
        "How old is a batch's newest record when it is committed here?",
        "提交时记录的年龄",
    ),
    Spec(
        "exchange_newest_timestamp_seconds",
        "gauge",
        "seconds",
        _ROUTE,
        "Of when is the newest record that was carried since the start?",
        "最新记录时间",
    ),
    Spec("exchange_volume_records", "gauge", "records", _VOLUME, "How many records moved since midnight (Asia/Shanghai)?", "本日交换条数"),
    Spec("exchange_volume_bytes", "gauge", "bytes", _VOLUME, "How many bytes of record batches moved since midnight?", "本日交换字节数"),
    # ---- what is behind
    Spec("exchange_lag_records", "gauge", "records", _ROUTE, "How many offsets are not carried yet, as far as can be seen?", "落后条数"),
    Spec(
        "exchange_lag_seconds",
        "gauge",
        "seconds",
        _ROUTE,
        "How old is the oldest record that is not carried; 0 when level. Where that cannot be seen: since when it was last known to be level",
        "延迟秒数",
    ),
    Spec(
        "exchange_catch_up_seconds",
        "gauge",
        "seconds",
        _ROUTE,
        "When will it be level at the last minute's rate? +Inf: never",
        "追平所需秒数",
    ),
    Spec(
        "exchange_route_stopped",
        "gauge",
        "partitions",
        (*_ROUTE, "reason"),
        "Which partitions stand until an operator resumes them?",
        "已停止的分区",
    ),
    Spec(
        "exchange_route_waiting", "gauge", "partitions", _ROUTE, "Which partitions wait for a topic, a right or a disposal?", "等待中的分区"
    ),
    Spec("exchange_shards", "gauge", "shards", ("lane", "phase"), "In which phase are a lane's shards?", "分片阶段"),
    Spec(
        "exchange_quarantine_records",
        "gauge",
        "records",
        ("resource",),
        "How many refused records wait to be replayed or discarded?",
        "待处理隔离记录",
    ),
    Spec(
        "exchange_quarantine_oldest_timestamp_seconds",
        "gauge",
        "seconds",
        ("resource",),
        "When was the oldest of them refused?",
        "最早隔离时间",
    ),
    # ---- links and clocks
    Spec(
        "exchange_canary_age_seconds",
        "gauge",
        "seconds",
        ("origin", "link", "direction"),
        "How long ago was the newest canary made that came from there over that link? It is made every 5 s",
        "金丝雀年龄",
    ),
    Spec("exchange_clock_skew_seconds", "gauge", "seconds", ("cluster",), "How far is a cluster's clock before the node's?", "时钟偏差"),
    Spec(
        "exchange_rate_limit_bytes_per_second",
        "gauge",
        "bytes/s",
        _ROUTE,
        "How much may a direction of the link carry, of one resource or (resource empty) of all together? No series without a limit",
        "限速",
    ),
    Spec("exchange_throttled_seconds_total", "counter", "seconds", ("lane",), "For how long has a limit held something back?", "限速时长"),
    # ---- the book
    Spec("exchange_control_events", "gauge", "events", ("outcome",), "How many events of the control logs became what?", "控制事件"),
    Spec(
        "exchange_control_alarms",
        "gauge",
        "",
        ("author", "reason"),
        "Of whose control log is no more taken (1), and why: its chain is broken, it is not signed, or with a key that does not count?",
        "控制日志告警",
    ),
    Spec(
        "exchange_request_due_seconds",
        "gauge",
        "seconds",
        ("kind", "state"),
        "When is the next legal term over that this node's departments or authority have to meet; negative when it was?",
        "最近的法定期限",
    ),
    Spec(
        "exchange_clock_events_total",
        "counter",
        "terms",
        ("kind", "state"),
        "How many legal terms came to be due soon, or overdue?",
        "期限事件",
    ),
    Spec("exchange_clocks_untold", "gauge", "terms", (), "How many terms cannot be told, for the calendar lacks a year?", "无法计算的期限"),
    Spec(
        "exchange_requests",
        "gauge",
        "requests",
        ("state",),
        "Where do the requests for resources of this node's departments stand?",
        "申请数",
    ),
    Spec("exchange_grants", "gauge", "grants", ("state",), "Where do the grants on resources of this node's departments stand?", "授权数"),
    Spec(
        "exchange_grants_ending",
        "gauge",
        "grants",
        ("within",),
        "Of how many grants that flow is the term over within so many days?",
        "即将到期的授权",
    ),
    Spec(
        "exchange_objections",
        "gauge",
        "grants",
        ("state",),
        "Which grants do their owners want to end: how many wait for the authority's word, how many did it agree to end?",
        "数源方提出终止的授权",
    ),
    Spec(
        "exchange_copies_disposed_total",
        "counter",
        "topics",
        (),
        "How many copies were removed because no grant let them flow any more?",
        "已处置副本",
    ),
    # ---- the machine and the doors
    Spec(
        "exchange_disk_free_bytes",
        "gauge",
        "bytes",
        ("disk",),
        "How much room is left on the disk: `data` is the node's folder?",
        "磁盘剩余",
    ),
    Spec("exchange_disk_size_bytes", "gauge", "bytes", ("disk",), "How large is the disk?", "磁盘大小"),
    Spec(
        "exchange_certificate_not_after_timestamp_seconds",
        "gauge",
        "seconds",
        ("certificate",),
        "When does a certificate end, of a cluster's that which ends first?",
        "证书到期时间",
    ),
    Spec(
        "exchange_rights_changed_total",
        "counter",
        "rights",
        ("change",),
        "How often were the own cluster's access control lists changed: added, removed as the book says, or found though nobody here gave them (stranger)?",
        "权限变更",
    ),
    Spec(
        "exchange_log_events_suppressed_total",
        "counter",
        "events",
        ("event",),
        "How many log events were held back, for they said the same? They stand in the `more` of a like one",
        "被抑制的日志",
    ),
    Spec(
        "exchange_http_refused_total",
        "counter",
        "requests",
        ("reason",),
        "How many HTTP requests and connections were refused, and why?",
        "HTTP 拒绝",
    ),
)
"""In the order in which they are exposed."""
BY_NAME = {spec.name: spec for spec in METRICS}
