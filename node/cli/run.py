"""`run` and `check`: a node of one's own, and its configuration."""

from pathlib import Path

import msgspec

from node.cli.voice import VOICE, Exit, Voice
from node.config import Config, load

CONFIG = Path("node.yaml")


def run(*, config: Path = CONFIG, voice: Voice = VOICE) -> int:
    """运行本级节点，直到 SIGTERM 或 Ctrl-C / Run this level's node until SIGTERM or Ctrl-C.

    配置有误时逐条列出，不启动任何东西 / If the configuration is wrong, every error is told and nothing starts.

    例如 / For example:

        exchange-node run --config /etc/exchange-node/445102.yaml

    Args:
        config: 节点的 YAML 文件 / The node's YAML file.
    """
    loaded = load(config, voice.language)
    from node import app  # noqa: PLC0415  # slow to import, and only a node needs it

    return app.run(loaded)


def check(*, config: Path = CONFIG, voice: Voice = VOICE) -> int:
    """检查配置文件，一次列出所有错误 / Check a configuration and tell all its errors at once.

    退出码：0 正确，2 有误 / Exit status: 0 if it is right, 2 if not.

    例如 / For example:

        exchange-node check --config /etc/exchange-node/445102.yaml

    Args:
        config: 节点的 YAML 文件 / The node's YAML file.
    """
    loaded = load(config, voice.language)
    voice.tell({"config": msgspec.to_builtins(loaded, enc_hook=str, order="deterministic")}, _shown(config, loaded, voice))
    return Exit.OK


def _shown(path: Path, config: Config, voice: Voice) -> str:
    above = (
        f"{config.parent.division} ({config.parent.bootstrap})" if config.parent else voice.say("none, this is the root", "无，本节点为根")
    )
    lines = [
        voice.say(f"{path}: right", f"{path}：正确"),
        voice.say("  division     ", "  区划    ") + config.division,
        voice.say("  own cluster  ", "  本级集群 ") + f"{config.kafka.bootstrap} × {config.kafka.replication}",
        voice.say("  parent       ", "  上级    ") + above,
        voice.say("  HTTP         ", "  HTTP    ") + config.http.listen + (" (TLS)" if config.http.tls else ""),
        voice.say("  probes       ", "  探针    ") + config.http.probes + (" (TLS)" if config.http.probes_tls else ""),
        voice.say("  data         ", "  数据目录 ") + str(config.data_dir),
    ]
    return "\n".join(lines)
