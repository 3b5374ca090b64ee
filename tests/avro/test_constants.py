"""Answers for node/avro/constants.py."""

from typing import Any

import pytest

from node.avro.constants import days, microseconds, unscaled


def test_a_date_is_its_days_since_1970() -> None:
    """As Avro's date counts them, before 1970 too."""
    found = [days(text) for text in ("1970-01-01", "1969-12-31", "2000-02-29", "0001-01-01", "9999-12-31")]
    assert found == [0, -1, 11_016, -719_162, 2_932_896]


@pytest.mark.parametrize("text", ["2025-02-29", "2025-1-1", "20250101", "2025-01-01T00:00:00", "", None, 5])
def test_what_is_no_date_is_refused(text: Any) -> None:
    """One form alone is a date: Python's own parser takes more."""
    with pytest.raises(ValueError, match="a date such as"):
        days(text)


def test_a_moment_is_its_microseconds_since_1970() -> None:
    """The offset counts; a local moment has none and is counted as it stands."""
    assert microseconds("1970-01-01T08:00:00.000001+08:00", local=False) == 1
    assert microseconds("1969-12-31T23:59:59.5Z", local=False) == -500_000
    assert microseconds("1970-01-01T08:00:00", local=True) == 8 * 3_600_000_000


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2025-01-01T00:00:00", False),
        ("2025-01-01T00:00:00Z", True),
        ("2025-13-01T00:00:00Z", False),
        ("2025-01-01 00:00:00Z", False),
        (5, False),
    ],
)
def test_what_is_no_moment_is_refused(text: Any, local: bool) -> None:  # noqa: FBT001
    """A moment without offset means another moment in each place; a local one with offset is none."""
    with pytest.raises(ValueError, match="a moment such as"):
        microseconds(text, local=local)


def test_a_decimal_is_its_unscaled_number() -> None:
    """Text keeps its digits, and a whole number may stand for itself."""
    assert [unscaled(value, 2) for value in ("12.50", "-0.01", "7", 7, "1.5", "12.500")] == [1250, -1, 700, 700, 150, 1250]


@pytest.mark.parametrize("value", ["0.001", 1.5, "1e3", "", ".5", "NaN", None, "1" * 40])
def test_what_is_no_decimal_of_the_scale_is_refused(value: Any) -> None:
    """A bound that would have to be rounded is not the bound that was meant."""
    with pytest.raises(ValueError, match="a decimal"):
        unscaled(value, 2)
