"""The client holds to the form in which the server answers."""

from typing import Any

import msgspec
import pytest

from node.cli.answered import NodeInfo, ResourceInfo, SchemaInfo, Status
from node.cli.client import open_node
from node.cli.voice import CliError, Exit, Session
from node.control import AddDepartment, read_command
from node.control.canary import Direction
from node.control.course import Standing
from node.control.reach import Reach
from node.errors import CommandRefused
from node.http.book import ResourceFace, SchemaFace
from node.http.operations import AuthorFace, ControlFace, KafkaFace, NodeFace, StatusFace
from node.model.names import Department, Division, Topic
from node.model.values import Kind, ResourceValue
from node.runtime import FlowStatus, LinkStatus, RouteStatus
from node.telemetry.metrics import Volume
from tests.cli.requested import given, granted

XIANGQIAO, CHAOZHOU = Division("445102"), Division("445100")
VILLAGES = Topic("445102.civil-affairs.villages")
RESOURCE = ResourceValue(name=VILLAGES, title="村", kind=Kind.STATE, schema=7, partitions=2)
ROUTE = RouteStatus(
    lane="link-up",
    topic=VILLAGES,
    partition=0,
    state="stopped",
    reason="source-recreated",
    detail="",
    next=9,
    lag_records=1,
    lag_seconds=2.5,
    records=9,
    bytes=900,
    outcomes={"carried": 3},
)
STATUS = StatusFace(
    division=XIANGQIAO,
    ready=True,
    reasons=[],
    link=LinkStatus(parent=CHAOZHOU, up=Direction(heard_ms=5), down=Direction(heard_ms=7), trouble=""),
    tree=[],
    flows=[FlowStatus(lane="link-up", topic="445102.tax.bills", state="flowing", catch_up_s=None)],
    volumes=[Volume(department="445102.tax", resource="445102.tax.bills", direction="up", records=5, bytes=50)],
    routes=[ROUTE],
    control=ControlFace(authors={XIANGQIAO: AuthorFace(sequence=3, broken="", waiting=0)}, refused=0, unknown=0),
)


@pytest.mark.parametrize(
    ("face", "kind"),
    [
        (NodeFace(division=XIANGQIAO, name="", kafka=KafkaFace("a:1", "SASL_SSL", "pem"), parent=None, version="0.1.0"), NodeInfo),
        (STATUS, Status),
        (msgspec.structs.replace(STATUS, link=None), Status),
        (ResourceFace(RESOURCE, {"type": "record"}, 7), ResourceInfo),
        (SchemaFace(7, {"type": "record"}), SchemaInfo),
        (granted(), Standing),
        (given(), Reach),
    ],
)
def test_every_answer_of_the_server_is_read_whole(face: Any, kind: Any) -> None:
    """What the server's values say, the client's values say: nothing is lost on the way."""
    answer = msgspec.json.encode(face)
    assert msgspec.json.decode(msgspec.json.encode(msgspec.json.decode(answer, type=kind))) == msgspec.json.decode(answer)


def test_unknown_fields_are_a_newer_nodes(node: Any) -> None:
    """A newer node may say more."""
    node.answer("/v1/departments", [{"department": "445102.a", "name": "b", "since": 2030}])
    with open_node(Session(node=node.url)) as client:
        assert [one.name for one in client.departments()] == ["b"]


def test_command_arrives_as_the_node_reads_it(node: Any) -> None:
    """The body is what `read_command` takes, and the events come back as they stand in the log."""
    command = AddDepartment(department=Department("445102.civil-affairs"), name="民政局")
    node.answer("/v1/commands", {"events": [{"author": "445102", "sequence": 3, "kind": "department"}]})
    with open_node(Session(node=node.url + "/")) as client:
        assert client.command(command) == [{"author": "445102", "sequence": 3, "kind": "department"}]
    assert read_command(msgspec.json.encode(node.asked[0][1])) == command


def test_names_stay_one_part_of_the_path(node: Any) -> None:
    """Whatever is typed as a name asks for no other path."""
    with open_node(Session(node=node.url)) as client, pytest.raises(CommandRefused):
        client.resource("../../metrics?x#y")
    assert node.asked[0][0] == "/v1/resources/..%2F..%2Fmetrics%3Fx%23y"


def test_refusal_keeps_code_and_both_languages(node: Any) -> None:
    """What the node says about its refusal reaches the person as it was said."""
    node.answer("/v1/divisions", {"code": "log-behind", "en": "wait", "zh": "等"}, 409)
    with open_node(Session(node=node.url)) as client, pytest.raises(CommandRefused) as caught:
        client.divisions()
    assert (caught.value.code, caught.value.en, caught.value.zh) == ("log-behind", "wait", "等")


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (200, b"{}"), (404, b"not found"), (502, b"\xff"), (500, b"[]")])
def test_whatever_else_answers_is_told_to_be_no_node(node: Any, status: int, body: bytes) -> None:
    """A proxy, another program, another version: the address is in doubt."""
    node.answer("/v1/status", body, status)
    with open_node(Session(node=node.url)) as client, pytest.raises(CliError, match=f"HTTP {status}") as caught:
        client.status()
    assert caught.value.code == "not-a-node"


def test_nobody_there_is_told_with_the_next_step() -> None:
    """Port 1 of loopback: nobody listens."""
    with open_node(Session(node="http://127.0.0.1:1")) as client, pytest.raises(CliError, match="is `exchange-node run` running") as caught:
        client.status()
    assert (caught.value.code, caught.value.status) == ("no-node", Exit.FAILED)


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "localhost", "ftp://a", ""])
def test_what_is_no_url_is_wrong_usage(url: str) -> None:
    """The command line is wrong, not the node."""
    with open_node(Session(node=url)) as client, pytest.raises(CliError) as caught:
        client.status()
    assert (caught.value.code, caught.value.status) == ("bad-url", Exit.WRONG)


def test_proxies_of_the_environment_do_not_count(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node is asked directly."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with open_node(Session(node=node.url)) as client:
        assert client.node().division == XIANGQIAO
