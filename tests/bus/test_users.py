"""Answers for node/bus/users.py, on a real cluster: users are made, have two passwords for a while, and are removed while it runs."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from node.bus.client import Client, open_client
from node.bus.passwords import SCRAM_256, SCRAM_512, Login, new_password
from node.bus.security import Security
from node.bus.users import let_in, lets_in, mechanisms_of, remove_logins, set_logins
from node.errors import BusError, Unavailable
from tests.bus.conftest import Cluster

pytestmark = pytest.mark.kafka


@pytest.fixture
def user(near: Cluster, topic_name: Callable[[], str]) -> str:
    """A name that nobody has."""
    if near.security.username is None:
        pytest.skip("the cluster lets everybody in: nobody can log in to it")
    return topic_name()


def login(user: str, mechanism: str = SCRAM_512) -> Login:
    """A new password for somebody."""
    return Login(username=user, password=new_password(), mechanism=mechanism)


def as_(near: Cluster, login: Login) -> Security:
    """How somebody logs in."""
    return msgspec.structs.replace(near.security, username=login.username, password=login.password, mechanism=login.mechanism)


async def until_in(near: Cluster, *logins: Login, let: bool = True) -> None:
    """Wait until the broker has heard who is let in, or is no more."""
    for one in logins:
        async with asyncio.timeout(10):
            while await lets_in(near.bootstrap, as_(near, one)) is not let:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("mechanism", [SCRAM_512, SCRAM_256])
async def test_whoever_is_made_logs_in(near: Cluster, client: Client, user: str, mechanism: str) -> None:
    """With the password and by the mechanism of its own, and with no other."""
    made = login(user, mechanism)
    await set_logins(client, [made])
    await until_in(near, made)
    async with open_client(near.bootstrap, client_id="test", security=as_(near, made)):
        pass
    for wrong in (login(user, mechanism), msgspec.structs.replace(made, mechanism=({SCRAM_256, SCRAM_512} - {mechanism}).pop())):
        with pytest.raises(Unavailable, match=f"does not know {user}"):
            async with open_client(near.bootstrap, client_id="test", security=as_(near, wrong)):
                pass


async def test_two_passwords_count_side_by_side(near: Cluster, client: Client, user: str) -> None:
    """One for each mechanism, until one of them is removed; another for the same mechanism takes its place."""
    first, second = login(user), login(user, SCRAM_256)
    for one in (first, second):
        await set_logins(client, [one])
    await until_in(near, first, second)
    assert await mechanisms_of(client, [user]) == {user: {SCRAM_256, SCRAM_512}}
    await remove_logins(client, [(user, SCRAM_512)])
    await until_in(near, first, let=False)
    assert await lets_in(near.bootstrap, as_(near, second))
    assert await mechanisms_of(client, [user]) == {user: {SCRAM_256}}
    third = login(user, SCRAM_256)
    await set_logins(client, [third])
    await until_in(near, third)
    assert not await lets_in(near.bootstrap, as_(near, second))


async def test_whoever_is_removed_is_out(near: Cluster, client: Client, user: str) -> None:
    """And is not known any more; what is not there may be removed, also beside what is."""
    made = login(user)
    await set_logins(client, [made])
    await until_in(near, made)
    await remove_logins(client, [(user, SCRAM_512), (user, SCRAM_256), (f"{user}-never", SCRAM_512)])
    await until_in(near, made, let=False)
    assert await mechanisms_of(client, [user]) == {}
    await remove_logins(client, [(user, SCRAM_512)])


async def test_only_users_that_have_a_password_are_told(client: Client, user: str) -> None:
    """Somebody who is not there is left out, among those who are."""
    await set_logins(client, [login(user)])
    assert await mechanisms_of(client, [user, f"{user}-never"]) == {user: {SCRAM_512}}
    assert await mechanisms_of(client, [f"{user}-never"]) == {}


async def test_what_the_cluster_refuses_is_told_with_the_user(client: Client, user: str) -> None:
    """A user without a name; whoever is made beside it is made."""
    with pytest.raises(BusError, match=r"user : UNACCEPTABLE_CREDENTIAL"):
        await set_logins(client, [login(user), login("")])
    assert await mechanisms_of(client, [user]) == {user: {SCRAM_512}}


async def test_nobody_makes_users_without_the_right(near: Cluster, client: Client, user: str) -> None:
    """Whoever merely logs in makes no user, removes none and learns of none."""
    made = login(user)
    await set_logins(client, [made])
    await until_in(near, made)
    async with open_client(near.bootstrap, client_id="test", security=as_(near, made)) as own:
        for attempt in (set_logins(own, [login(f"{user}-own")]), remove_logins(own, [(user, SCRAM_512)]), mechanisms_of(own, [user])):
            with pytest.raises(BusError, match="CLUSTER_AUTHORIZATION_FAILED"):
                await attempt
    assert await mechanisms_of(client, [user, f"{user}-own"]) == {user: {SCRAM_512}}


async def test_whoever_is_let_in_is_in_when_that_returns(near: Cluster, user: str) -> None:
    """A first login may come too early for a broker: whoever is told of it must not meet that."""
    wanted = as_(near, login(user, SCRAM_256))
    await let_in(near.bootstrap, wanted, near.security)
    async with open_client(near.bootstrap, client_id="test", security=wanted):
        pass
