"""Every bound of the node in one place, each with its derivation; the relations between them are asserted below."""

KIB = 1024
MIB = 1024 * KIB

SHARDS = 16
"""Shards of a lane: one transactional producer each, one partition of the progress topic each. Never changes: a
topic-partition's shard is `(murmur2(topic) + partition) mod SHARDS` for ever, or its progress could not be found."""

COMMIT_INTERVAL_S = 0.5
COMMIT_BYTES_MAX = 32 * MIB
"""A transaction closes at the first of the two under load. A commit costs about 5 ms, so 0.5 s spends 1% on commits;
32 MiB is what must be sent again when a transaction is lost."""

SKIP_COMMIT_S = 5.0
"""A position that moved only past control or aborted batches is written after this long: not worth a transaction of
its own at once, but retention must not overtake a position that is merely unwritten."""

TRANSACTION_TIMEOUT_S = 10.0
"""What the coordinator waits for us before it aborts (transaction.timeout.ms). Twenty commit intervals: long enough for
a slow broker, short enough that a killed node's open transaction holds readers back for ten seconds at most."""

AHEAD_BYTES_MAX = 4 * MIB
"""A route is left out of fetches while more than this of it is unsettled, so one slow partition cannot fill the buffers."""

GROUP_BYTES_MAX = 2 * MIB
"""Batches of a route that a gate takes in one go: as much as a Fetch brings of a partition, and at two million records a second of 130
bytes some 10 ms of one thread."""

UNSETTLED_BYTES_MAX = 6 * MIB
"""The next Fetch is sent only while less than this is unsettled on its connection."""

FETCH_PARTITION_BYTES_MAX = 2 * MIB
FETCH_BYTES_MAX = 16 * MIB
FETCH_WAIT_S = 0.5
"""Per partition and in all, Kafka's consumer defaults scaled to the raw path (2 MiB cost 5% less of the lane's CPU than 1): a connection holds
UNSETTLED_BYTES_MAX + FETCH_BYTES_MAX = 22 MiB at most. A Fetch without data is answered after FETCH_WAIT_S, so a new
route joins within that time and an idle connection costs two requests a second."""

FETCH_WAIT_HELD_S = 0.01
"""The same while a route is left out of the Fetch: about as long as a route at full speed takes to settle what it is held for
(AHEAD_BYTES_MAX / 2 at 200 MB/s). With FETCH_WAIT_S, one busy route among idle ones stood still for half a second again and again."""

FETCH_FIRST_BYTES = 256 * KIB
FETCH_LEAST_BYTES = 64 * KIB
FETCH_TRANSFER_S = 0.4
"""A Fetch asks for what its connection brings in FETCH_TRANSFER_S, of which the first one knows nothing: over 10 Mbit/s it takes 0.2 s, and four of them are
as large as any. So nothing waits longer behind a reply that is on its way; where the whole 16 MiB were asked for, that was 13 s over 10 Mbit/s, longer
than a reply is waited for. The gap between two, a round trip, costs a tenth where that takes 40 ms."""

SETTLE_S = 0.5
"""What is ordered to be written is settled within about this time: so a transaction that is full of what a slow link has not taken yet ends in
twice COMMIT_INTERVAL_S, and no record waits longer for it. A first batch takes three round trips, so links with one of up to 150 ms run at full speed."""
WINDOW_FIRST_BYTES = 256 * KIB
WINDOW_LEAST_BYTES = 64 * KIB
WINDOW_BYTES_MAX = 256 * MIB
"""Of what a lane has fetched and not settled: the first over 10 Mbit/s takes 0.2 s and grows to 22 MiB, as much as a connection may hold, in seven round
trips; the least is a batch of the usual size; the greatest is no bound, for eleven brokers' connections hold less."""

WINDOW_WAIT_S = 0.05
"""What a Fetch without data waits while the window holds others back: a tenth of SETTLE_S, in which enough of it is settled to go on."""

RATE_BURST_S = 1.0
RATE_QUANTUM_S = 0.1
"""A limit's bucket holds what it allows in the first, and is asked from once it holds what it allows in the second: ten requests a second at most."""
RATE_LEAST_BYTES_PER_S = 1024
"""Slower, a batch of the usual 16 KiB would wait for a minute; to stop a resource is what ending its grant is for."""
RATE_MOST_BYTES_PER_S = 1024**4

FRAME_BYTES_MAX = 128 * MIB
"""A reply longer than this is not Kafka's: the connection is closed instead of the memory filled. Kafka returns one
batch whole even above fetch.max.bytes, and message.max.bytes is at most 100 MiB on brokers in use."""

INFLIGHT_MAX = 5
"""Produce requests in flight for each producer and broker: Kafka keeps the last 5 batches of a producer to recognise a repetition (KIP-98)."""

REQUEST_TIMEOUT_S = 10.0
"""A request unanswered for so long is given up. Not longer than the transaction it belongs to."""

CONNECT_TIMEOUT_S = 5.0

INVITATION_HOURS_MAX = 720
"""For how long a child may be invited: a month."""
GRACE_S_MAX = 30 * 86_400
"""For how long a password counts beside the one that replaced it: a month."""
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
"""Between attempts to open a shard, reconnect, or look at a waiting route: doubled from the first to the greatest."""

WAIT_MAX_S = 1.0
"""The longest pause before a route that waits for a topic is looked at again: one Metadata request serves all that wait."""

WATCH_INTERVAL_S = 5.0
"""How often each cluster's topic ids and leaders are looked at while nothing goes wrong."""

CLOCK_INTERVAL_S = 60.0
"""How often the node looks which legal clocks have come to press: at a midnight they do, and of 13,000 that run a look takes 0.2 s."""

CANARY_INTERVAL_S = 5.0
"""How often a node says by its canary that it is there."""
CANARY_LATE_S = 12.0
"""A link's direction is late when no canary came over it for so long: two were missed, and one takes some milliseconds. Within half a minute of a break it
is an alert; a node that is started again is back before."""
CANARY_BYTES_MAX = 4096
"""A canary has some 500 bytes; what is longer is none of ours."""
CHECKUP_INTERVAL_S = 60.0
"""How often the node looks at disks, certificates and quarantines: none of them changes faster than somebody reads of it."""

STOP_S = 10.0
"""A stop finishes or aborts the open transaction within this time, else the process ends without."""

PARTITIONS_MAX = 1024
MESSAGE_BYTES_DEFAULT = 1 * MIB
MESSAGE_BYTES_MAX = 16 * MIB
"""A batch as the broker sees it (max.message.bytes): the default is Kafka's own, the greatest fits one Fetch."""

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
INBOX_RETENTION_MS = 7 * DAY_MS
"""What the gate has taken is in the resource or the quarantine: a week is for a gate that stands still, and for looking at what came."""
QUARANTINE_RETENTION_MS = 90 * DAY_MS
"""Who has to repair a refused record may take a quarter of a year."""
QUARANTINE_HEADERS_BYTES = 64 * KIB
"""For what is said of a refused record, in the quarantine, beside its own bytes."""
AUDIT_RETENTION_MS = 3 * 366 * DAY_MS
"""Usage is answered for during three years (State Council Decree 809), leap years or not."""
AUDIT_NOTE_BYTES_MAX = 1 * MIB
"""One note of the audit topic: it names thousands of records by ranges of offsets, and never holds one."""

VIEW_BYTES_MORE = 64 * KIB
"""By so much a batch of a view may be larger than the resource's: masks lengthen some values (an `hmac` has 33 bytes where a number had one),
and a record of the greatest size must still have room."""

DECOMPRESSED_BYTES_MAX = 64 * MIB
"""A batch never unfolds to more than this: a bomb is an error, not a full memory."""

QUARANTINE_MESSAGE_BYTES_MAX = DECOMPRESSED_BYTES_MAX + MIB
"""Nothing that a gate keeps may be too large for its quarantine, or the inbox would stand still for a record that nobody wants: not what a
batch unfolds to, with all that codecs add to what they cannot shrink. Still below what a broker takes in one request (100 MiB)."""

CONTROL_EVENT_BYTES_MAX = 1 * MIB
CONTROL_WAITING_MAX = 10_000
"""Events of one author held back until what they answer is there; beyond it that author's log is reported as stuck."""

CONTROL_RUN_EVENTS_MAX = 5_000
CONTROL_RUN_BYTES_MAX = 32 * MIB
"""What one command makes a node say, under one signature. A command has 4 MiB, and the schemas and items that it brings stand in its events
three times at most, with what is derived from them; a log of which more is not signed waits until a key event, so nobody's memory fills."""

assert COMMIT_INTERVAL_S * 4 <= TRANSACTION_TIMEOUT_S
assert REQUEST_TIMEOUT_S <= TRANSACTION_TIMEOUT_S
assert CANARY_INTERVAL_S * 2 < CANARY_LATE_S
assert UNSETTLED_BYTES_MAX + FETCH_BYTES_MAX <= 22 * MIB
assert AHEAD_BYTES_MAX < UNSETTLED_BYTES_MAX
assert COMMIT_INTERVAL_S + 4 * SETTLE_S <= TRANSACTION_TIMEOUT_S / 2
assert FETCH_TRANSFER_S * 4 < REQUEST_TIMEOUT_S
assert FETCH_LEAST_BYTES < FETCH_FIRST_BYTES < FETCH_BYTES_MAX
assert WINDOW_LEAST_BYTES < WINDOW_FIRST_BYTES < WINDOW_BYTES_MAX
assert RATE_QUANTUM_S < RATE_BURST_S
assert MESSAGE_BYTES_MAX <= FETCH_BYTES_MAX < FRAME_BYTES_MAX
assert CONTROL_EVENT_BYTES_MAX < CONTROL_RUN_BYTES_MAX
assert CONTROL_RUN_EVENTS_MAX <= CONTROL_WAITING_MAX
assert BACKOFF_FIRST_S < BACKOFF_MAX_S <= STOP_S
