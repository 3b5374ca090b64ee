"""Answers for node/avro/pools.py."""

import numpy as np
import pytest

from node.avro.layout import N_HEADER, RULE_WIDTH, T_CREDIT
from node.avro.pools import Pools
from tests.avro.interpreted import kernel


def test_numbers_begin_with_room_for_the_header() -> None:
    """Places are counted from the begin of the pool, and what is put goes behind what is there."""
    pools = Pools()
    assert pools.put([7, 8]) == N_HEADER
    assert pools.put([9]) == N_HEADER + 2
    assert pools.numbers[N_HEADER:] == [7, 8, 9]


def test_rule_rows_stand_one_behind_the_other() -> None:
    """The kernel goes from the first to before the last, in steps of a row."""
    pools = Pools()
    first, last = pools.put_rules([(1, 2, 3, 4, 5), (6, 7, 8, 9, 10)])
    assert last - first == 2 * RULE_WIDTH
    assert pools.numbers[first:last] == list(range(1, 11))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100, 1000])
def test_the_kernel_finds_every_member_of_a_set_and_no_other(count: int) -> None:
    """Sets are built here and searched there: both must hash alike, and a search for what is not there must end."""
    pools, functions = Pools(), kernel()
    members = [f"代码{number}".encode() for number in range(count)]
    texts, numbers = pools.put_texts(members), pools.put_numbers(number * 3 for number in range(count))
    pool, text = np.array(pools.numbers), np.frombuffer(bytes(pools.text), np.uint8)
    for number in range(0, count + 3, max(count // 50, 1)):
        asked = np.frombuffer(f"代码{number}".encode(), np.uint8)
        assert functions["is_member"](asked, 0, len(asked), pool, text, texts) is (number < count)
        assert bool(functions["is_number_member"](number * 3, pool, numbers)) is (number < count)
        assert not functions["is_number_member"](number * 3 - 1, pool, numbers)


def test_credit_code_characters_have_the_values_of_the_standard() -> None:
    """GB 32100-2015, table 1: A is 10, Y is 30; I, O, S, V and Z have none."""
    table = Pools().text[T_CREDIT : T_CREDIT + 256]
    assert [table[ord(character)] for character in "09AHJNPRTUWXY"] == [0, 9, 10, 17, 18, 22, 23, 25, 26, 27, 28, 29, 30]
    assert {table[ord(character)] for character in "IOSVZaz ./:@[`"} == {255}
    assert sorted(value for value in table if value != 255) == list(range(31))
