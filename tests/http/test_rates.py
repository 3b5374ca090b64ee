"""Buckets of requests: what they hold, how they fill, and that their number is bounded. Time is an argument."""

import pytest

from node.http.rates import Rates


def test_a_bucket_holds_a_burst_and_fills_again() -> None:
    """Ten at once, then two a second; who waits as long as he is told gets in."""
    rates = Rates(2, 10, 100)
    assert [rates.wait_s("a", 50.0) for _ in range(10)] == [0.0] * 10
    assert rates.wait_s("a", 50.0) == pytest.approx(0.5)
    assert rates.wait_s("a", 50.4) == pytest.approx(0.1)
    assert rates.wait_s("a", 50.5) == 0.0
    assert rates.wait_s("a", 50.5) > 0
    assert [rates.wait_s("a", 90.0) for _ in range(10)] == [0.0] * 10, "a long rest fills it to the brim and no further"
    assert rates.wait_s("a", 90.0) > 0


def test_what_is_refused_costs_nothing() -> None:
    """Whoever asks on and on gets what he is due all the same."""
    rates = Rates(1, 1, 100)
    let_in = sum(rates.wait_s("a", number / 100) == 0.0 for number in range(1000))
    assert let_in == 10


def test_one_does_not_pay_for_another() -> None:
    """Each key has a bucket of its own."""
    rates = Rates(1, 1, 100)
    assert [rates.wait_s(key, 0.0) == 0.0 for key in "aab"] == [True, False, True]


def test_however_many_come_there_are_so_many_buckets() -> None:
    """Those that find none share one, until others are full again and forgotten."""
    rates = Rates(1, 1, 100)
    assert sum(rates.wait_s(f"{number}", 5.0) == 0.0 for number in range(1000)) == 101
    assert len(rates._spent_until) <= 101
    assert rates.wait_s("7", 5.0) > 0, "who had one keeps it"
    assert rates.wait_s("new", 5.5) > 0
    assert rates.wait_s("new", 6.5) == 0.0, "all the others are full, and forgotten"
    assert len(rates._spent_until) == 1
