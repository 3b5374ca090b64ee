"""The kernel of views: the records of a resource, each walked once for all of its views, and what each view has of them put behind each other.

A section is gone through in chunks that fit the processor's caches, in steps: `read_heads` finds the records, `look` walks the values of
one schema and asks the rows of every view, `cut` makes the values that one view has, `put` writes its records; where it does not have the keys,
`hide` makes their digests before. Between the steps stand plain arrays, which the caller keeps from chunk to chunk.

What comes was checked by the resource's gate; it is checked again as far as memory's safety asks. Headers are not looked at, for no view
has them. Offsets only grow: compaction takes records of state.
"""

from node.avro import layout
from node.avro.jit import Bytes, Int32s, Int64s, compiled, copy_bytes, inlined, load8, number_at
from node.avro.kernel_cel import outcome
from node.avro.kernel_cut import put_hmac, put_value, walk_cut
from node.avro.kernel_lanes import LANES, MESSAGE_BYTES_MAX, put_hmacs, put_message
from node.avro.kernel_write import put_long
from node.avro.tables import Tables
from node.transform.kernel_record import HEAD_BYTES, put_head, read_head, read_length, size_of
from node.transform.kernel_shown import COUNT_KEYS, Keys, hash_of, is_there
from node.transform.kernel_shown import put as put_key

FRAME_BYTES = 5
"""A byte 0 and the schema's id, before each value."""
CHUNK_BYTES = 512 * 1024
"""A chunk ends with the record that reaches it."""
CHUNK_RECORDS = 4096

# Where `read_heads` stands in a section: the byte, and the offset delta of the record before it; and how many records it found with a value.
PLACE_AT, PLACE_OFFSET, PLACE_VALUES, PLACE_WIDTH = range(4)

# What it finds of a record: timestamp delta; place and length of its key (below 0: it has none); where its value begins (-1: it has none) and
# ends; which of the resource's schemas the value was walked by (-1: none yet), and its events, from the first to before the last.
HEAD_DELTA, HEAD_KEY, HEAD_KEY_LENGTH, HEAD_VALUE, HEAD_END, HEAD_SCHEMA, HEAD_FIRST, HEAD_LAST, HEAD_WIDTH = range(9)

# What `look` has done: events in use, values that were walked, and whether it stopped for want of room for events.
LOOK_EVENTS, LOOK_WALKED, LOOK_FULL, LOOK_WIDTH = range(4)

# What `put` has written: bytes, records, the first one's timestamp and the greatest (ms), and how many bytes it would need to go on.
PUT_AT, PUT_COUNT, PUT_FIRST, PUT_LATEST, PUT_NEED, PUT_WIDTH = range(6)

TOMBSTONES_END, TOMBSTONES_PASS, TOMBSTONES_OF_SHOWN = range(3)
"""What becomes of a record without a value: nothing; it goes on, where all rows are the view's; it goes on for keys that the view has shown, and
so does, without its value, a record that is not in the view's rows."""

DIGEST_BYTES = 32
"""A key that is not granted, as hexadecimal digits of an HMAC."""


@compiled
def read_heads(data: Bytes, count: int, last: int, place: Int64s, heads: Int64s) -> int:
    """Find the next records of a section, of which `count` are left, the last one's offset delta being `last` at most.

    Return how many were found before a chunk was full; -1 where one is garbled, or its value has no frame.
    """
    begin, end, found = place[PLACE_AT], data.shape[0], 0
    place[PLACE_VALUES] = 0
    while found < count and found < CHUNK_RECORDS and place[PLACE_AT] - begin < CHUNK_BYTES:
        body, after = read_length(data, place[PLACE_AT], end)
        if body < 0:
            return -1
        delta, offset, rest, key, key_length, value, value_length = read_head(data, body, after)
        if rest < 0 or offset <= place[PLACE_OFFSET] or offset > last:
            return -1
        if value_length >= 0 and (value_length < FRAME_BYTES or load8(data, value) != 0):
            return -1
        head = found * HEAD_WIDTH
        heads[head + HEAD_DELTA], heads[head + HEAD_KEY], heads[head + HEAD_KEY_LENGTH] = delta, key, key_length
        heads[head + HEAD_VALUE], heads[head + HEAD_END] = value if value_length >= 0 else -1, value + max(value_length, 0)
        heads[head + HEAD_SCHEMA] = -1
        place[PLACE_VALUES] += value_length >= 0
        place[PLACE_AT], place[PLACE_OFFSET] = after, offset
        found += 1
    return found


@compiled
def look(
    data: Bytes,
    heads: Int64s,
    begin: int,
    count: int,
    number: int,
    schema: int,
    tables: Tables,
    state: Int64s,
    filters: Int64s,
    inside: Bytes,
    events: Int64s,
    looked: Int64s,
) -> int:
    """Walk the values whose schema's id is `number`, from the record `begin` on, and note in `inside` (views by records) which rows have them.

    `filters` says where each view's rows begin in the program. Return the first record that was not looked at: `count`, or one whose events have no room (LOOK_FULL), or whose value is none of the schema's.
    """
    for record in range(begin, count):
        head = record * HEAD_WIDTH
        value = heads[head + HEAD_VALUE]
        if value < 0 or heads[head + HEAD_SCHEMA] >= 0 or _big(data, value + 1) != number:
            continue
        first = looked[LOOK_EVENTS]
        last = walk_cut(data, value + FRAME_BYTES, heads[head + HEAD_END], tables, state, events, first)
        if last < 0:
            looked[LOOK_FULL] = last == layout.EVENTS_FULL
            return record
        wanted = False
        for view in range(filters.shape[0]):
            row = number_at(filters, view)
            there = outcome(row, data, tables.numbers, tables.text, state) == layout.IS_TRUE
            inside[view, record] = there
            wanted = wanted or there
        heads[head + HEAD_SCHEMA], heads[head + HEAD_FIRST], heads[head + HEAD_LAST] = schema, first, last
        looked[LOOK_EVENTS] = last if wanted else first
        looked[LOOK_WALKED] += 1
    return count


@inlined
def _big(data: Bytes, at: int) -> int:
    """Return four bytes as Kafka writes numbers: highest first."""
    return load8(data, at) << 24 | load8(data, at + 1) << 16 | load8(data, at + 2) << 8 | load8(data, at + 3)


@compiled
def cut(
    data: Bytes,
    heads: Int64s,
    count: int,
    schema: int,
    inside: Bytes,
    events: Int64s,
    actions: Int64s,
    secret: Int64s,
    frame: Bytes,
    work: Bytes,
    at: int,
    cuts: Int64s,
) -> int:
    """Write what a view has of the values of one schema into `work`, from `at` on, each behind its frame; return the place after them.

    `cuts` gets place and length of each. There must be room for their bytes, their frames and EVENT_BYTES_MAX for each of their events.
    """
    for record in range(count):
        head = record * HEAD_WIDTH
        if not inside[record] or heads[head + HEAD_SCHEMA] != schema:
            continue
        copy_bytes(work, at, frame, 0, FRAME_BYTES)
        first, last = heads[head + HEAD_FIRST], heads[head + HEAD_LAST]
        end = put_value(data, heads[head + HEAD_END], events, first, last, actions, secret, work, at + FRAME_BYTES)
        cuts[2 * record], cuts[2 * record + 1] = at, end - at
        at = end
    return at


@compiled
def hide(
    data: Bytes,
    heads: Int64s,
    count: int,
    inside: Bytes,
    every: bool,  # noqa: FBT001  # the compiled kernel takes no keywords
    secret: Int64s,
    lanes: Int32s,
    digits: Bytes,
) -> None:
    """Write the digits that stand for the keys of a view's records, or of `every` record, DIGEST_BYTES for each record of the chunk."""
    filled = 0
    for record in range(count):
        head = record * HEAD_WIDTH
        key, key_length = heads[head + HEAD_KEY], heads[head + HEAD_KEY_LENGTH]
        if key_length < 0 or not (every or inside[record]):
            continue
        if key_length > MESSAGE_BYTES_MAX:
            put_hmac(data, key, key_length, secret, digits, record * DIGEST_BYTES)
            continue
        put_message(data, key, key_length, lanes, filled, record * DIGEST_BYTES)
        filled += 1
        if filled == LANES:
            put_hmacs(lanes, filled, secret, digits)
            filled = 0
    if filled:
        put_hmacs(lanes, filled, secret, digits)


@compiled
def put(
    data: Bytes,
    heads: Int64s,
    begin: int,
    count: int,
    base: int,
    inside: Bytes,
    work: Bytes,
    cuts: Int64s,
    hidden: bool,  # noqa: FBT001  # the compiled kernel takes no keywords
    tombstones: int,
    keys: Keys,
    digits: Bytes,
    most: int,
    out: Bytes,
    written: Int64s,
) -> int:
    """Write a view's records, from the record `begin` on, behind what stands in `out`; return the first one not written.

    `base` is what timestamp deltas start from. Where keys are `hidden`, `digits` has what stands for them; `keys` has been given room. It stops before a
    record that would not be the first and go beyond `most` bytes, and before one that `out` has no room for.
    """
    for record in range(begin, count):
        head, there = record * HEAD_WIDTH, inside[record] != 0
        key, key_length = heads[head + HEAD_KEY], heads[head + HEAD_KEY_LENGTH]
        unknown = tombstones != TOMBSTONES_PASS and (key_length < 0 or keys.counts[COUNT_KEYS] == 0)
        if not there and (unknown or tombstones == TOMBSTONES_END):
            continue
        if hidden and key_length >= 0:
            key, key_length = record * DIGEST_BYTES, DIGEST_BYTES
        known = 0
        if tombstones == TOMBSTONES_OF_SHOWN and key_length >= 0:
            known = hash_of(digits, key, key + key_length, keys.seed) if hidden else hash_of(data, key, key + key_length, keys.seed)
            if not there and not is_there(keys.seats, known):
                continue
        value_length = cuts[2 * record + 1] if there else -1
        size = size_of(key_length) + max(key_length, 0) + size_of(value_length) + max(value_length, 0) + 1
        at = written[PUT_AT]
        if (written[PUT_COUNT] > 0 and at + HEAD_BYTES + size > most) or at + HEAD_BYTES + size > out.shape[0]:
            written[PUT_NEED] = at + HEAD_BYTES + size
            return record
        if known != 0:
            put_key(keys, known, there)
        at = _put_stamped(out, at, base + heads[head + HEAD_DELTA], size, written)
        at = put_long(out, at, key_length)
        if key_length > 0:
            if hidden:
                copy_bytes(out, at, digits, key, key_length)
            else:
                copy_bytes(out, at, data, key, key_length)
            at += key_length
        at = put_long(out, at, value_length)
        if there:
            copy_bytes(out, at, work, cuts[2 * record], value_length)
            at += value_length
        out[at] = 0  # no headers
        written[PUT_AT] = at + 1
    return count


@inlined
def _put_stamped(out: Bytes, at: int, timestamp: int, size: int, written: Int64s) -> int:
    """Write the head of the next record; the first one's timestamp is what those behind it start from."""
    number = written[PUT_COUNT]
    if number == 0:
        written[PUT_FIRST], written[PUT_LATEST] = timestamp, timestamp
    written[PUT_LATEST] = max(written[PUT_LATEST], timestamp)
    written[PUT_COUNT] = number + 1
    return put_head(out, at, timestamp - written[PUT_FIRST], number, size)
