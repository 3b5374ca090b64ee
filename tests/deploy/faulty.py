"""For each alert a day on which it has to fire: what is different from a normal day, and what is told when."""

from collections.abc import Mapping

import msgspec

from tests.deploy.federation import (
    CANARIES,
    CITY,
    DISTRICT,
    INBOX,
    LICENCES,
    LOWER,
    PROVINCE,
    UPPER,
    Curve,
    aging,
    away,
    canary,
    growing,
    links,
    node,
    normal,
    steady,
)

_HOUR, _DAY = 3600.0, 86400.0
_TIB = 2.0**40
Told = set[str]
"""alerts that fire, each as name{label="value",…} without its severity"""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """`changed` takes the place of series of a normal day, None removes one; `told` is what fires at these seconds, and nothing else."""

    changed: Mapping[str, Curve | None]
    told: Mapping[float, Told]
    step: float = 15.0


def alert(name: str, **labels: str) -> str:
    """Return an alert with its labels."""
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in sorted(labels.items())) + "}"


def _city(metric: str, curve: Curve, **labels: str) -> dict[str, Curve | None]:
    return {node(CITY, metric, **labels): curve}


def _from(began: float, value: float, before: float = 0.0) -> Curve:
    return lambda at: before if at < began else value


def _begins(at_s: float, value: float) -> Curve:
    """A counter of a label that was never counted before."""
    return lambda at: None if at < at_s else value


def _silent(since: float, until: float = float("inf"), **of: str) -> dict[str, Curve | None]:
    """No canary comes any more of those whose origin, link or direction is so."""
    names = ("division", "origin", "link", "direction")
    hit = (one for one in CANARIES if of.items() <= dict(zip(names, one, strict=True)).items())
    return {canary(*one): aging(since, until) for one in hit}


def _down(division: str, since: float, until: float) -> dict[str, Curve | None]:
    """A node's process is down: nothing of it is scraped, and its canaries reach nobody until it has made the next one."""
    gone = _silent(since, until + 1, origin=division) | _behind(division, since, until + 1)
    own: dict[str, Curve | None] = {
        name: away(gone.get(name) or curve, since, until) for name, curve in normal().items() if f'division="{division}"' in name
    }
    own |= dict.fromkeys((node(division, "up"), links(division)), lambda at: 0.0 if since <= at < until else 1.0)
    own[node(division, "process_start_time_seconds")] = away(_from(until, until), since, until)
    return gone | own


def _not_ready(*divisions: str, since: float = 60, until: float = float("inf")) -> dict[str, Curve | None]:
    """Nodes that run and say that they are not ready, as each does whose own link is late."""
    return {node(division, "exchange_ready"): lambda at: 0.0 if since + 12 <= at < until else 1.0 for division in divisions}


def _behind(division: str, since: float, until: float) -> dict[str, Curve | None]:
    """What a division's node carries over its link stands still, in both directions."""
    return {canary(*one): aging(since, until) for one in CANARIES if one[2].startswith(f"{division}-")}


_NOTHING_ELSE: dict[str, Curve | None] = {name: None for name in normal() if not name.startswith("up{")}
"""For hours, which would take long with all there is."""
_CITY_ROUTE = {"lane": "link-up", "resource": LICENCES}
_STOPPED = {**_CITY_ROUTE, "reason": "target-truncated"}
_LATE = {"division": CITY, **_CITY_ROUTE}
_BROKEN = {alert("CanaryMissing", link=UPPER, direction=direction) for direction in ("up", "down")}

FAULTS: dict[str, Fault] = {
    "CanaryMissing": Fault(
        step=2,
        changed=_silent(60, 120, link=UPPER) | _not_ready(CITY, until=120),
        told={66: set(), 72: set(), 80: _BROKEN, 118: _BROKEN, 124: set()},
    ),
    "CanaryMissing, for long, and then much to make up for": Fault(
        changed=_silent(60, 900, link=UPPER)
        | _not_ready(CITY, until=900)
        | _city("exchange_lag_seconds", lambda at: at - 60 if 60 <= at < 960 else 0.0, **_CITY_ROUTE)
        | _city("exchange_catch_up_seconds", lambda at: float("inf") if 60 <= at < 960 else 0.0, **_CITY_ROUTE),
        told={600: _BROKEN, 870: _BROKEN, 1200: set(), 1500: set(), 2400: set()},
    ),
    "CanaryMissing, one direction": Fault(
        step=2,
        changed=_silent(60, link=LOWER, direction="up") | _not_ready(DISTRICT),
        told={at: {alert("CanaryMissing", link=LOWER, direction="up")} for at in (90.0, 300.0)},
    ),
    "CanaryMissing, where the node above is away": Fault(
        step=2,
        changed=_down(PROVINCE, 0, 300) | _silent(60, origin=CITY, division=CITY) | _not_ready(CITY, since=0),
        told={at: {alert("CanaryMissing", link=UPPER, direction="up"), alert("NodeDown", division=PROVINCE)} for at in (90.0, 240.0)},
    ),
    "CanaryMissing, where the node above runs and writes nothing": Fault(
        step=2,
        changed=_silent(60, link=UPPER, direction="down") | _not_ready(CITY),
        told={90: {alert("CanaryMissing", link=UPPER, direction="down")}},
    ),
    "DivisionSilent": Fault(
        step=2,
        changed=_silent(60, origin=CITY),
        told={110: set(), 160: {alert("DivisionSilent", origin=CITY)}},
    ),
    "LagBurnFast": Fault(
        changed=_city("exchange_lag_seconds", _from(300, 45), **_CITY_ROUTE),
        told={480: set(), 700: {alert("LagBurnFast", **_LATE)}},
    ),
    "LagBurnSlow": Fault(
        changed=_NOTHING_ELSE | _city("exchange_lag_seconds", lambda at: 45.0 if at % 600 < 30 else 0.0, **_CITY_ROUTE),
        told={3 * _HOUR: set(), 5 * _HOUR: {alert("LagBurnSlow", **_LATE)}},
    ),
    "BacklogGrows": Fault(
        changed=_city("exchange_catch_up_seconds", _from(300, float("inf")), **_CITY_ROUTE),
        told={1000: set(), 1300: {alert("BacklogGrows", **_LATE)}},
    ),
    "RouteStopped": Fault(
        changed=_city("exchange_route_stopped", _from(60, 2), **_STOPPED)
        | _city("exchange_catch_up_seconds", _from(60, float("inf")), **_CITY_ROUTE),
        told={75: set()} | {at: {alert("RouteStopped", division=CITY, **_STOPPED)} for at in (120.0, 1200.0)},
    ),
    "RouteWaiting": Fault(
        changed=_city("exchange_route_waiting", steady(1), **_CITY_ROUTE),
        told={1500: set(), 1900: {alert("RouteWaiting", **_LATE)}},
    ),
    "ShardGivenUp": Fault(
        changed=_city("exchange_shards", _from(60, 3), lane="gate", phase="given-up"),
        told={60: set(), 120: {alert("ShardGivenUp", division=CITY, lane="gate")}},
    ),
    "QuarantineShare": Fault(
        changed=_city("exchange_refused_records_total", growing(10), resource=INBOX, reason="code-list"),
        told={300: set(), 1800: {alert("QuarantineShare", division=CITY, resource=INBOX)}},
    ),
    "QuarantineOld": Fault(
        changed=_city("exchange_quarantine_oldest_timestamp_seconds", steady(-3 * _DAY), resource=LICENCES),
        told={1200: {alert("QuarantineOld", division=CITY, resource=LICENCES)}},
    ),
    "RequestOverdue": Fault(
        changed=_city("exchange_request_due_seconds", lambda at: 600 - at, kind="flow", state="soon"),
        told={600: set(), 1200: {alert("RequestOverdue", division=CITY, kind="flow")}},
    ),
    "GrantEnds": Fault(
        changed=_city("exchange_grants_ending", steady(1), within="7d"),
        told={600: set(), 1200: {alert("GrantEnds", division=CITY)}},
    ),
    "TermsUntold": Fault(
        changed=_city("exchange_clocks_untold", steady(2)),
        told={600: set(), 1200: {alert("TermsUntold", division=CITY)}},
    ),
    "ControlLogAlarm": Fault(
        changed=_city("exchange_control_alarms", _begins(60, 1), author=DISTRICT, reason="fork"),
        told={60: set(), 120: {alert("ControlLogAlarm", division=CITY, author=DISTRICT, reason="fork")}},
    ),
    "StrangeRights": Fault(
        changed=_city("exchange_rights_changed_total", _from(1200, 1), change="stranger"),
        told={1185: set(), 1215: {alert("StrangeRights", division=CITY)}, 2400: set()},
    ),
    "StrangeRights, before the first look": Fault(
        changed=_city("exchange_rights_changed_total", steady(1), change="stranger"),
        told={15: {alert("StrangeRights", division=CITY)}, 885: {alert("StrangeRights", division=CITY)}, 915: set()},
    ),
    "ClockSkew": Fault(
        changed=_city("exchange_clock_skew_seconds", steady(-1.5), cluster=PROVINCE),
        told={60: set(), 180: {alert("ClockSkew", division=CITY, cluster=PROVINCE)}},
    ),
    "DiskLow": Fault(
        changed=_city("exchange_disk_free_bytes", steady(_TIB * 0.19), disk="data"),
        told={300: set(), 900: {alert("DiskLow", division=CITY, disk="data")}},
    ),
    "DiskFull": Fault(
        changed=_city("exchange_disk_free_bytes", growing(-_TIB * 0.1 / _HOUR, _TIB * 0.29), disk="data"),
        told={1500: set(), 2400: {alert("DiskFull", division=CITY, disk="data")}},
    ),
    "DiskFull, with less than a segment of Kafka's": Fault(
        changed=_city("exchange_disk_size_bytes", steady(2.0**33), disk="data")
        | _city("exchange_disk_free_bytes", _from(1200, 2.0**30 - 1, before=2.0**32), disk="data"),
        told={1200: set(), 1600: {alert("DiskFull", division=CITY, disk="data")}},
    ),
    "CertificateEnds": Fault(
        changed=_city("exchange_certificate_not_after_timestamp_seconds", steady(29 * _DAY), certificate="http"),
        step=60,
        told={_HOUR + 60: {alert("CertificateEnds", division=CITY, certificate="http")}},
    ),
    "CertificateEnding": Fault(
        changed=_city("exchange_certificate_not_after_timestamp_seconds", steady(6 * _DAY), certificate="http"),
        told={600: {alert("CertificateEnding", division=CITY, certificate="http")}},
    ),
    "LogsSuppressed": Fault(
        changed=_city("exchange_log_events_suppressed_total", growing(1), event="not-ready"),
        told={1200: {alert("LogsSuppressed", division=CITY, event="not-ready")}},
    ),
    "NodeDown": Fault(
        changed=_city("up", _from(60, 0, before=1)),
        told={75: set(), 120: {alert("NodeDown", division=CITY)}},
    ),
    "NodeDown, above others": Fault(
        step=2,
        changed=_down(PROVINCE, 60, 400) | _not_ready(CITY, until=400),
        told={75: set(), 82: set(), 120: {alert("NodeDown", division=PROVINCE)}, 390: {alert("NodeDown", division=PROVINCE)}, 440: set()},
    ),
    "NodesUnknown": Fault(
        changed=dict.fromkeys(normal()),
        told={15: set(), 120: {alert("NodesUnknown", job=job) for job in ("exchange-node", "exchange-links")}},
    ),
    "NodesUnknown, of links": Fault(
        changed=dict.fromkeys(name for name in normal() if 'job="exchange-links"' in name),
        told={15: set(), 120: {alert("NodesUnknown", job="exchange-links")}},
    ),
    "LinksUnwatched": Fault(
        changed={links(CITY): _from(60, 0, before=1)},
        told={105: set(), 150: {alert("LinksUnwatched", division=CITY)}},
    ),
    "LinksUnwatched, for the node is no target": Fault(
        changed={links(CITY): None},
        told={90: {alert("LinksUnwatched", division=CITY)}},
    ),
    "NodeNotReady": Fault(
        changed=_city("exchange_ready", _from(60, 0, before=1)),
        told={120: set(), 240: {alert("NodeNotReady", division=CITY)}},
    ),
    "NodeRestarting": Fault(
        changed=_city("process_start_time_seconds", lambda at: at // 120),
        told={900: {alert("NodeRestarting", division=CITY)}},
    ),
}

QUIET: dict[str, Fault] = {
    "a normal day": Fault(step=300, changed={}, told={at * 1800.0: set() for at in range(1, 48)}),
    "normal minutes": Fault(step=2, changed={}, told={at * 10.0: set() for at in range(24)}),
    "a disk that is watched anew while it fills": Fault(
        changed=_city(
            "exchange_disk_free_bytes", lambda at: None if at < 300 else _TIB * (0.24 - 0.02 * min(at - 300, 600) / 600), disk="data"
        ),
        told={at: set() for at in (600.0, 1200.0, 2100.0, 3000.0)},
    ),
    **{
        f"{division} restarts for 10 s": Fault(step=2, changed=_down(division, 61, 71), told={at * 2.0: set() for at in range(120)})
        for division in (PROVINCE, CITY, DISTRICT)
    },
}
"""Days on which nothing may fire."""
