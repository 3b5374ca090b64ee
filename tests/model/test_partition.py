"""Where keys go, and where progress is kept."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from node.model.limits import SHARDS
from node.model.names import Topic
from node.model.partition import murmur2, partition_of, shard_of


@given(st.binary(max_size=200))
def test_murmur2_is_kafkas(data: bytes) -> None:
    """The hash is the one that aiokafka, and so every Kafka client, computes."""
    assert murmur2(data) == reference(data) & 0xFFFFFFFF


@given(st.binary(min_size=1, max_size=50), st.integers(1, 64))
def test_a_key_goes_where_kafkas_partitioner_sends_it(key: bytes, partitions: int) -> None:
    """Records of a subject keep their partition, whoever writes them."""
    everywhere = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, everywhere, everywhere)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_of_kafkas_own_test(text: bytes, expected: int) -> None:
    """The vectors of Kafka's UtilsTest: the seed and the tail are right, not only equal to another port."""
    assert murmur2(text) == expected & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("topic", "shards"),
    [
        ("445102.civil-affairs.villages", [5, 6, 7]),
        ("440000.civil-affairs.streets", [3, 4, 5]),
        ("445100.node.control", [9, 10, 11]),
    ],
)
def test_a_routes_shard_never_changes(topic: str, shards: list[int]) -> None:
    """Progress written years ago is found again: these numbers are for ever."""
    assert [shard_of(Topic(topic), partition) for partition in range(3)] == shards
    assert shard_of(Topic(topic), SHARDS) == shards[0]
