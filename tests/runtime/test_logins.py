"""Answers for node/runtime/logins.py, on a real cluster: two passwords for a while, the former one's end, and what is kept of it."""

import asyncio
import stat
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.bus.client import Client, open_client
from node.bus.passwords import SCRAM_256, SCRAM_512, Login, write_secret
from node.bus.security import Security
from node.bus.users import lets_in, mechanisms_of, remove_logins, set_logins
from node.errors import BusError, CommandRefused
from node.runtime import logins as module
from node.runtime.logins import LOGINS, Logins
from tests.conftest import Kafka

pytestmark = pytest.mark.kafka
HOUR_S = 3600.0


@pytest.fixture
def user(kafka: Kafka, topic_name: Callable[[], str]) -> str:
    """A name that nobody has."""
    if kafka.security.username is None:
        pytest.skip("the cluster lets everybody in: nobody can log in to it")
    return topic_name()


@pytest.fixture
async def client(kafka: Kafka) -> AsyncIterator[Client]:
    """The node's own client."""
    async with open_client(kafka.bootstrap, client_id="test", security=kafka.security) as opened:
        yield opened


def opened(kafka: Kafka, folder: Path) -> Logins:
    """As a node has them after a start."""
    return Logins(folder, kafka.bootstrap, kafka.security)


async def until(kafka: Kafka, login: Login, *, let: bool = True) -> None:
    """Wait until the broker has heard who is let in, or is no more."""
    security = msgspec.structs.replace(kafka.security, username=login.username, password=login.password, mechanism=login.mechanism)
    async with asyncio.timeout(10):
        while await lets_in(kafka.bootstrap, security) is not let:
            await asyncio.sleep(0.01)


async def test_a_new_user_has_one_password(kafka: Kafka, client: Client, user: str, tmp_path: Path) -> None:
    """It counts, nothing of it ends, and it is nowhere on disk."""
    login = await opened(kafka, tmp_path).give(user, HOUR_S)
    await until(kafka, login)
    assert login.username == user
    assert await mechanisms_of(client, [user]) == {user: {login.mechanism}}
    assert list(tmp_path.iterdir()) == []


async def test_a_second_password_counts_beside_the_first_until_the_grace_is_over(
    kafka: Kafka, client: Client, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the other mechanism; a third is refused until then. What ends when is kept over a restart, and the file has no password."""
    logins = opened(kafka, tmp_path)
    first, second = await logins.give(user, HOUR_S), await logins.give(user, HOUR_S)
    assert {first.mechanism, second.mechanism} == {SCRAM_256, SCRAM_512}
    for login in (first, second):
        await until(kafka, login)
    with pytest.raises(CommandRefused, match=rf"{user} has two passwords already") as refused:
        await logins.give(user, HOUR_S)
    assert refused.value.code == "rotating"
    kept = (tmp_path / LOGINS).read_text()
    assert (first.password in kept, second.password in kept, stat.S_IMODE((tmp_path / LOGINS).stat().st_mode)) == (False, False, 0o600)
    again = opened(kafka, tmp_path)
    await again.step(client)
    assert await mechanisms_of(client, [user]) == {user: {SCRAM_256, SCRAM_512}}, "not before its time"
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + HOUR_S + 1)
    await again.step(client)
    await until(kafka, first, let=False)
    await until(kafka, second)
    assert again.trouble == ""
    third = await again.give(user, HOUR_S)
    assert third.mechanism == first.mechanism, "there is room for it again"
    for login in (second, third):
        await until(kafka, login)


async def test_those_asked_for_at_once_are_made_one_after_the_other(kafka: Kafka, user: str, tmp_path: Path) -> None:
    """Both passwords count and the third is refused, as if somebody had waited for each: none is told that another was written over."""
    logins = opened(kafka, tmp_path)
    first, second, third = await asyncio.gather(*(logins.give(user, HOUR_S) for _ in range(3)), return_exceptions=True)
    assert isinstance(first, Login)
    assert isinstance(second, Login)
    assert isinstance(third, CommandRefused)
    assert third.code == "rotating"
    assert {first.mechanism, second.mechanism} == {SCRAM_256, SCRAM_512}
    for login in (first, second):
        await until(kafka, login)


async def test_what_ends_is_not_taken_from_whoever_has_it_next(
    kafka: Kafka, client: Client, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new password of a mechanism whose former one is just being taken out of use comes after that, and counts."""
    logins, removing, going = opened(kafka, tmp_path), asyncio.Event(), asyncio.Event()
    first, _second = [await logins.give(user, HOUR_S) for _ in range(2)]
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + HOUR_S + 1)

    async def slowly(*arguments: Any) -> None:
        removing.set()
        await going.wait()
        await remove_logins(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(module, "remove_logins", slowly)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(logins.step(client))
            await removing.wait()
            giving = tasks.create_task(logins.give(user, HOUR_S))
            await asyncio.sleep(0)
            going.set()
    third = giving.result()
    assert third.mechanism == first.mechanism
    await until(kafka, third)


async def test_without_grace_the_former_password_ends_at_once(kafka: Kafka, user: str, tmp_path: Path) -> None:
    """Others' passwords stay."""
    logins = opened(kafka, tmp_path)
    other = await logins.give(f"{user}-other", 0.0)
    first, second = await logins.give(user, 0.0), await logins.give(user, 0.0)
    await until(kafka, first, let=False)
    for login in (second, other):
        await until(kafka, login)
    assert msgspec.json.decode((tmp_path / LOGINS).read_bytes()) == []


async def test_one_that_was_cut_short_can_be_repeated(kafka: Kafka, client: Client, user: str, tmp_path: Path) -> None:
    """Two passwords of which nothing is noted: whoever never got the second gives the command again, and one of them ends."""
    logins = opened(kafka, tmp_path)
    for mechanism in (SCRAM_256, SCRAM_512):
        await set_logins(client, [Login(username=user, password="lost", mechanism=mechanism)])  # noqa: S106
    login = await logins.give(user, 0.0)
    await until(kafka, login)
    assert await mechanisms_of(client, [user]) == {user: {login.mechanism}}


async def test_whoever_is_removed_has_no_password_left(kafka: Kafka, user: str, tmp_path: Path) -> None:
    """Of two that count, of one, and of none; and nothing is noted of it any more."""
    logins = opened(kafka, tmp_path)
    two = [await logins.give(user, HOUR_S) for _ in range(2)]
    one = await logins.give(f"{user}-other", HOUR_S)
    for gone in (user, one.username, f"{user}-never"):
        await logins.dismiss(gone)
    for login in (*two, one):
        await until(kafka, login, let=False)
    assert msgspec.json.decode((tmp_path / LOGINS).read_bytes()) == []
    await until(kafka, await logins.give(user, HOUR_S))


async def test_what_cannot_be_ended_now_is_ended_later(
    kafka: Kafka, client: Client, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trouble is told as long as it lasts."""
    logins = opened(kafka, tmp_path)
    first = await logins.give(user, 0.0)

    async def refuse(*_arguments: object) -> None:
        raise BusError("away")

    with monkeypatch.context() as patch:
        patch.setattr(module, "remove_logins", refuse)
        await until(kafka, await logins.give(user, 0.0))
    assert logins.trouble == "away"
    await until(kafka, first)
    await logins.step(client)
    assert logins.trouble == ""
    await until(kafka, first, let=False)


async def test_a_cluster_that_does_not_answer_refuses_the_command(user: str, tmp_path: Path) -> None:
    """With whom it was for, and what to do."""
    with pytest.raises(CommandRefused, match=rf"made no login for {user}: .*Give the command again") as refused:
        await Logins(tmp_path, "127.0.0.1:1", Security()).give(user, 0.0)
    assert refused.value.code == "login-unavailable"


@pytest.mark.parametrize("content", ["", "{", '[{"user": 1}]', "{}"])
async def test_a_file_that_cannot_be_read_is_told(kafka: Kafka, client: Client, user: str, tmp_path: Path, content: str) -> None:
    """With what stays in use and what to do; logins can be given all the same."""
    write_secret(tmp_path / LOGINS, content)
    logins = opened(kafka, tmp_path)
    await logins.step(client)
    assert str(tmp_path / LOGINS) in logins.trouble
    assert "remove it" in logins.trouble
    await until(kafka, await logins.give(user, 0.0))


async def test_a_file_that_may_not_be_read_is_told_and_kept(tmp_path: Path, client: Client, kafka: Kafka) -> None:
    """It is no empty one: what it says of passwords that end would be lost."""
    (tmp_path / LOGINS).mkdir()
    logins = opened(kafka, tmp_path)
    await logins.step(client)
    assert str(tmp_path / LOGINS) in logins.trouble


async def test_the_nodes_own_login_is_made_once(kafka: Kafka, user: str, tmp_path: Path) -> None:
    """With the brokers' where it is not let in; where it is, or there is none of theirs, nothing is done."""
    login = Login(username=user, password="own-password")  # noqa: S106
    own = msgspec.structs.replace(kafka.security, username=user, password=login.password, mechanism=login.mechanism)
    logins = Logins(tmp_path, kafka.bootstrap, own)
    await logins.make_own(None)
    assert not await lets_in(kafka.bootstrap, own)
    await logins.make_own(kafka.security)  # a super user, as the brokers are
    assert await lets_in(kafka.bootstrap, own)
    await logins.make_own(msgspec.structs.replace(kafka.security, password="wrong"))  # noqa: S106  # is not asked any more
