"""Ports that stay ours while a broker is not listening on them: before its start and between a kill and the next start."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from node.bus.embedded.settings import HOST


@contextmanager
def reserved_ports(count: int) -> Iterator[list[int]]:
    """Hold `count` free loopback ports until the end.

    Each is bound with SO_REUSEADDR and never listened on. Linux then gives it to nobody who asks for any port, neither to
    bind nor to connect from, while a program that names it and sets SO_REUSEADDR, as Java does, may listen on it. So no
    port is stolen between choosing and starting, and connecting to a broker that is down is refused at once.
    """
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((HOST, 0))
        yield [one.getsockname()[1] for one in held]
