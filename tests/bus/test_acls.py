"""Answers for node/bus/acls.py, on a real cluster: what is added is listed, what is removed is not, and what nobody has a word for stays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiokafka.protocol.admin import CreateAclsRequest_v1

from node.bus.acls import NoAuthorizer, add_acls, list_acls, remove_acls
from node.bus.client import Client, open_client
from node.bus.embedded import open_cluster
from node.bus.metadata import Prepared
from node.bus.passwords import Login, new_password
from node.bus.security import Security
from node.bus.users import let_in
from node.control.entitled import Acl
from node.errors import BusError
from tests.bus.conftest import Cluster

pytestmark = pytest.mark.kafka


@pytest.fixture
async def name(near: Cluster, client: Client, topic_name: Callable[[], str]) -> AsyncIterator[str]:
    """A name for resources that no node of another test takes for its own; what is left of it goes afterwards."""
    if near.security.username is None:
        pytest.skip("the cluster lets everybody do everything: it has no access control lists")
    name = topic_name().replace("445102.", "tenant.")
    yield name
    await remove_acls(client, [one for one in await list_acls(client) if one.name.startswith(name)])


def acl(name: str, **parts: object) -> Acl:
    """An entry of somebody who has no user here."""
    return Acl("User:tenant", "topic", name, "literal", "read")._replace(**parts)  # type: ignore[arg-type]  # as the names say


async def until(client: Client, name: str, *expected: Acl) -> None:
    """Wait until this is what the cluster has under a name: the controller answers before its brokers have heard."""
    async with asyncio.timeout(10):
        while await of(client, name) != set(expected):
            await asyncio.sleep(0.01)


async def of(client: Client, name: str) -> set[Acl]:
    """What the cluster has under a name."""
    return {one for one in await list_acls(client) if one.name.startswith(name)}


async def test_what_is_added_is_listed_word_for_word(client: Client, name: str) -> None:
    """Every kind, pattern, operation, host and permission comes back as it was given."""
    given = {
        acl(name),
        acl(name, operation="write"),
        acl(name, principal="User:*"),
        acl(name, host="10.0.0.1"),
        acl(name, allows=False),
        acl(f"{name}.", pattern="prefixed", operation="describe"),
        acl(f"{name}.", pattern="prefixed", kind="group"),
        acl(f"{name}.", pattern="prefixed", kind="transactional-id", operation="write"),
        acl(f"{name}-topic", operation="describe-configs"),
        acl(f"{name}-topic", operation="all"),
        acl(f"{name}-token", kind="delegation-token", operation="describe"),
        acl(f"{name}-user", kind="user", operation="describe-tokens"),
    }
    await add_acls(client, given)
    await until(client, name, *given)
    await add_acls(client, given)
    await until(client, name, *given)


async def test_what_is_removed_is_gone_and_nothing_else_is(client: Client, name: str) -> None:
    """A literal name is not a prefix, one permission is not the other; what is not there is no error."""
    kept = {
        acl(name, allows=False),
        acl(name, pattern="prefixed"),
        acl(name, host="10.0.0.1"),
        acl(f"{name}-more"),
        acl(name, operation="all"),
    }
    await add_acls(client, {acl(name), *kept})
    await remove_acls(client, [acl(name), acl(f"{name}-never")])
    await until(client, name, *kept)
    await remove_acls(client, [acl(name)])
    await remove_acls(client, kept)
    await until(client, name)


async def test_many_at_once_are_all_added_and_removed(client: Client, name: str) -> None:
    """A node's whole book in one step, more than a request takes."""
    many = {acl(f"{name}-{number}") for number in range(1100)}
    await add_acls(client, many)
    await until(client, name, *many)
    await remove_acls(client, many)
    await until(client, name)
    await add_acls(client, [])
    await remove_acls(client, [])


async def test_codes_that_we_have_no_word_for_stay_numbers(client: Client, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer Kafka's: they are listed by their number, and can be taken away by it."""
    given = acl(name, operation="two-phase-commit", kind="transactional-id")
    await add_acls(client, [given])
    await until(client, name, given)
    with monkeypatch.context() as patch:
        patch.delitem(_words("_OPERATIONS"), "two-phase-commit")
        patch.delitem(_words("_TYPES"), "transactional-id")
        (found,) = await of(client, name)
        assert (found.kind, found.operation) == ("5", "15")
        await remove_acls(client, [found])
    await until(client, name)


def _words(of: str) -> dict[str, int]:
    from node.bus import acls  # noqa: PLC0415  # its tables alone are wanted

    words: dict[str, int] = getattr(acls, of)
    return words


async def test_what_the_cluster_refuses_is_told_with_the_entry(client: Client, name: str) -> None:
    """Kafka's name of the fault and the entry in plain words."""
    with pytest.raises(BusError, match=rf"INVALID_REQUEST: tenant may describe cluster {name}"):
        await add_acls(client, [acl(name, kind="cluster", operation="describe")])
    await until(client, name)


async def test_nobody_changes_the_lists_without_the_right(near: Cluster, client: Client, name: str) -> None:
    """Whoever merely logs in neither reads nor changes them."""
    login = Login(username=name, password=new_password())
    await let_in(near.bootstrap, _as(near, login), near.security)
    await add_acls(client, [acl(name)])
    async with open_client(near.bootstrap, client_id="test", security=_as(near, login)) as own:
        for attempt in (list_acls(own), add_acls(own, [acl(f"{name}-own")]), remove_acls(own, [acl(name)])):
            with pytest.raises(BusError, match="CLUSTER_AUTHORIZATION_FAILED"):
                await attempt
    await until(client, name, acl(name))


def _as(near: Cluster, login: Login) -> Security:
    return Security(protocol=near.security.protocol, mechanism=login.mechanism, username=login.username, password=login.password)


async def test_an_open_cluster_has_no_lists(cluster_folder: Path) -> None:
    """It is told apart from lists that are empty: an open cluster is not one in which nobody may do anything."""
    async with (
        open_cluster(cluster_folder, closed="no") as cluster,
        open_client(cluster.bootstrap, client_id="test", security=Security()) as client,
    ):
        for attempt in (list_acls(client), add_acls(client, [acl("any")]), remove_acls(client, [acl("any")])):
            with pytest.raises(NoAuthorizer, match="lets everybody do everything"):
                await attempt
        entry = (2, "any", 3, "User:tenant", "*", 3, 3)
        answer = await client.call(None, Prepared(CreateAclsRequest_v1([entry])))
        assert [code for code, _why in answer.creation_responses] == [54]
