"""Asking a node's HTTP face as somebody: each request brings the token of whoever its command names, of an operator where it names nobody."""

import json
from collections.abc import Generator
from pathlib import Path

import httpx
import msgspec

from node.model.values import Actor
from node.runtime.access import add_token

OPERATOR = Actor(name="operator", role="operator")


class AsNamed(httpx.Auth):
    """Makes tokens in a node's data folder as they are needed; `by` is who asks where no command says so."""

    requires_request_body = True

    def __init__(self, folder: Path, by: Actor = OPERATOR) -> None:
        self._folder, self._by = folder, by
        self._secrets: dict[Actor, str] = {}

    def handed_to(self, by: Actor) -> "AsNamed":
        """The same for somebody else."""
        return AsNamed(self._folder, by)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Let a request bring its token."""
        request.headers["authorization"] = f"Bearer {self.secret(self._named(request.content))}"
        yield request

    def secret(self, by: Actor) -> str:
        """The token of somebody."""
        if by not in self._secrets:
            self._secrets[by] = add_token(self._folder, by)[1]
        return self._secrets[by]

    def _named(self, content: bytes) -> Actor:
        try:
            return msgspec.convert(json.loads(content)["by"], Actor)
        except (ValueError, KeyError, TypeError):
            return self._by


def as_(client: httpx.AsyncClient, by: Actor) -> AsNamed:
    """The same keys in somebody else's hand."""
    auth = client.auth
    assert isinstance(auth, AsNamed)
    return auth.handed_to(by)
