"""Answers for node/bus/client.py: requests that end, are repeated where they may be, and leave nothing behind."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.protocol.coordination import FindCoordinatorResponse_v1
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, AddPartitionsToTxnResponse_v0, EndTxnRequest, EndTxnResponse_v0

from node.bus import client as module
from node.bus import metadata, wire
from node.bus.client import Client, Coordinator, first_error, open_client, stopped
from node.bus.security import Security
from node.bus.wire import Acks
from node.errors import ProtocolError, Unavailable
from node.model.names import Topic
from tests.bus.scripted import COORDINATOR, END, METADATA, TOPIC, Answer, Asked, Broker, hang_up, in_turn, open_broker, silent

HERE = Topic(TOPIC)
END_REQUEST = EndTxnRequest("id", 500, 0, True)


@asynccontextmanager
async def _opened(broker: Broker) -> AsyncIterator[Client]:
    async with open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        yield client


def _ended(code: int) -> Answer:
    encoded: bytes = EndTxnResponse_v0(0, code).encode()
    return lambda _asked: encoded


def _looks(broker: Broker) -> int:
    return sum(asked.api == METADATA and asked.version == 12 for asked in broker.asked)


async def test_no_cluster_is_unavailable_by_its_address() -> None:
    """Whoever starts before the brokers must read which address does not answer."""
    async with open_broker() as broker:
        bootstrap = broker.bootstrap
    with pytest.raises(Unavailable, match=bootstrap):
        async with open_client(bootstrap, client_id="test", security=Security()):
            pass


async def test_a_silent_cluster_is_unavailable_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that accepts and never speaks must not hold the start up."""
    monkeypatch.setattr(module, "_ANSWER_TIMEOUT_S", 0.1)
    monkeypatch.setattr(wire, "CONNECT_TIMEOUT_S", 0.1)  # why it does not answer is asked once more
    async with open_broker() as broker:
        broker.answers.clear()
        with pytest.raises(Unavailable, match=broker.bootstrap):
            async with _opened(broker):
                pass


async def test_looks_of_the_same_moment_share_a_request() -> None:
    """Fifty routes that are opened together cost one Metadata request; a look that comes later asks anew."""
    async with open_broker() as broker, _opened(broker) as client:
        await asyncio.gather(*(client.look([Topic(f"{TOPIC}{number}"), HERE]) for number in range(50)))
        assert _looks(broker) == 1
        info = client.topic(HERE)
        assert info is not None
        assert client.leader(HERE, 0) == 1
        await client.look([HERE])
        assert _looks(broker) == 2


async def test_a_topic_that_is_gone_is_forgotten() -> None:
    """The last look counts: no id, no leader of what was there before."""
    async with open_broker() as broker, _opened(broker) as client:
        await client.look([HERE])
        topics, broker.topics = broker.topics, {}
        await client.look([HERE])
        assert (client.topic(HERE), client.leader(HERE, 0)) == (None, None)
        broker.topics = {name: (topic_id, [-1]) for name, (topic_id, _leaders) in topics.items()}
        await client.look([HERE])
        assert client.topic(HERE) is not None
        assert client.leader(HERE, 0) is None


async def test_a_look_that_fails_fails_for_all_who_asked() -> None:
    """Each of them hears of it, and a cancelled one costs the others nothing."""
    async with open_broker() as broker, _opened(broker) as client:
        broker.answers[METADATA] = hang_up
        looks = [asyncio.create_task(client.look([HERE])) for _ in range(3)]
        await asyncio.sleep(0)
        looks[0].cancel()
        await asyncio.wait(looks)
        assert looks[0].cancelled()
        assert [type(look.exception()) for look in looks[1:]] == [Unavailable, Unavailable]


async def test_a_look_whose_askers_are_gone_is_no_unhandled_error() -> None:
    """If all who asked were cancelled, the failure is nobody's: nothing may be reported at the loop."""
    reported: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: reported.append(context))
    try:
        async with open_broker() as broker, _opened(broker) as client:
            broker.answers[METADATA] = hang_up
            look = asyncio.create_task(client.look([HERE]))
            await broker.until(lambda: _looks(broker) == 1)
            look.cancel()
            while client._looks:
                await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    assert reported == []


async def test_closing_ends_a_look_under_way() -> None:
    """Nothing may be asked, and no connection opened, once the client is closed."""
    async with open_broker() as broker:
        async with _opened(broker) as client:
            look = asyncio.create_task(client.look([HERE]))
            await asyncio.sleep(0)
        connections = broker.connections
        with contextlib.suppress(asyncio.CancelledError):
            await look
        assert client._looks == set()
        await broker.until(lambda: not broker.open)
        assert broker.connections == connections


async def test_an_unanswered_request_is_unavailable_and_its_connection_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection through which nothing comes any more must not be asked again: the next request finds another."""
    monkeypatch.setattr(module, "_ANSWER_TIMEOUT_S", 0.1)
    async with open_broker() as broker, _opened(broker) as client:
        await client.look([HERE])
        usual, deaf = broker.answers[METADATA], broker.connections

        def deaf_there(asked: Asked) -> bytes | None:
            return None if asked.connection == deaf else usual(asked)

        broker.answers[METADATA] = deaf_there
        with pytest.raises(Unavailable):
            await client.look([HERE])
        await client.look([HERE])
        assert broker.connections > deaf


@pytest.mark.parametrize("node", [1, None])
async def test_a_request_whose_connection_was_ended_is_repeated_once(node: int | None) -> None:
    """A broker ends a connection whose login has got too old with the next request over it; one that ends them all is not asked for ever."""
    async with open_broker() as broker, _opened(broker) as client:
        broker.answers[END] = in_turn(hang_up, _ended(0))
        assert (await client.call(node, END_REQUEST)).error_code == 0
        broker.answers[END] = hang_up
        with pytest.raises(Unavailable, match=broker.bootstrap):
            await client.call(node, END_REQUEST)
        assert broker.count(END) == 4


async def test_any_broker_may_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other is asked, until one does; where none does, that is told."""
    up, asked = {2}, list[int | None]()

    async def call(node: int | None, request: object) -> object:
        asked.append(node)
        if node not in up:
            raise Unavailable(f"broker {node} is away")
        return request

    known = SimpleNamespace(brokers=lambda: [SimpleNamespace(nodeId=number) for number in (1, 2, 3)])
    client = Client(SimpleNamespace(cluster=known), "k1:9092", "test", Security())
    monkeypatch.setattr(client, "call", call)
    assert (await client.call_any("request"), asked) == ("request", [1, 2])
    up.clear()
    with pytest.raises(Unavailable, match="broker 3 is away"):
        await client.call_any("request")
    assert asked == [1, 2, 1, 2, 3]


async def test_a_broker_that_is_too_old_is_told() -> None:
    """What the version table lacks is no time-out and no crash, but a message that says what is needed."""
    async with open_broker() as broker, _opened(broker) as client:
        request = metadata.Prepared(metadata._Ask([], False, False, {}))
        request._request.API_VERSION = 99
        with pytest.raises(ProtocolError, match="too old"):
            await client.call(1, request)


async def test_unknown_brokers_are_unavailable() -> None:
    """Neither a request nor a connection can go to a broker that no look has shown."""
    async with open_broker() as broker, _opened(broker) as client:
        with pytest.raises(Unavailable):
            await client.call(8, END_REQUEST)
        with pytest.raises(Unavailable, match="broker 8"):
            await client.connect(8, Acks(lambda *_: None, lambda _error: None))


@pytest.mark.parametrize("code", [14, 51])
async def test_try_again_is_tried_again(code: int) -> None:
    """A coordinator that is loading or still writing markers is asked until it has an answer."""
    async with open_broker() as broker, _opened(broker) as client:
        broker.answers[END] = in_turn(_ended(code), _ended(code), _ended(47))
        answer, found = await Coordinator(client, "id").call(END_REQUEST)
        assert (found, answer.error_code) == (47, 47)
        assert broker.count(END) == 3


@pytest.mark.parametrize(("code", "looked_up"), [(16, 2), (15, 2), (51, 1)])
async def test_a_coordinator_that_moved_is_looked_up_anew(code: int, looked_up: int) -> None:
    """Only where the answer speaks against the coordinator itself, and the new one is asked the same."""
    async with open_broker() as broker, _opened(broker) as client:
        broker.answers[END] = in_turn(_ended(code), _ended(0))
        assert (await Coordinator(client, "id").call(END_REQUEST))[1] == 0
        assert broker.count(COORDINATOR) == looked_up


async def test_a_lost_request_is_repeated_on_a_new_connection() -> None:
    """Transaction requests may be repeated: a connection that ends without an answer costs no transaction."""
    async with open_broker() as broker, _opened(broker) as client:
        broker.answers[END] = in_turn(hang_up, _ended(0))
        assert (await Coordinator(client, "id").call(END_REQUEST))[1] == 0


async def test_a_deaf_coordinator_is_asked_again_within_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One connection that swallows requests must not cost the transaction: the request goes out again on another."""
    monkeypatch.setattr(module, "_ANSWER_TIMEOUT_S", 0.1)
    async with open_broker() as broker, _opened(broker) as client:
        broker.answers[END] = in_turn(silent, _ended(0))
        assert (await Coordinator(client, "id").call(END_REQUEST))[1] == 0


@pytest.mark.parametrize("answer", [_ended(51), silent, hang_up])
async def test_the_coordinator_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """Whether it says `try again`, nothing, or hangs up for ever: after the limit it is Unavailable, with the id."""
    monkeypatch.setattr(module, "REQUEST_TIMEOUT_S", 0.3)
    monkeypatch.setattr(module, "_ANSWER_TIMEOUT_S", 0.1)
    async with open_broker() as broker, _opened(broker) as client:
        broker.answers[END] = answer
        began = time.monotonic()
        with pytest.raises(Unavailable, match="coordinator of id"):
            await Coordinator(client, "id").call(END_REQUEST)
        assert time.monotonic() - began < 2


async def test_no_coordinator_yet_is_waited_for() -> None:
    """A cluster that makes its transaction log on first use answers COORDINATOR_NOT_AVAILABLE for a while."""
    async with open_broker() as broker, _opened(broker) as client:
        usual = broker.answers[COORDINATOR]
        missing: bytes = FindCoordinatorResponse_v1(0, 15, None, -1, "", -1).encode()
        broker.answers[COORDINATOR] = in_turn(lambda _asked: missing, usual)
        assert (await Coordinator(client, "id").call(END_REQUEST))[1] == 0


def test_the_first_error_of_many_partitions_counts() -> None:
    """AddPartitionsToTxn has an error for each partition: any of them is an error of the whole."""
    assert first_error(EndTxnResponse_v0(0, 48)) == 48
    assert first_error(AddPartitionsToTxnResponse_v0(0, [("a", [(0, 0), (1, 55)]), ("b", [(0, 29)])])) == 55
    assert first_error(AddPartitionsToTxnResponse_v0(0, [("a", [(0, 0)])])) == 0


async def test_a_stop_that_hangs_is_left() -> None:
    """Aiokafka's stops swallow cancellation and may wait for ever: nobody may wait with them."""
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await released.wait()

    began = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "STOP_S", 0.1)
        assert not await stopped(stubborn())
        assert await stopped(asyncio.sleep(0))
    assert time.monotonic() - began < 1
    released.set()
    await asyncio.sleep(0)


@pytest.mark.kafka
async def test_a_real_coordinator_answers(client: Client, topic_name: Any) -> None:
    """Against a real broker: a topic that is not there is told by its partition's code."""
    coordinator = Coordinator(client, topic_name())
    _answer, code = await coordinator.call(AddPartitionsToTxnRequest(topic_name(), 1, 0, [(topic_name(), [0])]))
    assert code in {3, 49}
