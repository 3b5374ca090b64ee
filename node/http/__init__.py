"""The node's HTTP face: commands, lists, status, metrics and health, and the schema registry.

`open_http` serves a `Node` until it is left. Every error is JSON `{code, en, zh}`. One module for each family of paths:
`operations` (`/metrics`, `/livez`, `/readyz`, `/v1/node`, `/v1/status`, `/v1/routes/resume`), `book` (`/v1/commands` and the lists), `views`
(`/v1/views/…`), `requests` (`/v1/requests/…`), `grants` (`/v1/grants/…`), `keys` (`/v1/keys`), `exports` (`/v1/exports`), and, whose answers are streams of lines,
`quarantine` (`/v1/quarantine/…`) and `audit` (`/v1/audit`). `admission` lets in by token and says as whom; `description` is the OpenAPI document.
`registry` is Confluent's Schema Registry API, whose clients ask for errors and media types of their own.

**Bounds.** A request body has at most 4 MiB. **Failure modes.** A handler that fails answers 500 with its class of error and no more.
"""

from node.http.server import open_http

__all__ = ["open_http"]
