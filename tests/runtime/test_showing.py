"""Answers for node/runtime/showing.py; what runs is shown in the tests of the node, and of the faults."""

import time
from pathlib import Path

import pytest

from node.model.names import Division, canary_topic, control_topic
from node.runtime import Node, NodeSettings
from node.runtime.completeness import Completeness
from node.runtime.flow import FlowStatus
from node.telemetry import Metrics
from tests.conftest import NO_DATA

HERE, PARENT = Division("977100"), Division("977000")


def settings(folder: Path, parent: Division | None = PARENT) -> NodeSettings:
    """Return those of a node whose clusters are away."""
    return NodeSettings(
        division=HERE,
        bootstrap="127.0.0.1:1",
        replication=1,
        data_dir=folder,
        parent=parent,
        parent_bootstrap="127.0.0.1:2" if parent else "",
    )


def test_a_link_that_cannot_be_opened_has_a_lag_that_grows(tmp_path: Path) -> None:
    """Its lanes are not there, and what they carried may be behind since they were last level, restart or not."""
    known = Completeness(tmp_path)
    known.note("link-up", {control_topic(HERE): (time.time() - 300) * 1000})
    known.save()
    node = Node(settings(tmp_path), Metrics())
    node.failed("link", "no route to host", 1.0)
    flows = {(flow.lane, flow.topic): flow for flow in node.shown.flows()}
    assert flows.keys() == {
        (lane, of(code)) for lane, code in (("link-up", HERE), ("link-down", PARENT)) for of in (control_topic, canary_topic)
    }
    assert {(flow.state, flow.detail, flow.catch_up_s) for flow in flows.values()} == {("not-connected", "no route to host", None)}
    assert 300 <= flows["link-up", control_topic(HERE)].lag_seconds < 305
    assert flows["link-down", control_topic(PARENT)].lag_seconds < 5
    page = node.shown.figures().decode()
    assert f'exchange_lag_seconds{{lane="link-up",resource="{control_topic(HERE)}"}} 30' in page
    assert f'exchange_catch_up_seconds{{lane="link-up",resource="{control_topic(HERE)}"}} +Inf' in page


def test_a_node_says_how_its_link_is_before_anybody_was_heard() -> None:
    """Both directions are waited for since the start."""
    node = Node(settings(NO_DATA), Metrics())
    canary = node.shown.canary()
    assert (canary.division, canary.ready, canary.software) == (HERE, False, "0.1.0")
    assert canary.link is not None
    assert abs(canary.link.up.heard_ms - canary.made_ms) < 5000
    assert canary.link.down.heard_ms == canary.link.up.heard_ms
    assert [(one.division, one.place) for one in node.shown.tree()] == [(PARENT, "above"), (HERE, "here")]


def test_a_root_has_no_link() -> None:
    """Nor any trouble with one."""
    node = Node(settings(NO_DATA, None), Metrics())
    assert (node.shown.link, node.shown.canary().link) == (None, None)
    assert "link" not in node.shown.troubles
    assert (node.shown.flows(), node.shown.volumes(), node.shown.skews) == ([], [], {})


def test_a_page_looks_at_each_flow_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node with a thousand resources has some thousands of them; whether it is ready says none, for probes ask that every few seconds."""
    node, looks = Node(settings(tmp_path), Metrics()), list[str]()
    flows_of = node.shown._flows_of

    def counted(name: str) -> list[FlowStatus]:
        looks.append(name)
        return flows_of(name)

    monkeypatch.setattr(node.shown, "_flows_of", counted)
    node.shown.troubles["link"] = ""
    assert [reason.partition(":")[0] for reason in node.reasons].count("link") == 2
    assert looks == []
    node.shown.figures()
    assert sorted(looks) == ["gate", "link-down", "link-up", "view"]


def test_what_many_ask_for_is_not_looked_up_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A province's legal clocks take a fifth of a second: whoever scrapes often gets those of a little before."""
    node, looks = Node(settings(NO_DATA, None), Metrics()), []

    def slow(*_arguments: object) -> tuple[dict[tuple[str, str], float], list[object]]:
        looks.append(1)
        time.sleep(0.02)
        return {}, []

    monkeypatch.setattr("node.runtime.showing.seconds_left", slow)
    for _ in range(5):
        node.shown.figures()
    assert len(looks) == 1
