"""A set of keys in eight bytes each: what a view of state has shown, and how it goes back.

A key is its SipHash-2-4 (Aumasson, Bernstein 2012) under a seed that no taker knows, in a table of linear probing whose deletions shift back
what stood behind them, so nothing is left of keys that are gone. Two of n keys share their hash with a chance of n²/2^65: one in 370,000 for
ten million. Every change is a toggle, so a list of hashes is a journal: toggled once more from its end, all is as it was.
Nothing grows here: who calls has made room.
"""

from typing import NamedTuple

from node.avro.jit import Bytes, Int64s, compiled, inlined, load8, load64, number_at
from node.transform.kernel_record import read_head, read_length

COUNT_KEYS, COUNT_CHANGES, COUNT_WIDTH = 0, 1, 2
"""In `Keys.counts`: keys in the table, changes in the journal."""
_EMPTY = 0
"""A seat without a key; a hash of 0 is taken for 1."""
# "somepseudorandomlygeneratedbytes", as SipHash begins; the numbers are those of 64 bits, signed.
_V0, _V1, _V2, _V3 = 0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573


class Keys(NamedTuple):
    """A set and its journal."""

    seed: Int64s
    """two words, read-only"""
    seats: Int64s
    """a power of two of them, some always empty"""
    changes: Int64s
    """the journal: hashes of keys that came or went, in order"""
    counts: Int64s


@compiled
def hash_of(data: Bytes, at: int, end: int, seed: Int64s) -> int:
    """Return the SipHash-2-4 of data[at:end], which is never 0."""
    one, two = number_at(seed, 0), number_at(seed, 1)
    v0, v1, v2, v3 = one ^ _V0, two ^ _V1, one ^ _V2, two ^ _V3
    last = (end - at) << 56
    while end - at >= 8:
        word = load64(data, at)
        v0, v1, v2, v3 = _round(*_round(v0, v1, v2, v3 ^ word))
        v0 ^= word
        at += 8
    for place in range(end - at):
        last |= load8(data, at + place) << (8 * place)
    v0, v1, v2, v3 = _round(*_round(v0, v1, v2, v3 ^ last))
    v0, v1, v2, v3 = _round(*_round(v0 ^ last, v1, v2 ^ 0xFF, v3))
    v0, v1, v2, v3 = _round(*_round(v0, v1, v2, v3))
    found = v0 ^ v1 ^ v2 ^ v3
    return found if found != _EMPTY else 1


@inlined
def _round(v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    v0 += v1
    v2 += v3
    v1 = _turned(v1, 13) ^ v0
    v3 = _turned(v3, 16) ^ v2
    v0 = _turned(v0, 32)
    v2 += v1
    v0 += v3
    v1 = _turned(v1, 17) ^ v2
    v3 = _turned(v3, 21) ^ v0
    return v0, v1, _turned(v2, 32), v3


@inlined
def _turned(word: int, bits: int) -> int:
    """Return a word of 64 bits rotated to the left."""
    return word << bits | (word >> (64 - bits)) & ((1 << bits) - 1)


@compiled
def is_there(seats: Int64s, key: int) -> bool:
    """Tell whether a hash is in the table."""
    there: bool = seats[_seat(seats, key)] == key
    return there


@compiled
def put(keys: Keys, key: int, there: bool) -> bool:  # noqa: FBT001  # the compiled kernel takes no keywords
    """See to it that a hash is there, or is not; return whether it was. A change is noted in the journal."""
    seat = _seat(keys.seats, key)
    was: bool = keys.seats[seat] == key
    if was != there:
        _toggle(keys.seats, seat, key)
        keys.changes[keys.counts[COUNT_CHANGES]] = key
        keys.counts[COUNT_CHANGES] += 1
        keys.counts[COUNT_KEYS] += 1 if there else -1
    return was


@compiled
def learn(data: Bytes, count: int, keys: Keys) -> bool:
    """Take what the `count` records that are the whole of `data` say: one with a value shows its key, one without does not.

    Return whether they could be read; nobody can say of what has no key that it was shown.
    """
    at, end = 0, len(data)
    for _ in range(count):
        body, after = read_length(data, at, end)
        if body < 0:
            return False
        _delta, _number, rest, key, key_length, _value, value_length = read_head(data, body, after)
        if rest < 0:
            return False
        if key_length >= 0:
            put(keys, hash_of(data, key, key + key_length, keys.seed), value_length >= 0)
        at = after
    return at == end


@compiled
def undo(keys: Keys, first: int) -> None:
    """Take back the changes of the journal from `first` on, the last one first."""
    for number in range(keys.counts[COUNT_CHANGES] - 1, first - 1, -1):
        key = keys.changes[number]
        seat = _seat(keys.seats, key)
        keys.counts[COUNT_KEYS] += 1 if keys.seats[seat] != key else -1
        _toggle(keys.seats, seat, key)
    keys.counts[COUNT_CHANGES] = first


@compiled
def move(seats: Int64s, larger: Int64s) -> None:
    """Put all hashes of a table into another one, which is empty."""
    for seat in range(seats.shape[0]):
        key = seats[seat]
        if key != _EMPTY:
            larger[_seat(larger, key)] = key


@inlined
def _seat(seats: Int64s, key: int) -> int:
    """Return where a hash sits, or the empty seat where it would."""
    mask = len(seats) - 1
    seat = key & mask
    while seats[seat] != key and seats[seat] != _EMPTY:
        seat = (seat + 1) & mask
    return seat


@inlined
def _toggle(seats: Int64s, seat: int, key: int) -> None:
    """Put a hash on its seat, or take it off: then those behind it that would be found no more move up (Knuth, vol. 3, 6.4, algorithm R)."""
    if seats[seat] == _EMPTY:
        seats[seat] = key
        return
    mask = len(seats) - 1
    hole, seat = seat, (seat + 1) & mask
    while seats[seat] != _EMPTY:
        home = seats[seat] & mask
        if ((seat - home) & mask) >= ((seat - hole) & mask):
            seats[hole] = seats[seat]
            hole = seat
        seat = (seat + 1) & mask
    seats[hole] = _EMPTY
