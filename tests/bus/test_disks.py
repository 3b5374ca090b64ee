"""Answers for node/bus/disks.py, on a real broker: how full its disks are, as the machine tells it."""

import shutil

import pytest

from node.bus import disks as module
from node.bus.client import Client
from node.bus.disks import spaces
from node.errors import BusError
from tests.bus.conftest import Cluster

pytestmark = pytest.mark.kafka


async def test_a_broker_tells_the_room_of_its_folders(near: Cluster, client: Client) -> None:
    """Size and what is free; the tests' own brokers have their folders on this machine's disk."""
    (found,) = await spaces(client, 1)
    assert found.broker == 1
    assert 0 < found.free <= found.size
    if near.bootstrap.startswith("127.0.0.1:"):
        assert found.size == shutil.disk_usage(".").total


async def test_a_broker_that_is_too_old_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Kafka 3.3 the request has no such version; nothing hangs."""
    monkeypatch.setattr(module._Ask, "API_VERSION", 99)
    with pytest.raises(BusError, match="too old"):
        await spaces(client, 1)
