"""Answers for node/demo/generate/makers.py: each maker by what it makes."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from stdnum.cn import uscc

from node.demo.generate.identity import birth_of, is_male
from node.demo.generate.lives import START
from node.demo.generate.makers import MAKERS
from node.errors import SchemaError
from tests.demo.generate.schemas import drawn, field

DATE = {"type": "int", "logicalType": "date"}
MOMENT = {"type": "long", "logicalType": "timestamp-millis"}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
TODAY = (START + timedelta(hours=8)).date()


def made(folder: Path, kind: Any, generate: Any, *rules: dict[str, Any]) -> list[Any]:
    """Return many values of one field."""
    return [row["it"] for row in drawn(folder, field("it", kind, generate, *rules))]


def test_choice_takes_all_and_the_doubled_twice_as_often(tmp_path: Path) -> None:
    """Weights are written by repetition."""
    found = made(tmp_path, "string", {"choice": ["a", "a", "a", "b"]})
    assert set(found) == {"a", "b"}
    assert found.count("a") > 2 * found.count("b")


def test_people_cohere(tmp_path: Path) -> None:
    """Age and sex as asked, the date of birth and the sex's code from the number, a parent older by so many years."""
    number = field("id", "string", {"resident": {"sex": "female", "age": [20, 30]}})
    rows = drawn(
        tmp_path,
        number,
        field("born", DATE, {"birth": "id"}),
        field("sex", "string", {"sex": "id"}),
        field("mother", "string", {"resident": {"sex": "female", "older": ["id", 20, 40]}}),
    )
    for row in rows:
        assert not is_male(row["id"])
        assert row["born"] == birth_of(row["id"])
        assert 20 * 365 <= (TODAY - row["born"]).days <= 31 * 366
        assert row["sex"] == "2"
        assert 20 * 365 <= (row["born"] - birth_of(row["mother"])).days <= 41 * 366


def test_bodies_have_the_code_that_is_asked_for(tmp_path: Path) -> None:
    """A company's by its kind; an authority's is always the same for the same name."""
    rows = drawn(
        tmp_path,
        field("code", "string", {"uscc": "52"}),
        field("of", "string", {"choice": ["甲局", "乙局"]}),
        field("by", "string", {"uscc-of": "of"}),
    )
    assert all(uscc.is_valid(row["code"]) and row["code"].startswith("52") for row in rows)
    assert all(uscc.is_valid(row["by"]) for row in rows)
    assert len({(row["of"], row["by"]) for row in rows}) == 2


def test_places_cohere(tmp_path: Path) -> None:
    """Street and division are cut from the village, names are the table's."""
    rows = drawn(
        tmp_path,
        field("village", "string", "village"),
        field("street", "string", {"cut": ["village", 9]}),
        field("name", "string", {"place-name": "street"}),
        field("at", "string", {"address": "village"}),
        field("grid", "string", {"grid": "village"}),
    )
    for row in rows:
        assert row["village"].startswith(row["street"])
        assert row["name"] in row["at"]
        assert "网格" in row["grid"]


def test_numbers_keep_their_bounds_and_scale(tmp_path: Path) -> None:
    """Whole numbers, floats and decimals; a share of a sibling is rounded to the field's scale."""
    assert set(made(tmp_path, "int", {"number": [3, 5]})) == {3, 4, 5}
    assert all(0.5 <= one <= 1.5 for one in made(tmp_path, "double", {"number": [0.5, 1.5]}))
    rows = drawn(tmp_path, field("base", MONEY, {"number": [10, 1000]}), field("part", MONEY, {"share": ["base", 0.1, 0.2]}))
    for row in rows:
        assert Decimal(10) <= row["base"] <= Decimal(1000)
        assert row["base"].as_tuple().exponent == row["part"].as_tuple().exponent == -2
        assert row["base"] * Decimal("0.09") <= row["part"] <= row["base"] * Decimal("0.21")


def test_moments_are_at_or_around_now(tmp_path: Path) -> None:
    """In each type that has a date or a time; with days, so many before or after."""
    assert set(made(tmp_path, DATE, "now")) == {TODAY}
    assert set(made(tmp_path, MOMENT, "now")) == {START}
    assert set(made(tmp_path, {"type": "long", "logicalType": "local-timestamp-millis"}, "now")) == {datetime(2025, 1, 2, 9, 0)}  # noqa: DTZ001
    assert set(made(tmp_path, {"type": "int", "logicalType": "time-millis"}, "now")) == {time(9, 0)}
    assert {TODAY - one for one in made(tmp_path, DATE, {"now": [-2, 0]})} == {timedelta(days) for days in (0, 1, 2)}
    assert all(START - timedelta(days=3) <= one <= START for one in made(tmp_path, MOMENT, {"now": [-2, 0]}))
    assert {one.day for one in made(tmp_path, DATE, {"month": [-3, 0]})} == {1}
    assert {one.month for one in made(tmp_path, DATE, {"month": [-3, 0]})} == {10, 11, 12, 1}
    assert all(date(2020, 1, 1) <= one <= date(2020, 1, 9) for one in made(tmp_path, DATE, {"date": ["2020-01-01", "2020-01-09"]}))


def test_what_comes_after_comes_after_and_not_in_the_future(tmp_path: Path) -> None:
    """A date so many days after another; never later than now where the rules forbid it, and null after null."""
    start = field("start", ["null", DATE], {"date": ["2024-12-20", "2025-01-02"], "nulls": 0.2})
    free = field("end", ["null", DATE], {"after": ["start", 5, 9]})
    past = field("past", ["null", DATE], {"after": ["start", 5, 9]}, {"rule": "not-future"})
    rows = drawn(tmp_path, start, free, past)
    for row in rows:
        if row["start"] is None:
            assert row["end"] is row["past"] is None
        else:
            assert 5 <= (row["end"] - row["start"]).days <= 9
            assert row["start"] <= row["past"] <= TODAY
    assert any(row["start"] is None for row in rows)
    assert any(row["end"] and row["end"] > TODAY for row in rows)


def test_texts_follow_their_template(tmp_path: Path) -> None:
    """Serial with a format, year, day, digits at random, and fields of the record."""
    rows = drawn(
        tmp_path,
        field("no", "string", {"text": "{kind}-{year}-{serial:04d}-{d3}"}),
        field("kind", "string", {"choice": ["A", "B"]}),
        count=30,
    )
    for number, row in enumerate(rows, 1):
        kind, year, serial, digits = row["no"].split("-")
        assert (kind, year, serial) == (row["kind"], "2025", f"{number:04d}")
        assert len(digits) == 3
        assert digits.isdigit()
    assert made(tmp_path, "string", {"text": "{day}"})[0] == "20250102"
    late = drawn(tmp_path, field("no", "string", {"text": "{e2}"}), field("e2", "string", {"choice": ["x"]}))
    assert {row["no"] for row in late} == {"x"}


def test_bytes_have_their_size(tmp_path: Path) -> None:
    """Of a fixed its own, else what is asked."""
    assert {len(one) for one in made(tmp_path, {"type": "fixed", "name": "F", "size": 7}, "bytes")} == {7}
    assert {len(one) for one in made(tmp_path, "bytes", {"bytes": 3})} == {3}


@pytest.mark.parametrize(
    ("kind", "generate", "cause"),
    [
        ("string", {"choice": []}, "choice needs a list"),
        ("string", "now", "a moment does not fit string"),
        ("string", {"text": ""}, "text needs a template"),
        ("string", "nonsense", "one maker is needed, out of address"),
        ("string", {"choice": ["a"], "digits": 3}, "one maker is needed"),
        ("string", {}, "one maker is needed"),
        ("string", {"resident": {"sex": "M"}}, "resident does not take this argument"),
        ("int", {"number": 7}, "number does not take this argument"),
        ("string", {"cut": 7}, "cut does not take this argument"),
    ],
)
def test_a_property_that_cannot_be_followed_is_told_with_its_place(tmp_path: Path, kind: Any, generate: Any, cause: str) -> None:
    """Who writes a schema learns where and what."""
    with pytest.raises(SchemaError, match=f'it: "generate": {cause}'):
        made(tmp_path, kind, generate)


def test_every_maker_is_used_by_a_shipped_schema_or_tested_here() -> None:
    """A maker that nobody needs is deleted."""
    from node.demo.generate.source import load, shipped_names  # noqa: PLC0415  # only this test reads all schemas

    said = "".join(str(load(name).avsc) for name in shipped_names())
    unused = {name for name in MAKERS if f"'{name}'" not in said}
    assert unused <= {"bytes"}  # chosen by the type, without being named
