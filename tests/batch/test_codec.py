"""Compression: both ways, in Kafka's own framings, and bounded whatever the bytes claim."""

import struct
import tracemalloc

import cramjam
import pytest
from aiokafka.codec import snappy_encode

from node.batch import codec
from node.batch.codec import compress, decompress
from node.batch.header import GZIP, LZ4, NONE, SNAPPY, ZSTD
from node.errors import BatchError
from node.model.limits import DECOMPRESSED_BYTES_MAX, MIB

CODECS = range(NONE, ZSTD + 1)
TEXT = b"".join(b"record %d of a batch; " % i for i in range(200))


@pytest.fixture
def small_bound(monkeypatch: pytest.MonkeyPatch) -> int:
    """Lower the bound, so that bombs are small and quick."""
    monkeypatch.setattr(codec, "DECOMPRESSED_BYTES_MAX", MIB)
    return MIB


def xerial(*blocks: bytes) -> bytes:
    """Return blocks in snappy-java's framing."""
    return b"\x82SNAPPY\x00\0\0\0\1\0\0\0\1" + b"".join(struct.pack(">i", len(block)) + block for block in blocks)


def bomb(number: int, unfolded_bytes: int) -> bytes:
    """Return zeros that unfold to so many bytes."""
    return compress(number, bytearray(unfolded_bytes))


@pytest.mark.parametrize("number", CODECS)
@pytest.mark.parametrize("size", [0, 1, len(TEXT), 300_000, 3_000_000])
def test_what_is_compressed_unfolds_again(number: int, size: int) -> None:
    """Every codec must give back the same bytes, also when they outgrow the first room many times."""
    text = (TEXT * (size // len(TEXT) + 1))[:size]
    assert bytes(decompress(number, memoryview(compress(number, bytearray(text))))) == text


def test_lz4_blocks_are_independent() -> None:
    """The frame must say that its blocks stand alone: Java clients refuse any other."""
    flags = compress(LZ4, bytearray(TEXT * 100))[4]
    assert flags & 0x20


def test_lz4_frames_with_linked_blocks_are_read() -> None:
    """Aiokafka's producers write them, so they must unfold here."""
    assert bytes(decompress(LZ4, memoryview(bytes(cramjam.lz4.compress(TEXT * 100))))) == TEXT * 100


def test_snappy_is_read_raw_and_in_javas_framing() -> None:
    """One raw block, aiokafka's framing in blocks of 32 KiB, and a frame without any block must all be read."""
    assert bytes(decompress(SNAPPY, memoryview(bytes(cramjam.snappy.compress_raw(TEXT))))) == TEXT
    assert bytes(decompress(SNAPPY, memoryview(snappy_encode(TEXT * 50)))) == TEXT * 50
    assert bytes(decompress(SNAPPY, memoryview(xerial()))) == b""


@pytest.mark.parametrize("size", [-(2**31), -1, 0, 4, 2**31 - 1])
def test_a_snappy_block_length_that_lies_is_refused(size: int) -> None:
    """A block must lie inside its section and have bytes."""
    with pytest.raises(BatchError):
        decompress(SNAPPY, memoryview(xerial() + struct.pack(">i", size) + b"abc"))


@pytest.mark.parametrize("place", range(8, 16))
def test_another_version_of_snappy_javas_framing_is_refused(place: int) -> None:
    """Who does not know a version reads its bytes as something else, and each reader something different."""
    section = bytearray(xerial(bytes(cramjam.snappy.compress_raw(TEXT))))
    assert bytes(decompress(SNAPPY, memoryview(section))) == TEXT
    section[place] ^= 2
    with pytest.raises(BatchError, match="version"):
        decompress(SNAPPY, memoryview(section))


@pytest.mark.parametrize("number", [-1, 5, 6, 7])
def test_a_codec_that_kafka_does_not_define_is_refused(number: int) -> None:
    """Both directions must refuse it."""
    with pytest.raises(BatchError):
        compress(number, bytearray(TEXT))
    with pytest.raises(BatchError):
        decompress(number, memoryview(TEXT))


@pytest.mark.parametrize("number", [GZIP, SNAPPY, LZ4, ZSTD])
def test_the_bound_itself_passes_and_one_byte_more_does_not(number: int, small_bound: int) -> None:
    """A section may unfold to just the bound."""
    assert len(decompress(number, memoryview(bomb(number, small_bound)))) == small_bound
    with pytest.raises(BatchError, match=str(small_bound)):
        decompress(number, memoryview(bomb(number, small_bound + 1)))


@pytest.mark.parametrize("number", [GZIP, SNAPPY, LZ4, ZSTD])
def test_a_bomb_takes_no_more_memory_than_the_bound(number: int, small_bound: int) -> None:
    """Forty times the bound must be refused without making room for more than a small multiple of it."""
    section = memoryview(bomb(number, 40 * small_bound))
    tracemalloc.start()
    try:
        with pytest.raises(BatchError):
            decompress(number, section)
        assert tracemalloc.get_traced_memory()[1] < 3 * small_bound
    finally:
        tracemalloc.stop()


def test_a_bomb_of_many_snappy_blocks_is_refused(small_bound: int) -> None:
    """The bound must hold for the sum of the blocks, and claims of 4 GiB must cost nothing."""
    block = bytes(cramjam.snappy.compress_raw(bytes(small_bound // 4)))
    assert len(decompress(SNAPPY, memoryview(xerial(*[block] * 4)))) == small_bound
    with pytest.raises(BatchError):
        decompress(SNAPPY, memoryview(xerial(*[block] * 5)))
    for claim in (b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f"):
        with pytest.raises(BatchError):
            decompress(SNAPPY, memoryview(claim + b"abc"))


def test_the_real_bound_holds() -> None:
    """A zstd section of a few kilobytes that unfolds to one byte above 64 MiB must be refused."""
    with pytest.raises(BatchError):
        decompress(ZSTD, memoryview(bomb(ZSTD, DECOMPRESSED_BYTES_MAX + 1)))


@pytest.mark.usefixtures("small_bound")
@pytest.mark.parametrize("number", [GZIP, SNAPPY, LZ4, ZSTD])
@pytest.mark.parametrize("framed", [False, True])
def test_garbled_sections_are_refused_or_unfold_within_the_bound(number: int, framed: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    """Each byte flipped, and each length cut, must end in bytes or in a BatchError."""
    section = snappy_encode(TEXT) if framed and number == SNAPPY else compress(number, bytearray(TEXT))
    garbled = [section[:length] for length in range(0, len(section), 3)]
    for place in range(len(section)):
        garbled += [section[:place] + bytes([section[place] ^ bits]) + section[place + 1 :] for bits in (0x01, 0x80)]
    for one in garbled:
        try:
            assert len(decompress(number, memoryview(one))) <= MIB
        except BatchError:
            continue
