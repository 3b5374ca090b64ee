"""Answers for node/avro/masking.py; Python's own dates and decimals are the judges."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.avro.masking import masked_default, masked_type, misfit, note
from node.avro.selection import Mask
from tests.avro.shapes import two_complement

DATE = {"type": "int", "logicalType": "date"}
MILLIS, MICROS = ({"type": "long", "logicalType": f"timestamp-{unit}"} for unit in ("millis", "micros"))
LOCAL = {"type": "long", "logicalType": "local-timestamp-millis"}
UUID = {"type": "string", "logicalType": "uuid"}
ENUM = {"type": "enum", "name": "E", "symbols": ["A"]}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decimal(precision: int, scale: int = 0) -> dict[str, Any]:
    """A decimal on bytes."""
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


FIXED = decimal(4) | {"type": "fixed", "name": "F", "size": 4}
FITTING = [
    (Mask("keep-first", 1), "string", "string"),
    (Mask("keep-last", 4), {"type": "string", "logicalType": "of-nobody"}, "string"),
    (Mask("hmac"), "string", "string"),
    (Mask("hmac"), UUID, "string"),
    (Mask("hmac"), "int", "string"),
    (Mask("hmac"), "long", "string"),
    (Mask("year"), DATE, "int"),
    (Mask("year"), MILLIS, "int"),
    (Mask("year"), LOCAL, "int"),
    (Mask("round", 10), "int", "long"),
    (Mask("round", 2), "long", "long"),
    (Mask("round", 1), "float", "float"),
    (Mask("round", 1), {"type": "double"}, "double"),
    (Mask("round", 1), decimal(18, 2), decimal(19, 2)),
    (Mask("round", 200), decimal(4, 2), decimal(5, 2)),
]
MISFITS = [
    (Mask("keep-first", 1), UUID),
    (Mask("keep-last", 1), "bytes"),
    (Mask("hmac"), ENUM),
    (Mask("hmac"), DATE),
    (Mask("hmac"), "bytes"),
    (Mask("year"), "int"),
    (Mask("year"), {"type": "int", "logicalType": "time-millis"}),
    (Mask("round", 1), "int"),
    (Mask("round", 1), "long"),
    (Mask("round", 10), DATE),
    (Mask("round", 10), FIXED),
    (Mask("round", 10), decimal(19)),
    (Mask("round", 201), decimal(4, 2)),
    (Mask("round", 10), "string"),
    (Mask("year"), {"type": "record", "name": "R", "fields": []}),
]


@pytest.mark.parametrize(("mask", "node", "made"), FITTING)
def test_a_mask_that_fits_makes_its_type(mask: Mask, node: Any, made: Any) -> None:
    """Nothing is said against it, and the type holds what the mask makes."""
    assert not misfit(mask, node)
    assert masked_type(mask, node) == made


@pytest.mark.parametrize(("mask", "node"), MISFITS)
def test_a_mask_that_does_not_fit_says_why(mask: Mask, node: Any) -> None:
    """Why begins with the mask's name."""
    assert misfit(mask, node).startswith(mask.kind)


@pytest.mark.parametrize("node", ["null", "boolean", ENUM, FIXED, {"type": "array", "items": "int"}])
def test_anything_can_be_hidden(node: Any) -> None:
    """Null stands in the place of any type."""
    assert not misfit(Mask("hide"), node)


@given(st.text(max_size=6), st.integers(0, 8))
def test_of_a_text_its_ends_are_kept(text: str, n: int) -> None:
    """The text stays as long as it is, its first or last n characters stand, each other one is a star."""
    first, last = (masked_default(Mask(kind, n), "string", text) for kind in ("keep-first", "keep-last"))
    assert first == "".join(one if place < n else "*" for place, one in enumerate(text))
    assert last == "".join(one if place >= len(text) - n else "*" for place, one in enumerate(text))


def test_no_default_is_told_from_another_by_its_hmac() -> None:
    """A schema is derived without the secret."""
    assert masked_default(Mask("hmac"), "string", "a") == masked_default(Mask("hmac"), "int", 5) == ""


@given(st.dates())
def test_the_year_of_a_day(day: date) -> None:
    """As Python's calendar has it."""
    assert masked_default(Mask("year"), DATE, day.toordinal() - date(1970, 1, 1).toordinal()) == day.year


@pytest.mark.parametrize(("days", "year"), [(-719_163, 0), (-719_528, 0), (-719_529, -1), (2_932_897, 10_000), (2**31 - 1, 5_881_580)])
def test_years_that_python_has_not(days: int, year: int) -> None:
    """The calendar goes on before the year 1, which a year 0 precedes (ISO 8601), and after 9999."""
    assert masked_default(Mask("year"), DATE, days) == year


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)), st.sampled_from([MILLIS, MICROS, LOCAL]))  # noqa: DTZ001
def test_the_year_of_a_moment(moment: datetime, node: dict[str, Any]) -> None:
    """It is China's; a local moment has its own."""
    unit = timedelta(microseconds=1) if node is MICROS else timedelta(milliseconds=1)
    value = (moment.replace(tzinfo=UTC) - _EPOCH) // unit
    there = _EPOCH + value * unit + (timedelta() if node is LOCAL else timedelta(hours=8))
    assert masked_default(Mask("year"), node, value) == there.year


@given(st.integers(-(2**63), 2**63 - 1), st.integers(2, 10**12))
def test_whole_numbers_are_rounded_as_schools_do(value: int, n: int) -> None:
    """Halves away from zero; where that has more than 64 bits, to the last multiple that has not."""
    found = masked_default(Mask("round", n), "long", value)
    nearest = int((Decimal(value) / n).quantize(Decimal(1), ROUND_HALF_UP)) * n if abs(value) < 10**15 else None
    assert found % n == 0
    assert -(2**63) <= found < 2**63
    assert abs(found - value) * 2 <= n or abs(value) > 2**63 - 1 - n
    assert nearest in {None, found}


@pytest.mark.parametrize(
    ("value", "n", "found"),
    [(2**63 - 1, 10, 2**63 - 8), (-(2**63), 10, -(2**63) + 8), (2**63 - 4, 10, 2**63 - 8), (2**63 - 1, 2, 2**63 - 2)],
)
def test_what_would_not_fit_is_rounded_toward_zero(value: int, n: int, found: int) -> None:
    """The last multiple of 64 bits, on either side."""
    assert masked_default(Mask("round", n), "long", value) == found


@given(st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, 3), st.integers(1, 10**6))
def test_decimals_are_rounded_to_whole_units(unscaled: int, scale: int, n: int) -> None:
    """To a multiple of n, which its type can hold."""
    text = masked_default(Mask("round", n), decimal(18, scale), two_complement(unscaled).decode("latin-1"))
    found = int.from_bytes(text.encode("latin-1"), "big", signed=True)
    units = (Decimal(unscaled).scaleb(-scale) / n).quantize(Decimal(1), ROUND_HALF_UP)
    assert found == int(units) * n * 10**scale
    assert abs(found) < 10**19


@pytest.mark.parametrize(
    ("value", "n", "found"),
    [(2.5, 1, 3.0), (-2.5, 1, -3.0), (149.9, 100, 100.0), (-0.2, 1, -0.0), (float("inf"), 5, float("inf")), (1e300, 3, 1e300)],
)
def test_reals_are_rounded(value: float, n: int, found: float) -> None:
    """Halves away from zero; what is not finite stays."""
    assert masked_default(Mask("round", n), "double", value) == found


@pytest.mark.parametrize("mask", [Mask("hide"), Mask("keep-first", 3), Mask("keep-last", 3), Mask("hmac"), Mask("year"), Mask("round", 3)])
def test_a_mask_is_noted_in_both_languages(mask: Mask) -> None:
    """With its number, if it has one."""
    text = note(mask)
    assert text.startswith("（脱敏：")
    assert " / masked: " in text
    assert text.count("3") == (2 if mask.n else 0)
