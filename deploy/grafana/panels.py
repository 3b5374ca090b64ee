"""Panels of Grafana in few words: what is asked, in which unit, from which value on it is amber or red.

Titles are Chinese and English, parted by ` / `; so are descriptions. Panels flow from left to right over 24 columns.
"""

from typing import Any

Json = dict[str, Any]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_COLUMNS = 24
_SCHEMA_VERSION = 41
"""Grafana 12; older ones from 10 on read it, too."""
GREEN, AMBER, RED = "green", "orange", "red"
OK_OR_NOT = [{"type": "value", "options": {"0": {"text": "✗", "color": RED}, "1": {"text": "✓", "color": GREEN}}}]


def query(expression: str, legend: str = "", *, instant: bool = False, table: bool = False) -> Json:
    """Return a query; `legend` names its series, as in `{{division}}`."""
    asked = {"datasource": SOURCE, "expr": expression, "legendFormat": legend or "__auto", "instant": instant, "range": not instant}
    return asked | {"format": "table" if table else "time_series"}


def steps(amber: float | None = None, red: float | None = None) -> Json:
    """Return thresholds: green below `amber`, red from `red` on; where red is the lower one, it is little that is bad."""
    if amber is None and red is None:
        return {"mode": "absolute", "steps": [{"color": GREEN, "value": None}]}
    if amber is not None and red is not None and red < amber:
        found = [(RED, None), (AMBER, red), (GREEN, amber)]
    else:
        found = [(GREEN, None), *((color, value) for color, value in ((AMBER, amber), (RED, red)) if value is not None)]
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in found]}


def _panel(kind: str, title: str, words: str, queries: list[Json], *, size: tuple[int, int], defaults: Json, options: Json) -> Json:
    return {
        "type": kind,
        "title": title,
        "description": words,
        "datasource": SOURCE,
        "targets": [one | {"refId": chr(ord("A") + number)} for number, one in enumerate(queries)],
        "gridPos": {"w": size[0], "h": size[1]},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
    }


def stat(
    title: str,
    words: str,
    expression: str,
    *,
    unit: str = "short",
    amber: float | None = None,
    red: float | None = None,
    mappings: list[Json] | None = None,
    width: int = 3,
) -> Json:
    """Return one figure on a ground of its colour: what the first look falls on."""
    defaults = {"unit": unit, "thresholds": steps(amber, red), "color": {"mode": "thresholds"}, "mappings": mappings or [], "noValue": "–"}
    options = {
        "colorMode": "background",
        "graphMode": "none",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
    }
    return _panel("stat", title, words, [query(expression, instant=True)], size=(width, 4), defaults=defaults, options=options)


def lines(
    title: str,
    words: str,
    queries: list[Json],
    *,
    unit: str = "short",
    red: float | None = None,
    stacked: bool = False,
    width: int = 12,
    least: float | None = 0,
) -> Json:
    """Return curves over time; from `red` on the ground is red."""
    custom: Json = {"fillOpacity": 20 if stacked else 5, "lineWidth": 1, "showPoints": "never", "spanNulls": False}
    custom["stacking"] = {"mode": "normal" if stacked else "none"}
    custom["thresholdsStyle"] = {"mode": "off" if red is None else "area"}
    defaults: Json = {"unit": unit, "custom": custom, "thresholds": steps(red=red), "color": {"mode": "palette-classic"}}
    if least is not None:
        defaults["min"] = least
    options = {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"], "sortBy": "Max", "sortDesc": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return _panel("timeseries", title, words, queries, size=(width, 8), defaults=defaults, options=options)


def states(
    title: str,
    words: str,
    queries: list[Json],
    *,
    unit: str = "short",
    amber: float | None = None,
    red: float | None = None,
    mappings: list[Json] | None = None,
    width: int = 12,
) -> Json:
    """Return a bar over time for each series, coloured by its value."""
    defaults = {
        "unit": unit,
        "custom": {"fillOpacity": 80, "lineWidth": 0},
        "thresholds": steps(amber, red),
        "color": {"mode": "thresholds"},
        "mappings": mappings or [],
    }
    options = {"mergeValues": True, "showValue": "auto", "rowHeight": 0.8, "legend": {"showLegend": False}, "tooltip": {"mode": "single"}}
    return _panel("state-timeline", title, words, queries, size=(width, 8), defaults=defaults, options=options)


def table(title: str, words: str, columns: dict[str, tuple[str, str, float | None]], *, width: int = 12) -> Json:
    """Return a table: its columns by name, each with an expression, a unit and the value from which on a cell is red; rows meet by their labels."""
    queries = [query(expression, instant=True, table=True) for expression, _unit, _red in columns.values()]
    letters = [chr(ord("A") + number) for number in range(len(columns))]
    # A table of one query calls its figure `Value`, one of several `Value #A`.
    value = {letter: f"Value #{letter}" if len(columns) > 1 else "Value" for letter in letters}
    panel = _panel(
        "table",
        title,
        words,
        queries,
        size=(width, 8),
        defaults={"custom": {"align": "auto", "filterable": True}},
        options={"showHeader": True},
    )
    panel["transformations"] = [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {"Time": True},
                "renameByName": {value[letter]: name for letter, name in zip(letters, columns, strict=True)},
            },
        },
    ]
    panel["fieldConfig"]["overrides"] = [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [
                {"id": "unit", "value": unit},
                {"id": "thresholds", "value": steps(red=red)},
                {"id": "custom.cellOptions", "value": {"type": "color-background" if red is not None else "auto"}},
            ],
        }
        for name, (_expression, unit, red) in columns.items()
    ]
    return panel


def row(title: str) -> Json:
    """Return a heading over the panels that follow."""
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": _COLUMNS, "h": 1}}


def variable(name: str, label: str, expression: str, *, regex: str = "", several: bool = False) -> Json:
    """Return a choice that is filled from labels; of `several` all are chosen at first."""
    found = {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": SOURCE,
        "query": {"query": expression, "refId": name},
        "definition": expression,
        "refresh": 2,
        "sort": 1,
        "regex": regex,
        "multi": several,
        "includeAll": several,
    }
    return found | ({"allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}} if several else {"current": {}})


def dashboard(name: str, title: str, words: str, variables: list[Json], panels: list[Json]) -> Json:
    """Return a dashboard; its panels flow in their order."""
    return {
        "uid": f"exchange-{name}",
        "title": title,
        "description": words,
        "tags": ["exchange-node"],
        "schemaVersion": _SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "timezone": "Asia/Shanghai",
        "time": {"from": "now-1h", "to": "now"},
        "links": [
            {"type": "dashboards", "title": "交换节点 / Exchange nodes", "tags": ["exchange-node"], "asDropdown": False, "keepTime": True}
        ],
        "templating": {
            "list": [{"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus", "current": {}}, *variables]
        },
        "annotations": {"list": []},
        "panels": _flowed(panels),
    }


def _flowed(panels: list[Json]) -> list[Json]:
    """Return the panels with their numbers and places."""
    x = y = height = 0
    found = []
    for number, panel in enumerate(panels, 1):
        place = panel["gridPos"]
        if x + place["w"] > _COLUMNS:
            x, y, height = 0, y + height, 0
        found.append(panel | {"id": number, "gridPos": place | {"x": x, "y": y}})
        x, height = x + place["w"], max(height, place["h"])
    return found
