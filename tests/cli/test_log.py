"""`log`: a root whose cluster was restored from a backup, on real clusters."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.bus.client import open_client
from node.bus.log import open_log_writer, read_log
from node.bus.topics import make_topics
from node.control import TopicSpec, digest
from node.model.keys import Signed, fingerprint
from node.model.names import Division, control_topic
from node.model.values import NodeKeyValue
from node.runtime.keys import Signer, node_key
from tests.conftest import Kafka, KafkaPair
from tests.control.sealing import Realm, department, division

pytestmark = pytest.mark.kafka


class _Root(Realm):
    """The log of a root that signs with a key on disk."""

    def __init__(self, code: Division, signer: Signer) -> None:
        super().__init__()
        self._code, self._signer = code, signer
        self._write(NodeKeyValue(division=code, key=signer.key))
        self._write(division(code, None))
        for name in "ab":
            self._write(department(code, name))

    def _write(self, body: Any) -> None:
        self.say(self._code, body)
        value = self.logs[self._code][-1].value
        self.logs[self._code][-1] = Signed(value, self._signer.sign(bytes.fromhex(digest(value))))

    @property
    def records(self) -> list[Signed]:
        """The whole log."""
        return self.logs[self._code]


async def _run(cli: Callable[..., Any], *words: str) -> Any:
    """Run a command line that has a loop of its own."""
    return await asyncio.to_thread(cli, *words)


_CODES = iter(f"9780{number}" for number in range(10, 40))


@pytest.fixture
def code() -> Division:
    """Return a division that no other test uses."""
    return Division(next(_CODES))


async def write(kafka: Kafka, code: Division, records: list[Signed]) -> None:
    """Have a cluster hold a log so far."""
    async with open_client(kafka.bootstrap, client_id="test", security=kafka.security) as client:
        await make_topics(client, [TopicSpec(control_topic(code), 1, {})], replication=1, security=kafka.security)
    async with open_log_writer(kafka.bootstrap, control_topic(code), f"{code}.control", kafka.security) as writer:
        await writer.append(records)


def config(folder: Path, code: str, kafka: Kafka, parent: str = "") -> str:
    """Write a configuration, and the login that it names, and return its path."""
    file, login = folder / f"{code}.yaml", folder / f"{code}.login"
    said = kafka.security
    login.touch(mode=0o600)
    login.write_bytes(msgspec.json.encode({"username": said.username, "mechanism": said.mechanism, "password": said.password}))
    above = f'parent: {{division: "{parent}", bootstrap: "127.0.0.1:1", root: "SHA256:{"0" * 64}"}}\n' if parent else ""
    cluster = f'{{bootstrap: "{kafka.bootstrap}", replication: 1, login_file: {login.name}}}'
    file.write_text(f'division: "{code}"\nkafka: {cluster}\ndata_dir: data-{code}\n{above}')
    return str(file)


async def test_a_root_takes_its_missing_events_from_a_copy_below(
    cli: Callable[..., Any], kafka_pair: KafkaPair, tmp_path: Path, code: Division
) -> None:
    """Exported on the machine of a node below, imported on the root's: as they were signed, and only what is missing."""
    own, below = kafka_pair.source, kafka_pair.target
    log = _Root(code, node_key(tmp_path / f"data-{code}"))
    await write(below, code, log.records)
    await write(own, code, log.records[:2])
    child, root = config(tmp_path, "978099", below, parent=code), config(tmp_path, code, own)
    file = str(tmp_path / "root.log")
    done = await _run(cli, "log", "export", code, file, "--config", child, "--lang", "en")
    assert (done.status, done.out) == (0, f"4 events in {file}\n")
    assert (await _run(cli, "log", "export", code, file, "--config", child)).status == 1
    done = await _run(cli, "log", "import", file, "--config", root, "--lang", "en")
    assert (done.status, done.out) == (0, "2 events were missing and are there now\n")
    assert (await _run(cli, "log", "import", file, "--config", root, "--json")).json == {"events": 0}
    assert await read_log(own.bootstrap, control_topic(code), own.security) == log.records
    refused = await _run(cli, "log", "import", file, "--config", child, "--lang", "en")
    assert (refused.status, "by itself" in refused.err) == (2, True)


async def test_what_is_not_the_roots_word_is_not_imported(
    cli: Callable[..., Any], kafka_pair: KafkaPair, tmp_path: Path, code: Division
) -> None:
    """Signed with another key, another history, or no file of ours: nothing is written."""
    own = kafka_pair.source
    log = _Root(code, node_key(tmp_path / f"data-{code}"))
    await write(own, code, log.records[:2])
    root, file = config(tmp_path, code, own), tmp_path / "root.log"

    async def told(records: list[Signed]) -> str:
        lines = [{"value": b64encode(one.value).decode(), "seal": b64encode(one.seal or b"").decode()} for one in records]
        file.write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
        done = await _run(cli, "log", "import", str(file), "--config", root, "--json")
        assert done.status != 0
        return str(done.json["code"])

    liar = _Root(code, node_key(tmp_path / "liar"))
    assert await told(liar.records) == "not-signed"
    assert await told([*log.records[:3], Signed(log.records[3].value, liar.records[3].seal)]) == "not-signed"
    other = _Root(code, node_key(tmp_path / f"data-{code}"))
    other.logs[code] = other.records[:1]
    other._write(department(code, "z"))
    assert await told(other.records) == "log-forked"
    file.write_text("no line of ours\n")
    assert (await _run(cli, "log", "import", str(file), "--config", root, "--json")).json["code"] == "bad-file"
    assert await read_log(own.bootstrap, control_topic(code), own.security) == log.records[:2]
    assert fingerprint(node_key(tmp_path / "liar").key) != fingerprint(node_key(tmp_path / f"data-{code}").key)
