"""How a command speaks: its language, its form, and what it says when it cannot go on."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Group, Parameter
from rich.console import Console, RenderableType
from rich.table import Table

from node.config import Lang
from node.errors import NodeError

NODE_URL = "http://127.0.0.1:8080"
TOKEN_FILE = "EXCHANGE_NODE_TOKEN_FILE"  # noqa: S105  # the name of a variable
CA_FILE = "EXCHANGE_NODE_CA_FILE"
_PIPE_WIDTH = 1000
"""Columns where nobody watches: a line of a table must not be cut for the program that reads it."""
Played = Literal["steward", "head", "authority", "operator", "inspector"]
"""The roles of people."""
Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
"""An option that is there or not."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,200}")
_SHARED = Group("共用 / Shared", sort_key=100)


class Exit(IntEnum):
    """The exit statuses."""

    OK = 0
    FAILED = 1
    WRONG = 2
    """the command line or a configuration is wrong; nothing was done"""
    PARTLY = 3
    INTERRUPTED = 130


class CliError(NodeError):
    """A command cannot go on for a reason on this side of the node; told in both languages with the next step."""

    def __init__(self, code: str, en: str, zh: str, status: Exit = Exit.FAILED) -> None:
        super().__init__(en)
        self.code, self.en, self.zh, self.status = code, en, zh, status


def language(environ: Mapping[str, str]) -> Lang:
    """Return the language that an environment asks for, by the order of POSIX: LC_ALL, LC_MESSAGES, LANG."""
    asked = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "zh" if asked.lower().startswith("zh") else "en"


@Parameter(name="*", group=_SHARED)
@dataclass(frozen=True, kw_only=True)
class Voice:
    """What every command can be told about its way of speaking."""

    json: Annotated[Flag, Parameter(help="以 JSON 输出到标准输出 / Print JSON on standard output.")] = False
    lang: Annotated[Lang | None, Parameter(help="消息的语言，默认依 LANG / Language of messages; LANG decides if left out.")] = None

    @property
    def language(self) -> Lang:
        """The language of messages."""
        return self.lang or language(os.environ)

    def say(self, en: str, zh: str) -> str:
        """Return one of two equal texts, the one in this command's language."""
        return zh if self.language == "zh" else en

    def tell(self, value: Any, shown: RenderableType) -> None:
        """Print an outcome on standard output: `value` as one line of JSON, or `shown` for people."""
        if self.json:
            print_json(value)
        else:
            _console(stderr=False).print(shown, soft_wrap=isinstance(shown, str))

    def complain(self, text: str) -> None:
        """Print a message on standard error."""
        _console(stderr=True).print(text, soft_wrap=True)

    def console(self) -> Console:
        """Return the console for what moves: live tables and progress bars."""
        return _console(stderr=self.json)


@Parameter(name="*", group=_SHARED)
@dataclass(frozen=True, kw_only=True)
class Session(Voice):
    """A voice, and the node that is asked."""

    node: Annotated[str, Parameter(env_var="EXCHANGE_NODE_URL", help="节点的地址 / URL of the node.")] = NODE_URL
    token_file: Annotated[
        Path | None,
        Parameter(
            env_var=TOKEN_FILE,
            show_default=False,
            help="存有本人令牌的文件，见 access add / The file that has one's token; `access add` makes one.",
        ),
    ] = None

    ca: Annotated[
        Path | None,
        Parameter(
            env_var=CA_FILE,
            show_default=False,
            help="签发节点证书的机构的证书（PEM），默认为本机信任的机构 / Certificate of the authority of the node's own, in PEM; those of this machine if left out.",
        ),
    ] = None

    @property
    def token(self) -> str:
        """The token that says who asks, empty without a file of one; CliError for a file that cannot be read."""
        if self.token_file is None:
            return ""
        try:
            token = self.token_file.read_text("ascii").strip()
            why = "" if _TOKEN.fullmatch(token) else self.say("it does not hold one token, on a line", "其中应为单独一行的一个令牌")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
        if why:
            en = f"{self.token_file}: the token cannot be read ({why}); name its file by --token-file or {TOKEN_FILE}"
            zh = f"{self.token_file}：令牌无法读取（{why}）；请以 --token-file 或 {TOKEN_FILE} 指明其文件"
            raise CliError("no-token", en, zh, Exit.WRONG)
        return token


VOICE = Voice()
SESSION = Session()


def print_json(value: Any) -> None:
    """Print one line of JSON, in UTF-8 whatever the terminal's encoding (RFC 8259)."""
    sys.stdout.flush()
    sys.stdout.buffer.write(msgspec.json.encode(value, enc_hook=str) + b"\n")
    sys.stdout.buffer.flush()


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table with these headings; those named in `right` hold numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # Names come from other nodes: nothing in them is markup.
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=None if stream.isatty() else _PIPE_WIDTH)
