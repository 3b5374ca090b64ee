"""Answers for node/setup/folder.py: what is written is its owner's alone, is taken by the node and by Kafka, and lets nobody else in."""

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from node.bus.certificates import CERTIFICATE, KEY
from node.bus.client import open_client
from node.bus.embedded.distribution import find_distribution
from node.bus.embedded.process import check_alive, end, reap, spawn, tail
from node.bus.embedded.seed import prepare
from node.bus.guard import KEYSTORE, TRUSTSTORE
from node.bus.passwords import read_login
from node.bus.security import Security, secured
from node.bus.users import let_in, lets_in
from node.config import load
from node.errors import ConfigError, Unavailable
from node.model.names import Division
from node.setup.brokers import CONTROLLER_PORTS_ON
from node.setup.folder import BROKERS_LOGIN, CONFIG, OWN_LOGIN, Founded, found_node

HERE = Division("445102")
LISTEN = "127.0.0.1:8080"
NEAR, AWAY = "127.0.0.1:9092,127.0.0.1:9192", "k1.example:9092,127.0.0.1:9092"


def modes(folder: Path) -> dict[str, int]:
    """Who may do what with each file."""
    return {path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}


@pytest.mark.parametrize("bootstrap", [NEAR, AWAY], ids=["near", "away"])
def test_what_is_secret_is_its_owners_alone(tmp_path: Path, bootstrap: str) -> None:
    """Whatever the umask says: logins, keys, the brokers' properties, and every folder."""
    before = os.umask(0)
    try:
        found_node(tmp_path / "made" / HERE, HERE, bootstrap, LISTEN)
    finally:
        os.umask(before)
    open_to_others = {name for name, mode in modes(tmp_path / "made" / HERE).items() if mode & 0o077}
    assert open_to_others == ({CONFIG, CERTIFICATE} if bootstrap == AWAY else {CONFIG})
    secrets = [read_login(tmp_path / "made" / HERE / name).password for name in (OWN_LOGIN, BROKERS_LOGIN)]
    assert not [secret for secret in secrets if secret in (tmp_path / "made" / HERE / CONFIG).read_text("utf-8")]


@pytest.mark.parametrize("there", [CONFIG, BROKERS_LOGIN, OWN_LOGIN])
def test_nothing_is_written_over(tmp_path: Path, there: str) -> None:
    """Neither a node nor what is left of one, whose brokers may run by these very passwords; nothing else is written either."""
    (tmp_path / there).write_text("kept")
    with pytest.raises(ConfigError, match=rf"{there}: a node is set up here already; choose another --folder, or remove this one"):
        found_node(tmp_path, HERE, NEAR, LISTEN)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["kept"]


def test_a_folder_for_impossible_brokers_is_not_made(tmp_path: Path) -> None:
    """What is wrong with the addresses is told before anything is written."""
    with pytest.raises(ConfigError, match="choose others"):
        found_node(tmp_path / "new", HERE, "127.0.0.1:9092,127.0.0.1:9092", LISTEN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("bootstrap", "tls"),
    [("127.0.0.1:9092", False), ("localhost:9092,[::1]:9192", False), ("127.0.0.1:9092,10.0.0.1:9092", True), ("k1.example:9092", True)],
)
def test_tls_stands_between_all_as_soon_as_one_is_away(tmp_path: Path, bootstrap: str, tls: bool) -> None:  # noqa: FBT001 - a case
    """Each broker's certificate names its own host, under an authority that only this folder has."""
    founded = found_node(tmp_path / "new", HERE, bootstrap, LISTEN)
    assert founded.tls is tls
    homes = [Path(file).parent for file in founded.brokers]
    assert [(home / KEYSTORE).exists() for home in homes] == [(home / TRUSTSTORE).exists() for home in homes] == [tls] * len(homes)
    assert (tmp_path / "new" / KEY).exists() is tls
    for home, address in zip(homes, bootstrap.split(","), strict=True) if tls else ():
        own, authority = x509.load_pem_x509_certificates((home / KEYSTORE).read_bytes())
        named = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert [str(name.value) for name in named] == [address.rpartition(":")[0]]
        assert authority.public_bytes(serialization.Encoding.PEM) == (tmp_path / "new" / CERTIFICATE).read_bytes()


@pytest.mark.parametrize(("bootstrap", "copies"), [(NEAR, 2), (AWAY, 2), ("k1.example:1,k2.example:1,k3.example:1,k4.example:1", 3)])
def test_the_configuration_is_one_that_the_node_takes(tmp_path: Path, bootstrap: str, copies: int) -> None:
    """With both logins, and what TLS trusts; also in a folder named in Chinese, by a relative path."""
    folder = tmp_path / "湘桥 区"
    founded = found_node(folder, HERE, bootstrap, LISTEN)
    config = load(Path(founded.config))
    assert (config.division, config.kafka.bootstrap, config.kafka.replication) == (HERE, bootstrap, copies)
    assert (config.http.listen, config.data_dir, config.parent) == (LISTEN, folder / "data", None)
    assert config.kafka.login_file == folder / OWN_LOGIN
    assert config.kafka.brokers_login_file == folder / BROKERS_LOGIN
    assert config.kafka.ca_file == (folder / CERTIFICATE if founded.tls else None)
    own = read_login(folder / OWN_LOGIN)
    assert (own.username, read_login(folder / BROKERS_LOGIN).username) == ("445102.node", "broker")


def test_no_two_nodes_share_a_secret(tmp_path: Path) -> None:
    """Nor the id of their clusters."""
    found = [found_node(tmp_path / name, HERE, NEAR, LISTEN) for name in ("one", "other")]
    assert len({one.cluster_id for one in found}) == 2
    assert len({read_login(Path(one.folder, name)).password for one in found for name in (OWN_LOGIN, BROKERS_LOGIN)}) == 4


@contextmanager
def _port() -> Iterator[int]:
    """Hold a port of loopback, and its controller's, as `reserved_ports` does."""
    while True:
        with ExitStack() as stack:
            held = [stack.enter_context(socket.socket()) for _ in range(2)]
            for one in held:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held[0].bind(("127.0.0.1", 0))
            port: int = held[0].getsockname()[1]
            try:
                held[1].bind(("127.0.0.1", port + CONTROLLER_PORTS_ON))
            except (OSError, OverflowError):  # somebody has it, or there is none
                continue
            yield port
            return


async def _run(founded: Founded, bootstrap: str) -> None:
    """Format and start the one broker as its operator does, and see whom it lets in."""
    distribution, (file,), config = find_distribution(), founded.brokers, load(Path(founded.config))
    archive = f"-XX:SharedArchiveFile={(await prepare(distribution)).archive}"
    home, log = Path(file).parent, Path(file).with_name("broker.log")
    settled = {"folder": home.parent, "log": log, "environment": distribution.environment}
    formatting = distribution.command(archive, "kafka.tools.StorageTool", "format", "--cluster-id", founded.cluster_id, "--config", file)
    assert await reap(await spawn(formatting, **settled), 60) == 0, tail(log)  # type: ignore[arg-type]  # each is of its kind
    process = await spawn(distribution.command(archive, "kafka.Kafka", file), **settled)  # type: ignore[arg-type]  # as above
    try:
        own = secured(config.kafka.login_file, config.kafka.ca_file)
        brokers = secured(config.kafka.brokers_login_file, config.kafka.ca_file)
        async with asyncio.timeout(60):
            while not await lets_in(bootstrap, brokers):
                check_alive(process, "the broker", log)
                await asyncio.sleep(0.1)
        assert (home / "data" / "meta.properties").exists(), "and nowhere else: Java read the folder's name as it is"
        assert not await lets_in(bootstrap, own), "it is made by the node's first start"
        await let_in(bootstrap, own, brokers)
        async with open_client(bootstrap, client_id="test", security=own):
            pass
        for nobody in (Security(), Security(protocol="SSL" if founded.tls else "PLAINTEXT", tls=own.tls)):
            with pytest.raises(Unavailable):
                async with open_client(bootstrap, client_id="test", security=nobody):
                    pass
    finally:
        await end(process, 10)


@pytest.mark.kafka
@pytest.mark.parametrize("host", ["LOCALHOST", pytest.param("127.0.0.1", marks=pytest.mark.full)], ids=["away", "near"])
async def test_a_broker_starts_by_what_was_written_and_is_closed(work_folder: Path, host: str) -> None:
    """Who has no login is refused, the brokers' own counts, and by it the node's is made; in a folder whose name Java must not misread.

    LOCALHOST is this machine by a name that is not known to be loopback.
    """
    with _port() as port:
        bootstrap = f"{host}:{port}"
        founded = found_node(work_folder / f"湘桥 {host}", HERE, bootstrap, LISTEN)
        assert founded.tls is (host == "LOCALHOST")
        await _run(founded, bootstrap)
