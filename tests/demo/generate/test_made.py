"""Answers for node/demo/generate/made.py: the stream of records."""

import os
import subprocess
import sys
from collections.abc import Iterable
from itertools import pairwise

import pytest

from node.avro import encode, frame
from node.demo.generate import Made, framed, load, records, shipped_names
from node.errors import ConfigError

_DIGEST = """
import hashlib
from node.demo.generate import records
digest = hashlib.sha256()
for name in ("licences", "population", "marriages"):
    for made in records(name, count=200, seed=7, wrong=0.2, malformed=0.2):
        digest.update(repr(made).encode())
print(digest.hexdigest())
"""


def _right(made: Iterable[Made]) -> list[Made]:
    return [one for one in made if one.wrong is None]


def test_the_same_seed_gives_the_same_records_in_every_process() -> None:
    """Python's salt of hashes, which changes the order of sets, changes no record."""
    digests = set()
    for salt in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", _DIGEST],
            env=os.environ | {"PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_another_seed_and_another_schema_give_others() -> None:
    """Two resources of one seed do not share their people."""
    first, again, other = (list(records("population", count=50, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert not {one.key for one in first} & {one.key for one in other}
    payments = records("social-insurance", count=50, seed=1)
    assert not {one.key for one in first} & {one.key for one in payments}


def test_right_records_do_not_depend_on_how_many_are_wrong() -> None:
    """What is wrong has dice of its own, so a test can compare what passed with a run that has nothing wrong."""
    clean = list(records("licences", count=2000, seed=3))
    spoilt = list(records("licences", count=2000, seed=3, wrong=0.1, malformed=0.1))
    assert len(spoilt) == 2000
    assert [before for before, after in zip(clean, spoilt, strict=True) if after.wrong is None] == _right(spoilt)
    assert 250 < len(spoilt) - len(_right(spoilt)) < 510
    assert all((one.value is None) or one.wrong for one in spoilt)


@pytest.mark.parametrize("wrong", [0.0, 0.01, 1.0])
def test_the_share_of_wrong_records_is_kept(wrong: float) -> None:
    """None, few, or all of them."""
    made = list(records("trade", count=3000, seed=4, wrong=wrong))
    found = sum(one.wrong is not None for one in made)
    assert abs(found - 3000 * wrong) <= 20
    assert all(one.value is None for one in made)


@pytest.mark.parametrize("name", shipped_names())
def test_keys_and_timestamps_are_those_of_a_log(name: str) -> None:
    """The key is the text of the schema's key fields, wrong ones too, and time moves on."""
    key = load(name).schema.key
    made = list(records(name, count=100, seed=5, wrong=0.3))
    for one in made:
        assert one.key == "\x1f".join(str(one.datum[part]) for part in key)
    assert all(earlier.timestamp_ms < later.timestamp_ms for earlier, later in pairwise(made))


def test_values_are_framed_as_kafka_has_them() -> None:
    """The registered schema's id, then the datum in Avro; of a malformed record the damaged bytes."""
    source = load("licences")
    for one in records("licences", count=200, seed=2, malformed=0.3):
        value = framed(one, source)
        assert value == (one.value if one.wrong else frame(source.schema_id, encode(source.schema, one.datum)))


@pytest.mark.parametrize("share", [{"wrong": -0.1}, {"wrong": 1.1}, {"malformed": 2}, {"count": -1}])
def test_impossible_shares_are_refused(share: dict[str, float]) -> None:
    """At once, not when the first record is asked for."""
    with pytest.raises(ConfigError, match="shares from 0 to 1"):
        records("trade", **{"count": 1, "seed": 1, **share})  # type: ignore[arg-type]  # one of them is wrong on purpose
