"""SCRAM users of a cluster, made and removed while it runs (KIP-554): requests of ours, which aiokafka has none for.

A password never travels: the broker gets what PBKDF2 makes of it, and from that it cannot be told who else knows it.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Collection, Iterable

from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactBytes, CompactString, Int8, Int16, Int32, Schema, TaggedFields

from node.bus.client import Client, open_client
from node.bus.faults import name_of
from node.bus.metadata import Prepared
from node.bus.passwords import SCRAM_256, SCRAM_512, Login
from node.bus.security import Security
from node.bus.wire import knock
from node.errors import BusError, Unavailable
from node.model.limits import REQUEST_TIMEOUT_S

ITERATIONS = 4096
"""Kafka's least. Passwords are 256 random bits: more rounds would protect nothing, and cost at each connection."""

_CODES = {SCRAM_256: 1, SCRAM_512: 2}
_HASHES = {SCRAM_256: "sha256", SCRAM_512: "sha512"}
_SALT_BYTES = 24
_POLL_S = 0.01
_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
_MISSING = 91
"""RESOURCE_NOT_FOUND: there is no such user."""


class _Altered(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("results", CompactArray(("user", _TEXT), ("error_code", Int16), ("error_message", _TEXT), _TAGS)),
        _TAGS,
    )


class _Alter(RequestStruct):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Altered
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", _TEXT), ("mechanism", Int8), _TAGS)),
        (
            "upsertions",
            CompactArray(
                ("name", _TEXT),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Described(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 50
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", _TEXT),
        (
            "results",
            CompactArray(
                ("user", _TEXT),
                ("error_code", Int16),
                ("error_message", _TEXT),
                ("infos", CompactArray(("mechanism", Int8), ("iterations", Int32), _TAGS)),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Describe(RequestStruct):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 50
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Described
    SCHEMA = Schema(("users", CompactArray(("name", _TEXT), _TAGS)), _TAGS)


async def set_logins(client: Client, logins: Iterable[Login]) -> None:
    """Make users, or give those that are there another password for a mechanism. BusError, with the user, where the cluster refuses.

    A password for another mechanism stays, so that a user may have two for a while. A first login may fail for some milliseconds, until each
    broker has heard of it.
    """
    upsertions: list[tuple[object, ...]] = []
    for login in logins:
        salt = secrets.token_bytes(_SALT_BYTES)
        salted = hashlib.pbkdf2_hmac(_HASHES[login.mechanism], login.password.encode(), salt, ITERATIONS)
        upsertions.append((login.username, _CODES[login.mechanism], ITERATIONS, salt, salted, {}))
    await _alter(client, _Alter([], upsertions, {}), allowed=())


async def remove_logins(client: Client, users: Iterable[tuple[str, str]]) -> None:
    """Take users' passwords for a mechanism out of use; one that is not there is no error. Connections last until they log in again."""
    leaving = sorted(users)
    for word, code in _CODES.items():  # one after the other: Kafka alters a user once in a request
        some: list[tuple[object, ...]] = [(user, code, {}) for user, mechanism in leaving if mechanism == word]
        if some:
            await _alter(client, _Alter(some, [], {}), allowed=(_MISSING,))


async def let_in(bootstrap: str, security: Security, brokers: Security) -> None:
    """Make a user with the brokers' own login, and wait until every broker lets it in. Unavailable if that does not come to be."""
    login = security.login
    async with open_client(bootstrap, client_id=login.username, security=brokers) as client:
        await set_logins(client, [login])
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            for address in bootstrap.split(","):
                while not await lets_in(address, security):  # noqa: ASYNC110 -- the brokers hear of it one by one
                    await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise Unavailable(f"{bootstrap}: {login.username} was made and is not let in") from error


async def lets_in(address: str, security: Security) -> bool:
    """Tell whether a broker lets somebody in."""
    return not await knock(address, str(security.username), security)


async def _alter(client: Client, request: _Alter, *, allowed: Collection[int]) -> None:
    answer = await client.call(None, Prepared(request))
    for user, code, why, _tags in answer.results:
        if code and code not in allowed:
            raise BusError(f"{client.bootstrap}: user {user}: {name_of(code)}: {why or ''}".removesuffix(": "))


async def mechanisms_of(client: Client, users: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return for which mechanisms each of these users has a password; those that have none are left out. BusError where the cluster does not tell.

    They are named: asked for all by a null list, Kafka 4.1 throws and never answers.
    """
    answer = await client.call(None, Prepared(_Describe([(user, {}) for user in sorted(users)], {})))
    if answer.error_code:
        raise BusError(f"{client.bootstrap}: its users cannot be listed: {name_of(answer.error_code)}")
    words = {code: word for word, code in _CODES.items()}
    return {user: frozenset(words[info[0]] for info in infos) for user, code, _why, infos, _tags in answer.results if not code and infos}
