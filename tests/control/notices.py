"""The State Council's notices of the days off in 2025 and 2026 as they were published, and a slow way to count by them.

Nothing here is shared with the node: days are gone through one by one, and Shanghai is eight hours before UTC.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache

OFF = (
    # New Year, Spring Festival, Tomb-Sweeping Day, Labour Day, Dragon Boat Festival, National Day with Mid-Autumn Festival
    ("2025-01-01", "2025-01-01"),
    ("2025-01-28", "2025-02-04"),
    ("2025-04-04", "2025-04-06"),
    ("2025-05-01", "2025-05-05"),
    ("2025-05-31", "2025-06-02"),
    ("2025-10-01", "2025-10-08"),
    # the same for 2026, where Mid-Autumn Festival stands by itself before National Day
    ("2026-01-01", "2026-01-03"),
    ("2026-02-15", "2026-02-23"),
    ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"),
    ("2026-06-19", "2026-06-21"),
    ("2026-09-25", "2026-09-27"),
    ("2026-10-01", "2026-10-07"),
)
WORKED = (
    *("2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"),
    *("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"),
)


@cache
def worked(day: date) -> bool:
    """Return whether a day of 2025 or 2026 is worked."""
    text = day.isoformat()
    assert "2025" <= text < "2027"
    if text in WORKED:
        return True
    return not any(first <= text <= last for first, last in OFF) and day.strftime("%a") not in {"Sat", "Sun"}


def worked_after(day: date) -> list[date]:
    """Return all days worked after a day, to the end of 2026."""
    return [one for one in (day + timedelta(count) for count in range(1, (date(2026, 12, 31) - day).days + 1)) if worked(one)]


def in_shanghai(moment: datetime) -> date:
    """Return the day that it is in Shanghai."""
    return (moment.astimezone(UTC).replace(tzinfo=None) + timedelta(hours=8)).date()
