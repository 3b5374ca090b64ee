"""The command `exchange-node`: what operators, stewards and engineers type.

Road of a command: `program` builds the tree of commands and parses the line; one module for each family carries it out,
most of them by asking the running node over HTTP (`client`); `voice` says the outcome, to people in Chinese or English or
to programs as JSON. Nothing here writes a control log or decides anything: the node does. `run`, `demo`, `publish` and
`tail` hand over to the rings below, imported only when they are called, so that the other commands start quickly.

Exit statuses: 0 done, 1 failed, 2 wrong usage or configuration, 3 done in part, 130 interrupted.

Bounds: an answer of the node is awaited for ANSWER_S. Failure modes: whatever stops a command is told on standard error
with its cause and the next step, and with `--json` also as `{"code", "en", "zh"}` on standard output.
"""

from node.cli.program import main

__all__ = ["main"]
