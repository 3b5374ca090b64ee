"""The gates of a node's resources follow the book."""

import asyncio
from typing import Any

from structlog.testing import capture_logs

from node.avro.ids import canonical, schema_id
from node.control import Book, encode
from node.control.bodies import Body
from node.control.run import Run
from node.model.names import Department, Division, Topic, inbox_topic
from node.model.values import DepartmentValue, Kind, ResourceValue, SchemaValue
from node.runtime.gates import Gates
from tests.avro.ruling import NOW_MS
from tests.transform.wire import Row, rows

HERE, OTHER = Division("445102"), Division("445103")
FACT = Topic("445102.tax.bills")
INBOX = inbox_topic(FACT)
FIRST: dict[str, Any] = {"type": "record", "name": "Bill", "fields": [{"name": "sum", "type": "long"}]}
SECOND = FIRST | {"fields": [*FIRST["fields"], {"name": "paid", "type": "boolean", "default": False}]}
UNKNOWN = FIRST | {"fields": [{"name": "sum", "type": "long", "rules": [{"rule": "from-the-future"}]}]}
"""A schema with a rule that this node does not know: a newer one registered it."""


class Stand:
    """A book that is told what to say, and the gates that follow it."""

    def __init__(self) -> None:
        self.book = Book()
        self.gates = Gates(HERE, lambda: self.book)
        self.say(HERE, DepartmentValue(department=Department("445102.tax"), name="税务局"))
        self.say(OTHER, DepartmentValue(department=Department("445103.tax"), name="税务局"))

    def say(self, author: Division, *bodies: Body) -> None:
        """Fold what an author says."""
        run = Run(author, self.book.tail(author), "2026-11-22T12:00:00.000Z")
        for body in bodies:
            run.say(body)
        for event in run.events:
            self.book.fold(author, encode(event))
        assert not self.book.refused

    def describe(self, name: Topic, schema: Any, *, kind: Kind = Kind.FACTS, max_message_bytes: int = 1 << 20) -> None:
        """Give a resource a schema."""
        number, author = schema_id(schema), Division(name[:6])
        value = ResourceValue(name=name, title="", kind=kind, schema=number, partitions=3, max_message_bytes=max_message_bytes)
        self.say(author, SchemaValue(id=number, schema=canonical(schema)), value)

    def passes(self, schema: Any, value: bytes) -> bool:
        """Tell whether the gate lets a record of a schema pass."""
        raw = rows([Row(NOW_MS, None, schema_id(schema).to_bytes(5) + value)])
        (write,) = self.gates(INBOX).judge(0, [raw], NOW_MS).writes
        return write.topic == FACT


async def test_a_resource_in_the_book_gets_a_gate() -> None:
    """Those of the node's own departments, with their partitions; no others."""
    stand = Stand()
    assert await stand.gates.open() == []
    stand.describe(FACT, FIRST, kind=Kind.STATE, max_message_bytes=2048)
    stand.describe(Topic("445103.tax.bills"), FIRST)
    assert await stand.gates.open() == [(INBOX, 3)]
    gate = stand.gates(INBOX)
    assert (gate.resource, gate.partitions, gate.is_state, gate.batch_bytes_max) == (FACT, 3, True, 2048)
    assert gate.outcomes(INBOX) == {FACT: "passed", f"{FACT}.quarantine": "quarantined"}
    assert stand.gates.trouble == ""


async def test_a_gate_stays_while_the_book_says_the_same() -> None:
    """It is not compiled again each time that somebody looks."""
    stand = Stand()
    stand.describe(FACT, FIRST)
    await stand.gates.open()
    gate = stand.gates(INBOX)
    stand.describe(Topic("445102.tax.others"), FIRST)
    assert [inbox for inbox, _partitions in await stand.gates.open()] == [INBOX, "445102.tax.others.inbox"]
    assert stand.gates(INBOX) is gate


async def test_a_record_may_follow_its_schema_at_once() -> None:
    """A version that was registered after the gates were opened is known to whoever asks for a gate: nothing is refused for being early."""
    stand = Stand()
    stand.describe(FACT, FIRST)
    await stand.gates.open()
    assert stand.passes(FIRST, b"\x02")
    assert not stand.passes(SECOND, b"\x02\x01")
    stand.describe(FACT, SECOND)
    assert stand.passes(SECOND, b"\x02\x01")
    assert stand.passes(FIRST, b"\x02")
    gate = stand.gates(INBOX)
    await stand.gates.open()
    assert stand.gates(INBOX) is gate


async def test_a_resource_that_may_have_larger_messages_gets_another_gate() -> None:
    """Its bounds are the gate's."""
    stand = Stand()
    stand.describe(FACT, FIRST, max_message_bytes=1000)
    await stand.gates.open()
    stand.describe(FACT, FIRST, max_message_bytes=2000)
    assert stand.gates(INBOX).batch_bytes_max == 2000


async def test_what_cannot_be_checked_has_no_gate() -> None:
    """The trouble is told, once in the log, and the others have theirs; a later schema does not help the records of the earlier one."""
    stand = Stand()
    stand.describe(FACT, UNKNOWN)
    stand.describe(Topic("445102.tax.others"), FIRST)
    with capture_logs() as logged:
        for _ in range(2):
            assert await stand.gates.open() == [("445102.tax.others.inbox", 3)]
    assert [(one["event"], one["resource"]) for one in logged] == [("gate-closed", FACT)]
    assert stand.gates.trouble.startswith(f"{INBOX}: sum: a rule is")
    stand.describe(FACT, FIRST)
    assert await stand.gates.open() == [("445102.tax.others.inbox", 3)]


async def test_a_gate_is_taken_away_from_who_gets_a_schema_that_cannot_be_checked() -> None:
    """Nothing passes unchecked, whatever passed before."""
    stand = Stand()
    stand.describe(FACT, FIRST)
    assert await stand.gates.open() == [(INBOX, 3)]
    stand.describe(FACT, UNKNOWN)
    assert await stand.gates.open() == []
    assert stand.gates.trouble


async def test_two_who_open_at_once_end_with_the_same() -> None:
    """Whoever comes last has the newest list: an older one would take routes away again."""
    stand = Stand()
    stand.describe(FACT, FIRST)
    first = asyncio.create_task(stand.gates.open())
    await asyncio.sleep(0)
    stand.describe(FACT, SECOND)
    for number in range(5):
        stand.describe(Topic(f"445102.tax.more{number}"), FIRST)
    second = asyncio.create_task(stand.gates.open())
    done = [one.result() async for one in _as_they_end(first, second)]
    assert done[-1] == [(INBOX, 3), *((f"445102.tax.more{number}.inbox", 3) for number in range(5))]
    assert stand.passes(SECOND, b"\x02\x01")


async def _as_they_end(*tasks: asyncio.Task[Any]) -> Any:
    left = set(tasks)
    while left:
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            yield one
