"""Access control lists of a cluster: what is there, what is added and what is taken away (KIP-11, prefixes by KIP-290).

aiokafka's admin client has no calls for them, its protocol module has the requests (29 to 31).
"""

from collections.abc import Collection
from typing import Any

from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1, DescribeAclsRequest_v1

from node.bus.client import Client
from node.bus.faults import name_of
from node.bus.metadata import Prepared
from node.control.entitled import Acl
from node.errors import BusError

_TYPES = {"topic": 2, "group": 3, "cluster": 4, "transactional-id": 5, "delegation-token": 6, "user": 7}
_PATTERNS = {"literal": 3, "prefixed": 4}
_OPERATIONS = {
    "all": 2,
    "read": 3,
    "write": 4,
    "create": 5,
    "delete": 6,
    "alter": 7,
    "describe": 8,
    "cluster-action": 9,
    "describe-configs": 10,
    "alter-configs": 11,
    "idempotent-write": 12,
    "create-tokens": 13,
    "describe-tokens": 14,
    "two-phase-commit": 15,
}
_ANY, _DENY, _ALLOW = 1, 2, 3
_MANY = 1000
"""In a request: the controller writes them as one batch of its log, of at most 10,000 records."""
NO_AUTHORIZER = 54


class NoAuthorizer(BusError):
    """The cluster lets everybody do everything: SECURITY_DISABLED."""


async def list_acls(client: Client) -> frozenset[Acl]:
    """Return every ACL of the cluster. NoAuthorizer where there can be none, BusError where it does not tell."""
    answer = await client.call(None, Prepared(DescribeAclsRequest_v1(_ANY, None, _ANY, None, None, _ANY, _ANY)))
    _check(client, answer.error_code, answer.error_message)
    names = tuple({code: word for word, code in words.items()} for words in (_TYPES, _PATTERNS, _OPERATIONS))
    return frozenset(_acl(names, place, entry) for *place, entries in answer.resources for entry in entries)


async def add_acls(client: Client, acls: Collection[Acl]) -> None:
    """Add ACLs; those that are there already count as added. BusError, with the first one that the cluster refuses."""
    for some in _portions(acls):
        answer = await client.call(None, Prepared(CreateAclsRequest_v1([_entry(acl) for acl in some])))
        for acl, (code, why) in zip(some, answer.creation_responses, strict=True):
            _check(client, code, f"{acl}: {why or ''}")


async def remove_acls(client: Client, acls: Collection[Acl]) -> None:
    """Remove ACLs; those that are not there are no error. BusError where the cluster refuses."""
    for some in _portions(acls):
        answer = await client.call(None, Prepared(DeleteAclsRequest_v1([_entry(acl) for acl in some])))
        for acl, (code, why, _matching) in zip(some, answer.filter_responses, strict=True):
            _check(client, code, f"{acl}: {why or ''}")


def _portions(acls: Collection[Acl]) -> list[list[Acl]]:
    listed = sorted(acls)
    return [listed[at : at + _MANY] for at in range(0, len(listed), _MANY)]


def _entry(acl: Acl) -> tuple[Any, ...]:
    permission = _ALLOW if acl.allows else _DENY
    kind, pattern, operation = _code(_TYPES, acl.kind), _code(_PATTERNS, acl.pattern), _code(_OPERATIONS, acl.operation)
    return (kind, acl.name, pattern, acl.principal, acl.host, operation, permission)


def _acl(names: tuple[dict[int, str], ...], place: list[Any], entry: Any) -> Acl:
    (types, patterns, operations), (kind, name, pattern), (principal, host, operation, permission) = names, place, entry
    return Acl(principal, _word(types, kind), name, _word(patterns, pattern), _word(operations, operation), host, permission == _ALLOW)


def _code(words: dict[str, int], word: str) -> int:
    return words[word] if word in words else int(word)


def _word(words: dict[int, str], code: int) -> str:
    """Return Kafka's word for a code; a newer Kafka's that we do not know stays a number."""
    return words.get(code, str(code))


def _check(client: Client, code: int, why: str | None) -> None:
    if code == NO_AUTHORIZER:
        raise NoAuthorizer(f"{client.bootstrap} lets everybody do everything: it has no authorizer")
    if code:
        raise BusError(f"{client.bootstrap}: access control lists: {name_of(code)}: {why or ''}".removesuffix(": "))
