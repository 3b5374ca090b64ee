"""Where a key goes and where a route's progress is kept: murmur2, as Kafka's Java clients compute it."""

from node.model.limits import SHARDS
from node.model.names import Topic

_SEED = 0x9747B28C
_M = 0x5BD1E995
_WORD = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """Return the 32-bit murmur2 of `data` as an unsigned number, with the seed of Kafka's `Utils.murmur2`."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _WORD
        k = (k ^ k >> 24) * _M & _WORD
        h = (h * _M & _WORD) ^ k
    if whole != length:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _WORD
    h = (h ^ h >> 13) * _M & _WORD
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's default partitioner gives to a key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def shard_of(topic: Topic, partition: int) -> int:
    """Return the shard of a topic-partition: the same on every node and for ever."""
    return (murmur2(topic.encode()) + partition) % SHARDS
