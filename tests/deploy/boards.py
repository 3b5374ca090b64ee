"""The dashboards as they are committed, and what their panels ask."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[2] / "deploy/grafana"
NAMES = ("federation", "node", "resource", "sharing")


class Asked(NamedTuple):
    """A query of a panel, as Prometheus takes it."""

    board: str
    panel: str
    expression: str


def read(name: str) -> dict[str, Any]:
    """Return a dashboard."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def panels(name: str) -> list[dict[str, Any]]:
    """Return the panels of a dashboard, but for headings."""
    return [panel for panel in read(name)["panels"] if panel["type"] != "row"]


def asked(variables: Mapping[str, str]) -> Iterator[Asked]:
    """Yield every query of every panel, with the values of the variables in their places."""
    values = {"__rate_interval": "30s", **variables}
    for name in NAMES:
        for panel in panels(name):
            for target in panel["targets"]:
                yield Asked(name, panel["title"], re.sub(r"\$(\w+)", lambda found: values[found[1]], target["expr"]))
