"""`access`: who may ask at a node's HTTP face. Works on the node's own files, on its own machine: no token can be made over the network."""

import os
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
from cyclopts import App

from node.cli.run import CONFIG
from node.cli.voice import VOICE, CliError, Exit, Played, Voice, table
from node.config import load
from node.control import day_of
from node.control.bodies import ACTOR_MAX
from node.model.names import Department, Division, department, division_of
from node.model.values import Actor

_DEPARTMENTS = {"steward", "head"}


def build() -> App:
    """Return the family."""
    app = App(name="access", help="访问令牌：谁可以使用本节点 / Tokens: who may use this node.")
    app.command(add)
    app.command(list_, name="list")
    app.command(remove)
    return app


def add(
    name: str,
    /,
    *,
    role: Played,
    department: str = "",
    until: date | None = None,
    output: Path | None = None,
    config: Path = CONFIG,
    voice: Voice = VOICE,
) -> int:
    """为一人生成令牌，写入文件 / Make a token for one person and write it into a file.

    令牌只在此时给出，节点仅保存其散列值；在节点所在机器上、以节点的用户运行，节点无需重启 / The token is given now and never again: the node
    keeps its hash alone. Run it on the node's machine as the node's user; the node need not be restarted.

    角色 / Roles: steward, head (代表一个部门 / for a department), authority, operator, inspector

    例如 / For example:

        exchange-node access add 黄山 --role operator --output operator.token
        exchange-node access add 林海 --role head --department 445100.taxation --until 2027-12-31 --output linhai.token
        export EXCHANGE_NODE_TOKEN_FILE=linhai.token

    Args:
        name: 姓名，记入审计 / Who it is, as the audit will have it.
        role: 角色 / The role.
        department: 所代表的部门 / The department for which one acts.
        until: 最后一天，不填则长期有效 / The last day on which it counts; without it, for ever.
        output: 文件，默认为 NAME.token；不得已存在 / The file, NAME.token if left out; it must not be there yet.
        config: 节点的 YAML 文件 / The node's YAML file.
    """
    loaded = load(config, voice.language)
    by = _actor(name, role, department, loaded.division)
    if until is not None and until < day_of(datetime.now(UTC)):
        raise CliError("usage", f"--until {until} is over already", f"--until {until} 已过", Exit.WRONG)
    file = output or Path(f"{name}.token")
    from node.runtime.access import add_token, remove_token  # noqa: PLC0415  # brings the whole node along

    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        en = f"{file} is there already and may have another token; name another file with --output"
        raise CliError("file-exists", en, f"{file} 已存在，可能存有其他令牌；请用 --output 另选文件", Exit.WRONG) from error
    with ExitStack() as undoing, os.fdopen(descriptor, "w") as out:
        undoing.callback(file.unlink)
        token, secret = add_token(loaded.data_dir, by, until.isoformat() if until else "")
        undoing.callback(remove_token, loaded.data_dir, token.id)
        out.write(f"{secret}\n")
        out.flush()
        undoing.pop_all()
    told = {"id": token.id, "by": msgspec.to_builtins(by), "until": token.until, "file": str(file)}
    en = f"token {token.id} of {by.name} is in {file}; use it with --token-file, or export EXCHANGE_NODE_TOKEN_FILE={file}"
    voice.tell(
        told, voice.say(en, f"{by.name} 的令牌 {token.id} 已写入 {file}；用 --token-file，或 export EXCHANGE_NODE_TOKEN_FILE={file}")
    )
    return Exit.OK


def list_(*, config: Path = CONFIG, voice: Voice = VOICE) -> int:
    """列出令牌：编号、何人、至何日，不含令牌本身 / List the tokens: number, whose, until when; not what they are.

    例如 / For example:

        exchange-node access list --config /etc/exchange-node/445102.yaml

    Args:
        config: 节点的 YAML 文件 / The node's YAML file.
    """
    from node.runtime.access import read_tokens  # noqa: PLC0415

    tokens = read_tokens(load(config, voice.language).data_dir)
    shown = table(
        *(voice.say(*words) for words in (("id", "编号"), ("name", "姓名"), ("role", "角色"), ("department", "部门"), ("until", "至")))
    )
    for token in tokens:
        ended = voice.say(" (ended)", "（已过期）") if token.ended else ""
        shown.add_row(token.id, token.by.name, token.by.role, token.by.department, token.until + ended)
    voice.tell([{name: part for name, part in msgspec.to_builtins(token).items() if name != "sha256"} for token in tokens], shown)
    return Exit.OK


def remove(token: str, /, *, config: Path = CONFIG, voice: Voice = VOICE) -> int:
    """注销令牌，立即生效 / Take a token out of use, at once.

    例如 / For example:

        exchange-node access remove 3f9c2b7a1e0d

    Args:
        token: 编号，见 access list / Its number, as access list shows it.
        config: 节点的 YAML 文件 / The node's YAML file.
    """
    from node.runtime.access import remove_token  # noqa: PLC0415

    found = remove_token(load(config, voice.language).data_dir, token)
    if found is None:
        en = f"there is no token {token}; `exchange-node access list` shows those there are"
        raise CliError("no-such-token", en, f"没有令牌 {token}；可用 `exchange-node access list` 查看")
    voice.tell(
        {"id": found.id}, voice.say(f"token {found.id} of {found.by.name} counts no more", f"{found.by.name} 的令牌 {found.id} 已注销")
    )
    return Exit.OK


def _actor(name: str, role: Played, named: str, here: Division) -> Actor:
    if not 0 < len(name.strip()) <= ACTOR_MAX:
        en = f"the name has to have 1 to {ACTOR_MAX} characters: say whose token it is"
        raise CliError("usage", en, f"姓名应为 1 至 {ACTOR_MAX} 个字符：请填写令牌属于何人", Exit.WRONG)
    if not named:
        if role in _DEPARTMENTS:
            en = f"a {role} acts for a department: give --department, for example {here}.civil-affairs"
            raise CliError("usage", en, f"{role} 代表一个部门：请给出 --department，例如 {here}.civil-affairs", Exit.WRONG)
        return Actor(name=name, role=role)
    try:
        of: Department = department(named)
    except ValueError as error:
        raise CliError("usage", f"--department {named}: {error}", f"--department {named}：{error}", Exit.WRONG) from error
    if division_of(of) != here:
        en = f"{of} belongs to {division_of(of)}: its people have their tokens from that node, this is {here}"
        raise CliError("usage", en, f"{of} 属于 {division_of(of)}：应在该节点生成令牌，本节点为 {here}", Exit.WRONG)
    return Actor(name=name, role=role, department=of)
