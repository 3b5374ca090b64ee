"""Answers for node/bus/refusals.py: whoever is not let in reads why, in one line with what to do, on both roads."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from node.bus.certificates import Authority, issue, kept_authority
from node.bus.client import open_client
from node.bus.embedded import Cluster, open_cluster
from node.bus.embedded.ports import reserved_ports
from node.bus.embedded.settings import HOST
from node.bus.refusals import explained
from node.bus.security import Security
from node.bus.wire import Acks, connect
from node.errors import Unavailable
from tests.bus.scripted import open_broker
from tests.conftest import Kafka

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
async def closed(work_folder: Path) -> AsyncIterator[Cluster]:
    """A cluster that speaks TLS and lets nobody in without a login."""
    async with open_cluster(work_folder / "refusing", closed="tls") as cluster:
        yield cluster


@pytest.fixture
def plain(kafka: Kafka) -> Kafka:
    """One that wants a login too, without TLS."""
    if kafka.security.username is None:
        pytest.skip("the cluster lets everybody in: it refuses nobody")
    return kafka


@pytest.fixture(scope="module")
def foreign(work_folder: Path) -> Authority:
    """An authority that signed nothing of the clusters."""
    return kept_authority(work_folder / "foreign", "foreign")


def trusting(authority: Authority) -> Security:
    """TLS without a login, under an authority."""
    return Security(protocol="SSL", tls=ssl.create_default_context(cadata=authority.pem))


async def told(address: str, security: Security) -> str:
    """Return why somebody is not let in: the same on both roads, a client's with the addresses that it tried."""
    host, _colon, port = address.rpartition(":")
    with pytest.raises(Unavailable) as raw:
        await connect(host, int(port), Acks(lambda *_: None, lambda _error: None), "test", security)
    with pytest.raises(Unavailable) as client:
        async with open_client(address, client_id="test", security=security):
            pass
    assert str(client.value) == f"no Kafka broker answers at {address}: {raw.value}"
    return str(raw.value)


async def test_a_login_that_does_not_count_is_told_with_its_user(closed: Cluster, plain: Kafka) -> None:
    """Kafka does not say whether user or password is wrong; with TLS and without. The password is not told."""
    for address, wrong in (
        (closed.bootstrap, msgspec.structs.replace(closed.security, password="hidden")),  # noqa: S106
        (plain.bootstrap, msgspec.structs.replace(plain.security, username="nobody")),
    ):
        assert await told(address, wrong) == (
            f"{address} does not know {wrong.username}, or its password is another: have `exchange-node rotate` write a new login file"
        )


async def test_a_mechanism_that_is_not_enabled_is_told(closed: Cluster) -> None:
    """As at the controllers' listener, where brokers alone log in."""
    address = f"{HOST}:{closed._seats[1].controller}"
    assert await told(address, closed.security) == (
        f"{address} does not take SCRAM-SHA-512: enable it in sasl.enabled.mechanisms, or write another mechanism into the login file"
    )


async def test_another_authority_is_told(closed: Cluster, foreign: Authority) -> None:
    """The file to mend is the one that names what is trusted."""
    line = await told(closed.bootstrap, msgspec.structs.replace(closed.security, tls=trusting(foreign).tls))
    assert line == (f"{closed.bootstrap}: its certificate is signed by none that `ca_file` trusts: put the authority of that cluster there")


@pytest.mark.parametrize(
    ("host", "days", "cause"),
    [
        (
            "kafka.example",
            1,
            "its certificate is not for 127.0.0.1: name in `bootstrap` what the certificate names, or have one made for 127.0.0.1",
        ),
        ("127.0.0.1", -1, "its certificate has expired: have a new one made for the broker"),
        ("127.0.0.1", 10, "its certificate does not count yet: are both clocks right?"),
    ],
    ids=["other-name", "expired", "too-early"],
)
async def test_a_certificate_that_does_not_count_is_told(tmp_path: Path, foreign: Authority, host: str, days: int, cause: str) -> None:
    """TLS alone tells: Kafka is not asked any more."""
    begins = datetime.now(UTC) + timedelta(days=5 if days > 1 else -5)
    (tmp_path / "keystore.pem").write_text(issue(foreign, [host], days=5 + days, now=begins))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "keystore.pem")
    async with open_broker(server) as broker:
        assert await told(broker.bootstrap, trusting(foreign)) == f"{broker.bootstrap}: {cause}"


async def ended(address: str, security: Security) -> list[str]:
    """Return why the broker ended the connection, as far as that can be told, on both roads."""
    host, _colon, port = address.rpartition(":")
    with pytest.raises(Unavailable) as raw:
        await connect(host, int(port), Acks(lambda *_: None, lambda _error: None), "test", security)
    with pytest.raises(Unavailable, match=f"^no Kafka broker answers at {address}: ") as client:
        async with open_client(address, client_id="test", security=security):
            pass
    return [str(raw.value), str(client.value)]


async def test_tls_where_there_is_none_is_told(closed: Cluster, plain: Kafka) -> None:
    """Kafka takes it for a request that is far too long, and ends the connection without a word."""
    for line in await ended(plain.bootstrap, closed.security):
        assert f"no connection to the broker at {plain.bootstrap}: " in line
        assert line.endswith("; it ends a connection at once where it speaks something else than SASL_SSL")


async def test_tls_where_something_else_answers_is_told(foreign: Authority) -> None:
    """Whatever answers in the clear is no TLS listener, and is told as such."""

    async def hello(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(hello, HOST, 0) as server:
        address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
        assert (
            await told(address, trusting(foreign)) == f"{address} does not speak TLS: name the broker's TLS listener, or take `ca_file` out"
        )


async def test_no_tls_where_it_is_wanted_is_told(closed: Cluster) -> None:
    """The broker ends the connection: what is told names what was spoken."""
    for line in await ended(closed.bootstrap, msgspec.structs.replace(closed.security, protocol="SASL_PLAINTEXT", tls=None)):
        assert f"no connection to the broker at {closed.bootstrap}: " in line
        assert line.endswith("; it ends a connection at once where it speaks something else than SASL_PLAINTEXT")


async def test_no_login_where_one_is_wanted_is_told(closed: Cluster, plain: Kafka) -> None:
    """The broker takes the connection, says nothing and ends it with the first request."""
    encrypted = Security(protocol="SSL", tls=closed.security.tls)
    for address, nobody in ((plain.bootstrap, Security()), (closed.bootstrap, encrypted)):
        with pytest.raises(Unavailable) as refused:
            async with open_client(address, client_id="test", security=nobody):
                pass
        assert str(refused.value) == (
            f"no Kafka broker answers at {address}: {address} takes the connection and ends it: does it want a login? Name a `login_file`"
        )


async def test_a_port_on_which_nothing_listens_is_told() -> None:
    """A broker that is down, or another port."""
    with reserved_ports(1) as (port,):
        assert (
            await told(f"127.0.0.1:{port}", Security()) == f"nothing listens at 127.0.0.1:{port}: is the broker up, and is this its port?"
        )


async def test_a_name_that_is_not_known_is_told() -> None:
    """RFC 2606 keeps `.invalid` for ever."""
    line = await told("kafka.invalid:9092", Security())
    assert line == "kafka.invalid:9092: the name kafka.invalid is not known: mend `bootstrap` or the name service"


async def test_whoever_does_not_answer_is_told_with_what_was_spoken() -> None:
    """Nobody knows why: the three likely causes are named."""
    line = explained(TimeoutError(), "k1.example", 9092, Security(protocol="SASL_SSL"))
    assert line == ("k1.example:9092 does not answer: is it up, does a firewall stand between, and is this a port that speaks SASL_SSL?")
