"""Answers for node/demo/prometheus.py: a Prometheus that runs, and what it is told to watch. What it tells of a real world: tests/faults."""

import json
from pathlib import Path

import httpx
import pytest

from node.demo.prometheus import Prometheus, config, find, open_prometheus
from node.errors import Unavailable
from node.model.shipped import shipped
from tests.deploy.given import program


def test_it_watches_each_node_under_its_division_with_the_shipped_rules() -> None:
    """By the jobs of deploy/prometheus/prometheus.yml."""
    found = json.loads(config({"445102": "127.0.0.1:8081"}))
    assert found["rule_files"] == [str(shipped("deploy/prometheus/alerts.yml"))]
    assert {job["job_name"] for job in found["scrape_configs"]} == {"exchange-node", "exchange-links"}
    for job in found["scrape_configs"]:
        assert job["static_configs"] == [{"targets": ["127.0.0.1:8081"], "labels": {"division": "445102"}}]


def test_what_is_nowhere_is_not_found() -> None:
    """Neither here nor on the PATH."""
    assert find("no-such-program") is None


async def test_it_answers_queries_tells_alerts_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A target that is down is known as down; a query that is none is refused in Prometheus' own words."""
    async with open_prometheus(program("prometheus"), tmp_path, {"445102": "127.0.0.1:1"}) as prometheus:
        assert [one["value"][1] for one in await prometheus.query("vector(2)")] == ["2"]
        assert {one["labels"]["alertname"] for one in await prometheus.alerts()} <= {"NodeDown", "NodesUnknown"}
        with pytest.raises(Unavailable, match="parse error"):
            await prometheus.query("sum(")
        url = prometheus.url
        assert await prometheus.ready()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    async with httpx.AsyncClient() as http:
        gone = Prometheus(url, http)
        assert not await gone.ready()
        with pytest.raises(Unavailable, match=url):
            await gone.alerts()


async def test_one_that_does_not_start_is_told_with_the_end_of_its_words(tmp_path: Path) -> None:
    """As of any process of the demo."""
    with pytest.raises(Unavailable, match="Prometheus ended with exit status"):
        async with open_prometheus("false", tmp_path, {}):
            pass
