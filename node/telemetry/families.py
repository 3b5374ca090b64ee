"""A metric that has a series for each resource: kept and rendered by us, for the page of a thousand resources has twenty thousand lines.

prometheus-client takes 7 µs a line, 0.15 s for that page; here a line is a text that is kept, and its value: 0.5 µs. `collect` gives the same to whoever
reads the registry, and a test holds both ways against each other.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from math import inf

from prometheus_client import Metric
from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from node.telemetry.specification import Spec

_LEADS_MAX = 20_000
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Table(Collector):
    """The series of one counter or gauge by the values of its labels."""

    def __init__(self, spec: Spec) -> None:
        self.name = spec.name
        self._spec = spec
        self._values: dict[tuple[str, ...], float] = {}
        self._leads: dict[tuple[str, ...], str] = {}

    def inc(self, labels: tuple[str, ...], amount: float = 1) -> None:
        """Count."""
        self._values[labels] = self._values.get(labels, 0) + amount

    def raise_to(self, labels: tuple[str, ...], value: float) -> None:
        """Show a value unless a greater one is shown: of what shares a series, the greatest counts."""
        if value > self._values.get(labels, -inf):
            self._values[labels] = value

    def lower_to(self, labels: tuple[str, ...], value: float) -> None:
        """Show a value unless a lesser one is shown: of moments that share a series, the first counts."""
        if value < self._values.get(labels, inf):
            self._values[labels] = value

    def clear(self) -> None:
        """Show nothing any more."""
        self._values.clear()
        if len(self._leads) > _LEADS_MAX:  # names come and go with the book
            self._leads.clear()

    def collect(self) -> Iterator[Metric]:
        """Yield the family, as prometheus-client has it."""
        spec = self._spec
        family = Metric(spec.name.removesuffix("_total") if spec.kind == "counter" else spec.name, spec.question, spec.kind)
        for labels, value in self._values.items():
            family.add_sample(spec.name, dict(zip(spec.labels, labels, strict=True)), value)
        yield family

    def lines(self) -> Iterator[str]:
        """Yield the lines of the family in Prometheus' text format."""
        spec = self._spec
        yield f"# HELP {spec.name} {spec.question}\n# TYPE {spec.name} {spec.kind}\n"
        for labels, value in self._values.items():
            lead = self._leads.get(labels)
            if lead is None:
                told = ",".join(f'{name}="{one.translate(_ESCAPED)}"' for name, one in sorted(zip(spec.labels, labels, strict=True)))
                lead = self._leads[labels] = f"{spec.name}{{{told}}} "
            yield f"{lead}{'+Inf' if value == inf else float(value)}\n"


class Ages(Collector):
    """The series of one histogram by its label. A transaction has hundreds of batches, each of which prometheus-client compares with every bound below it."""

    def __init__(self, spec: Spec, bounds: Sequence[float]) -> None:
        self.name = spec.name
        self._spec, self._bounds = spec, bounds
        self._told = [*map(floatToGoString, bounds), "+Inf"]
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, label: str, values: Iterable[float]) -> None:
        """Count values."""
        counts = self._counts.setdefault(label, [0] * (len(self._bounds) + 1))
        total = self._sums.get(label, 0.0)
        for value in values:
            counts[bisect_left(self._bounds, value)] += 1
            total += value
        self._sums[label] = total

    def collect(self) -> Iterator[Metric]:
        """Yield the family, as prometheus-client has it."""
        family = HistogramMetricFamily(self._spec.name, self._spec.question, labels=self._spec.labels)
        for label, counts in self._counts.items():
            family.add_metric([label], list(zip(self._told, accumulate(counts), strict=True)), self._sums[label])
        yield family

    def lines(self) -> Iterator[str]:
        """Yield the lines of the family in Prometheus' text format."""
        name, (label,) = self._spec.name, self._spec.labels
        yield f"# HELP {name} {self._spec.question}\n# TYPE {name} histogram\n"
        for value, counts in self._counts.items():
            lead = f'{label}="{value.translate(_ESCAPED)}"'
            for bound, count in zip(self._told, accumulate(counts), strict=True):
                yield f'{name}_bucket{{{lead},le="{bound}"}} {float(count)}\n'
            total: str = floatToGoString(self._sums[value])  # type: ignore[no-untyped-call]
            yield f"{name}_count{{{lead}}} {float(sum(counts))}\n{name}_sum{{{lead}}} {total}\n"
