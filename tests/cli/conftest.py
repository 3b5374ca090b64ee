"""A node that answers over real HTTP what a test lays down, and the command line run in this process.

The answers are made from the values that the real server answers with, so that both sides are held to one form; the
commands against a real node are tested elsewhere.
"""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec
import pytest

from node.cli import main
from node.http.operations import KafkaFace, NodeFace
from node.model.names import Division
from node.model.values import Actor


class FakeNode:
    """What the node answers by path, and what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, Any]] = []
        self.me = Actor(name="lin", role="operator")
        """whose token it is that asks"""
        self._answers: dict[str, tuple[int, bytes]] = {}
        self.answer(
            "/v1/node",
            NodeFace(
                division=Division("445102"),
                name="湘桥区",
                kafka=KafkaFace("127.0.0.1:1", "PLAINTEXT", ""),
                parent=Division("445100"),
                version="0.1.0",
            ),
        )

    def answer(self, path: str, value: Any, status: int = 200) -> None:
        """Lay an answer down."""
        self._answers[path] = (status, value if isinstance(value, bytes) else msgspec.json.encode(value))

    def answer_to(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Return the answer to a request; that who asks is asked for is no question of its own."""
        if path == "/v1/me":
            return 200, msgspec.json.encode(self.me)
        self.asked.append((path, msgspec.json.decode(body) if body else None))
        return self._answers.get(path, (404, b'{"code":"not-found","en":"not there","zh":"\xe6\xb2\xa1\xe6\x9c\x89"}'))


class Done(NamedTuple):
    """What a command line came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return msgspec.json.decode(self.out)


@pytest.fixture
def node() -> Iterator[FakeNode]:
    """A node that answers on a free port of loopback."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = fake.answer_to(self.path, self.rfile.read(int(self.headers.get("content-length") or 0)))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # http.server finds it by this name

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    fake = FakeNode(f"http://127.0.0.1:{server.server_port}")
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield fake
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], node: FakeNode) -> Callable[..., Done]:
    """Return a function that runs a command line against the node and returns what it came to."""
    monkeypatch.setenv("EXCHANGE_NODE_URL", node.url)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def run(*tokens: str) -> Done:
        status = main(tokens)
        return Done(status, *capsys.readouterr())

    return run
