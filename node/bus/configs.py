"""The settings of brokers and topics as a cluster has them now: DescribeConfigs v1 (KIP-133)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aiokafka.protocol.admin import DescribeConfigsRequest_v1

from node.bus.client import Client
from node.bus.faults import MISSING, name_of
from node.bus.metadata import Prepared
from node.errors import BusError
from node.model.names import Topic

_TOPIC, _BROKER = 2, 4


async def broker_settings(client: Client, broker: int, names: Collection[str]) -> dict[str, str]:
    """Return some settings of a broker. BusError where it does not tell them, to us or now."""
    (found,) = await _describe(client, broker, [(_BROKER, str(broker), list(names))])
    return found[1]


async def topic_settings(client: Client, wanted: Mapping[Topic, Collection[str]]) -> dict[Topic, dict[str, str]]:
    """Return some settings of each topic that is there, asked for in one request. BusError where the cluster does not tell them, to us or now."""
    asked = [(_TOPIC, topic, sorted(names)) for topic, names in wanted.items()]
    return {Topic(name): settings for name, settings in await _describe(client, None, asked)} if asked else {}


async def _describe(client: Client, broker: int | None, asked: Sequence[tuple[int, str, list[str]]]) -> list[tuple[str, dict[str, str]]]:
    request = Prepared(DescribeConfigsRequest_v1(asked, False))
    answer = await (client.call_any(request) if broker is None else client.call(broker, request))
    found = []
    for code, why, _kind, name, entries in answer.resources:
        if code == MISSING:
            continue
        if code:
            raise BusError(f"{client.bootstrap}: settings of {name}: {name_of(code)}: {why or ''}".removesuffix(": "))
        found.append((name, _told(entries)))
    return found


def _told(entries: Any) -> dict[str, str]:
    """Return settings by name; one that is secret has no value."""
    return {name: value or "" for name, value, *_more in entries}
