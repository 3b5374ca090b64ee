"""The gate against an oracle that shares no line with it: random inboxes, and mutants of whole batches."""

from collections import Counter
from random import Random

import msgspec
import pytest

from node.batch import codec
from tests.transform.cases import ROOM_BYTES, damaged, inbox
from tests.transform.holding import content, hold

INBOXES = 60
SEEDS, EACH = 50, 20
FULL_SEEDS, FULL_EACH = 400, 50


def test_random_inboxes_are_judged_as_the_oracle_judges_them() -> None:
    """Verdicts, fields, messages, warnings and written records are the oracle's; what was consumed has passed or lies in the quarantine."""
    seen = Counter[str]()
    for seed in range(INBOXES):
        seen += hold(inbox(seed))
    assert len(seen) > 35, seen
    assert seen["passed"] > seen.total() // 3, seen


@pytest.fixture
def small_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the bound of what is unfolded."""
    monkeypatch.setattr(codec, "DECOMPRESSED_BYTES_MAX", ROOM_BYTES)


def _mutants(seeds: range, each: int) -> Counter[str]:
    seen = Counter[str]()
    for seed in seeds:
        one, rng = inbox(seed, batches=1, sizes=(1, 4, 10)), Random(seed)
        sound = content(one.raws[0])
        assert sound is not None
        for _ in range(each):
            seen += hold(msgspec.structs.replace(one, raws=[damaged(one.raws[0], sound, rng)]))
    return seen


@pytest.mark.usefixtures("small_room")
def test_mutants_of_batches_are_judged_as_the_oracle_judges_them() -> None:
    """Of 1,000 batches damaged before they were compressed and sealed, or behind, nothing passes that the oracle refuses."""
    seen = _mutants(range(1000, 1000 + SEEDS), EACH)
    assert seen["unreadable"]
    assert seen["garbled"]
    assert seen["passed"]


@pytest.mark.full
@pytest.mark.usefixtures("small_room")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(4))
def test_20_000_mutants_of_batches(part: int) -> None:
    """The same for 20,000 mutants of other batches."""
    first = 10_000 + part * FULL_SEEDS // 4
    _mutants(range(first, first + FULL_SEEDS // 4), FULL_EACH)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_2_000_random_inboxes() -> None:
    """The same for many more inboxes."""
    for seed in range(20_000, 22_000):
        hold(inbox(seed))
