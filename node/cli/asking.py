"""Asking a node over HTTP: what came back, or in one line what kept it from coming, with the repair."""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec

from node.cli.voice import CA_FILE, CliError, Exit, Session
from node.errors import CommandRefused
from node.model.certificate_faults import fault_of

T = TypeVar("T")

ANSWER_S = 30.0
"""Three times what a node waits for its own cluster (REQUEST_TIMEOUT_S): its answer, not our patience, tells what is wrong."""
CONNECT_S = 5.0
RETRY_S_MAX = 30
"""Whoever asks too often waits so long at most; what takes longer he is told."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as the node tells it."""

    code: str
    en: str
    zh: str


class _Wrong(NamedTuple):
    """What is wrong with a certificate, and the repair."""

    code: str
    en: str
    zh: str


class Asking:
    """Asks one node. Every method raises CliError when no node answers, CommandRefused when it refuses. Made by `open_asking`."""

    def __init__(self, http: httpx.Client, url: str, wait: Callable[[float], None] = time.sleep) -> None:
        self._http, self._url, self._wait = http, url, wait

    def ask(self, method: str, path: str, body: bytes | None, kind: type[T]) -> T:
        """Ask, and read the answer as a value."""
        with self.open(method, path, {}, body) as response:
            return self._read(response, kind)

    @contextmanager
    def open(self, method: str, path: str, query: Mapping[str, str], body: bytes | None) -> Iterator[httpx.Response]:
        """Ask, and give the answer as soon as it begins: one that is no refusal. Asks once more where the node says that this was too often."""
        with self._told(), ExitStack() as stack:
            for again in (True, False):
                response = stack.enter_context(self._http.stream(method, self._url.rstrip("/") + path, params=query or None, content=body))
                wait = _retry_after(response)
                if not again or wait is None or wait > RETRY_S_MAX:
                    break
                response.read()
                self._wait(wait)
            if not response.is_success:
                response.read()
                self._read(response, Problem)
            yield response

    def foreign(self, response: httpx.Response) -> CliError:
        """Return the error that what answers is no node."""
        en = f"what answers at {self._url} is no exchange node of this version (HTTP {response.status_code}): is the address right?"
        zh = f"{self._url} 的应答不像本版本的交换节点（HTTP {response.status_code}）：地址是否正确？"
        return CliError("not-a-node", en, zh)

    def broken_off(self) -> CliError:
        """Return the error of an answer in lines that has no end."""
        en = (
            f"the answer of the node at {self._url} broke off. What was told as done is done; give the command again: nothing is done twice"
        )
        return CliError("broken-off", en, f"{self._url} 的节点应答中断。已告知完成的即已完成；请重试，不会重复")

    def _read(self, response: httpx.Response, kind: type[T]) -> T:
        try:
            content = response.read()
            if response.is_success:
                return msgspec.json.decode(content, type=kind)
            problem = msgspec.json.decode(content, type=Problem)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self.foreign(response) from error
        raise CommandRefused(problem.code, problem.en, problem.zh)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what keeps a node from answering into CliError."""
        try:
            yield
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            en = f"{self._url!r} is no URL of a node ({error}); write it as http://127.0.0.1:8080"
            raise CliError("bad-url", en, f"{self._url!r} 不是节点地址（{error}）；请写成 http://127.0.0.1:8080", Exit.WRONG) from error
        except httpx.TimeoutException as error:
            en = f"the node at {self._url} gives no answer in time; look into its log, then give the command again: that does no harm"
            raise CliError("no-answer", en, f"{self._url} 的节点未按时应答；请查看其日志，然后重试，重复执行无害") from error
        except httpx.HTTPError as error:
            if (wrong := _untrusted(error, self._url)) is not None:
                raise CliError(*wrong) from error
            plain = self._url.startswith("http://") and isinstance(error, httpx.RemoteProtocolError)
            https_en, https_zh = (", does it listen with TLS (https://)?", "，是否使用 TLS（https://）？") if plain else ("", "")
            en = f"no node answers at {self._url} ({error}): is `exchange-node run` running{https_en or '?'} Another address is given with --node"
            zh = f"{self._url} 没有节点应答（{error}）：`exchange-node run` 是否在运行{https_zh or '？'}可用 --node 指定其他地址"
            raise CliError("no-node", en, zh) from error


@contextmanager
def open_asking(session: Session) -> Iterator[Asking]:
    """Open what asks the node of a session, as whom its token says; nothing is sent before the first question."""
    token = session.token
    headers = {"authorization": f"Bearer {token}"} if token else {}
    timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
    # No proxy stands between an operator and a node's own HTTP, whatever the environment says of others.
    with httpx.Client(timeout=timeout, trust_env=False, verify=_trusting(session.node, session.ca), headers=headers) as http:
        yield Asking(http, session.node)


def ask_openly(url: str, authority: str, path: str, body: object, kind: type[T]) -> T:
    """Ask a node that is not this session's, without a token, trusting an authority given in PEM (empty: those of this machine)."""
    verify: ssl.SSLContext | bool = not url.startswith("http://") and ssl.create_default_context(cadata=authority or None)
    with httpx.Client(timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S), trust_env=False, verify=verify) as http:
        return Asking(http, url).ask("POST", path, msgspec.json.encode(body), kind)


def _trusting(url: str, authority: Path | None) -> ssl.SSLContext | bool:
    """Return whom to trust: the authority in a file, or those of this machine; to read them takes 50 ms, more than all else here, so only for TLS."""
    if url.startswith("http://"):
        return False
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:  # ssl.SSLError is one
        en = f"{authority}: it holds no certificate of an authority in PEM ({error}); name its file by --ca or {CA_FILE}"
        zh = f"{authority}：其中没有证书机构的 PEM 证书（{error}）；请以 --ca 或 {CA_FILE} 指明其文件"
        raise CliError("no-authority", en, zh, Exit.WRONG) from error


def _untrusted(error: BaseException, url: str) -> _Wrong | None:
    """Return what is wrong with a node's certificate, None where that is not what is wrong."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    if not isinstance(cause, ssl.SSLCertVerificationError):
        en = (
            f"what answers at {url} speaks no TLS that is taken here ({cause.reason}): does the node listen without TLS? Then write http://"
        )
        return _Wrong("no-tls", en, f"{url} 的应答不是可接受的 TLS（{cause.reason}）：节点是否未启用 TLS？若是，请写 http://")
    return _wrong_certificate(cause.verify_code, cause.verify_message, url)


def _wrong_certificate(number: int, message: str, url: str) -> _Wrong:
    match fault_of(number):
        case "expired":
            en = f"the certificate of {url} has expired: have it renewed, and the node started again"
            return _Wrong("certificate-expired", en, f"{url} 的证书已过期：请更新证书并重启节点")
        case "not-yet":
            en = f"the certificate of {url} does not count yet: is the clock of this machine right?"
            return _Wrong("certificate-not-yet", en, f"{url} 的证书尚未生效：本机时钟是否正确？")
        case "other-name":
            en = f"the certificate of {url} is for another host ({message}): give --node the name that it has, or have one made for this name"
            zh = f"{url} 的证书属于其他主机（{message}）：请以 --node 给出证书中的名称，或为此名称签发证书"
            return _Wrong("certificate-of-another", en, zh)
        case "untrusted":
            en = f"the certificate of {url} is of an authority that is not known here: name that one's certificate by --ca or {CA_FILE}"
            return _Wrong("authority-unknown", en, f"{url} 的证书由未知机构签发：请以 --ca 或 {CA_FILE} 指明该机构的证书")
        case "other":
            en = f"the certificate of {url} cannot be trusted ({message}): have another one made"
            return _Wrong("certificate-wrong", en, f"{url} 的证书不可信（{message}）：请重新签发")


def _retry_after(response: Any) -> int | None:
    """Return how many seconds to wait before asking again, None where that is not what the node says."""
    told = response.headers.get("retry-after", "")
    return int(told) if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and told.isascii() and told.isdigit() else None
