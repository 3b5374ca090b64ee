"""A batch's records, unfolded as kernels read them."""

import numpy as np

from node.avro.jit import Bytes
from node.avro.program import read_only
from node.batch.codec import decompress
from node.batch.header import HEADER_BYTES
from node.errors import BatchError
from node.transform.writes import Write

_RECORD_BYTES_MIN = 2
"""Its length, and a byte that it is the length of."""


def unfold(raw: Write, room: bytearray | None = None) -> Bytes:
    """Return the records of a batch, uncompressed and read-only; they may lie in `room`, or where they are.

    BatchError where they cannot be unfolded, or are fewer than the header says they are.
    """
    header = raw.header
    section = decompress(header.codec, memoryview(raw.data)[raw.start + HEADER_BYTES : raw.start + header.size], room)
    data = read_only(np.frombuffer(section, np.uint8))
    if header.count > len(data) // _RECORD_BYTES_MIN:
        raise BatchError(f"{header.count} records do not stand in {len(data)} bytes")
    return data
