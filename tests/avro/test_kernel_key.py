"""Answers for node/avro/kernel_key.py."""

from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from node.avro import layout
from node.avro.kernel_key import has_key, key_fits
from node.avro.program import Program, compile_program, read_only
from node.avro.schema import encode, key_of, parse
from node.avro.values import check_values
from node.errors import RowError

KINDS: dict[str, tuple[Any, list[Any]]] = {
    "text": ("string", ["440000", "a", "甲乙", "x" * 200, "-1", "\x1e"]),
    "small": ("int", [0, 1, -1, 9, 10, -10, 2**31 - 1, -(2**31)]),
    "large": ("long", [0, 7, -7, 10**18, 2**63 - 1, -(2**63), -(10**18)]),
    "day": ({"type": "int", "logicalType": "date"}, [date(1, 1, 1), date(1969, 12, 31), date(2024, 2, 29), date(9999, 12, 31)]),
    "kind": ({"type": "enum", "name": "K", "symbols": ["A", "LONG_ONE"]}, ["A", "LONG_ONE"]),
    "id": ({"type": "string", "logicalType": "uuid"}, [UUID(int=0), UUID("123E4567-E89B-12D3-A456-426614174000")]),
}


def _program(key: list[str]) -> Program:
    fields = [{"name": name, "type": kind} for name, (kind, _values) in KINDS.items()]
    return compile_program(parse({"type": "record", "name": "R", "key": key, "fields": fields}))


def _fits(program: Program, value: bytes, key: bytes) -> bool:
    """Tell whether a key fits a value; both stand in one buffer, as they do in a batch."""
    data = b"#" + value + b"##" + key + b"#"
    verdicts = check_values(program, data, np.array([1, 1 + len(value)]), 0)
    assert verdicts.found[0, 0] == layout.OK
    begin = len(value) + 3
    return bool(key_fits(read_only(np.frombuffer(data, np.uint8)), begin, begin + len(key), program.tables, verdicts.state))


@pytest.mark.parametrize(
    "key", [[name] for name in KINDS] + [["text", "small"], ["large", "day", "kind"], ["id", "text", "large", "small"]]
)
def test_a_key_fits_that_key_of_makes_and_no_other(key: list[str]) -> None:
    """For values of every kind that a key may have, and keys one character away."""
    program, rng = _program(key), Random(1)
    for _ in range(60):
        datum = {name: rng.choice(values) for name, (_kind, values) in KINDS.items()}
        value, right = encode(program.schema, datum), key_of(program.schema, datum)
        assert right is not None
        assert _fits(program, value, right)
        at = rng.randrange(len(right))
        for wrong in (
            right[:at] + bytes((right[at] ^ rng.choice([1, 4, 0x20]),)) + right[at + 1 :],
            right[:at] + right[at + 1 :],
            right + b"0",
            b"0" + right,
        ):
            assert not _fits(program, value, wrong)


@pytest.mark.parametrize(("text", "key"), [("", [b"", b"\x1f1"]), ("a\x1fb", [b"a\x1fb\x1f1", b"a\x1f1"])])
def test_a_key_that_two_subjects_could_share_never_fits(text: str, key: list[bytes]) -> None:
    """As `key_of` refuses to make it: a part is empty, or holds what separates parts."""
    program = _program(["text", "small"])
    datum = {name: values[1] for name, (_kind, values) in KINDS.items()} | {"text": text}
    with pytest.raises(RowError):
        key_of(program.schema, datum)
    assert not any(_fits(program, encode(program.schema, datum), one) for one in key)


@pytest.mark.parametrize("wrong", [b"01", b"-1", b"+1", b"", b"1 ", b"9223372036854775808", b"18446744073709551617", b"1\x1f"])
def test_a_number_has_one_text(wrong: bytes) -> None:
    """No leading zero, no sign, nothing that wraps round to the same number."""
    program = _program(["small"])
    value = encode(program.schema, {name: values[1] for name, (_kind, values) in KINDS.items()})
    assert _fits(program, value, b"1")
    assert not _fits(program, value, wrong)


def test_a_uuid_in_capitals_has_its_key_in_small_letters() -> None:
    """The value may be written in either case; its key is one."""
    program = _program(["id"])
    datum = {name: values[1] for name, (_kind, values) in KINDS.items()}
    value = encode(program.schema, datum).replace(str(datum["id"]).encode(), str(datum["id"]).upper().encode())
    assert _fits(program, value, str(datum["id"]).encode())
    assert not _fits(program, value, str(datum["id"]).upper().encode())


def test_without_key_fields_there_is_no_key() -> None:
    """And whoever asks is told so by the tables."""
    program = _program([])
    assert not has_key(program.tables)
    assert has_key(_program(["small"]).tables)
    value = encode(program.schema, {name: values[0] for name, (_kind, values) in KINDS.items()})
    assert _fits(program, value, b"")
    assert not _fits(program, value, b"1")
