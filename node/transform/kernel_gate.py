"""The gate's kernel: Kafka's records in an uncompressed section, each judged, and those that passed copied into a new section.

Layout: Kafka's DefaultRecord (KIP-98). Every number and length is checked against the record, the record against the section: a record
that is garbled within its length harms no other. The value is handed to `node.avro.kernel.walk`. What a record must be beside it:
- its headers are `traceparent` and `tracestate` (W3C Trace Context) alone, each of at most 512 bytes. Others are refused: a `__value_schema_id`
  header beside the frame makes readers decode rubbish in silence;
- its timestamp is neither before 1970 nor later than JOB_LATEST;
- its attributes are 0, as all clients write them (readers differ in how they skip others), and its offset is its place in the batch: the
  broker sees to that in compressed batches alone, and clients pass over what seems to go back;
- its key is the text of the value's key fields, or absent where the schema names none, and it stands in the partition that Java's
  producer gives the key: murmur2, positive, modulo the partitions;
- a value of none is a tombstone, which only a state resource may have.
"""

from node.avro import layout
from node.avro.jit import Bytes, Int32s, Int64s, compiled, copy_bytes, inlined, load8, load32, number_at
from node.avro.kernel import Tables, uncount, walk
from node.avro.kernel_key import has_key, key_fits
from node.avro.kernel_read import read_int, utf8_fault
from node.transform.kernel_record import put_head, read_head, read_length

# What the gate is told, in one read-only array.
JOB_SCHEMA, JOB_NOW, JOB_LATEST, JOB_BASE, JOB_PARTITION, JOB_PARTITIONS, JOB_STATE, JOB_AGAIN, JOB_FIRST = range(9)
"""Schema id; the clock and the latest timestamp allowed (ms); the batch's base timestamp; the partition and how many there are; 1 for a
state resource; 1: judge only the records that G_SCHEMA left to another program; the place of the first record in its batch."""

# What it finds of each record: verdict, field id, rule id, offset within the value ...
FOUND_CODE, FOUND_FIELD, FOUND_RULE, FOUND_OFFSET, FOUND_WIDTH = 0, 1, 2, 3, 4
# ... and where it stands: its first byte, the byte after its offset delta, its end, its timestamp delta, the first byte of its value (-1:
# it has none), the place where the count of its headers stands. Of a garbled one only the first byte and the end are known.
SPAN_START, SPAN_REST, SPAN_END, SPAN_DELTA, SPAN_VALUE, SPAN_HEADERS, SPAN_WIDTH = 0, 1, 2, 3, 4, 5, 6

# Verdicts beside those of a walk (node.avro.layout).
G_GARBLED, G_FRAME, G_SCHEMA, G_HEADER, G_TIMESTAMP, G_TOMBSTONE, G_NO_KEY, G_KEY, G_KEY_TEXT, G_PARTITION, G_TOO_LARGE = range(101, 112)

# What `put` counts: where it stopped in the new section, records there, the greatest timestamp delta among them.
PUT_AT, PUT_COUNT, PUT_LATEST, PUT_WIDTH = 0, 1, 2, 3

_FRAME_BYTES = 5
_HEADERS_MAX = 10_000
"""As `node.batch.records` has it: what goes to the quarantine must be read again."""
_CONTEXT_BYTES_MAX = 512
"""W3C Trace Context: a vendor should keep at least 512 characters of tracestate; traceparent has 55."""
_U32 = 0xFFFF_FFFF
_MURMUR_SEED, _MURMUR_M = 0x9747_B28C, 0x5BD1_E995


@compiled
def judge(
    data: Bytes, count: int, job: Int64s, tables: Tables, state: Int64s, found: Int32s, spans: Int64s, slots: Int64s, kept: Int64s
) -> int:
    """Judge `count` records that are the whole of `data`: return how many passed, or -1 where their lengths do not add up to it.

    Of a record that passed, `kept` gets place and length of the leaves in `slots` of the state, the place being -1 where there is none.
    """
    at, end, passed = 0, data.shape[0], 0
    for record in range(count):
        body, after = read_length(data, at, end)
        if body < 0:
            return -1
        row = record * FOUND_WIDTH
        if not number_at(job, JOB_AGAIN) or found[row] == G_SCHEMA:
            spans[record * SPAN_WIDTH + SPAN_START], spans[record * SPAN_WIDTH + SPAN_END] = at, after
            found[row + FOUND_FIELD], found[row + FOUND_RULE], found[row + FOUND_OFFSET] = -1, -1, -1
            place = number_at(job, JOB_FIRST) + record
            found[row] = _judge(data, body, after, place, job, tables, state, found, row, spans, record * SPAN_WIDTH)
            if found[row] == layout.OK:
                passed += 1
                if spans[record * SPAN_WIDTH + SPAN_VALUE] >= 0:
                    _keep(state, slots, kept, record * 2 * slots.shape[0])
        at = after
    return passed if at == end else -1


@inlined
def _keep(state: Int64s, slots: Int64s, kept: Int64s, at: int) -> None:
    for number in range(slots.shape[0]):
        slot = slots[number]
        kept[at] = state[slot + layout.SLOT_OFFSET] if state[slot + layout.SLOT_THERE] else -1
        kept[at + 1] = state[slot + layout.SLOT_LENGTH]
        at += 2


@inlined
def _judge(
    data: Bytes,
    body: int,
    end: int,
    place: int,
    job: Int64s,
    tables: Tables,
    state: Int64s,
    found: Int32s,
    row: int,
    spans: Int64s,
    span: int,
) -> int:
    """Judge the record whose body is data[body:end] and whose place in its batch is given."""
    delta, number, rest, key, key_length, value, value_length = read_head(data, body, end)
    if rest < 0 or number != place:
        return G_GARBLED
    after, allowed = _headers(data, value + max(value_length, 0), end)
    if after != end:
        return G_GARBLED
    spans[span + SPAN_REST], spans[span + SPAN_DELTA] = rest, delta
    spans[span + SPAN_VALUE], spans[span + SPAN_HEADERS] = value if value_length >= 0 else -1, value + max(value_length, 0)
    if not allowed:
        return G_HEADER
    verdict = _verdict(data, key, key_length, value, value_length, delta, job, tables, state)
    if layout.OK < verdict < G_GARBLED:
        found[row + FOUND_FIELD], found[row + FOUND_RULE] = state[layout.S_FIELD], state[layout.S_RULE]
        found[row + FOUND_OFFSET] = state[layout.S_OFFSET] - value
    return verdict


@inlined
def _verdict(
    data: Bytes,
    key: int,
    key_length: int,
    value: int,
    value_length: int,
    delta: int,
    job: Int64s,
    tables: Tables,
    state: Int64s,
) -> int:
    """Return OK, or why the record may not pass: what costs least is looked at first."""
    base, latest = number_at(job, JOB_BASE), number_at(job, JOB_LATEST)
    if (base < 0 and delta < 0) or base + delta < 0 or base + delta > latest:  # two negative ones alone could come out right by wrapping
        return G_TIMESTAMP
    keyed = has_key(tables)
    if value_length < 0:
        if not number_at(job, JOB_STATE):
            return G_TOMBSTONE
    else:
        if value_length < _FRAME_BYTES or load8(data, value) != 0:
            return G_FRAME
        if _big(data, value + 1) != number_at(job, JOB_SCHEMA):
            return G_SCHEMA
        code = walk(data, value + _FRAME_BYTES, value + value_length, tables, state, number_at(job, JOB_NOW))
        if code != layout.OK:
            return code
        if not key_fits(data, key, key + max(key_length, 0), tables, state):
            uncount(tables, state)
            return G_NO_KEY if keyed and key_length <= 0 else G_KEY
    if not keyed:
        return layout.OK
    if key_length <= 0:
        return G_NO_KEY
    if utf8_fault(data, key, key + key_length) >= 0:
        return G_KEY_TEXT
    if partition_of(data, key, key + key_length, number_at(job, JOB_PARTITIONS)) != number_at(job, JOB_PARTITION):
        if value_length >= 0:
            uncount(tables, state)
        return G_PARTITION
    return layout.OK


@inlined
def _big(data: Bytes, at: int) -> int:
    """Return four bytes as Kafka writes numbers: highest first, signed."""
    number = load8(data, at) << 24 | load8(data, at + 1) << 16 | load8(data, at + 2) << 8 | load8(data, at + 3)
    return number - (1 << 32) if number >= 1 << 31 else number


@inlined
def _headers(data: Bytes, at: int, end: int) -> tuple[int, bool]:
    """Return the place after a record's headers, -1 where they are garbled, and whether all of them are allowed."""
    count, at = read_int(data, at, end, layout.E_LENGTH)
    if at < 0 or count < 0 or count > _HEADERS_MAX or count > end - at:
        return -1, False
    allowed = True
    for _ in range(count):
        length, name = read_int(data, at, end, layout.E_LENGTH)
        if name < 0 or length < 0 or length > end - name or utf8_fault(data, name, name + length) >= 0:
            return -1, False
        size, at = read_int(data, name + length, end, layout.E_LENGTH)
        if at < 0 or size > end - at:
            return -1, False
        allowed = allowed and size <= _CONTEXT_BYTES_MAX and _is_context(data, name, length)
        at += max(size, 0)
    return at, allowed


@inlined
def _is_context(data: Bytes, at: int, length: int) -> bool:
    """Tell whether a header's name is `traceparent` or `tracestate`, by its bytes."""
    if length not in (10, 11) or load32(data, at) != 0x63617274 or load8(data, at + 4) != 0x65:  # "trac", "e"
        return False
    if length == 11:
        return load32(data, at + 5) == 0x65726170 and load8(data, at + 9) == 0x6E and load8(data, at + 10) == 0x74  # "pare", "n", "t"
    return load32(data, at + 5) == 0x74617473 and load8(data, at + 9) == 0x65  # "stat", "e"


@compiled
def partition_of(data: Bytes, at: int, end: int, partitions: int) -> int:
    """Return the partition of a key as Java's producer chooses it (murmur2 of Kafka's Utils, BuiltInPartitioner)."""
    length = end - at
    h = _MURMUR_SEED ^ length
    while end - at >= 4:
        k = load32(data, at) * _MURMUR_M & _U32
        k = (k ^ k >> 24) * _MURMUR_M & _U32
        h = h * _MURMUR_M & _U32 ^ k
        at += 4
    left = end - at
    if left == 3:
        h ^= load8(data, at + 2) << 16
    if left >= 2:
        h ^= load8(data, at + 1) << 8
    if left >= 1:
        h = (h ^ load8(data, at)) * _MURMUR_M & _U32
    h = (h ^ h >> 13) * _MURMUR_M & _U32
    h ^= h >> 15
    return (h & 0x7FFF_FFFF) % partitions


@compiled
def put(data: Bytes, found: Int32s, spans: Int64s, begin: int, most: int, shift: int, out: Bytes, put_state: Int64s) -> int:
    """Copy the records that passed, from `begin` on, behind what stands in `out`, numbered on; return the first one not copied.

    `shift` goes from the batch's base timestamp to that of the new one. It stops when `most` stand in `out`, which has room for all of them;
    put_state tells how far it came.
    """
    at, count, latest = put_state[PUT_AT], put_state[PUT_COUNT], put_state[PUT_LATEST]
    record, records = begin, found.shape[0] // FOUND_WIDTH
    while record < records:
        if found[record * FOUND_WIDTH] == layout.OK:
            if count == most:
                break
            span = record * SPAN_WIDTH
            rest, end, delta = spans[span + SPAN_REST], spans[span + SPAN_END], spans[span + SPAN_DELTA] + shift
            at = put_head(out, at, delta, count, end - rest)
            copy_bytes(out, at, data, rest, end - rest)
            at += end - rest
            latest = max(latest, delta) if count else delta
            count += 1
        record += 1
    put_state[PUT_AT], put_state[PUT_COUNT], put_state[PUT_LATEST] = at, count, latest
    return record
