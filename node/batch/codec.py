"""The five codecs of a batch's record section, as Kafka's Java clients write and read them; what unfolds is bounded."""

from collections.abc import Iterator
from struct import Struct

import cramjam

from node.batch.header import GZIP, LZ4, NONE, SNAPPY, ZSTD, Buffer
from node.errors import BatchError
from node.model.limits import DECOMPRESSED_BYTES_MAX

_UNFOLD = {GZIP: cramjam.gzip.decompress_into, LZ4: cramjam.lz4.decompress_into, ZSTD: cramjam.zstd.decompress_into}
_GZIP_LEVEL, _LZ4_LEVEL, _ZSTD_LEVEL = 6, 1, 3
"""Kafka's own defaults for gzip and zstd; for lz4 the fast way, which is what level 9 of Kafka's library means too."""
_ROOM_BYTES_FIRST = 64 * 1024
_ROOM_GROWTH = 8
"""Records shrink to an eighth or less only when they repeat themselves, so the first room is enough for most batches."""

_XERIAL_MAGIC = b"\x82SNAPPY\x00"
_XERIAL_VERSIONS = b"\0\0\0\1\0\0\0\1"
"""Its own and the least that it is compatible with. All who write the framing write these; who reads others reads it as something else."""
_BLOCK_LENGTH = Struct(">i")


def compress(codec: int, section: Buffer) -> bytes:
    """Return the record section compressed by `codec`; BatchError for a codec that Kafka does not define."""
    if codec == NONE:
        return bytes(section)
    if codec == GZIP:
        return bytes(cramjam.gzip.compress(section, level=_GZIP_LEVEL))
    if codec == SNAPPY:  # one raw block: every client reads it beside Java's framing, franz-go writes no other
        return bytes(cramjam.snappy.compress_raw(section))
    if codec == LZ4:  # Java refuses blocks that are linked, which cramjam.lz4.compress would make
        frame = cramjam.lz4.Compressor(level=_LZ4_LEVEL, content_checksum=False, block_linked=False)
        frame.compress(bytes(section))
        return bytes(frame.finish())
    if codec == ZSTD:
        return bytes(cramjam.zstd.compress(section, level=_ZSTD_LEVEL))
    raise _unknown(codec)


def room_for(size: int) -> int:
    """Return the bytes of a room that most sections of this size unfold into."""
    return min(max(_ROOM_BYTES_FIRST, size * _ROOM_GROWTH), DECOMPRESSED_BYTES_MAX)


def decompress(codec: int, section: memoryview, room: bytearray | None = None) -> Buffer:
    """Return the record section unfolded, at most DECOMPRESSED_BYTES_MAX; BatchError when it is more, or garbled.

    It may lie in `room`, which saves making one, in one of its own where that is too small, or in `section` itself.
    """
    if codec == NONE:
        return section
    if codec == SNAPPY:
        return _unfold_snappy(section)
    if codec not in _UNFOLD:
        raise _unknown(codec)
    # How much these three unfold to is not known before. Only ever so much room is given, and when it was too small (or
    # the section is garbled, which looks the same from here) more, up to the bound.
    room = room or bytearray(room_for(len(section)))
    while True:
        try:
            return memoryview(room)[: _UNFOLD[codec](section, room)]
        except cramjam.DecompressionError as e:
            if len(room) >= DECOMPRESSED_BYTES_MAX:
                raise BatchError(f"a record section is garbled or unfolds to more than {DECOMPRESSED_BYTES_MAX} bytes: {e}") from e
        room = bytearray(min(len(room) * _ROOM_GROWTH, DECOMPRESSED_BYTES_MAX))


def _unfold_snappy(section: memoryview) -> bytearray:
    room = bytearray()
    try:
        for block in _snappy_blocks(section):
            size = cramjam.snappy.decompress_raw_len(block)
            if len(room) + size > DECOMPRESSED_BYTES_MAX:
                raise BatchError(f"a record section unfolds to more than {DECOMPRESSED_BYTES_MAX} bytes")
            piece = bytearray(size)
            cramjam.snappy.decompress_raw_into(block, piece)
            room += piece
    except cramjam.DecompressionError as e:
        raise BatchError(f"a record section is garbled: {e}") from e
    return room


def _snappy_blocks(section: memoryview) -> Iterator[memoryview]:
    """Yield the raw blocks: the whole section, or in snappy-java's framing 16 bytes of magic and versions, then length and block in turn."""
    if section[: len(_XERIAL_MAGIC)] != _XERIAL_MAGIC:
        yield section
        return
    at, end = len(_XERIAL_MAGIC) + len(_XERIAL_VERSIONS), len(section)
    if section[len(_XERIAL_MAGIC) : at] != _XERIAL_VERSIONS:
        raise BatchError("a snappy section has snappy-java's framing, but of another version than 1")
    while at < end:
        size = _BLOCK_LENGTH.unpack_from(section, at)[0] if end - at >= _BLOCK_LENGTH.size else -1
        at += _BLOCK_LENGTH.size
        if not 0 < size <= end - at:
            raise BatchError(f"a snappy block of {size} bytes in a section that has {max(end - at, 0)} left")
        yield section[at : at + size]
        at += size


def _unknown(codec: int) -> BatchError:
    return BatchError(f"Kafka does not define codec {codec}")
