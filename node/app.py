"""The node as a process: configuration in, exit status out; signals in between."""

import asyncio
import os
import signal
import sys

from node.config import Config
from node.errors import BusError
from node.http import open_http
from node.runtime import Node, NodeSettings, run_node
from node.telemetry import Metrics, configure, logger

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(config: Config) -> int:
    """Run a node until SIGTERM or SIGINT and return the exit status; a second SIGINT ends the process at once."""
    configure(division=config.division, readable=sys.stderr.isatty())
    return asyncio.run(_run(config))


async def _run(config: Config) -> int:
    parent = config.parent
    settings = NodeSettings(
        division=config.division,
        bootstrap=config.kafka.bootstrap,
        replication=config.kafka.replication,
        parent=parent.division if parent else None,
        parent_bootstrap=parent.bootstrap if parent else "",
        root=parent.root if parent else "",
        data_dir=config.data_dir,
        calendar=config.calendar,
    )
    node = Node(settings, Metrics())
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, _stop, node, number)
    host, _colon, _port = config.http.listen.rpartition(":")  # as a URL has it: an IPv6 address in brackets
    try:
        async with open_http(node, config.http.host, config.http.port) as bound:
            logger().info("listening", http=f"http://{host}:{bound}")
            if not node.access.known:
                logger().warning("nobody-has-a-token", next_step="exchange-node access add NAME --role operator --config FILE")
            await run_node(node)
    except BusError as error:
        logger().error("not-started", cause=str(error))
        return 1
    return 0


def _stop(node: Node, number: int) -> None:
    if node.stopping.is_set() and number == signal.SIGINT:
        os._exit(130)
    logger().info("stopping", signal=signal.Signals(number).name)
    node.stopping.set()
