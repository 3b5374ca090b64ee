"""Which metrics an expression names, and whether the node has them."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from node.telemetry.specification import BY_NAME

_PROMQL = """
by on and or unless without ignoring group_left group_right offset bool inf
sum min max avg count topk rate increase changes abs absent time vector label_replace predict_linear sum_over_time count_over_time histogram_quantile
"""
_PROCESS = "process_cpu_seconds_total process_resident_memory_bytes process_open_fds process_start_time_seconds"
"""prometheus-client's own."""
_EXTRA = frozenset({"up", "ALERTS"})
_SUFFIXES = ("_bucket", "_count", "_sum")


def metrics_in(expression: str) -> set[str]:
    """Return the names of metrics in an expression: what is neither a word of PromQL nor in braces, quotes or a list of labels."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    return {word for word in re.findall(r"(?<!\w)[a-zA-Z_][\w:]*", bare) if word.lower() not in _PROMQL.split()}


def unknown(names: Iterable[str]) -> AbstractSet[str]:
    """Return those of these that no node shows."""
    return {name for name in names if name not in _EXTRA and not {name, *_without_suffix(name)} & KNOWN}


def _without_suffix(name: str) -> list[str]:
    return [name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)]


KNOWN = {*BY_NAME, *_PROCESS.split()}
