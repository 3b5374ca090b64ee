"""Answers for node/setup/backup.py: what a node cannot make again is taken, and put back onto an empty machine."""

import asyncio
import errno
import shutil
import stat
from functools import partial
from pathlib import Path

import msgspec
import pytest
from confluent_kafka.admin import AdminClient

from node.bus.client import open_client
from node.bus.passwords import Login, write_login
from node.bus.topics import remove_topic
from node.config import Config, load
from node.config.node import Kafka, Parent, Tls
from node.control import AddDepartment, AddDivision, VouchKey
from node.errors import CommandRefused
from node.model.names import Department, Division, Topic, control_topic
from node.model.values import Actor
from node.runtime.access import add_token, read_tokens
from node.runtime.completeness import Completeness
from node.runtime.invitations import Invitations
from node.runtime.keys import adopt_next, next_key, node_key, read_mark
from node.runtime.secret import make_secret, read_secret
from node.setup import backup
from node.setup.archive import Archive, kept
from node.setup.backup import NAMED, restore, take, write_archive
from node.setup.folder import found_node
from tests.certificates import Authority
from tests.conftest import Kafka as Broker
from tests.conftest import KafkaPair
from tests.runtime.conftest import until
from tests.runtime.linked import linked, running

HERE = Division("445102")
_running = partial(running, within_s=15)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A node as `init` founds it behind TLS, after some work: keys, secret, tokens, an invitation; and its parent's login outside its folder."""
    folder, outside = tmp_path / "node 一", tmp_path / "etc"
    found_node(folder, HERE, "k1.example:9092", "127.0.0.1:8080")
    outside.mkdir()
    authority = Authority(outside)
    authority.tls("127.0.0.1")
    shutil.copy(outside / "node.crt", folder)
    shutil.copy(outside / "node.key", folder)
    write_login(outside / "parent.login", Login(username="445102.node", password="p" * 20))
    (outside / "holidays.yaml").write_text("holidays: [2030-01-01]\n")
    file = folder / "node.yaml"
    file.write_text(
        file.read_text()
        .replace("http:\n", "http:\n  tls: {certificate_file: node.crt, key_file: ./node.key}\n")
        .replace("data_dir: data", f"data_dir: {folder}/data")
        + f"parent: {{division: '445100', bootstrap: '10.0.0.1:9092', login_file: \"{outside}/parent.login\", ca_file: '../etc/{authority.file.name}', "
        + f"root: 'SHA256:{'0' * 64}'}} # 上级\ncalendar: ../etc/holidays.yaml\n"
    )
    data = folder / "data"
    node_key(data)
    next_key(data, make=True)
    adopt_next(data)
    next_key(data, make=True)
    make_secret(data)
    add_token(data, Actor(name="操作员", role="operator"))
    Invitations(data).give(Division("445102001"), Actor(name="操作员", role="operator"), 1)
    Completeness(data).save()
    (data / "complete.part").touch()
    (data / "dumps").mkdir()
    (data / "dumps" / "dump.json").write_text("{}")
    (data / ".log.json.new").write_text("half")
    (folder / "broker-1" / "data").mkdir()
    (folder / "broker-1" / "data" / "log").write_text("records")
    return file


def _files(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): (stat.S_IMODE(path.stat().st_mode), path.read_bytes()) for path in files}


def test_what_a_node_cannot_make_again_is_taken(config: Path) -> None:
    """All that is named, that `init` wrote, and that lies in its data folder; nothing that is half written, was dumped, or is the cluster's."""
    found = take(config)
    names = {one.name for one in found.files}
    old = {name for name in names if name.startswith("data/node.key.") and name != "data/node.key.next"}
    assert len(old) == 1
    assert names - old == {
        "node.yaml",
        "node.login",
        "brokers.login",
        "node.crt",
        "node.key",
        "authority.pem",
        "authority.key",
        "broker-1/server.properties",
        "broker-1/keystore.pem",
        "broker-1/truststore.pem",
        "data/node.key",
        "data/node.key.next",
        "data/views.secret",
        "data/access.json",
        "elsewhere/parent.login_file",
        "elsewhere/parent.ca_file",
        "elsewhere/calendar",
    }
    assert set(found.moved) == {"elsewhere/parent.login_file", "elsewhere/parent.ca_file", "elsewhere/calendar"}
    assert (found.division, found.config, found.folder) == (HERE, "node.yaml", str(config.parent))


def test_every_file_that_a_configuration_may_name_is_looked_for() -> None:
    """A new key of the configuration that names a file belongs into the list; of the data folder everything is taken."""
    parts: dict[str, type[msgspec.Struct]] = {"kafka": Kafka, "parent": Parent, "http.tls": Tls, "": Config}
    found = {
        f"{name}.{field.name}".lstrip(".")
        for name, kind in parts.items()
        for field in msgspec.structs.fields(kind)
        if "Path" in str(field.type)
    }
    assert found | {"calendar"} == {*NAMED, backup.DATA}


def test_a_restored_folder_stands_for_itself(config: Path, tmp_path: Path) -> None:
    """Another folder, the first one and what lay outside it gone: the same keys and tokens, by a configuration that is right and names nothing elsewhere."""
    before, loaded = _files(config.parent), load(config)
    found = take(config)
    key, secret, tokens = node_key(loaded.data_dir), read_secret(loaded.data_dir), read_tokens(loaded.data_dir)
    shutil.rmtree(config.parent)
    shutil.rmtree(tmp_path / "etc")
    into = tmp_path / "new" / "节点"
    assert set(restore(found, into)) == {one.name for one in found.files}
    again = load(into / "node.yaml")
    assert again.data_dir == into / "data"
    assert (node_key(again.data_dir).key, read_secret(again.data_dir), read_tokens(again.data_dir)) == (key.key, secret, tokens)
    assert again.calendar == loaded.calendar
    assert again.parent is not None
    assert again.parent.login_file == into / "elsewhere/parent.login_file"
    after = _files(into)
    same = {name for name in after if name in before and name not in {"node.yaml", "broker-1/server.properties"}}
    assert len(same) > 10
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert stat.S_IMODE(into.stat().st_mode) == stat.S_IMODE((into / "data").stat().st_mode) == 0o700
    properties = after["broker-1/server.properties"][1].decode()
    assert str(config.parent.name) not in properties
    assert "/new/\\u8282\\u70b9/broker-1/data" in properties


def test_a_folder_with_something_in_it_is_not_touched(config: Path, tmp_path: Path) -> None:
    """An empty one is as good as none."""
    found = take(config)
    into = tmp_path / "into"
    into.mkdir()
    (into / "x").touch()
    with pytest.raises(CommandRefused, match="not empty"):
        restore(found, into)
    assert [path.name for path in into.iterdir()] == ["x"]
    (into / "x").unlink()
    restore(found, into)
    assert (into / "node.yaml").is_file()


def test_a_folder_that_is_there_stays_itself(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a mount point, in whose place nothing is put; what its file system has by itself stays. What fails in the middle leaves it empty."""
    found, into = take(config), tmp_path / "into"
    (into / "lost+found").mkdir(parents=True)
    before, rename = into.stat().st_ino, Path.rename

    def full(path: Path, target: Path) -> Path:
        if target == into / "node.yaml":
            raise OSError("full")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", full)
        with pytest.raises(OSError, match="full"):
            restore(found, into)
    assert [path.name for path in into.iterdir()] == ["lost+found"]
    restore(found, into)
    assert (into.stat().st_ino, (into / "node.yaml").is_file(), stat.S_IMODE(into.stat().st_mode)) == (before, True, 0o700)
    assert {path.name for path in into.iterdir() if path.name.startswith(".")} == set()


def test_invitations_do_not_come_back(tmp_path: Path) -> None:
    """Nor hints about the moment, of a backup that has them: an invitation that was used since would count again."""
    files = tuple(kept(name, 0o600, b"[]") for name in ("node.yaml", "data/invitations.json", "data/complete.json", "data/access.json"))
    found = Archive(made="", release="", division=HERE, folder="x", config="node.yaml", moved={}, files=files)
    assert restore(found, tmp_path / "into") == ["node.yaml", "data/access.json"]
    assert [path.name for path in (tmp_path / "into/data").iterdir()] == ["access.json"]


def test_a_medium_without_hard_links_takes_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, for its owner alone, and never over another."""

    def link(*_arguments: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", link)
    file = tmp_path / "a.backup"
    write_archive(file, b"first")
    with pytest.raises(FileExistsError):
        write_archive(file, b"second")
    assert (file.read_bytes(), [path.name for path in tmp_path.iterdir()]) == (b"first", ["a.backup"])


def test_all_is_written_or_nothing(tmp_path: Path) -> None:
    """What fails in the middle leaves nothing behind, beside it neither."""
    files = (kept("node.yaml", 0o600, b""), kept("a", 0o600, b""), kept("a/b", 0o600, b""))
    found = Archive(made="", release="", division=HERE, folder="x", config="node.yaml", moved={}, files=files)
    with pytest.raises(OSError, match="a"):
        restore(found, tmp_path / "into")
    assert list(tmp_path.iterdir()) == []


def test_files_that_change_meanwhile_are_read_again(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A next key takes the place of the other between two files: both keys are in the backup all the same. What never rests is refused."""
    data = config.parent / "data"
    coming = next_key(data)
    assert coming is not None

    def rotating(name: str, mode: int, read: bytes) -> object:
        if name == "data/node.key" and (data / "node.key.next").exists():
            adopt_next(data)
        return kept(name, mode, read)

    monkeypatch.setattr("node.setup.backup.kept", rotating)
    files = {one.name: one.data for one in take(config).files}
    assert files["data/node.key"] == (data / "node.key").read_bytes()
    assert "data/node.key.next" not in files
    assert node_key(data).key == coming.key

    def restless(name: str, mode: int, read: bytes) -> object:
        add_token(data, Actor(name="x", role="operator"))
        return kept(name, mode, read)

    monkeypatch.setattr("node.setup.backup.kept", restless)
    with pytest.raises(CommandRefused, match="change all the time"):
        take(config)


def test_a_backup_is_never_written_over(tmp_path: Path) -> None:
    """For its owner alone, whole; the one that is there stays, and nothing else is left."""
    file = tmp_path / "a.backup"
    write_archive(file, b"first")
    with pytest.raises(FileExistsError):
        write_archive(file, b"second")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"first", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["a.backup"]


def _yaml(folder: Path, pair: KafkaPair, parent: Division, child: Division, root: str) -> Path:
    """Write the configuration that the settings of `linked` have, for a backup to go by."""
    for name, kafka in (("own", pair.source), ("parent", pair.target)):
        write_login(folder / f"{name}.login", kafka.security.login)
    file = folder / "node.yaml"
    file.write_text(
        f'division: "{child}"\nkafka: {{bootstrap: "{pair.source.bootstrap}", login_file: own.login}}\ndata_dir: child\n'
        f'parent: {{division: "{parent}", bootstrap: "{pair.target.bootstrap}", login_file: parent.login, root: "{root}"}}\n'
    )
    return file


async def _lose(kafka: Broker, code: Division) -> None:
    """Have a cluster that has lost all that one node held in it."""
    admin = AdminClient(kafka.librdkafka())
    mine = [topic for topic in (await asyncio.to_thread(admin.list_topics, timeout=10)).topics if topic.startswith(f"{code}.")]
    assert control_topic(code) in mine
    async with open_client(kafka.bootstrap, client_id="test", security=kafka.security) as client:
        for topic in mine:
            await remove_topic(client, Topic(topic), security=kafka.security)


@pytest.mark.kafka
async def test_a_node_whose_folder_was_lost_goes_on_from_its_backup(kafka_pair: KafkaPair, tmp_path: Path) -> None:
    """On an empty machine: the same key and views' secret, the link carries, and it says more behind what it said. So too where its cluster is lost as well."""
    parent, child = Division("969000"), Division("969100")
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    upper, lower = linked(kafka_pair, before, parent, child)
    upper = msgspec.structs.replace(upper, data_dir=tmp_path / "parent")
    shutil.move(before / "parent", tmp_path / "parent")
    async with _running(upper) as one:
        async with _running(lower) as other:
            await until(lambda: not one.reasons)
            await one.command(AddDivision(code=parent, name="省", level="province"))
            await one.command(AddDivision(code=child, name="市", level="city", parent=parent))
            await one.command(VouchKey(division=child, key=node_key(lower.data_dir).key))
            await until(lambda: not other.reasons)
            for name in ("a", "b"):
                await other.command(AddDepartment(department=Department(f"{child}.{name}"), name=name))
            key, secret = node_key(lower.data_dir).key, make_secret(lower.data_dir)
            found = take(_yaml(before, kafka_pair, parent, child, lower.root))  # while it runs
            await other.command(AddDepartment(department=Department(f"{child}.c"), name="c"))  # the backup is older than the log
            await until(lambda: one.ledger.book.taken(child) == 3)
        shutil.rmtree(before)
        for name, lost in (("d", False), ("e", True)):
            restore(found, after)
            if lost:
                await _lose(kafka_pair.source, child)
            again = msgspec.structs.replace(lower, data_dir=load(after / "node.yaml").data_dir)
            async with _running(again) as restored:
                await until(lambda: restored.ledger.hand.proven and not restored.ledger.reasons)
                assert (node_key(again.data_dir).key, read_secret(again.data_dir)) == (key, secret)
                await restored.command(AddDepartment(department=Department(f"{child}.{name}"), name=name))
                assert {f"{child}.{each}" for each in ("a", "b", "c", name)} <= set(restored.ledger.book.departments)
                if not lost:
                    await until(lambda: f"{child}.d" in one.ledger.book.departments)
                    await until(lambda: not any(reason.startswith("link") for reason in restored.reasons))
                assert read_mark(again.data_dir).sequence == restored.ledger.book.taken(child)
            shutil.rmtree(after)
        assert one.ledger.book.broken == {}
