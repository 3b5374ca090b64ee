"""The node as a process: configuration in, exit status out; signals in between."""

import asyncio
import contextlib
import math
import os
import signal
import sys
import time

from node.bus.security import Security, secured
from node.config import Config, address
from node.errors import BusError
from node.http import Tls, open_http, open_probes
from node.lane.pace import Limits
from node.runtime import Node, NodeSettings, run_node
from node.runtime.dumping import dump, forget_threads, keep, threads_on
from node.telemetry import Metrics, configure, logger
from node.telemetry.log import Sparing

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_TELL_S = 1.0


def run(config: Config) -> int:
    """Run a node until SIGTERM or SIGINT and return the exit status; a second SIGINT ends the process at once."""
    metrics = Metrics(resources_max=config.metrics.resources_max)
    sparing = configure(
        division=config.division,
        readable=config.log.readable(at_terminal=sys.stderr.isatty()),
        level=config.log.level,
        held=lambda event, many: metrics.log_suppressed.labels(event).inc(many),
    )
    try:
        return asyncio.run(_run(config, metrics, sparing))
    finally:
        sparing.tell(math.inf)


async def _run(config: Config, metrics: Metrics, sparing: Sparing) -> int:
    node = Node(settings_of(config), metrics)
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, _stop, node, number)
    loop.add_signal_handler(signal.SIGUSR1, _dump, node)
    telling = asyncio.create_task(_tell_held_back(sparing), name="log")
    try:
        with threads_on(signal.SIGUSR1, config.data_dir):
            await _serve(node, config)
    except BusError as error:
        logger().error("not-started", cause=str(error))
        return 1
    finally:
        telling.cancel()
    return 0


def settings_of(config: Config) -> NodeSettings:
    """Return what a configuration says to a node. ConfigError for a file that it names and that cannot be read."""
    parent = config.parent
    files = {"kafka-ca": config.kafka.ca_file, "parent-ca": parent.ca_file if parent else None}
    files |= {name: one.certificate_file if one else None for name, one in (("http", config.http.tls), ("probes", config.http.probes_tls))}
    return NodeSettings(
        division=config.division,
        bootstrap=config.kafka.bootstrap,
        replication=config.kafka.replication,
        parent=parent.division if parent else None,
        parent_bootstrap=parent.bootstrap if parent else "",
        root=parent.root if parent else "",
        data_dir=config.data_dir,
        calendar=config.calendar,
        security=secured(config.kafka.login_file, config.kafka.ca_file),
        brokers_security=secured(config.kafka.brokers_login_file, config.kafka.ca_file) if config.kafka.brokers_login_file else None,
        other_users=config.kafka.other_users,
        ca=config.kafka.ca_file.read_text("ascii") if config.kafka.ca_file else "",
        parent_security=secured(parent.login_file, parent.ca_file) if parent else Security(),
        limits=Limits(link=parent.rate_bytes_per_s, resources=parent.rates) if parent else Limits(),
        debug=config.http.debug,
        certificate_files={name: file for name, file in files.items() if file is not None},
    )


async def _serve(node: Node, config: Config) -> None:
    http = config.http
    tls, probes_tls = (
        None if one is None else Tls(certificate_file=one.certificate_file, key_file=one.key_file) for one in (http.tls, http.probes_tls)
    )
    async with (
        open_http(node, *address(http.listen), requests_per_s=http.requests_per_s, tls=tls) as port,
        open_probes(node, *address(http.probes), tls=probes_tls) as probes_port,
    ):
        logger().info("listening", http=_url(http.listen, port, tls), probes=_url(http.probes, probes_port, probes_tls))
        if not node.access.known:
            logger().warning("nobody-has-a-token", next_step="exchange-node access add NAME --role operator --config FILE")
        await run_node(node)


async def _tell_held_back(sparing: Sparing) -> None:
    while True:
        await asyncio.sleep(_TELL_S)
        with contextlib.suppress(OSError):  # nobody reads standard error now, or its disk is full: later somebody may
            sparing.tell(time.monotonic())


def _dump(node: Node) -> None:
    folder = node.settings.data_dir
    try:
        shown = dump(node)
        file = keep(shown, folder)
        forget_threads(folder)
    except OSError as error:
        logger().error("not-dumped", cause=str(error))
        return
    logger().warning("dumped", file=str(file), tasks=len(shown.tasks))


def _url(listen: str, port: int, tls: Tls | None) -> str:
    host, _colon, _port = listen.rpartition(":")  # as a URL has it: an IPv6 address in brackets
    return f"http{'s' if tls else ''}://{host}:{port}"


def _stop(node: Node, number: int) -> None:
    if node.stopping.is_set() and number == signal.SIGINT:
        os._exit(130)
    logger().info("stopping", signal=signal.Signals(number).name)
    node.stopping.set()
