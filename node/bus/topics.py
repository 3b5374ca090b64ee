"""Making and removing the topics of a cluster: each node does so with those of its own, from the book."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from node.bus.client import Client, stopped
from node.bus.faults import ALREADY_EXISTS, MISSING, name_of
from node.bus.security import Security
from node.control import TopicSpec
from node.errors import BusError, Unavailable, said
from node.model.limits import REQUEST_TIMEOUT_S
from node.model.names import Topic

_PAUSE_S = 0.02
_RECORDS_MAX = 1000
"""In a request: the controller writes a record for each topic, partition and setting, as one batch of its log, and refuses all topics of a request with
10,000 of them ("excessively large batch operation"). A tenth of that is some 130 topics of one partition, which a slow broker makes in time."""


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
    answers: dict[Topic, tuple[int, str]] = {}
    for some in _portions(missing):
        answers |= (found := await _create(client.bootstrap, some, replication, security))
        await _until(client, _made(found), there=True)  # the next ones when the brokers have come so far
    made = _made(answers)
    refused = {topic: answer for topic, answer in answers.items() if answer[0] not in {0, ALREADY_EXISTS}}
    wrong |= {topic: f"cannot be made: {name_of(code)}: {why}".removesuffix(": ") for topic, (code, why) in refused.items()}
    return Made(made, wrong)


def _made(answers: Mapping[Topic, tuple[int, str]]) -> tuple[Topic, ...]:
    return tuple(topic for topic, (code, _why) in answers.items() if code == 0)


async def remove_topic(client: Client, topic: Topic, *, security: Security) -> bool:
    """Remove a topic with all that is in it, and wait until the cluster shows it no more; False where it is not there. BusError where it cannot be removed."""
    await client.look([topic])
    if client.topic(topic) is None:
        return False
    what = f"{topic} cannot be removed"
    answer = await _ask(client.bootstrap, security, what, lambda admin: admin.delete_topics([topic]))
    code = next(code for _topic, code in answer.topic_error_codes)
    if code not in {0, MISSING}:
        raise BusError(f"{client.bootstrap}: {what}: {name_of(code)}")
    await _until(client, (topic,), there=False)
    return True


async def _until(client: Client, topics: tuple[Topic, ...], *, there: bool) -> None:
    """Wait until the brokers, too, know what the controller has made or removed: some milliseconds."""
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await client.look(topics)
            while any((client.topic(topic) is not None) is not there for topic in topics):
                await asyncio.sleep(_PAUSE_S)
                await client.look(topics)
    except TimeoutError as error:
        raise Unavailable(f"{client.bootstrap}: its brokers do not learn of {'new' if there else 'removed'} topics") from error


def _portions(specs: Iterable[TopicSpec]) -> Iterator[list[TopicSpec]]:
    """Yield topics that are made by one request each; what has more records than a request may have, it has alone."""
    some, records = list[TopicSpec](), 0
    for spec in specs:
        own = 1 + spec.partitions + len(spec.settings)
        if some and records + own > _RECORDS_MAX:
            yield some
            some, records = [], 0
        some.append(spec)
        records += own
    yield some


async def _create(bootstrap: str, specs: list[TopicSpec], replication: int, security: Security) -> dict[Topic, tuple[int, str]]:
    """Ask the controller; return for each topic its error code and what the controller says to it."""
    new = [NewTopic(spec.topic, spec.partitions, replication, topic_configs=spec.settings) for spec in specs]
    answer = await _ask(bootstrap, security, "topics cannot be made", lambda admin: admin.create_topics(new))
    return {Topic(topic): (code, why or "") for topic, code, why in answer.topic_errors}


async def _ask(bootstrap: str, security: Security, what: str, ask: Callable[[AIOKafkaAdminClient], Awaitable[Any]]) -> Any:
    """Return the controller's answer. Unavailable, with `what` cannot be done, if there is none."""
    arguments: dict[str, Any] = security.aiokafka()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000), **arguments)
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await admin.start()
            return await ask(admin)
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"{bootstrap}: {what}: {said(error)}") from error
    except AttributeError as error:  # aiokafka 0.14 asks a controller that its metadata does not know yet
        raise BusError(f"{bootstrap}: no controller known yet") from error
    finally:
        await stopped(admin.close())
