"""Making the topics of a cluster: each node makes those of its own, from the book."""

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from node.bus.client import Client, stopped
from node.bus.faults import ALREADY_EXISTS, name_of
from node.bus.security import Security
from node.control import TopicSpec
from node.errors import BusError, Unavailable, said
from node.model.limits import REQUEST_TIMEOUT_S
from node.model.names import Topic

_PAUSE_S = 0.02


class Made(msgspec.Struct, frozen=True):
    """What became of the topics asked for: those made now, and why others are not as they should be."""

    made: tuple[Topic, ...]
    wrong: dict[Topic, str]


async def make_topics(client: Client, specs: Iterable[TopicSpec], *, replication: int, security: Security) -> Made:
    """Make the topics that are missing. A topic that stands with another partition count is reported and left alone."""
    wanted = {spec.topic: spec for spec in specs}
    await client.look(wanted)
    missing = [spec for spec in wanted.values() if client.topic(spec.topic) is None]
    wrong = {
        topic: f"has {info.partitions} partitions, the book says {spec.partitions}"
        for topic, spec in wanted.items()
        if (info := client.topic(topic)) is not None and info.partitions != spec.partitions
    }
    if not missing:
        return Made((), wrong)
    answers = await _create(client.bootstrap, missing, replication, security)
    made = tuple(topic for topic, (code, _why) in answers.items() if code == 0)
    refused = {topic: answer for topic, answer in answers.items() if answer[0] not in {0, ALREADY_EXISTS}}
    wrong |= {topic: f"cannot be made: {name_of(code)}: {why}".removesuffix(": ") for topic, (code, why) in refused.items()}
    try:
        await _until_known(client, made)
    except TimeoutError as error:
        raise Unavailable(f"{client.bootstrap}: its brokers do not learn of new topics") from error
    return Made(made, wrong)


async def _until_known(client: Client, topics: tuple[Topic, ...]) -> None:
    """Wait until the brokers, too, know what the controller has made: some milliseconds."""
    async with asyncio.timeout(REQUEST_TIMEOUT_S):
        await client.look(topics)
        while any(client.topic(topic) is None for topic in topics):
            await asyncio.sleep(_PAUSE_S)
            await client.look(topics)


async def _create(bootstrap: str, specs: list[TopicSpec], replication: int, security: Security) -> dict[Topic, tuple[int, str]]:
    """Ask the controller; return for each topic its error code and what the controller says to it."""
    arguments: dict[str, Any] = security.aiokafka()
    new = [NewTopic(spec.topic, spec.partitions, replication, topic_configs=spec.settings) for spec in specs]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000), **arguments)
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await admin.start()
            answer = await admin.create_topics(new)
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"{bootstrap}: topics cannot be made: {said(error)}") from error
    except AttributeError as error:  # aiokafka 0.14 asks a controller that its metadata does not know yet
        raise BusError(f"{bootstrap}: no controller known yet") from error
    finally:
        await stopped(admin.close())
    return {Topic(topic): (code, why or "") for topic, code, why in answer.topic_errors}
