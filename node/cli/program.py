"""The tree of commands, and what becomes of whatever they raise."""

import logging
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from node import __version__
from node.cli import (
    access,
    audit,
    backup,
    catalogue,
    demo,
    department,
    division,
    doctor,
    export,
    generate,
    grant,
    init,
    joining,
    key,
    link,
    log,
    logged,
    publish,
    quarantine,
    request,
    rotate,
    route,
    run,
    status,
    tail,
    view,
    volume,
)
from node.cli.voice import VOICE, CliError, Exit, Voice, print_json
from node.errors import BusError, CommandRefused, ConfigError, DataError, NodeError

_HELP = """政务数据交换节点 / The exchange node: government data between departments and levels, exactly once.

先看演示 / See it work: `exchange-node demo`

运行自己的节点 / Run a node of your own: `exchange-node check --config node.yaml`, `exchange-node run --config node.yaml`, `exchange-node status`

每个命令都有 `--help` / Every command has `--help`.
"""


def build() -> App:
    """Return the command with all its families."""
    app = App(
        name="exchange-node",
        help=_HELP,
        version=__version__,
        help_format="markdown",
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    app.command(init.init)
    app.command(run.run)
    app.command(run.check)
    app.command(status.status)
    app.command(volume.volume)
    app.command(generate.generate)
    app.command(publish.publish)
    app.command(tail.tail)
    app.command(export.export)
    app.command(audit.audit)
    for command in (joining.token, joining.join, joining.leave, joining.dismiss):
        app.command(command)
    app.command(rotate.rotate)
    app.command(backup.backup)
    app.command(backup.restore)
    app.command(doctor.doctor)
    for family in (demo, access, key, log, logged, division, department, catalogue, request, grant, view, quarantine, route, link):
        app.command(family.build())
    return app


def main(tokens: Sequence[str]) -> int:
    """Carry out one command line and return the exit status."""
    # aiokafka logs each failed attempt of its own; what matters of them is in our messages.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return _carry_out(tokens)
    except BrokenPipeError:
        # Who read our output has seen enough; Python must not try again to flush when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED


def _carry_out(tokens: Sequence[str]) -> int:
    try:
        command, bound, _ = build().parse_args(list(tokens), exit_on_error=False)
    except CycloptsError:
        return Exit.WRONG
    voice = next((value for value in bound.arguments.values() if isinstance(value, Voice)), VOICE)
    try:
        return command(*bound.args, **bound.kwargs) or Exit.OK
    except NodeError as error:
        return _tell(error, voice)
    except BrokenPipeError:
        raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        what = f"{error.filename}: {why}" if error.filename else why
        return _tell(CliError("os", f"{what}: mend this and give the command again", f"{what}：请处理后重试"), voice)
    except KeyboardInterrupt:
        voice.complain(voice.say("interrupted", "已中断"))
        return Exit.INTERRUPTED


def _tell(error: NodeError, voice: Voice) -> Exit:
    match error:
        case ConfigError():
            for problem in error.problems:
                voice.complain(problem)
            if voice.json:
                print_json({"code": "config", "problems": error.problems})
            return Exit.WRONG
        case CommandRefused() | CliError():
            code, en, zh = error.code, error.en, error.zh
        case BusError():
            en = f"Kafka: {error}. Is the node's cluster up? `exchange-node status` tells; then give the command again"
            code, zh = "kafka", f"Kafka：{error}。请用 `exchange-node status` 查看集群是否正常，然后重试"
        case DataError():
            code, en, zh = "data", f"{error}", f"数据有误：{error}"
        case _:
            code, en, zh = "failed", f"{error}", f"失败：{error}"
    voice.complain(voice.say(en, zh))
    if voice.json:
        print_json({"code": code, "en": en, "zh": zh})
    return error.status if isinstance(error, CliError) else Exit.FAILED
