"""Kafka record batches of format 2: bytes in, bytes out; no socket, no clock.

The road of a carried batch: `walk` finds it in a Fetch reply, `check` proves it intact, `restamp` writes the target
producer's header over its 61 bytes, and its record bytes are never opened. A batch with holes, or one that straddles the
offset to start from, takes the other road: `records` opens it, `rebuild` writes what is left as a new batch.

Bounds: nothing is read outside the batch; a record section unfolds to at most DECOMPRESSED_BYTES_MAX, and opening one
holds that twice. Failure: `BatchError` and nothing else, whatever the bytes are; a batch cut by the end of a reply is no failure.

`build` and `records` are taken from the modules of the same name.
"""

from node.batch.build import rebuild
from node.batch.header import (
    GZIP,
    HEADER,
    HEADER_BYTES,
    LZ4,
    MAGIC,
    NONE,
    SNAPPY,
    ZSTD,
    Header,
    check,
    marker,
    read,
    restamp,
    seal,
    walk,
)
from node.batch.records import Record

__all__ = [
    "GZIP",
    "HEADER",
    "HEADER_BYTES",
    "LZ4",
    "MAGIC",
    "NONE",
    "SNAPPY",
    "ZSTD",
    "Header",
    "Record",
    "check",
    "marker",
    "read",
    "rebuild",
    "restamp",
    "seal",
    "walk",
]
