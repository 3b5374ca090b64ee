"""Views against plain Python: random selections of random licences, in a lane where transactions fail."""

import pytest

from tests.transform.running import run

SEEDS = 200


def _run(seeds: range) -> None:
    happened = sum(map(run, seeds), start=run(seeds.start - 1))
    assert min(happened.values()) > len(seeds) // 2, happened
    assert len(happened) == 7
    assert happened["records"] > 20 * len(seeds)


def test_views_have_what_plain_python_says() -> None:
    """Every record, tombstone, key, field and timestamp, whatever becomes of transactions; no text that was not granted stands in what is written."""
    _run(range(1, SEEDS))


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(4))
def test_8_000_partitions(part: int) -> None:
    """The same for many more."""
    _run(range(10_000 + part * 2000, 12_000 + part * 2000))
