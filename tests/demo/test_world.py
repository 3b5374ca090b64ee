"""The demo's world: what it writes down and refuses. That it opens, runs and dies is shown by `test_run` and the fault tests."""

from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from node.bus.passwords import Login, read_login
from node.bus.security import Security
from node.config import load
from node.demo.world import CITY, DISTRICT, PROVINCE, NodeProcess, World
from node.errors import CommandRefused, Unavailable
from node.model.keys import fingerprint
from node.runtime.keys import node_key


class _Cluster:
    """Stands for a cluster: only its addresses are asked for."""

    bootstrap, link_bootstrap, brokers = "127.0.0.1:1", "127.0.0.1:2", (1,)
    security = Security(protocol="SASL_PLAINTEXT", mechanism="SCRAM-SHA-512", username="admin", password="secret")  # noqa: S106


async def test_a_nodes_configuration_is_one_that_the_node_takes(tmp_path: Path) -> None:
    """The file says whose node it is, its cluster, and its parent's over the cable; also in a folder with blanks."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    async with httpx.AsyncClient() as http:
        node = NodeProcess(CITY, folder, (18080, 18081), http)
        await node.configure(cast("Any", _Cluster()), None, fingerprint(node.key))
    config = load(node.config)
    assert (config.division, config.kafka.bootstrap, config.kafka.replication) == (CITY, "127.0.0.1:1", 1)
    assert node_key(config.data_dir).key == node.key
    assert config.kafka.login_file is not None
    assert read_login(config.kafka.login_file) == Login(username="admin", password="secret")  # noqa: S106
    assert (node.url, node.probes_url) == ("http://127.0.0.1:18080", "http://127.0.0.1:18081")
    assert (config.http.listen, config.http.probes) == ("127.0.0.1:18080", "127.0.0.1:18081")


async def test_a_node_that_does_not_answer_is_told_with_its_address(tmp_path: Path) -> None:
    """Nothing listens there: the error names division and address."""
    async with httpx.AsyncClient() as http:
        with pytest.raises(Unavailable, match=r"445102 does not answer at http://127\.0\.0\.1:1"):
            await NodeProcess(DISTRICT, tmp_path, (1, 2), http).get("/v1/node")


def test_the_root_has_no_link_to_cut(tmp_path: Path) -> None:
    """Cutting names the divisions that have a link."""
    world = World(tmp_path, {}, {})
    with pytest.raises(CommandRefused, match="name 445100 or 445102"):
        world.cut(PROVINCE)
