"""The specification of all metrics against what a running federation exposes."""

import asyncio
import re
from collections.abc import Iterable

import httpx
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from node.avro import encode, frame, parse, schema_id
from node.demo.requesting import ask, come_to
from node.demo.world import DISTRICT, TREE, World
from node.lane import Phase
from node.model.names import inbox_topic
from node.telemetry.specification import METRICS, OTHER, Spec
from tests.faults.flow import Face, offer, wanted, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

NOT_IN_A_HEALTHY_FEDERATION = {
    "exchange_route_stopped": "no route is stopped",
    "exchange_route_waiting": "all topics are there, and all rights given",
    "exchange_control_alarms": "all control logs are as they were signed",
    "exchange_clock_events_total": "the shortest legal term is days long",
    "exchange_rate_limit_bytes_per_second": "nobody has set a limit",
    "exchange_throttled_seconds_total": "nor does one hold anything back",
    "exchange_certificate_not_after_timestamp_seconds": "on loopback nothing speaks TLS",
    "exchange_log_events_suppressed_total": "nothing is said again and again",
    "exchange_quarantine_records": "quarantines are looked at once a minute",
    "exchange_quarantine_oldest_timestamp_seconds": "quarantines are looked at once a minute",
}
"""Of what there need not be a sample, each with the reason."""

_WORD, _DIVISION = "[a-z][a-z0-9-]*", f"(?:{'|'.join(TREE)})"
_VALUES = {
    "lane": "link-up|link-down|gate|view",
    "resource": rf"{_DIVISION}\.[a-z-]+\.[a-z0-9-]+(?:\.inbox|\.v-[a-z0-9]+)?|{OTHER}|",  # none: the limit of a whole link
    "department": rf"{_DIVISION}\.{_WORD}",
    "outcome": "carried|passed|quarantined|sent|filtered|committed|aborted|lost|fenced|folded|refused|unknown|waiting|[a-z]+-logs",
    "reason": _WORD,
    "rule": _WORD,
    "phase": "|".join(phase.value for phase in Phase),
    "origin": _DIVISION,
    "link": "|".join(f"{child}-{parent}" for child, parent in TREE.items() if parent),
    "direction": "up|down|published|view",
    "cluster": _DIVISION,
    "author": _DIVISION,
    "kind": _WORD,
    "state": _WORD,
    "event": _WORD,
    "disk": r"data|broker-\d+",
    "certificate": _WORD,
    "within": "7d|30d",
    "change": "added|removed|stranger",
    "version": r"\d+\.\d+\.\d+",
    "division": _DIVISION,
    "python": r"3\.\d+\.\d+",
    "le": r"[0-9.]+|\+Inf",
}
"""What `LABELS` says of the values of each label, as a pattern."""
_SCHEMA: dict[str, object] = {
    "type": "record",
    "name": "Specified",
    "key": ["code"],
    "fields": [
        {"name": "code", "type": "string"},
        {"name": "age", "type": "int", "rules": [{"rule": "maximum", "value": 150}, {"rule": "minimum", "value": 22, "severity": "warn"}]},
    ],
}
_AGES = (30, 7, 999)
"""One that passes, one that passes with a warning, one that is refused."""


async def test_what_a_federation_exposes_is_what_is_specified(world: World) -> None:
    """Each family has its type and exactly its labels, with values within their bounds; each metric has a sample on some node, unless all is well."""
    district = Face(world.nodes[DISTRICT])
    topic = await offer(world, "specified", "440000.civil-affairs", partitions=1, schema=_SCHEMA)
    author, sequence = await come_to(world, wanted(topic, "445100.civil-affairs", fields=("code",)))
    await ask(world, wanted(topic, "445100.taxation"))  # which nobody answers: a legal term runs
    records = [(b"%d" % age, frame(schema_id(_SCHEMA), encode(parse(_SCHEMA), {"code": str(age), "age": age}))) for age in _AGES]
    write(world.clusters[DISTRICT], inbox_topic(topic), records)
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{district.node.url}/v1/status")).is_client_error
    view = (await world.nodes[DISTRICT].get(f"/v1/grants/{author}/{sequence}"))["view"]
    async with asyncio.timeout(30):
        for lane, name, outcome in (("link-up", topic, "carried"), ("view", view, "sent")):
            while await district.metric("exchange_records_total", lane=lane, resource=name, outcome=outcome) < 2:
                await asyncio.sleep(0.05)
    pages = [await Face(node).text("/metrics") for node in world.nodes.values()]
    families = [family for _status, page in pages for family in text_string_to_metric_families(page)]
    specs = {spec.name.removesuffix("_total"): spec for spec in METRICS}
    assert {one.name for one in families if not one.name.startswith("process_")} == specs.keys()
    wrong = [told for one in families if one.name in specs for told in _wrong(one, specs[one.name])]
    assert wrong == []
    assert {spec.name for spec in METRICS} - _sampled(families, specs) <= NOT_IN_A_HEALTHY_FEDERATION.keys()


def _wrong(family: Metric, spec: Spec) -> Iterable[str]:
    if family.type != spec.kind:
        yield f"{spec.name} is a {family.type}"
    for sample in family.samples:
        if sample.labels.keys() - {"le"} != set(spec.labels):
            yield f"{sample.name} has the labels {sorted(sample.labels)}"
        yield from (
            f"{sample.name}: {label}={value!r}" for label, value in sample.labels.items() if not re.fullmatch(_VALUES[label], value)
        )


def _sampled(families: Iterable[Metric], specs: dict[str, Spec]) -> set[str]:
    return {specs[one.name].name for one in families if one.name in specs and one.samples}
