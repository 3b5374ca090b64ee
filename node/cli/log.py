"""`log`: a control log as a file, for the root whose cluster lost events that clusters below still hold."""

import asyncio
import hashlib
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from cyclopts import App

from node.cli.run import CONFIG
from node.cli.voice import VOICE, CliError, Exit, Voice
from node.config import Config, load
from node.control.lacking import Forked, behind, verified
from node.model.keys import Signed
from node.model.names import Division, control_topic, division

if TYPE_CHECKING:
    from node.bus.security import Security


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record in the file; both in base64."""

    value: str
    seal: str = ""


def build() -> App:
    """Return the family."""
    app = App(name="log", help="控制日志的导出与导入 / Control logs as files.")
    app.command(export)
    app.command(import_, name="import")
    return app


def export(code: str, file: Path, *, config: Path = CONFIG, voice: Voice = VOICE) -> int:
    """把一个节点的控制日志副本写入文件 / Write a node's control log, as this node's cluster has it, into a file.

    根节点的集群由旧备份恢复后，在任一下级的机器上导出，再在根节点导入 / For a root whose cluster was restored from an older copy: export on the machine of
    a node below, import on the root's.

    例如 / For example:

        exchange-node log export 440000 440000.log --config 445100.yaml

    Args:
        code: 日志所属区划 / Whose log.
        file: 文件，不得已存在 / The file; it must not be there yet.
        config: 本机节点的配置 / The configuration of the node on this machine.
    """
    records = asyncio.run(_read(load(config, voice.language), division(code)))
    with file.open("xb") as out:
        for one in records:
            line = _Line(b64encode(one.value).decode(), b64encode(one.seal).decode() if one.seal is not None else "")
            out.write(msgspec.json.encode(line) + b"\n")
    voice.tell(
        {"events": len(records), "file": str(file)}, voice.say(f"{len(records)} events in {file}", f"{len(records)} 个事件，已写入 {file}")
    )
    return Exit.OK


def import_(file: Path, *, config: Path = CONFIG, voice: Voice = VOICE) -> int:
    """从文件补齐根节点自己的控制日志 / Complete the root's own control log from a file.

    逐一核对链和签名，只补写缺少的部分；若两份历史不一致则不写 / The chain and every signature are checked, and only what is missing is written; where the
    two differ nothing is. 有上级的节点会自行从上级集群补齐 / A node with a parent completes its log from the parent's cluster by itself.

    例如 / For example:

        exchange-node log import 440000.log --config 440000.yaml

    Args:
        file: 由 log export 写出的文件 / The file that `log export` wrote.
        config: 根节点的配置 / The root's configuration.
    """
    loaded = load(config, voice.language)
    if loaded.parent is not None:
        en = f"{loaded.division} has a parent: its node completes its log from the parent's cluster by itself"
        raise CliError("not-the-root", en, f"{loaded.division} 有上级：其节点会自行从上级集群补齐", Exit.WRONG)
    count = asyncio.run(_complete(loaded, _lines(file)))
    voice.tell({"events": count}, voice.say(f"{count} events were missing and are there now", f"补写了 {count} 个缺少的事件"))
    return Exit.OK


def _lines(file: Path) -> list[Signed]:
    try:
        lines = [msgspec.json.decode(line, type=_Line) for line in file.read_bytes().splitlines()]
        return [Signed(b64decode(one.value, validate=True), b64decode(one.seal, validate=True) or None) for one in lines]
    except (msgspec.DecodeError, ValueError) as error:
        en = f"{file}: it is no file that `exchange-node log export` wrote ({error}); export it again"
        raise CliError("bad-file", en, f"{file}：不是 `exchange-node log export` 写出的文件（{error}）；请重新导出", Exit.WRONG) from error


async def _read(config: Config, code: Division) -> list[Signed]:
    from node.bus.client import open_client  # noqa: PLC0415  # brings Kafka's client, which most commands do not need
    from node.bus.log import read_log  # noqa: PLC0415

    topic, bootstrap, security = control_topic(code), config.kafka.bootstrap, _security(config)
    async with open_client(bootstrap, client_id=f"{config.division}.log", security=security) as client:
        await client.look([topic])
        return [] if client.topic(topic) is None else await read_log(bootstrap, topic, security)


def _security(config: Config) -> "Security":
    """Return with what the node logs in to its own cluster: this runs on its machine, as its user."""
    from node.bus.security import secured  # noqa: PLC0415  # brings TLS, which most commands do not need

    return secured(config.kafka.login_file, config.kafka.ca_file)


async def _complete(config: Config, copy: list[Signed]) -> int:
    """Write what the own log lacks; CliError where the copy is not to be believed, or has another history."""
    from node.bus.log import open_log_writer  # noqa: PLC0415
    from node.runtime.hand import Hand  # noqa: PLC0415  # brings the whole node along

    here = config.division
    pin = Hand(here, config.data_dir, parent=None, root="").pin
    good = verified(copy, here, pin)
    if good < len(copy):
        en = f"event {good + 1} of the file is not signed by this root's key ({pin}): nothing was written; export it from another node"
        raise CliError("not-signed", en, f"文件中的事件 {good + 1} 不是由本根节点的密钥（{pin}）签名：未写入；请从其他节点导出")
    digests = [b"", *(hashlib.sha256(one.value).digest() for one in await _read(config, here))]
    found = behind(len(digests) - 1, digests.__getitem__, copy)
    if isinstance(found, Forked):
        en = f"the file and the own log differ from event {found.sequence} on: nothing was written; find out which of them is right"
        raise CliError("log-forked", en, f"文件与本节点日志自事件 {found.sequence} 起不一致：未写入；请查明以何者为准")
    if found:
        async with open_log_writer(config.kafka.bootstrap, control_topic(here), f"{here}.control", _security(config)) as writer:
            await writer.append(found)
    return len(found)
