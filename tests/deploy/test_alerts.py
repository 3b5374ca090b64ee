"""The alerts of deploy/prometheus: each fires on its fault and is silent otherwise, and somebody who is woken by it knows what to do."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from node.cli.program import build
from node.control.checkup_machine import ENDS_FAIL_DAYS, ENDS_WARN_DAYS, FREE_BYTES_FAIL, FREE_FAIL, FREE_WARN, GIB
from node.control.checkup_moving import LAG_WARN_S
from node.control.checkup_node import REFUSES_EN, REFUSES_ZH, SKEW_WARN_S
from node.transform.gate import AHEAD_MS_MAX
from tests.deploy.faulty import FAULTS, QUIET, Fault
from tests.deploy.federation import normal
from tests.deploy.given import program
from tests.deploy.named import metrics_in, unknown

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus/alerts.yml"


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of promtool."""
    return program("promtool")


@cache
def rules() -> list[dict[str, Any]]:
    """Every rule of the file."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@cache
def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by their names."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def told(tool: str, *arguments: str) -> str:
    """Run promtool and return what it says if it is not content; empty if it is."""
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr if done.returncode else ""


def test_prometheus_takes_the_rules_and_the_example(promtool: str) -> None:
    """Both as they stand in the repository."""
    assert told(promtool, "check", "rules", str(RULES)) == ""
    assert told(promtool, "check", "config", str(DEPLOY / "prometheus/prometheus.yml")) == ""


def written(fault: Fault) -> dict[str, Any]:
    """Return a fault as promtool's tests have it."""
    curves = {name: curve for name, curve in (normal() | dict(fault.changed)).items() if curve is not None}
    steps = range(int(max(fault.told) / fault.step) + 1)
    shown = {name: [curve(step * fault.step) for step in steps] for name, curve in curves.items()}
    inputs = [
        {"series": name, "values": " ".join("stale" if value is None else repr(value).replace("inf", "Inf") for value in values)}
        for name, values in shown.items()
    ]
    cases = [
        {
            "expr": 'ALERTS{alertstate="firing",alertname!="Watchdog"}',
            "eval_time": f"{at:.0f}s",
            "exp_samples": [{"labels": _sample(one), "value": 1} for one in sorted(expected)],
        }
        for at, expected in fault.told.items()
    ]
    return {"interval": f"{fault.step:.0f}s", "input_series": inputs, "promql_expr_test": cases}


def _sample(one: str) -> str:
    name, _, labels = one.partition("{")
    severity = alerts()[name]["labels"]["severity"]
    return f'ALERTS{{alertname="{name}",alertstate="firing",severity="{severity}",{labels}'


@pytest.mark.parametrize("name", [*FAULTS, *QUIET])
def test_an_alert_fires_on_its_fault_and_nothing_else_does(promtool: str, tmp_path: Path, name: str) -> None:
    """At the seconds named exactly these; nothing on a normal day, nor while any one node restarts within 10 s."""
    fault = (FAULTS | QUIET)[name]
    file = tmp_path / "test.yml"
    tests = {"rule_files": [str(RULES)], "evaluation_interval": f"{fault.step:.0f}s", "tests": [written(fault)]}
    file.write_text(json.dumps(tests), encoding="utf-8")
    assert told(promtool, "test", "rules", str(file)) == ""


def test_each_alert_has_a_fault() -> None:
    """Nothing alerts that nobody has seen firing; Watchdog always does."""
    assert {name.partition(",")[0] for name in FAULTS} | {"Watchdog"} == alerts().keys()


def test_each_alert_says_whom_it_is_for_and_what_it_means_in_both_languages() -> None:
    """A severity, summary and description in Chinese and English that name where it is, and the runbook's section."""
    for name, alert in alerts().items():
        texts = alert["annotations"]
        assert alert["labels"]["severity"] in {"page", "ticket"}, name
        assert texts.keys() == {"summary", "summary_zh", "description", "description_zh", "runbook_url"}, name
        assert texts["runbook_url"] == f"deploy/runbook.md#{name.lower()}"
        for key in ("summary", "description"):
            assert not re.search(r"[一-鿿]", texts[key]), name
            assert re.search(r"[一-鿿]", texts[f"{key}_zh"]), name
            where = re.findall(r"\$labels\.(\w+)", texts[key])
            assert set(where) == set(re.findall(r"\$labels\.(\w+)", texts[f"{key}_zh"])), name
            assert where or name == "Watchdog", name
        labels = (
            set(re.findall(r"(\w+)=", next((one for each in FAULTS[name].told.values() for one in each), ""))) if name in FAULTS else set()
        )
        assert labels <= set(re.findall(r"\$labels\.(\w+)", texts["description"])), name


def test_alerts_and_doctor_go_by_the_same_figures() -> None:
    """Nobody is told of something that the other calls well; and of clocks both say the same."""
    asks = {name: alert["expr"] for name, alert in alerts().items()}
    (late,) = (rule["expr"] for rule in rules() if rule.get("record") == "exchange:route_late")
    assert late.endswith(f"> bool {LAG_WARN_S:g}")
    assert asks["ClockSkew"].endswith(f">= {SKEW_WARN_S:g}")
    assert asks["DiskLow"].endswith(f"< {FREE_WARN:g}")
    assert f"< {FREE_FAIL:g}\n" in asks["DiskFull"]
    assert ("< 1024 ^ 3\n" in asks["DiskFull"], FREE_BYTES_FAIL) == (True, GIB)
    assert asks["CertificateEnds"].endswith(f"< {ENDS_WARN_DAYS} * 86400")
    assert asks["CertificateEnding"].endswith(f"< {ENDS_FAIL_DAYS} * 86400")
    clocks = alerts()["ClockSkew"]["annotations"]
    assert (REFUSES_EN in clocks["description"], REFUSES_ZH in clocks["description_zh"]) == (True, True)
    assert ("an hour" in REFUSES_EN, AHEAD_MS_MAX) == (True, 3_600_000)


def test_each_alert_has_its_section_of_the_runbook_and_each_section_its_alert() -> None:
    """With cause, check and repair, in both languages."""
    _, *sections = re.split(r"^## ", (DEPLOY / "runbook.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {section.split("\n", 1)[0] for section in sections} == alerts().keys()
    for section in sections:
        assert [line.partition(":")[0] for line in section.splitlines()[1:] if line] == [
            "- 原因 / Cause",
            "- 检查 / Check",
            "- 修复 / Repair",
        ], section


def test_the_runbook_names_commands_that_there_are() -> None:
    """And options that they have."""
    app = build()
    text = (DEPLOY / "runbook.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`exchange-node ([^`|]+)", text))
    assert len(named) > 15
    for command in named:
        words = [word for word in re.split(r"\s+", command.strip()) if word and not word.isupper()]
        path = [word for word in words if re.fullmatch(r"[a-z]+", word)][:2]
        found = app
        for word in path[: 2 if path[0] in {"route", "quarantine", "request", "grant", "key", "log", "logging", "catalogue"} else 1]:
            found = found[word]
        options = {word for word in words if word.startswith("--")} - {"--json"}
        shown = {name for argument in found.assemble_argument_collection() for name in argument.names}
        assert options <= shown, command


def test_rules_name_metrics_that_the_node_has() -> None:
    """By the specification, or recorded here."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    named = {name for rule in rules() for name in metrics_in(rule["expr"])}
    assert len(named) > 20
    assert unknown(named - recorded) == set()
