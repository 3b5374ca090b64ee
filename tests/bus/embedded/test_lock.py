"""A closed cluster, as those who knock find it: at every listener, on either road, with and without encryption."""

import asyncio
import ssl
import stat
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from node.bus.acls import list_acls
from node.bus.certificates import CERTIFICATE, kept_authority
from node.bus.client import open_client
from node.bus.embedded import Cluster, open_cluster
from node.bus.embedded.lock import make_lock
from node.bus.embedded.settings import HOST
from node.bus.passwords import SCRAM_256, Login, new_password
from node.bus.security import Security
from node.bus.users import lets_in, set_logins
from node.bus.wire import Bulk, connect
from node.errors import BusError, Unavailable
from node.model.names import Topic

TOPIC = Topic("445102.test.closed")
_AUTHORIZATION = {"topic": 29, "cluster": 31}
pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module", params=["sasl", "tls"])
async def closed(request: pytest.FixtureRequest, work_folder: Path) -> AsyncIterator[Cluster]:
    """One broker behind a cable, closed, with a topic."""
    async with open_cluster(work_folder / f"closed-{request.param}", cable=True, principal="445102.node", closed=request.param) as cluster:
        admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap, **cluster.security.aiokafka())
        await admin.start()
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
        await admin.close()
        yield cluster


def listeners(cluster: Cluster) -> dict[str, str]:
    """The addresses at which a cluster listens."""
    return {
        "local": cluster.bootstrap,
        "link": cluster.link_bootstrap,
        "controller": f"{HOST}:{cluster._seats[1].controller}",
    }


def wrong(cluster: Cluster) -> dict[str, Security]:
    """Those who must not get in anywhere."""
    own, change = cluster.security, msgspec.structs.replace
    return {
        "anonymous": Security(protocol="SSL" if own.tls else "PLAINTEXT", tls=own.tls),
        "another password": change(own, password=new_password()),
        "another mechanism": change(own, mechanism=SCRAM_256),
        "nobody we know": change(own, username="445103.node"),
        "a guess at the brokers": change(own, mechanism="PLAIN", username="broker", password="broker"),  # noqa: S106
        "the principal as a broker": change(own, mechanism="PLAIN"),
    }


async def knock(address: str, security: Security) -> bytes:
    """Ask for the API versions over a raw connection; return the answer. Unavailable where one is not let in."""
    answers: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
    wire = Bulk(lambda buffer, size: answers.put_nowait(bytes(buffer.view[:size])), answers.put_nowait)
    host, _, port = address.partition(":")
    await connect(host, int(port), wire, "test", security)
    try:
        wire.send([struct.pack(">ihhih", 10, 18, 0, 7, -1)])
        async with asyncio.timeout(10):
            answer = await answers.get()
        if not isinstance(answer, bytes):
            raise Unavailable(f"{address} ended the connection: {answer}")
        return answer
    finally:
        wire.close()


@pytest.mark.parametrize("listener", ["local", "link"])
async def test_the_super_user_gets_in_on_either_road(closed: Cluster, listener: str) -> None:
    """By aiokafka's clients and over the raw wire, beside the cluster and over the cable."""
    address = listeners(closed)[listener]
    async with open_client(address, client_id="test", security=closed.security) as client:
        await client.look([TOPIC])
        assert client.topic(TOPIC) is not None
        await client.connect(1, Bulk(lambda *_: None, lambda _error: None))
    assert struct.unpack_from(">ih", await knock(address, closed.security)) == (7, 0)


@pytest.mark.parametrize(
    "who",
    [
        "anonymous",
        "another password",
        "another mechanism",
        "nobody we know",
        "a guess at the brokers",
        "the principal as a broker",
    ],
)
async def test_nobody_else_gets_in_anywhere(closed: Cluster, who: str) -> None:
    """Neither at the brokers' listener, nor at the link's, nor at the controllers', on no road."""
    await asyncio.gather(*(_refused(address, wrong(closed)[who]) for address in listeners(closed).values()))


async def _refused(address: str, security: Security) -> None:
    with pytest.raises(Unavailable):
        await knock(address, security)
    with pytest.raises(Unavailable, match=address):
        await _by_client(address, security)


async def test_a_listener_takes_those_for_whom_it_is_there(closed: Cluster) -> None:
    """Brokers log in to each other and to the controllers, but not over the link; the super user does not at the controllers'."""
    brokers = make_lock(closed._folder, "445102.node", "tls" if closed.security.tls else "sasl").brokers
    takes = {name: await lets_in(address, brokers) for name, address in listeners(closed).items()}
    assert takes == {"local": True, "link": False, "controller": True}
    assert not await lets_in(listeners(closed)["controller"], closed.security)


async def test_a_user_without_rights_may_do_nothing(closed: Cluster) -> None:
    """It logs in, and sees no topic, makes none, and neither reads nor changes who may do what."""
    login = Login(username="445103.tax", password=new_password())
    async with open_client(closed.bootstrap, client_id="test", security=closed.security) as client:
        await set_logins(client, [login])
    user = msgspec.structs.replace(closed.security, username=login.username, password=login.password)
    async with asyncio.timeout(10):
        while not await lets_in(closed.bootstrap, user):
            await asyncio.sleep(0.01)
    async with open_client(closed.bootstrap, client_id="test", security=user) as client:
        await client.look([TOPIC])
        assert client.topic(TOPIC) is None
        with pytest.raises(BusError, match="CLUSTER_AUTHORIZATION_FAILED"):
            await list_acls(client)
        with pytest.raises(BusError, match="CLUSTER_AUTHORIZATION_FAILED"):
            await set_logins(client, [msgspec.structs.replace(login, username="445104.tax")])
    admin = AIOKafkaAdminClient(bootstrap_servers=closed.bootstrap, **user.aiokafka())
    await admin.start()
    made = await admin.create_topics([NewTopic("445103.tax.own", 1, 1)])
    gone = await admin.delete_topics([TOPIC])
    await admin.close()
    assert {code for _topic, code, *_why in made.topic_errors} <= {*_AUTHORIZATION.values()}
    assert [code for _topic, code in gone.topic_error_codes] == [_AUTHORIZATION["topic"]]


@pytest.mark.parametrize("closed", ["tls"], indirect=True)
async def test_whoever_does_not_trust_the_authority_says_nothing(closed: Cluster, tmp_path: Path) -> None:
    """Encrypted, a client goes no further without the cluster's authority, and the brokers take nobody who does not encrypt."""
    kept_authority(tmp_path, "embedded")
    trusts = {"the machine's": ssl.create_default_context(), "another": ssl.create_default_context(cafile=str(tmp_path / CERTIFICATE))}
    for tls in trusts.values():
        for address in listeners(closed).values():
            for attempt in (_by_client, knock):
                with pytest.raises(Unavailable, match="ca_file"):
                    await attempt(address, msgspec.structs.replace(closed.security, tls=tls))
    for address in listeners(closed).values():
        with pytest.raises(Unavailable):
            await knock(address, msgspec.structs.replace(closed.security, protocol="SASL_PLAINTEXT", tls=None))


async def _by_client(address: str, security: Security) -> None:
    async with open_client(address, client_id="test", security=security):
        pass


async def test_secrets_lie_in_files_of_their_owner_alone(closed: Cluster) -> None:
    """What a broker reads at its start, both passwords and every key; no password stands in a log or on a command line."""
    folder = closed._folder
    secret = [folder / "brokers.password", folder / "principal.password", folder / "broker-1" / "server.properties"]
    if closed.security.tls:
        secret += [folder / "authority.key", folder / "broker-1" / "keystore.pem"]
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in secret} == dict.fromkeys((path.name for path in secret), 0o600)
    passwords = [path.read_text().strip().encode() for path in secret[:2]]
    shown = (
        closed.log(1).read_bytes()
        + Path(f"/proc/{closed.pid(1)}/cmdline").read_bytes()
        + Path(f"/proc/{closed.pid(1)}/environ").read_bytes()
    )
    assert [password for password in passwords if password in shown] == []


async def test_a_cluster_opened_again_knows_its_users(cluster_folder: Path) -> None:
    """The super user's password is the same, and others that were made log in as before."""
    login = Login(username="445102.tax", password=new_password())
    async with open_cluster(cluster_folder) as cluster:
        first = cluster.security
        async with open_client(cluster.bootstrap, client_id="test", security=first) as client:
            await set_logins(client, [login])
    async with open_cluster(cluster_folder) as cluster:
        assert cluster.security == first
        assert await lets_in(cluster.bootstrap, msgspec.structs.replace(first, username=login.username, password=login.password))


async def test_an_open_cluster_asks_nobody(cluster_folder: Path) -> None:
    """It is asked for by name, and keeps no secrets."""
    async with open_cluster(cluster_folder, closed="no") as cluster:
        assert cluster.security == Security()
        assert await knock(cluster.bootstrap, Security())
    assert not [path for path in cluster_folder.iterdir() if path.is_file()]


def test_a_lock_is_made_once_and_kept(tmp_path: Path) -> None:
    """Both passwords and the authority; two folders have nothing in common, and brokers and super user have different passwords."""
    one, again, other = (make_lock(tmp_path / name, "445102.node", "tls") for name in ("one", "one", "other"))
    assert one.authority is not None
    assert again.authority is not None
    assert other.authority is not None
    assert (one.security.username, one.security.mechanism, one.brokers.mechanism) == ("445102.node", "SCRAM-SHA-512", "PLAIN")
    assert (one.guard, one.security.password, one.authority.pem) == (again.guard, again.security.password, again.authority.pem)
    found = {lock.security.password for lock in (one, other)} | {lock.brokers.password for lock in (one, other)}
    assert len(found) == 4
    assert one.authority.pem != other.authority.pem


def test_each_broker_has_a_key_of_its_own(tmp_path: Path) -> None:
    """And trusts the cluster's authority and nobody else's; without encryption there is nothing to lay out."""
    lock = make_lock(tmp_path, "445102.node", "tls")
    for home in (tmp_path / "broker-1", tmp_path / "broker-2"):
        lock.lay_out(home)
    keys = {(tmp_path / home / "keystore.pem").read_text() for home in ("broker-1", "broker-2")}
    assert len(keys) == 2
    assert (tmp_path / "broker-1" / "truststore.pem").read_text() == (tmp_path / CERTIFICATE).read_text()
    make_lock(tmp_path / "plain", "445102.node", "sasl").lay_out(tmp_path / "plain" / "broker-1")
    assert not (tmp_path / "plain" / "broker-1").exists()
