"""The node's HTTP face: commands, lists, status, metrics and health, and the schema registry.

`open_http` serves a `Node` until it is left, `open_probes` what Prometheus and probes ask of it (`/metrics`, `/livez`, `/readyz`) on a listener of its own. A
request's road: `listening` (the socket, TLS), `connection` (bounds on what trickles), `doors` (whose it is, how often that one asks, the headers of every
answer), then its handler. Every error is JSON `{code, en, zh}` (`answers`). One module for each family of paths: `operations` (`/v1/node`, `/v1/me`,
`/v1/status`, `/v1/routes/resume`), `book` (`/v1/commands` and the lists), `views` (`/v1/views/…`), `requests` (`/v1/requests/…`), `grants` (`/v1/grants/…`), `keys` (`/v1/keys`),
`exports` (`/v1/exports`), `logins` (`/v1/logins`), `doctor` (`/v1/doctor`), and, whose answers are streams of lines, `quarantine` (`/v1/quarantine/…`) and `audit` (`/v1/audit`). `admission` lets in by token
and says as whom; `description` is the OpenAPI document. `registry` is Confluent's Schema Registry API, whose clients ask for errors and media types of
their own.

**Bounds.** A head has 100 headers and 16 KiB and comes within 10 s; a body has at most 4 MiB and comes within 60 s, and 60 s later its answer begins, or it is
said that it does not. A stream ends when it has nothing to tell for 60 s, a connection when its client reads nothing for 30 s, or asks nothing for 5 s;
a listener has at most 400. A token may ask 100 times a second, unless configured otherwise, and an address without one 20 times. A TLS handshake has 10 s; until it is done
a connection is not among those.
**Failure modes.** A handler that fails answers 500 with its class of error and no more.
"""

from node.http.listening import Tls
from node.http.probes import open_probes
from node.http.server import open_http

__all__ = ["Tls", "open_http", "open_probes"]
