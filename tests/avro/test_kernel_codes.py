"""Answers for node/avro/kernel_codes.py: python-stdnum judges the two identifiers."""

from random import Random
from typing import Any

import numpy as np
import pytest
from stdnum.cn import ric, uscc

from node.avro import layout
from node.avro.program import Program, compile_program
from node.avro.schema import parse
from node.avro.values import check_values
from tests.avro.ruling import NOW_MS
from tests.avro.shapes import credit_code, resident_id
from tests.avro.writer import zigzag

KNOWN_RESIDENTS = ("11010519491231002X", "440524188001010014", "360426199101010071")
"""The examples of GB 11643-1999, and python-stdnum's."""
KNOWN_CREDIT_CODES = ("91350100M000100Y43", "91110000600037341L", "N2445102MF0000001" + uscc.calc_check_digit("N2445102MF00000010"))
"""The example of GB 32100-2015, python-stdnum's, and a village collective's, which begins with a letter."""


def _program(**rule: Any) -> Program:
    field = {"name": "a", "type": "string", "rules": [rule]}
    return compile_program(parse({"type": "record", "name": "R", "fields": [field]}))


def _passing(program: Program, texts: list[str]) -> list[bool]:
    values = [zigzag(len(text.encode())) + text.encode() for text in texts]
    verdicts = check_values(program, b"".join(values), np.cumsum([0, *map(len, values)]), NOW_MS)
    assert set(verdicts.found[:, 0].tolist()) <= {layout.OK, layout.E_RULE}
    return [code == layout.OK for code in verdicts.found[:, 0].tolist()]


def _changed(text: str, rng: Random, characters: str) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(characters) + text[at + 1 :]


def test_identity_numbers_are_judged_as_stdnum_judges_them() -> None:
    """8,000 numbers of known places, most with one character changed: alike, but for lower case, which the standard does not know."""
    rng = Random(11643)
    texts = [_changed(resident_id(rng), rng, "0123456789X") if rng.random() < 0.8 else resident_id(rng) for _ in range(8000)]
    found = _passing(_program(rule="cn-resident-id"), texts)
    assert 1000 < sum(found) < 4000
    for text, passes in zip(texts, found, strict=True):
        judged = ric.is_valid(text)
        if judged != passes:  # stdnum also knows the places, which the rule leaves alone
            assert passes
            assert ric.calc_check_digit(text) == text[-1]
            assert not _has_place(text)


def _has_place(text: str) -> bool:
    try:
        return bool(ric.get_birth_place(text))
    except ric.InvalidComponent:
        return False


def test_credit_codes_are_judged_as_stdnum_judges_them() -> None:
    """8,000 codes, most with one character changed: alike where the first two are digits; the standard has letters there too."""
    rng = Random(32100)
    characters = "0123456789ABCDEFGHJKLMNPQRTUWXYIOSVZ"
    texts = [_changed(credit_code(rng), rng, characters) if rng.random() < 0.8 else credit_code(rng) for _ in range(8000)]
    found = _passing(_program(rule="cn-uscc"), texts)
    assert 1000 < sum(found) < 4000
    assert [passes for text, passes in zip(texts, found, strict=True) if text[:2].isdigit()] == [
        uscc.is_valid(text) for text in texts if text[:2].isdigit()
    ]
    assert all(uscc.calc_check_digit(text) == text[-1] for text, passes in zip(texts, found, strict=True) if passes)


@pytest.mark.parametrize(("rule", "known"), [("cn-resident-id", KNOWN_RESIDENTS), ("cn-uscc", KNOWN_CREDIT_CODES)])
def test_examples_of_the_standards_pass(rule: str, known: tuple[str, ...]) -> None:
    """And with any other check character they do not."""
    program = _program(rule=rule)
    assert all(_passing(program, list(known)))
    others = [text[:-1] + character for text in known for character in "0123456789ABCDEFGHJKLMNPQRTUWXYZxa" if character != text[-1]]
    assert not any(_passing(program, others))


def test_telephone_numbers() -> None:
    """Mobiles, and fixed numbers with their area; no country code, no blanks, no short numbers."""
    good = ["13800138000", "19912345678", "010-62345678", "01062345678", "02187654321", "0768-2345678", "07682345678", "0755-82345678"]
    bad = ["12800138000", "1380013800", "138001380000", "+8613800138000", "138 0013 8000", "62345678", "110", "0108234567", "010-12345678"]
    bad += ["0110-2345678", "000-23456789", "0768--2345678", "0768-234567", "0768-23456789a", "", "1380013800a", "１３８００１３８０００"]
    assert _passing(_program(rule="cn-phone"), good) == [True] * len(good)
    assert _passing(_program(rule="cn-phone"), bad) == [False] * len(bad)


def test_division_codes() -> None:
    """Known ones of a province in the table; of other provinces any; nothing of provinces that do not exist."""
    program = _program(rule="cn-division", values=["440000", "445102"], digits=[6, 9])
    good = ["440000", "445102", "430102", "110000", "445102001"]
    bad = ["445103", "449999", "100000", "990000", "44510", "4451020", "445102001001", "44510a", "445102 01", "", "445103001"]
    assert _passing(program, good) == [True] * len(good)
    assert _passing(program, bad) == [False] * len(bad)
