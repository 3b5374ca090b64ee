"""What the gate refused, asked of a real node: listed, shown, and who may ask at a time."""

import base64
import time
from contextlib import aclosing

import pytest
from structlog.testing import capture_logs

from node.avro import frame
from node.control.quarantine import Advanced, Asked, Ended, Group, Listed, Sampled, Selection
from node.errors import CommandRefused
from node.model.names import Division, Topic, quarantine_topic
from node.model.partition import partition_of
from node.runtime.quarantine import READINGS_MAX, SAMPLES_MAX, Quarantine
from node.runtime.reading import Cluster
from tests.runtime.refusing import ALL, HERE, OWNER, PARTITIONS, STEWARD, T0, Desk, Fee, ended, told

pytestmark = pytest.mark.kafka


async def listed(desk: Desk, topic: Topic) -> tuple[Group, ...]:
    """The groups of a resource."""
    one, _ended = await told(desk.quarantine.list(topic))
    assert isinstance(one, Listed)
    return one.groups


async def shown(desk: Desk, topic: Topic, *, reason: str = "", count: int = 10, values: bool = False) -> list[Sampled]:
    """The samples of a resource."""
    *found, last = await told(desk.quarantine.show(topic, reason=reason, count=count, values=values))
    samples = [one for one in found if isinstance(one, Sampled)]
    assert last == Ended(records=len(found))
    assert len(samples) == len(found)
    return samples


async def test_what_was_refused_is_listed_by_reason_and_field(desk: Desk) -> None:
    """How many wait, since when, the newest, who must repair them, and what was done with others."""
    topic, other = await desk.resource(), await desk.resource()
    began = time.time_ns() // 1_000_000
    await desk.publish(topic, Fee("a", -1, 30), Fee("d", -1, 10), Fee("a", -2, 20), Fee("a", 1, 5, early=True), Fee("b", 1))
    await desk.discard(topic, Selection(partition=0, offsets=frozenset({0})))
    lines = [line for line in await told(desk.quarantine.list()) if not isinstance(line, Listed) or line.resource in {topic, other}]
    one, last = lines
    assert isinstance(one, Listed)
    assert last == Ended()
    assert (one.resource, one.title, one.department, one.department_name) == (topic, "规费", OWNER, "税务局")
    amount, early = one.groups
    assert (amount.reason, amount.field, amount.en, amount.zh) == ("minimum", "amount", "must be at least 0", "不得小于 0")
    assert (amount.waiting, amount.replayed, amount.discarded) == (2, 0, 1)
    assert began <= (amount.since_ms or 0) <= (amount.newest_ms or 0) <= time.time_ns() // 1_000_000
    assert (early.reason, early.field, early.waiting) == ("schema", "", 1)
    assert await listed(desk, other) == ()


async def test_samples_name_nobody_unless_they_are_asked_to(desk: Desk) -> None:
    """Place, reason and sentences; the key is masked, and there is a value only where values are asked for."""
    topic = await desk.resource()
    await desk.publish(topic, Fee("445102199001011234", -5, 7))
    partition = partition_of(b"445102199001011234", PARTITIONS)
    (plain,) = await shown(desk, topic)
    assert (plain.partition, plain.offset, plain.timestamp_ms, plain.inbox_offset) == (partition, 0, T0 + 7, 0)
    assert (plain.reason, plain.field, plain.place, plain.form) == ("minimum", "amount", 24, "")
    assert (plain.key, plain.value, plain.base64) == ("4451**************", None, None)
    (full,) = await shown(desk, topic, values=True)
    assert (full.key, full.value, full.base64, full.undecoded) == (plain.key, {"code": "445102199001011234", "amount": -5}, None, "")


async def test_values_that_cannot_be_decoded_come_as_they_are(desk: Desk) -> None:
    """As base64, with the reason: no frame, no such schema, not of that schema; what has no value has none."""
    topic = await desk.resource()
    values = [b"plain", frame(7, b"\x00"), Fee("a", 1).value[:-1]]
    for value in [*values, None]:
        await desk.put(topic, b"" if value is None else b"a", value, 0, T0)
    await desk.publish(topic, Fee("d", 1))
    await desk.passed(topic, 5)
    *undecoded, nothing = await shown(desk, topic, values=True)
    assert [base64.b64decode(one.base64 or "") for one in undecoded] == values
    assert [one.value for one in undecoded] == [None] * 3
    assert ["frame" in undecoded[0].undecoded, "no schema" in undecoded[1].undecoded, "Fee" in undecoded[2].undecoded] == [True] * 3
    assert (nothing.base64, nothing.undecoded) == (None, "it has no value")


async def test_samples_are_those_that_wait_longest(desk: Desk) -> None:
    """Of one reason if asked, as many as asked, and none that was handled."""
    topic = await desk.resource()
    await desk.publish(topic, *(Fee("a", number, early=number > 0) for number in (-1, -2, -3, 1, 2)))
    first, *others = await shown(desk, topic)
    await desk.discard(topic, Selection(partition=0, offsets=frozenset({first.offset})))
    assert await shown(desk, topic) == others
    assert await shown(desk, topic, reason="schema", count=1) == others[2:3]
    assert await shown(desk, topic, reason="none") == []
    for count in (0, SAMPLES_MAX + 1):
        with pytest.raises(CommandRefused, match="not within"):
            await shown(desk, topic, count=count)


async def test_only_the_owners_node_knows(desk: Desk) -> None:
    """A resource that is not in the book, or another node's, is refused in both languages before anything is read."""
    with pytest.raises(CommandRefused, match="no resource") as refused:
        await told(desk.quarantine.list("445102.a.b"))
    assert refused.value.code == "not-found"
    topic, settings = await desk.resource(), desk.node.settings
    elsewhere = Quarantine(
        Cluster(Division("996001"), desk.kafka.bootstrap, settings.security), lambda: desk.node.ledger.book, lambda _place: None
    )
    with pytest.raises(CommandRefused, match=f"belongs to {HERE}"):
        await told(elsewhere.show(topic))
    assert await told(elsewhere.list()) == [Ended()]


async def test_a_discard_needs_a_reason(desk: Desk) -> None:
    """Whoever looks years later must learn why nobody repaired it."""
    topic = await desk.resource()
    with pytest.raises(CommandRefused, match="say why"):
        await told(desk.quarantine.discard(topic, Asked(selection=ALL, why=" "), STEWARD))
    with pytest.raises(CommandRefused, match="one way"):
        await desk.replay(topic, Selection())


async def test_only_one_writes_and_few_read_at_a_time(desk: Desk) -> None:
    """Who comes too many is told so at once; when the others are done, or hang up, there is room again."""
    topic = await desk.resource()
    async with aclosing(desk.quarantine.replay(topic, Asked(selection=ALL), STEWARD)) as writing:
        assert isinstance(await anext(writing), Advanced)
        with pytest.raises(CommandRefused, match="busy"):
            await desk.discard(topic)
        readings = [desk.quarantine.list(topic) for _ in range(READINGS_MAX - 1)]
        for reading in readings:
            await anext(reading)
        with pytest.raises(CommandRefused, match="busy"):
            await listed(desk, topic)
        for reading in readings:
            await reading.aclose()
    assert ended(await told(desk.quarantine.replay(topic, Asked(selection=ALL), STEWARD)))[0] == Ended()
    assert await listed(desk, topic) == ()


async def test_logs_and_notes_hold_nothing_of_a_record(desk: Desk) -> None:
    """Neither keys nor values, whatever is done with them."""
    topic = await desk.resource()
    await desk.publish(topic, Fee("secret-subject", -7654321), Fee("secret-subject", 2, 5), Fee("secret-other", -7654321))
    with capture_logs() as logged:
        await listed(desk, topic)
        await shown(desk, topic, values=True)
        await desk.replay(topic)
        await desk.discard(topic)
    said = f"{logged} {await desk.notes(quarantine_topic(topic))}"
    assert {one["event"] for one in logged} >= {"quarantine-replayed", "quarantine-discarded"}
    assert "secret" not in said
    assert "7654321" not in said
