"""Which metrics an expression names, and whether the node has them."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

_WORDS = frozenset(
    [
        "by",
        "on",
        "and",
        "or",
        "unless",
        "without",
        "ignoring",
        "group_left",
        "group_right",
        "offset",
        "bool",
        "sum",
        "min",
        "max",
        "avg",
        "count",
        "rate",
        "increase",
        "abs",
        "absent",
        "time",
        "vector",
        "label_replace",
        "predict_linear",
        "sum_over_time",
        "changes",
        "histogram_quantile",
        "topk",
        "clamp_min",
        "round",
        "sort_desc",
        "inf",
        "le",
    ]
)
_EXTRA = frozenset({"up", "ALERTS"})
_SUFFIXES = ("_bucket", "_count", "_sum", "_total")


def metrics_in(expression: str) -> set[str]:
    """Return the names of metrics in an expression: what is neither a word of PromQL nor in braces, quotes or a list of labels."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    return {word for word in re.findall(r"(?<!\w)[a-zA-Z_][\w:]*", bare) if word.lower() not in _WORDS}


def unknown(names: Iterable[str]) -> AbstractSet[str]:
    """Return those of these that no node shows."""
    return {name for name in names if name not in _EXTRA and not {name, *_without_suffix(name)} & KNOWN}


def _without_suffix(name: str) -> list[str]:
    return [name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)]


KNOWN = frozenset(
    f"exchange_{name}"
    for name in [
        "records",
        "bytes",
        "batches",
        "refused_records",
        "warned_records",
        "transactions",
        "age_seconds",
        "lag_records",
        "lag_seconds",
        "route_stopped",
        "route_waiting",
        "shards",
        "control_events",
        "control_alarms",
        "request_due_seconds",
        "clock_events",
        "clocks_untold",
        "copies_disposed",
        "rights_changed",
        "http_refused",
        "ready",
        "build_info",
        "canary_age_seconds",
        "catch_up_seconds",
        "volume_records",
        "volume_bytes",
        "clock_skew_seconds",
        "rate_limit_bytes_per_second",
        "throttled_seconds",
        "requests",
        "grants",
        "grants_ending",
        "objections",
        "disk_free_bytes",
        "disk_size_bytes",
        "certificate_not_after_timestamp_seconds",
        "quarantine_records",
        "quarantine_oldest_timestamp_seconds",
        "log_events_suppressed",
    ]
) | {"process_cpu_seconds", "process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"}
