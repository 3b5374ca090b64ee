"""The book at run time, on a real control log."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from node.bus.client import open_client
from node.bus.log import open_log_reader, open_log_writer
from node.bus.security import Security
from node.bus.topics import make_topics
from node.control import AddDepartment, AddDivision, Book, RevokeKey, RotateKey, day_of, encode, topics_here
from node.control.run import Run
from node.errors import CommandRefused
from node.model.keys import Signed
from node.model.names import Department, Division, control_topic
from node.model.values import Actor, DepartmentValue
from node.runtime import ledger as ledger_module
from node.runtime.hand import Hand
from node.runtime.keys import Signer, node_key
from node.runtime.ledger import Ledger
from tests.conftest import NO_DATA, Kafka
from tests.runtime.conftest import until

OPERATOR = Actor(name="operator", role="operator")


@asynccontextmanager
async def _opened(here: Division, kafka: Kafka, folder: Path) -> AsyncIterator[Ledger]:
    """Open a ledger on a log that is made if it is not there."""
    security = kafka.security
    specs = topics_here(Book(), here, None, day_of(datetime.now(UTC)))
    async with open_client(kafka.bootstrap, client_id=here, security=security) as client:
        await make_topics(client, specs.values(), replication=1, security=security)
    hand = Hand(here, folder, parent=None, root="")
    ledger = Ledger(hand, kafka.bootstrap, security, lambda: None)
    async with open_log_reader(kafka.bootstrap, security) as reader:
        reading = asyncio.create_task(ledger.read(reader))
        await until(lambda: ledger.reading)
        ledger.follow({control_topic(here)})
        yield ledger
        await ledger.close()
        reading.cancel()


def _root(code: str) -> AddDivision:
    return AddDivision(code=Division(code), name="测试省", level="province")


def _department(code: str, name: str) -> AddDepartment:
    return AddDepartment(department=Department(f"{code}.{name}"), name=name)


async def test_a_command_is_written_folded_and_there_after_a_restart(kafka: Kafka, tmp_path: Path) -> None:
    """What a command answered stands in the log: a new process folds the same book from it."""
    code = Division("980001")
    async with _opened(code, kafka, tmp_path) as ledger:
        assert len(await ledger.command(_root(code), OPERATOR)) == 1
        assert len(await ledger.command(_department(code, "a"), OPERATOR)) == 1
        assert await ledger.command(_department(code, "a"), OPERATOR) == []
        assert set(ledger.book.departments) == {f"{code}.a"}
    async with _opened(code, kafka, tmp_path) as again:
        assert len(await again.command(_department(code, "b"), OPERATOR)) == 1
        assert set(again.book.departments) == {f"{code}.a", f"{code}.b"}


async def test_commands_at_the_same_time_are_decided_one_after_the_other(kafka: Kafka, tmp_path: Path) -> None:
    """Ten at once leave one unbroken chain."""
    code = Division("980002")
    async with _opened(code, kafka, tmp_path) as ledger:
        await ledger.command(_root(code), OPERATOR)
        await asyncio.gather(*(ledger.command(_department(code, f"d{number}"), OPERATOR) for number in range(10)))
        assert len(ledger.book.departments) == 10
        assert ledger.book.broken == {}


async def test_two_processes_of_one_node_do_not_break_its_log(kafka: Kafka, tmp_path: Path) -> None:
    """The newer pen fences the older, which is told so and, asked again, reads up to the end before it writes."""
    code = Division("980003")
    async with _opened(code, kafka, tmp_path) as one, _opened(code, kafka, tmp_path) as other:
        await one.command(_root(code), OPERATOR)
        await other.command(_department(code, "a"), OPERATOR)
        with pytest.raises(CommandRefused, match="another process"):
            await one.command(_department(code, "b"), OPERATOR)
        await one.command(_department(code, "b"), OPERATOR)
        assert set(one.book.departments) == {f"{code}.a", f"{code}.b"}
        assert one.book.broken == {}


async def test_a_refusal_writes_nothing(kafka: Kafka, tmp_path: Path) -> None:
    """What the book forbids leaves no event."""
    code = Division("980004")
    async with _opened(code, kafka, tmp_path) as ledger:
        await ledger.command(_root(code), OPERATOR)
        with pytest.raises(CommandRefused):
            await ledger.command(_department("980005", "a"), OPERATOR)
        assert ledger.book.tail(code)[0] == 2


async def test_a_broken_log_stops_alone(kafka: Kafka, tmp_path: Path) -> None:
    """Bytes that are no event break that author's log, are told, and further commands of it are refused."""
    code = Division("980006")
    async with _opened(code, kafka, tmp_path) as ledger:
        await ledger.command(_root(code), OPERATOR)
        async with open_log_writer(kafka.bootstrap, control_topic(code), "somebody", kafka.security) as stranger:
            await stranger.append([Signed(b"no event")])
        await until(lambda: code in ledger.book.broken)
        with pytest.raises(CommandRefused):
            await ledger.command(_department(code, "a"), OPERATOR)


async def test_a_root_takes_another_key_and_is_still_the_root(kafka: Kafka, tmp_path: Path) -> None:
    """What it says next is signed with the new one, also after a restart: its first key stays pinned."""
    code = Division("980008")
    first = node_key(tmp_path).key
    async with _opened(code, kafka, tmp_path) as ledger:
        await ledger.command(_root(code), OPERATOR)
        (said,) = await ledger.command(RotateKey(), OPERATOR)
        assert said.kind == "node-key"
        assert node_key(tmp_path).key == first
        await ledger.command(_department(code, "a"), OPERATOR)
        second = node_key(tmp_path).key
        assert second != first
        (revoked,) = await ledger.command(RevokeKey(division=code, key=first, last=said.sequence), OPERATOR)
        assert revoked.kind == "key-revoked"
    async with _opened(code, kafka, tmp_path) as again:
        await again.command(_department(code, "b"), OPERATOR)
        assert set(again.book.departments) == {f"{code}.a", f"{code}.b"}
        assert dict(again.book.keys.standing(code).keys) == {first: said.sequence, second: None}
        assert again.book.broken == {}


async def test_events_that_nobody_signed_are_not_gone_on_behind(kafka: Kafka, tmp_path: Path) -> None:
    """Somebody else wrote them into the node's own log: it says so, once, and nothing more, or two histories would stand there."""
    code = Division("980009")
    with capture_logs() as logged:
        async with _opened(code, kafka, tmp_path) as ledger:
            await ledger.command(_root(code), OPERATOR)
            run = Run(code, ledger.book.tail(code), "2026-11-22T12:00:00.000Z")
            run.say(DepartmentValue(department=Department(f"{code}.evil"), name="evil"))
            thief = Signer("ed25519:" + "A" * 43 + "=", node_key(tmp_path / "thief").private)
            values = [Signed(encode(run.events[0]), thief.sign(b"0" * 32))]
            async with open_log_writer(kafka.bootstrap, control_topic(code), "somebody", Security()) as stranger:
                await stranger.append(values)
            await until(lambda: code in ledger.alarms)
            with pytest.raises(CommandRefused, match="nobody vouched for the key"):
                await ledger.command(_department(code, "a"), OPERATOR)
            assert "own control log: event 3" in ledger.reasons[0]
            assert ledger.book.departments == {}
            await until(lambda: any(line["event"] == "control-log-alarm" for line in logged))
    (told,) = (line for line in logged if line["event"] == "control-log-alarm")
    assert (told["author"], told["sequence"], told["reason"]) == (code, 3, "key")


async def test_what_a_revocation_undoes_is_folded_anew(kafka: Kafka, tmp_path: Path) -> None:
    """The book is another one then, and what was void is gone from it; meanwhile commands wait."""
    code = Division("980010")
    async with _opened(code, kafka, tmp_path) as ledger:
        await ledger.command(_root(code), OPERATOR)
        old = shutil.copytree(tmp_path, tmp_path.with_name("stolen"))
        (said,) = await ledger.command(RotateKey(), OPERATOR)
        before = ledger.book
        run = Run(code, before.tail(code), "2026-11-22T12:00:00.000Z")
        run.say(DepartmentValue(department=Department(f"{code}.evil"), name="evil"))
        value = encode(run.events[0])
        async with open_log_writer(kafka.bootstrap, control_topic(code), f"{code}.control", Security()) as thief:
            await thief.append([Signed(value, node_key(old).sign(hashlib.sha256(value).digest()))])
        await until(lambda: f"{code}.evil" in ledger.book.departments)
        revoke = RevokeKey(division=code, key=node_key(old).key, last=said.sequence)
        with pytest.raises(CommandRefused, match="another process"):
            await ledger.command(revoke, OPERATOR)
        assert await ledger.command(revoke, OPERATOR)
        await until(lambda: ledger.book is not before)
        assert ledger.book.departments == {}
        assert ledger.book.refused == {(code, "key-revoked"): 1}
        await ledger.command(_department(code, "a"), OPERATOR)
        assert set(ledger.book.departments) == {f"{code}.a"}


async def test_whoever_waits_too_long_for_the_pen_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """One waits as long as its cluster may take, the others no longer than that again: nobody's patience ends before the node's."""
    monkeypatch.setattr(ledger_module, "STOP_S", 0.2)
    ledger = Ledger(Hand(Division("980007"), NO_DATA, parent=None, root=""), "127.0.0.1:1", Security(), lambda: None)
    await ledger._lock.acquire()
    began = asyncio.get_running_loop().time()
    codes = []
    for refused in await asyncio.gather(*(ledger.command(_root("980007"), OPERATOR) for _ in range(6)), return_exceptions=True):
        assert isinstance(refused, CommandRefused)
        codes.append(refused.code)
    assert codes == ["busy"] * 6
    assert asyncio.get_running_loop().time() - began < 2
    ledger._lock.release()
