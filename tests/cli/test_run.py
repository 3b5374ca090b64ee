"""`run` and `check`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node import app
from node.config import Config

RIGHT = (
    'division: "445102"\nkafka: {bootstrap: "127.0.0.1:9092"}\nparent: {division: "445100", bootstrap: "127.0.0.1:9192", root: "SHA256:%s"}\n'
    % ("0" * 64)
)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """Return the configurations with which a node was started."""
    started: list[Config] = []

    def start(config: Config) -> int:
        started.append(config)
        return 7

    monkeypatch.setattr(app, "run", start)
    return started


def test_run_hands_the_configuration_over_and_returns_the_nodes_status(
    cli: Callable[..., Any], tmp_path: Path, started: list[Config]
) -> None:
    """The node's own exit status is the command's."""
    (tmp_path / "node.yaml").write_text(RIGHT)
    assert cli("run", "--config", str(tmp_path / "node.yaml")).status == 7
    assert [config.division for config in started] == ["445102"]


def test_run_looks_for_node_yaml_where_it_stands(
    cli: Callable[..., Any], tmp_path: Path, started: list[Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --config it is node.yaml in the current folder."""
    (tmp_path / "node.yaml").write_text(RIGHT)
    monkeypatch.chdir(tmp_path)
    assert cli("run").status == 7
    assert started[0].data_dir == tmp_path / "data"


@pytest.mark.parametrize("command", ["run", "check"])
def test_wrong_configuration_starts_nothing(cli: Callable[..., Any], tmp_path: Path, started: list[Config], command: str) -> None:
    """Every error is told on standard error with file and line, the exit status is 2, and no node was started."""
    path = tmp_path / "node.yaml"
    path.write_text("division: 445102\nkafka: {}\n")
    done = cli(command, "--config", str(path))
    assert (done.status, done.out, started) == (2, "", [])
    assert [line.split(" ")[:2] for line in done.err.splitlines()] == [[f"{path}:1:", "division:"], [f"{path}:2:", "kafka.bootstrap:"]]


def test_check_tells_problems_as_json_too(cli: Callable[..., Any], tmp_path: Path) -> None:
    """A program gets the same list."""
    done = cli("check", "--config", str(tmp_path / "none.yaml"), "--json", "--lang", "zh")
    assert done.status == 2
    assert done.json == {"code": "config", "problems": [f"{tmp_path}/none.yaml: 无法读取（No such file or directory）；路径是否正确？"]}


def test_check_shows_what_is_right(cli: Callable[..., Any], tmp_path: Path) -> None:
    """What the node would do with the file, defaults included."""
    path = tmp_path / "node.yaml"
    path.write_text(RIGHT)
    shown = cli("check", "--config", str(path))
    assert shown.status == 0
    assert all(part in shown.out for part in ("445102", "445100 (127.0.0.1:9192)", "127.0.0.1:9092 × 3", str(tmp_path / "data")))
    assert cli("check", "--config", str(path), "--json").json["config"]["http"] == {
        "listen": "127.0.0.1:8080",
        "probes": "127.0.0.1:8081",
        "requests_per_s": 100,
        "debug": False,
        "tls": None,
    }


def test_check_tells_the_operators_days_in_their_order(cli: Callable[..., Any], tmp_path: Path) -> None:
    """Two checks of one configuration print the same."""
    (tmp_path / "days.yaml").write_text("years: [2028]\nholidays: [2028-01-03, 2028-01-01]\nworkdays: [2028-01-08]\n")
    path = tmp_path / "node.yaml"
    path.write_text(RIGHT + "calendar: days.yaml\n")
    told = cli("check", "--config", str(path), "--json").json["config"]["calendar"]
    assert told == {"holidays": ["2028-01-01", "2028-01-03"], "workdays": ["2028-01-08"], "years": [2028]}
