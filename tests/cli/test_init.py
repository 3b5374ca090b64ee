"""`init`; that what it writes works is shown by tests/setup."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.bus.embedded import kafka_version
from node.config import load


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_next_steps_are_told_as_they_are_typed(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """In the folder named after the division; no node is asked, for there is none yet."""
    done = cli("init", "445102")
    first = here / "445102/broker-1/server.properties"
    assert (done.status, done.err, node.asked) == (0, "", [])
    assert kafka_version() in done.out
    assert [line.strip().split() for line in done.out.splitlines() if line.startswith("  ")] == [
        ["kafka-storage.sh", "format", "--cluster-id", done.out.split("--cluster-id ")[1].split()[0], "--config", str(first)],
        ["kafka-server-start.sh", str(first)],
        ["exchange-node", "run", "--config", "445102/node.yaml"],
    ]
    assert first.is_file()


def test_what_is_asked_for_is_what_is_written(cli: Callable[..., Any], here: Path) -> None:
    """Addresses with blanks between, a folder whose name a shell would take apart; programs get all of it, passwords apart."""
    done = cli(
        "init", "445102", "--bootstrap", "k1.example:9092, k2.example:9092", "--listen", "127.0.0.1:1234", "--folder", "湘桥 区", "--json"
    )
    config = load(here / "湘桥 区/node.yaml")
    assert (config.kafka.bootstrap, config.http.listen) == ("k1.example:9092,k2.example:9092", "127.0.0.1:1234")
    told = done.json
    assert (told["folder"], told["config"], told["tls"]) == ("湘桥 区", "湘桥 区/node.yaml", True)
    assert told["brokers"] == [str(here / f"湘桥 区/broker-{number}/server.properties") for number in (1, 2)]
    assert set(told) == {"folder", "config", "brokers", "tls", "cluster_id"}
    assert "--config '" in cli("init", "445102", "--folder", "other one", "--lang", "zh").out


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (("4451",), "4451"),
        (("445102", "--bootstrap", "k1.example"), "--bootstrap: 'k1.example' is no broker's address"),
        (("445102", "--bootstrap", "127.0.0.1:64536"), "choose others"),
    ],
    ids=["division", "bootstrap", "port"],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    cli: Callable[..., Any], here: Path, tokens: tuple[str, ...], said: str
) -> None:
    """With what is right."""
    done = cli("init", *tokens)
    assert (done.status, list(here.iterdir())) == (2, [])
    assert said in done.err


def test_a_node_that_is_there_is_left_alone(cli: Callable[..., Any], here: Path) -> None:
    """Its secrets are what its cluster runs by."""
    assert cli("init", "445102").status == 0
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    done = cli("init", "445102")
    assert (done.status, {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}) == (2, before)
    assert "set up here already" in done.err
