"""Answers for node/control/item_faults.py."""

from typing import Any

import pytest

from node.avro.described import DataItem, data_items
from node.control.item_faults import check_facts, faults, highest_grade
from node.errors import CommandRefused
from node.model.items import Classification, OpeningTerms, SharingTerms
from node.model.names import Topic
from node.model.values import Way
from tests.control.offers import NAME, SCHEMA, facts

ITEMS = data_items(SCHEMA)
STREAM: tuple[Way, ...] = ("stream",)


def told(items: tuple[DataItem, ...] = ITEMS, **changes: Any) -> list[str]:
    """The keys at which something is wrong, all of it told in both languages."""
    found = list(faults(NAME, facts(**changes), items))
    for fault in found:
        assert fault.key in fault.of
        assert any("\u4e00" <= letter <= "\u9fff" for letter in fault.zh)
    return [fault.key for fault in found]


def test_what_is_in_order_has_no_fault() -> None:
    """The facts that tests begin with, and each sharing type with what it needs."""
    assert told() == []
    assert told(sharing=SharingTerms(type="unconditional", ways=STREAM)) == []
    assert told(sharing=SharingTerms(type="not-shared", legal_basis="《统计法》 / Statistics Law")) == []
    assert told(opening=OpeningTerms(type="conditional", condition="脱敏后 / masked")) == []
    assert told(code="1010010001/1", classification=Classification(base="population", themes=("信用 / credit",))) == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"code": "4010010001/000001"}, "code"),
        ({"code": "301001000000001"}, "code"),
        ({"code": "30100/1"}, "code"),
        ({"code": "3010010001/"}, "code"),
        ({"credit_code": "11445102MB2C000133"}, "credit_code"),
        ({"update_cycle": "daily"}, "update_cycle"),
        ({"update_cycle": "P0D"}, "update_cycle"),
        ({"update_cycle": "PT1H"}, "update_cycle"),
        ({"version": 0}, "version"),
        ({"summary": "长" * 4097}, "summary"),
        ({"related": (NAME,)}, "related"),
        ({"related": (Topic("445102.tax"),)}, "related"),
        ({"related": (Topic("445102.tax.a"),) * 2}, "related"),
        ({"related": tuple(Topic(f"445102.tax.a{number}") for number in range(101))}, "related"),
        ({"code": "1010010001/1"}, "classification.base"),
        ({"code": "2010010001/1"}, "classification.themes"),
        ({"classification": Classification(themes=(" ",))}, "classification.themes"),
        ({"classification": Classification(themes=("长" * 4097,))}, "classification.themes"),
        ({"sharing": SharingTerms(type="conditional", ways=STREAM)}, "sharing.condition"),
        ({"sharing": SharingTerms(type="conditional", ways=STREAM, condition="长" * 4097)}, "sharing.condition"),
        ({"sharing": SharingTerms(type="unconditional", ways=STREAM, condition="依法")}, "sharing.condition"),
        ({"sharing": SharingTerms(type="unconditional", ways=STREAM, legal_basis="依法")}, "sharing.legal_basis"),
        ({"sharing": SharingTerms(type="unconditional")}, "sharing.ways"),
        ({"sharing": SharingTerms(type="unconditional", ways=STREAM * 2)}, "sharing.ways"),
        ({"sharing": SharingTerms(type="not-shared", ways=STREAM, legal_basis="依法")}, "sharing.ways"),
        ({"sharing": SharingTerms(type="not-shared")}, "sharing.legal_basis"),
        ({"opening": OpeningTerms(type="conditional")}, "opening.condition"),
        ({"opening": OpeningTerms(type="not-open", condition="脱敏后")}, "opening.condition"),
        (
            {"opening": OpeningTerms(type="unconditional"), "sharing": SharingTerms(type="not-shared", legal_basis="依法")},
            "opening.type",
        ),
        ({"grade": "general-1"}, "grade"),
    ],
)
def test_a_fault_is_told_at_its_key(changes: dict[str, Any], key: str) -> None:
    """And nothing else is."""
    assert told(**changes) == [key]


def test_data_items_without_a_grade_are_named() -> None:
    """The first ten, and how many there are; a word that is no grade is none."""
    bare = tuple(DataItem(name=f"f{number}", type="int", grade="secret") for number in range(12))
    (fault,) = faults(NAME, facts(grade=""), bare)
    assert (fault.key, "f9 and 2 more" in fault.en, "f10" in fault.en, "等 12 项" in fault.zh) == ("schema", True, False, True)


def test_an_items_grade_is_that_of_its_data_items() -> None:
    """The highest of theirs, unless the item says a higher one itself."""
    assert highest_grade(ITEMS) == "general-2"
    assert highest_grade(()) == ""
    assert told(grade="core") == []


def test_a_command_is_refused_with_all_of_it() -> None:
    """Nobody mends an item one fault at a time."""
    check_facts(NAME, facts(), ITEMS)
    with pytest.raises(CommandRefused) as refused:
        check_facts(NAME, facts(code="x", version=0), ITEMS)
    assert refused.value.code == "bad-item"
    assert "code: 'x'" in refused.value.en
    assert "version: 0" in refused.value.en
    assert "版本自 1 起" in refused.value.zh
