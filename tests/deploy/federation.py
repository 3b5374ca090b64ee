"""What three nodes show on a normal day, as Prometheus has it second by second, and the ways in which it can be another day."""

from collections.abc import Callable, Iterator

Value = float | None
Curve = Callable[[float], Value]
"""The value at a second; None while nothing is scraped."""

PROVINCE, CITY, DISTRICT = "440000", "445100", "445102"
UPPER, LOWER = "445100-440000", "445102-445100"
LICENCES = "445102.government-services.licences"
INBOX = f"{LICENCES}.inbox"
_MADE_S = 5
_DAY_S = 86400
_TIB = 2.0**40


def series(metric: str, **labels: str) -> str:
    """Return a series' name."""
    return metric + "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"


def node(division: str, metric: str, job: str = "exchange-node", **labels: str) -> str:
    """Return the name of a series that a division's node shows."""
    return series(metric, division=division, job=job, instance=f"{division}:8081", **labels)


def links(division: str) -> str:
    """Return the name of the series that tells whether the canaries of a division's node are asked for."""
    return node(division, "up", job="exchange-links")


def canary(division: str, origin: str, link: str, direction: str) -> str:
    """Return the name of the age of a canary."""
    return node(division, "exchange_canary_age_seconds", job="exchange-links", origin=origin, link=link, direction=direction)


def steady(value: float) -> Curve:
    """Always the same."""
    return lambda _at: value


def growing(per_second: float, begins: float = 0.0) -> Curve:
    """A counter."""
    return lambda at: begins + at * per_second


def aging(since: float | None = None, until: float = float("inf")) -> Curve:
    """The age of a canary made every 5 s; none arrives from `since` until `until`, and the last before was as old as it can get."""

    def age(at: float) -> float:
        if since is None or not since <= at < until:
            return at % _MADE_S
        return _MADE_S + at - since

    return age


def away(curve: Curve, since: float, until: float) -> Curve:
    """A curve that is not scraped for a while, as of a process that is down."""
    return lambda at: None if since <= at < until else curve(at)


CANARIES = [
    (PROVINCE, CITY, UPPER, "up"),
    (PROVINCE, DISTRICT, UPPER, "up"),
    (CITY, CITY, UPPER, "up"),
    (CITY, PROVINCE, UPPER, "down"),
    (CITY, DISTRICT, LOWER, "up"),
    (DISTRICT, DISTRICT, LOWER, "up"),
    (DISTRICT, CITY, LOWER, "down"),
    (DISTRICT, PROVINCE, LOWER, "down"),
]
"""Who knows whose canary, over which link: each node its own, too, by its commit in the parent's cluster."""


def normal() -> dict[str, Curve]:
    """Return every series of a normal day."""
    found: dict[str, Curve] = {canary(*one): aging() for one in CANARIES}
    for division in (PROVINCE, CITY, DISTRICT):
        found |= dict(_of_node(division))
    return found


def _of_node(division: str) -> Iterator[tuple[str, Curve]]:
    def of(metric: str, **labels: str) -> str:
        return node(division, metric, **labels)

    yield of("up"), steady(1)
    yield links(division), steady(1)
    yield of("exchange_ready"), steady(1)
    yield of("process_start_time_seconds"), steady(0)
    for lane in ("link-up", "link-down", "gate", "view"):
        yield of("exchange_shards", lane=lane, phase="running"), steady(16)
        yield of("exchange_lag_seconds", lane=lane, resource=LICENCES), _rhythm
        yield of("exchange_catch_up_seconds", lane=lane, resource=LICENCES), steady(0)
    yield of("exchange_records_total", lane="gate", resource=INBOX, outcome="passed"), growing(99)
    yield of("exchange_records_total", lane="gate", resource=INBOX, outcome="quarantined"), growing(1)
    yield of("exchange_refused_records_total", resource=INBOX, reason="code-list"), growing(1)
    yield of("exchange_quarantine_records", resource=LICENCES), steady(3)
    yield of("exchange_quarantine_oldest_timestamp_seconds", resource=LICENCES), steady(0)
    yield of("exchange_request_due_seconds", kind="answer-conditional", state="running"), steady(5 * _DAY_S)
    for within in ("7d", "30d"):
        yield of("exchange_grants_ending", within=within), steady(0 if within == "7d" else 2)
    yield of("exchange_clocks_untold"), steady(0)
    yield of("exchange_rights_changed_total", change="added"), growing(0.01)
    yield of("exchange_clock_skew_seconds", cluster=division), lambda at: 0.05 if at % 120 < 60 else -0.05
    yield of("exchange_disk_size_bytes", disk="data"), steady(_TIB)
    yield of("exchange_disk_free_bytes", disk="data"), growing(-1e5, _TIB / 2)
    yield of("exchange_certificate_not_after_timestamp_seconds", certificate="http"), steady(200 * _DAY_S)


def _rhythm(at: float) -> float:
    """A lag that comes and goes each hour, and never lasts."""
    return 8.0 if at % 3600 < 300 else 0.2
