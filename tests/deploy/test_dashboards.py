"""The dashboards of deploy/grafana: as their generator makes them, in both languages, and about metrics that there are."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy.boards import FOLDER, NAMES, asked, panels, read
from tests.deploy.given import program
from tests.deploy.named import metrics_in, unknown

VARIABLES = {"division": "445102", "resource": "445102.government-services.licences"}


def test_what_is_committed_is_what_the_generator_makes(tmp_path: Path) -> None:
    """`make dashboards` after a change."""
    subprocess.run([sys.executable, FOLDER / "generate.py", tmp_path], check=True)
    assert {file.stem for file in tmp_path.iterdir()} == set(NAMES) == {file.stem for file in FOLDER.glob("*.json")}
    for name in NAMES:
        assert json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")) == read(name)


def test_panels_ask_for_metrics_that_the_node_has() -> None:
    """By the specification."""
    named = {name for one in asked(VARIABLES) for name in metrics_in(one.expression)}
    assert len(named) > 30
    assert unknown(named) == set()


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_said_in_both_languages(name: str) -> None:
    """Titles (but for those that are one in both), descriptions and labels of variables."""
    board = read(name)
    texts = [board["description"], *(panel["description"] for panel in panels(name)), board["title"]]
    texts += [panel["title"] for panel in board["panels"] if panel["title"] != "CPU"]
    texts += [one["label"] for one in board["templating"]["list"] if one["type"] == "query"]
    for text in texts:
        assert re.fullmatch(r"[^/]*[一-鿿].* / [^/].*", text), text


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_stands_on_top(name: str) -> None:
    """A line of figures over the whole width, in colours that turn red; no two panels share a place."""
    board = read(name)
    first = [panel for panel in board["panels"] if panel["gridPos"]["y"] == 0]
    assert {panel["type"] for panel in first} == {"stat"}
    assert sum(panel["gridPos"]["w"] for panel in first) == 24
    assert all(panel["options"]["colorMode"] == "background" for panel in first)
    colours = [{step["color"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]} for panel in first]
    assert sum("red" in one for one in colours) >= 2
    places = [
        (x, y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    """Written as rules, which promtool parses."""
    rules = [{"record": f"q{number}", "expr": one.expression} for number, one in enumerate(asked(VARIABLES))]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run([program("promtool"), "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("label", "chosen"),
    [
        ("445102.tax.bills", "445102.tax.bills"),
        ("445102.tax.bills.inbox", "445102.tax.bills"),
        ("445102.tax.bills.v-7", "445102.tax.bills"),
        ("445102.node.control", None),
        ("445102.node.canary", None),
    ],
)
def test_a_resource_is_chosen_by_its_own_name(label: str, chosen: str | None) -> None:
    """Whatever topic of it has a series; what nodes keep for themselves is no resource."""
    (variable,) = (one for one in read("resource")["templating"]["list"] if one["name"] == "resource")
    found = re.match(variable["regex"].strip("/"), label)
    assert (found and found[1]) == chosen


def test_grafana_is_told_where_they_and_prometheus_are() -> None:
    """By files for its provisioning."""
    sources = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
    assert [one["type"] for one in sources["datasources"]] == ["prometheus"]
    boards = yaml.safe_load((FOLDER / "provisioning/dashboards/exchange.yaml").read_text(encoding="utf-8"))
    assert [one["type"] for one in boards["providers"]] == ["file"]
