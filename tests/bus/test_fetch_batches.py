"""Answers for node/bus/fetch.py too: which batches of a reply are carried, to whom, and when their bytes are given back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.batch.build import build
from node.batch.header import HEADER_BYTES, LZ4, NONE, ZSTD, read
from node.batch.records import Record, records
from node.bus.fetch import Found, Piece, Reply, committed, unpin, use, walk_committed
from node.bus.wire import Buffer
from node.errors import BatchError
from node.lane import Stop
from node.transform import Care
from tests.bus.replies import batch, changed, marker

A = bytes(range(16))


class Count:
    """Stands for the connection that batches came over."""

    def __init__(self) -> None:
        self.bytes = 0

    def settled(self, size: int, _sent_at: float) -> None:
        """Count settled bytes."""
        self.bytes += size


def carried(
    *batches: bytearray, offset: int = 0, aborted: list[tuple[int, int]] | None = None, care: Care = Care.RAW
) -> tuple[Found, Buffer]:
    """Return what of these batches is carried from an offset on, and the buffer that they lie in."""
    data = bytearray(b"head") + b"".join(batches) + b"tail"
    buffer = Buffer(data)
    reply = Reply(A, 0, 0, 0, aborted or [], 4, len(data) - 4)
    return committed(buffer, reply, offset, care=care, came=Count()), buffer


def bases(found: Found) -> list[int]:
    """Return the source offsets at which carried batches begin."""
    return [one.base for one in found.batches]


def test_committed_records_are_carried() -> None:
    """Plain and committed batches are carried as they lie, in order, with what the machine must know; markers only move the position."""
    plain, ours = batch(0, 3), batch(3, 2, producer=8, codec=LZ4)
    found, buffer = carried(plain, ours, marker(5, 8, commit=True))
    assert bases(found) == [0, 3]
    assert (found.position, found.stop) == (6, None)
    first, second = found.batches
    assert (first.next, first.count, first.size, first.crc) == (3, 3, len(plain), read(plain, 0).crc)
    assert (second.next, second.count, second.size) == (5, 2, len(ours))
    piece = second.handle
    assert isinstance(piece, Piece)
    assert piece.buffer is buffer
    assert buffer.bytes[piece.start : piece.start + second.size] == ours


def test_aborted_transactions_are_passed_over() -> None:
    """From the listed first offset to its marker a producer's batches are aborted; others between are not, nor its next transaction."""
    found, _ = carried(
        batch(0, producer=1),
        batch(1, producer=2),
        batch(2, producer=1),
        marker(3, 1, commit=False),
        batch(4, producer=1),
        batch(5, producer=2),
        marker(6, 2, commit=True),
        marker(7, 1, commit=True),
        batch(8, producer=1),
        marker(9, 1, commit=False),
        aborted=[(1, 8), (1, 0)],
    )
    assert bases(found) == [1, 4, 5]
    assert found.position == 10


def test_an_aborted_producers_plain_batches_stay() -> None:
    """Only transactional batches can be aborted."""
    found, _ = carried(batch(0, producer=1), changed(batch(1), producer_id=1), aborted=[(1, 0)])
    assert bases(found) == [1]


def test_a_transaction_aborted_before_the_reply_began() -> None:
    """The list may name a first offset below what was asked for: the batches of the reply are aborted all the same."""
    found, _ = carried(batch(40, producer=1), marker(41, 1, commit=False), batch(42, producer=1), offset=40, aborted=[(1, 3)])
    assert bases(found) == [42]


def test_a_commit_marker_does_not_end_an_abort() -> None:
    """A producer that is still aborting stays so until its own abort marker."""
    found, _ = carried(marker(0, 1, commit=True), batch(1, producer=1), marker(2, 1, commit=False), aborted=[(1, 0)])
    assert bases(found) == []
    assert found.position == 3


def test_empty_batches_that_compaction_leaves_are_passed_over() -> None:
    """The log cleaner keeps the last batch of a producer without its records, a control batch too: neither is damage."""
    empty = changed(bytearray(batch(0, 3, producer=1)[:HEADER_BYTES]), length=HEADER_BYTES - 12, count=0)
    control = changed(empty, base_offset=3, last_offset_delta=0, attributes=0x30)
    found, _ = carried(empty, control, batch(4), care=Care.COMPACTED)
    assert (bases(found), found.position, found.stop) == ([4], 5, None)


def test_what_lies_before_the_offset_is_not_carried_again() -> None:
    """A reply begins with the whole batch that holds the offset asked for; batches wholly before it count for nothing."""
    found, _ = carried(batch(0, 2), batch(2, 2), batch(4, 1), offset=4)
    assert (bases(found), found.position) == ([4], 5)


@pytest.mark.parametrize("codec", [NONE, LZ4, ZSTD])
def test_the_batch_that_straddles_the_offset_is_rebuilt_in_state(codec: int) -> None:
    """Of a state resource only the records from the offset on are carried, as a new batch at its old place in the source."""
    found, buffer = carried(batch(10, 5, codec=codec), offset=12, care=Care.COMPACTED)
    (one,) = found.batches
    piece = one.handle
    assert isinstance(piece, Piece)
    assert piece.buffer is not buffer
    assert (one.base, one.next, one.count, found.position) == (10, 15, 3, 15)
    assert one.crc == read(buffer.bytes, 4).crc
    assert piece.fetched_bytes == one.size == len(piece.buffer.bytes)
    assert [record.key for record in records(piece.buffer.view, read(piece.buffer.bytes, 0))] == [b"k12", b"k13", b"k14"]
    assert piece.header == msgspec.structs.replace(read(piece.buffer.bytes, 0), base_offset=12), "its records are told by their offsets"


def test_holes_are_closed_in_state_and_stop_facts() -> None:
    """Compaction makes holes in state; nothing may make them in facts, so there the route stops, after what came before."""
    holed = changed(build([Record(0, 5, b"k7", b"v", ())], codec=NONE), base_offset=7, last_offset_delta=4)
    found, _ = carried(batch(6), holed, batch(12), care=Care.COMPACTED)
    assert (bases(found), found.position) == ([6, 7, 12], 13)
    found, _ = carried(batch(6), holed, batch(12))
    assert (bases(found), found.position, found.stop) == ([6], 7, Stop.NOT_CARRIED)
    assert found.detail.startswith("offset 7: ")


def test_holes_are_carried_to_what_is_cut() -> None:
    """A view's source is copied record by record: a batch with holes comes as it lies, and only one that begins before the offset is rebuilt."""
    holed = changed(build([Record(0, 5, b"k7", b"v", ())], codec=NONE), base_offset=7, last_offset_delta=4)
    found, buffer = carried(batch(6), holed, batch(12), care=Care.CUT)
    assert (bases(found), found.position, found.stop) == ([6, 7, 12], 13, None)
    piece = found.batches[1].handle
    assert isinstance(piece, Piece)
    assert piece.buffer is buffer
    assert buffer.bytes[piece.start : piece.start + found.batches[1].size] == holed
    assert (piece.header, found.batches[1].next, found.batches[1].count) == (read(holed, 0), 12, 1)
    found, buffer = carried(batch(10, 5), batch(15), offset=12, care=Care.CUT)
    straddling, whole = [one.handle for one in found.batches]
    assert isinstance(straddling, Piece)
    assert isinstance(whole, Piece)
    assert (straddling.buffer is buffer, whole.buffer is buffer) == (False, True)
    assert [record.key for record in records(straddling.buffer.view, read(straddling.buffer.bytes, 0))] == [b"k12", b"k13", b"k14"]


def test_nothing_left_of_a_rebuilt_batch_moves_the_position_only() -> None:
    """Where compaction took all that was asked for, there is nothing to write and nothing amiss."""
    holed = changed(build([Record(0, 5, b"k7", b"v", ())], codec=NONE), base_offset=7, last_offset_delta=4)
    found, _ = carried(holed, offset=9, care=Care.COMPACTED)
    assert (bases(found), found.position, found.stop) == ([], 12, None)


def test_append_time_stops_the_route() -> None:
    """Timestamps that the broker set are not the publisher's."""
    found, _ = carried(batch(0), changed(batch(1), attributes=0x08))
    assert (bases(found), found.stop) == ([0], Stop.NOT_CARRIED)
    assert "LogAppendTime" in found.detail


def test_damage_stops_the_route_behind_what_is_whole() -> None:
    """A flipped byte is seen by the CRC; what came before it is carried."""
    damaged = batch(1, 2)
    damaged[-1] ^= 1
    found, _ = carried(batch(0), damaged, batch(3))
    assert (bases(found), found.position, found.stop) == ([0], 1, Stop.CORRUPT)
    assert "CRC" in found.detail


def test_an_old_format_stops_the_route() -> None:
    """Batches of magic 1 cannot come from a gate."""
    old = batch(1)
    old[16] = 1
    found, _ = carried(batch(0), old)
    assert (bases(found), found.stop) == ([0], Stop.CORRUPT)


def test_a_cut_last_batch_is_left_for_the_next_fetch() -> None:
    """Kafka may cut the last batch of a partition: what is whole is carried, the position stands before the cut one."""
    whole, last = batch(0, 2), batch(2, 3)
    for size in range(len(last)):
        found, _ = carried(whole, last[:size])
        assert (bases(found), found.position, found.stop) == ([0], 2, None)


def test_releasing_every_batch_frees_the_buffer_once() -> None:
    """Each batch holds its reply; the connection hears of every byte when it is settled."""
    back: list[Buffer] = []
    data = bytearray(b"".join(batch(base) for base in range(10)))
    buffer, feed = Buffer(data, back.append), Count()
    buffer.use()
    found = committed(buffer, Reply(A, 0, 0, 0, [], 0, len(data)), 0, care=Care.RAW, came=feed)
    buffer.release()
    for one in found.batches:
        assert back == []
        assert isinstance(one.handle, Piece)
        one.handle.release()
    assert back == [buffer]
    assert feed.bytes == len(data)


def test_few_bytes_do_not_hold_a_large_buffer() -> None:
    """Batches that fill less than a quarter of their buffer are copied out of it; others stay where they are."""
    for room, copied in ((1000, True), (100, False)):
        back: list[Buffer] = []
        data = batch(5, 2, value=b"v" * 100)
        buffer, feed = Buffer(data + bytes(room * 10 if copied else room), back.append), Count()
        buffer.use()
        found = committed(buffer, Reply(A, 0, 0, 0, [], 0, len(data)), 0, care=Care.RAW, came=feed)
        unpin(buffer, found.batches)
        buffer.release()
        assert back == ([buffer] if copied else [])
        (one,) = found.batches
        piece = one.handle
        assert isinstance(piece, Piece)
        assert piece.buffer.bytes[piece.start : piece.start + one.size] == data
        piece.release()
        assert back == [buffer]
        assert feed.bytes == len(data)


def test_who_stands_further_on_gets_the_rest() -> None:
    """From any batch's boundary, between what is passed over too: the same batches as who asked; nothing before, behind, or inside a batch."""
    found, _ = carried(batch(8, 4), batch(12, 3), marker(15, 1, commit=True), batch(17, 2), batch(19), offset=10, care=Care.COMPACTED)
    assert [(one.base, one.next) for one in found.batches] == [(8, 12), (12, 15), (17, 19), (19, 20)]
    rests = {position: found.since(position) for position in range(8, 22)}
    # A batch is equal to itself alone.
    began = {position: None if rest is None else [found.batches.index(one) for one in rest] for position, rest in rests.items()}
    assert began == {
        **dict.fromkeys((8, 9, 11, 13, 14, 18, 20, 21)),
        10: [0, 1, 2, 3],
        12: [1, 2, 3],
        15: [2, 3],
        16: [2, 3],
        17: [2, 3],
        19: [3],
    }


def test_who_stands_where_reading_stopped_has_come_there() -> None:
    """The stop is theirs as well as of those who came from further back; who stands behind it has not met it."""
    damaged = batch(2, 2)
    damaged[-1] ^= 1
    found, _ = carried(batch(0, 2), damaged, batch(4))
    assert (found.stop, found.position) == (Stop.CORRUPT, 2)
    assert (found.since(2), found.since(3), found.since(4)) == ([], None, None)


def test_a_shared_batch_is_given_back_by_the_last_of_its_users() -> None:
    """Whatever the others do with it, copied out of its buffer or not: once for all, and never twice."""
    for room in (0, 1000):
        back: list[Buffer] = []
        data = batch(0) + batch(1)
        buffer, feed = Buffer(data + bytes(room), back.append), Count()
        buffer.use()
        found = committed(buffer, Reply(A, 0, 0, 0, [], 0, len(data)), 0, care=Care.RAW, came=feed)
        rest = found.since(1)
        assert rest is not None
        use(found.batches)
        use(rest)
        unpin(buffer, found.batches)
        buffer.release()
        one, other = (batch.handle for batch in found.batches)
        assert isinstance(one, Piece)
        assert isinstance(other, Piece)
        assert bool(back) is bool(room)
        for piece, bytes_back in ((other, 0), (one, 0), (one, one.fetched_bytes), (other, one.fetched_bytes)):
            piece.release()
            assert feed.bytes == bytes_back
            assert read(piece.buffer.bytes, piece.start) == piece.header
        other.release()
        assert (back, feed.bytes) == ([buffer], len(data))
        with pytest.raises(AssertionError, match="more often"):
            one.release()


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["data", "commit", "abort"])), max_size=30))
def test_the_walk_agrees_with_a_plain_account(steps: list[tuple[int, str]]) -> None:
    """For any interleaving of three producers the walk yields the records of committed transactions and of no other."""
    data, offset = bytearray(), 0
    opened: dict[int, int] = {}
    lost: list[tuple[int, int]] = []
    alive: set[int] = set()
    pending: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for producer, kind in steps:
        if kind == "data":
            opened.setdefault(producer, offset)
            pending[producer].append(offset)
            data += batch(offset, producer=producer)
        elif producer in opened:
            first = opened.pop(producer)
            if kind == "commit":
                alive |= set(pending[producer])
            else:
                lost.append((producer, first))
            pending[producer] = []
            data += marker(offset, producer, commit=kind == "commit")
        else:
            continue
        offset += 1
    # What is open at the end lies above the stable offset: a reply does not reach it.
    stable = min(opened.values(), default=offset)
    aborted = [entry for entry in lost if entry[1] < stable]
    found = {header.base_offset for _at, header, committed_here in walk_committed(data, 0, len(data), aborted) if committed_here}
    assert {base for base in found if base < stable} == {base for base in alive if base < stable}


def test_a_walk_checks_every_batch() -> None:
    """Progress and inspection read by the same walk: damage must not pass there either."""
    damaged = batch(0)
    damaged[-2] ^= 4
    with pytest.raises(BatchError):
        list(walk_committed(damaged, 0, len(damaged), []))
