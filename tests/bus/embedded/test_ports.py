"""Ports held for brokers."""

import socket

import pytest

from node.bus.embedded.ports import reserved_ports


def _listener(port: int) -> socket.socket:
    """Listen as Java does: SO_REUSEADDR set."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def test_a_held_port_serves_its_broker_again_and_again() -> None:
    """A program that names the port with SO_REUSEADDR listens on it, also after another one did so before."""
    with reserved_ports(2) as ports:
        assert len(set(ports)) == 2
        for _ in range(2):
            with _listener(ports[0]) as server, socket.create_connection(("127.0.0.1", ports[0])) as client:
                accepted, _ = server.accept()
                with accepted:
                    client.sendall(b"record")
                    assert accepted.recv(6) == b"record"


def test_a_held_port_is_nobody_elses() -> None:
    """While it is held, a plain bind fails and a connection is refused at once."""
    with reserved_ports(1) as (port,):
        with socket.socket() as thief, pytest.raises(OSError, match="in use"):
            thief.bind(("127.0.0.1", port))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_ports_are_free_afterwards() -> None:
    """At the end the ports are given back."""
    with reserved_ports(1) as (port,):
        pass
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
