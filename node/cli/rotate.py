"""`rotate`: another password for somebody who logs in to the node's cluster."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from node.bus.passwords import Login, check_place, write_login, write_secret
from node.cli.client import open_node
from node.cli.kafka import PROPERTIES, login_entries
from node.cli.voice import SESSION, CliError, Exit, Session
from node.model.limits import GRACE_S_MAX
from node.model.names import NODE

_HOURS = 24.0
_LOGIN = {"sasl.mechanism", "sasl.username", "sasl.password"}
"""What a file must have for a new password to count by it: the mechanism is another one each time."""


def rotate(
    user: str,
    /,
    *,
    output: Path | None = None,
    grace_hours: Annotated[float, Parameter(validator=Number(gte=0, lte=GRACE_S_MAX / 3600))] = _HOURS,
    session: Session = SESSION,
) -> int:
    """更换部门或节点的集群密码，新旧密码在宽限期内都有效 / Change the password of a department or a node; the old one and the new both count for a while.

    部门：写入其文件夹中的 client.properties，只改密码各行 / A department's goes into the client.properties of its folder, where the lines of the password alone change.
    节点：写成登录文件（kafka 或 parent 的 login_file），交给该节点后重启 / A node's becomes a login file (`login_file` of kafka or parent): give it to that node and restart it.

    例如 / For example:

        exchange-node rotate 445102.civil-affairs
        exchange-node rotate 445102.node --output parent.login --grace-hours 48

    Args:
        user: 部门，或 <区划代码>.node / A department, or <division>.node.
        output: 要写的文件 / The file to write.
        grace_hours: 旧密码继续有效的小时数 / So many hours the old password counts still.
    """
    is_node = user.endswith(f".{NODE}")
    file = output or (Path(f"{user}.login") if is_node else Path(user) / PROPERTIES)
    before = None if is_node else _before(file)
    _check_place(file)
    with open_node(session) as node:
        login = node.login(user, grace_hours * 3600)
    if before is None:
        write_login(file, login)
    else:
        write_secret(file, _changed(before, login))
    ends = datetime.now().astimezone() + timedelta(hours=grace_hours)
    en, zh = (
        f"written to {file}; the former password counts until {ends:%Y-%m-%d %H:%M}",
        f"已写入 {file}；旧密码在 {ends:%Y-%m-%d %H:%M} 前有效",
    )
    session.tell({"user": user, "file": str(file), "former_until": ends.isoformat(timespec="seconds")}, session.say(en, zh))
    return Exit.OK


def _check_place(file: Path) -> None:
    """CliError while nothing has happened yet: what the node makes is told once, and another is refused until the grace is over."""
    try:
        check_place(file)
    except OSError as error:
        why = error.strerror or type(error).__name__
        en = f"{file}: it cannot be written ({why}); name another by --output. Nothing was changed"
        raise CliError("no-place", en, f"{file}：无法写入（{why}）；请以 --output 另行指定。未做任何更改", Exit.WRONG) from error


def _before(file: Path) -> str:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        en = f"{file}: it cannot be read ({why}); name the department's client.properties by --output. Nothing was changed"
        raise CliError(
            "no-client-file", en, f"{file}：无法读取（{why}）；请以 --output 指明部门的 client.properties。未做任何更改", Exit.WRONG
        ) from error
    if not {line.partition("=")[0] for line in text.splitlines()} >= _LOGIN:
        en = f"{file}: it has no login; `exchange-node department add` writes one that has. Nothing was changed"
        raise CliError("no-login", en, f"{file}：其中没有登录信息；请用 `exchange-node department add` 生成。未做任何更改", Exit.WRONG)
    return text


def _changed(text: str, login: Login) -> str:
    new = login_entries(login)
    lines = text.splitlines(keepends=True)
    return "".join(f"{name}={new[name]}\n" if (name := line.partition("=")[0]) in new else line for line in lines)
