"""Answers for node/bus/wire.py: frames whole at any split, buffers that come back, connections that end as told."""

import asyncio
import random
import shutil
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiokafka.conn
import pytest

from node.bus import wire as module
from node.bus.security import Security
from node.bus.wire import Acks, Buffer, Bulk, Wire, connect, knock
from node.errors import ProtocolError, Unavailable
from node.model.limits import FRAME_BYTES_MAX
from tests.bus.scripted import API_VERSIONS, METADATA, Answer, Asked, Broker, HangUp, hang_up, open_broker, silent

FRAMES = [b"first", b"x" * 300, b"y", b"last one"]
STREAM = b"".join(struct.pack(">i", len(frame)) + frame for frame in FRAMES)


class Ends:
    """Counts how a connection ended."""

    def __init__(self) -> None:
        self.errors: list[Exception | None] = []
        self.there = asyncio.Event()

    def __call__(self, error: Exception | None) -> None:
        self.errors.append(error)
        self.there.set()


def feed(wire: Acks | Bulk, data: bytes, pieces: Callable[[], int] = lambda: 1) -> None:
    """Hand data over as asyncio does: never more than the buffer that was given holds."""
    at = 0
    while at < len(data) and not wire.closed:
        room = wire.get_buffer(-1)
        assert len(room) > 0, "asyncio refuses an empty buffer"
        size = min(len(room), pieces(), len(data) - at)
        room[:size] = data[at : at + size]
        wire.buffer_updated(size)
        at += size


async def test_small_replies_are_whole_at_any_cut() -> None:
    """Wherever the stream is cut in two, each reply must be handed on once, whole and in order."""
    for cut in range(len(STREAM) + 1):
        got: list[bytes] = []
        acks = Acks(lambda data, start, end, got=got: got.append(bytes(data[start:end])), Ends())  # type: ignore[misc]  # bound now
        for part in (STREAM[:cut], STREAM[cut:]):
            feed(acks, part, lambda: 1 << 20)
        assert got == FRAMES


async def test_large_replies_are_whole_at_any_cut() -> None:
    """The same for replies with a buffer each."""
    for cut in range(len(STREAM) + 1):
        got: list[bytes] = []
        bulk = Bulk(lambda buffer, size, got=got: got.append(bytes(buffer.view[:size])), Ends())  # type: ignore[misc]  # bound now
        for part in (STREAM[:cut], STREAM[cut:]):
            feed(bulk, part, lambda: 1 << 20)
        assert got == FRAMES


async def test_replies_byte_by_byte() -> None:
    """The smallest pieces must do as well."""
    small: list[bytes] = []
    large: list[bytes] = []
    feed(Acks(lambda data, start, end: small.append(bytes(data[start:end])), Ends()), STREAM)
    feed(Bulk(lambda buffer, size: large.append(bytes(buffer.view[:size])), Ends()), STREAM)
    assert small == large == FRAMES


@pytest.mark.parametrize("size", [-1, 65_533, 0x48545450])
async def test_a_small_reply_of_no_possible_size_ends_the_connection(size: int) -> None:
    """A size that cannot be must not be waited for."""
    ends = Ends()
    feed(Acks(lambda *_: None, ends), struct.pack(">i", size) + b"rest", lambda: 100)
    assert [type(error) for error in ends.errors] == [ProtocolError]


@pytest.mark.parametrize("size", [-1, 0, FRAME_BYTES_MAX + 1, 0x15030300])
async def test_a_large_reply_of_no_possible_size_ends_the_connection(size: int) -> None:
    """Memory is never asked for such a reply, and the message names the likely cause."""
    ends = Ends()
    bulk = Bulk(lambda *_: None, ends)
    feed(bulk, struct.pack(">i", size) + b"rest", lambda: 100)
    assert [type(error) for error in ends.errors] == [ProtocolError]
    assert "TLS" in str(ends.errors[0])


async def test_nothing_is_handed_on_behind_the_end() -> None:
    """A listener that closes the connection on a reply must not get the next one from the same piece."""
    got: list[int] = []
    acks: Acks

    def take(_data: bytearray, start: int, _end: int) -> None:
        got.append(start)
        acks.close()

    acks = Acks(take, Ends())
    feed(acks, STREAM, lambda: 1 << 20)
    assert len(got) == 1


def test_a_buffer_goes_back_when_its_last_user_has_released_it() -> None:
    """Not before, not twice; more releases than uses are a defect that must show."""
    back: list[Buffer] = []
    buffer = Buffer(bytearray(4), back.append)
    buffer.use()
    buffer.use()
    buffer.release()
    assert back == []
    buffer.release()
    assert back == [buffer]
    with pytest.raises(AssertionError):
        buffer.release()


async def test_a_buffer_in_use_is_not_written_over() -> None:
    """What a listener keeps must stay as it came, whatever comes next."""
    kept: list[tuple[Buffer, int]] = []

    def keep(buffer: Buffer, size: int) -> None:
        buffer.use()
        kept.append((buffer, size))

    feed(Bulk(keep, Ends()), STREAM, lambda: 7)
    assert [bytes(buffer.view[:size]) for buffer, size in kept] == FRAMES


async def test_few_buffers_serve_thousands_of_replies() -> None:
    """While eight are in use at most, no more than those and a pool of eight may ever be made, and none may be left in use."""
    dice, held, seen = random.Random(1), [], {}

    def take(buffer: Buffer, _size: int) -> None:
        seen[id(buffer)] = buffer
        buffer.use()
        held.append(buffer)
        if len(held) == 8:
            dice.shuffle(held)
            while len(held) > 3:
                held.pop().release()

    bulk = Bulk(take, Ends())
    for _ in range(5000):
        feed(bulk, struct.pack(">i", 200) + bytes(200), lambda: 1 << 20)
    for buffer in held:
        buffer.release()
    assert len(seen) <= 16
    assert all(buffer._users == 0 for buffer in seen.values())


async def test_a_closed_connection_keeps_no_buffers() -> None:
    """Pooled memory must go with its connection, that of buffers still in use when they are released."""
    kept: list[Buffer] = []

    def keep(buffer: Buffer, _size: int) -> None:
        buffer.use()
        kept.append(buffer)

    bulk = Bulk(keep, Ends())
    feed(bulk, STREAM, lambda: 1 << 20)
    kept.pop().release()
    assert len(bulk._pool) == 1
    bulk.close()
    kept.pop().release()
    assert bulk._pool == []


@asynccontextmanager
async def _connected(broker: Broker, security: Security | None = None) -> AsyncIterator[tuple[list[bytes], Wire, Ends]]:
    got: list[bytes] = []
    ends = Ends()
    wire = Bulk(lambda buffer, size: got.append(bytes(buffer.view[:size])), ends)
    await connect("127.0.0.1", broker.port, wire, "test", security or Security())
    try:
        yield got, wire, ends
    finally:
        wire.close()


def _request(number: int, size: int) -> list[bytes | memoryview]:
    """Return a request of some unknown kind as parts, some of them empty, that the scripted broker echoes."""
    head = struct.pack(">hhih", 99, 0, number, -1)
    body = random.Random(number).randbytes(size)
    return [struct.pack(">i", len(head) + size), head, b"", memoryview(body)[: size // 2], memoryview(body)[size // 2 :]]


async def _echoes(broker: Broker, wire: Wire, got: list[bytes]) -> None:
    broker.answers[99] = lambda asked: asked.body
    sizes = [10, 3_000_000, 0, 70_000] + [1000] * 200
    for number, size in enumerate(sizes):
        wire.send(_request(number, size))
    await broker.until(lambda: broker.count(99) == len(sizes))
    async with asyncio.timeout(10):
        while len(got) < len(sizes):
            await asyncio.sleep(0)
    assert [reply[4:] for reply in got] == [random.Random(number).randbytes(size) for number, size in enumerate(sizes)]


async def test_requests_leave_whole_and_in_order() -> None:
    """More than the socket takes at once, parts of any size and more of them than one system call takes must arrive as given."""
    async with open_broker() as broker, _connected(broker) as (got, wire, ends):
        await _echoes(broker, wire, got)
        assert ends.errors == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with the openssl command")
async def test_the_same_under_tls(tmp_path: Path) -> None:
    """Under TLS the transport must encrypt: the same bytes arrive by another way."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with open_broker(server) as broker:
        async with _connected(broker, Security(protocol="SSL", tls=trusting)) as (got, wire, ends):
            await _echoes(broker, wire, got)
            assert wire._socket is None
            broker.hang_up()
            await ends.there.wait()
            assert len(ends.errors) == 1
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1.*ertificate"):
            await connect(
                "127.0.0.1", broker.port, Bulk(lambda *_: None, Ends()), "test", Security(protocol="SSL", tls=ssl.create_default_context())
            )


async def test_the_other_sides_end_is_told_once() -> None:
    """Whoever waits for a reply must hear that none will come."""
    async with open_broker() as broker, _connected(broker) as (_got, wire, ends):
        broker.hang_up()
        await ends.there.wait()
        wire.lose(OSError("again"))
        assert len(ends.errors) == 1
        assert wire.closed


async def test_closing_is_silent_and_final() -> None:
    """A connection that we end must tell nobody, and take no more requests."""
    async with open_broker() as broker, _connected(broker) as (_got, wire, ends):
        wire.close()
        wire.send([b"lost"])
        wire.close()
        await broker.until(lambda: not broker.open)
        assert ends.errors == []
        assert broker.count(99) == 0


async def test_no_listener_is_unavailable() -> None:
    """A port that nobody listens on must be named."""
    async with open_broker() as broker:
        port = broker.port
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}"):
        await connect("127.0.0.1", port, Acks(lambda *_: None, Ends()), "test", Security())


async def test_a_broker_that_never_answers_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait for a new connection must end, and the connection with it."""
    monkeypatch.setattr(module, "CONNECT_TIMEOUT_S", 0.1)
    async with open_broker() as broker:
        broker.answers[API_VERSIONS] = silent
        with pytest.raises(Unavailable):
            await connect("127.0.0.1", broker.port, Acks(lambda *_: None, Ends()), "test", Security())
        await broker.until(lambda: not broker.open)


async def test_a_broker_that_closes_at_once_is_unavailable() -> None:
    """An end that comes together with the first answer must neither be lost nor be anything but Unavailable."""
    async with open_broker() as broker:
        usual, writers = broker.answers[API_VERSIONS], broker.open

        def answer_and_close(asked: Asked) -> bytes:
            reply = usual(asked)
            assert reply is not None
            (writer,) = writers
            writer.write(struct.pack(">ii", len(reply) + 4, asked.correlation) + reply)
            raise HangUp

        broker.answers[API_VERSIONS] = answer_and_close
        for _ in range(20):
            ends = Ends()
            wire = Acks(lambda *_: None, ends)
            try:
                await connect("127.0.0.1", broker.port, wire, "test", Security())
            except Unavailable:
                continue
            async with asyncio.timeout(1):  # it came a moment later: then it is told
                await ends.there.wait()


async def test_a_cancelled_connect_is_cancelled_and_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancellation that comes as the connection is there must not be swallowed, nor the connection forgotten."""
    original = aiokafka.conn.AIOKafkaConnection.connect

    async def cancelled_as_it_returns(self: aiokafka.conn.AIOKafkaConnection) -> None:
        await original(self)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    monkeypatch.setattr(aiokafka.conn.AIOKafkaConnection, "connect", cancelled_as_it_returns)
    async with open_broker() as broker:
        connecting = asyncio.create_task(connect("127.0.0.1", broker.port, Acks(lambda *_: None, Ends()), "test", Security()))
        await asyncio.wait([connecting])
        assert connecting.cancelled()
        await broker.until(lambda: not broker.open)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, ""),
        (hang_up, "127.0.0.1:{port} takes the connection and ends it: does it want a login"),
        (silent, "127.0.0.1:{port} does not answer: is it up, does a firewall stand between, and is this a port that speaks PLAINTEXT"),
    ],
    ids=["in", "ended", "slow"],
)
async def test_whoever_knocks_without_a_login_hears_what_was_found(
    monkeypatch: pytest.MonkeyPatch, answer: Answer | None, told: str
) -> None:
    """A login is asked after only where the broker ended the connection with a request; one that is slow is told as that. Nothing stays open."""
    monkeypatch.setattr(module, "CONNECT_TIMEOUT_S", 0.5)
    async with open_broker() as broker:
        if answer is not None:
            broker.answers[METADATA] = answer
        found = await knock(broker.bootstrap, "test", Security())
        assert found.partition("?")[0] == told.format(port=broker.port)
        await broker.until(lambda: not broker.open)


class _Encrypted(asyncio.Transport):
    """A transport of which nothing is wanted but that it is there."""

    def __init__(self) -> None:
        super().__init__({"sslcontext": True})

    def abort(self) -> None:
        """Nothing is open."""


async def test_a_connection_is_aged_before_its_login_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the lifetime is left for what is in flight; a login that counts for ever never ages."""
    now, loop = 1000.0, asyncio.get_running_loop()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "time", lambda: now)
        wire, for_ever, unattached = (Acks(lambda *_: None, Ends()) for _ in range(3))
        wire.attach(_Encrypted(), None, 10.0)
        for_ever.attach(_Encrypted(), None)
        for at, aged in ((1000.0, False), (1007.9, False), (1008.0, True), (1e9, True)):
            now = at
            assert (wire.aged, for_ever.aged, unattached.aged) == (aged, False, False)
