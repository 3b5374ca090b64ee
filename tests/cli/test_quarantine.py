"""`quarantine`: what people see, what programs read, and what is asked of the node."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from node.control.quarantine import Advanced, Ended, Group, Kept, Line, Listed, Problem, Sampled
from node.model.names import Department, Topic

NAME = "445102.tax.fees"
LISTED = Listed(
    resource=Topic(NAME),
    title="规费",
    department=Department("445102.tax"),
    department_name="税务局",
    groups=(
        Group(
            reason="minimum",
            field="amount",
            zh="不得小于 0",
            en="must be at least 0",
            waiting=1200,
            replayed=3,
            discarded=4,
            claimed=0,
            since_ms=1_795_000_000_000,
            newest_ms=1_795_000_060_000,
        ),
        Group(
            reason="unreadable",
            field="",
            zh="批次无法解开",
            en="the batch cannot be opened",
            waiting=1,
            replayed=0,
            discarded=0,
            claimed=500,
            since_ms=1_795_000_000_000,
            newest_ms=1_795_000_000_000,
        ),
        Group(reason="key", field="", zh="", en="", waiting=0, replayed=9, discarded=0, claimed=0, since_ms=None, newest_ms=None),
    ),
)
SAMPLE = Sampled(
    partition=1,
    offset=17,
    timestamp_ms=1_795_000_000_000,
    inbox_offset=400,
    reason="minimum",
    field="amount",
    place=24,
    zh="不得小于 0",
    en="must be at least 0",
    form="",
    key="4451**************",
)
KEPT = Kept(partition=1, offset=17, code="later-record", zh="已有更晚的记录", en="a later record stands")


def answer(*lines: Line) -> bytes:
    """An answer of the node."""
    return b"".join(msgspec.json.encode(line) + b"\n" for line in (Advanced(0, 9), *lines))


@pytest.fixture
def asked(node: Any) -> Any:
    """The node, which has laid down an answer for each command."""
    node.answer("/v1/quarantine", answer(LISTED, Ended()))
    node.answer(f"/v1/quarantine?resource={NAME}", answer(LISTED, Ended()))
    node.answer(f"/v1/quarantine/{NAME}?reason=&count=10&values=false", answer(SAMPLE, Advanced(9, 9), Ended(records=1)))
    node.answer(f"/v1/quarantine/{NAME}/replay", answer(Ended(records=1200, handled_before=7)))
    node.answer(f"/v1/quarantine/{NAME}/discard", answer(Ended(records=2)))
    return node


def test_list_tells_who_has_to_repair_what(cli: Callable[..., Any], asked: Any) -> None:
    """Of each group how many wait and since when; those of which nothing waits any more too."""
    done = cli("quarantine", "list")
    lines = done.out.splitlines()
    assert done.status == 0
    assert lines[0] == f"{NAME}  规费"
    assert lines[1] == "to be repaired by 445102.tax 税务局"
    assert lines[3].split()[:4] == ["minimum", "amount", "1,200", "7"]
    assert "2026-11-1" in lines[3]  # in the time of this machine
    assert lines[3].rstrip().endswith("must be at least 0")
    assert lines[4].rstrip().endswith("the batch cannot be opened (500 records, they say)")
    assert lines[5].split() == ["key", "0", "9"]
    assert "不得小于 0" in cli("quarantine", "list", NAME, "--lang", "zh").out
    assert asked.asked[-1][0] == f"/v1/quarantine?resource={NAME}"


@pytest.mark.usefixtures("asked")
def test_list_as_json_is_what_the_node_told(cli: Callable[..., Any]) -> None:
    """One array with a resource each."""
    (one,) = cli("quarantine", "list", "--json").json
    assert (one["department"], one["groups"][0]["waiting"], one["groups"][2]["since_ms"]) == ("445102.tax", 1200, None)


def test_nothing_refused_is_said(cli: Callable[..., Any], node: Any) -> None:
    """Not an empty table."""
    node.answer("/v1/quarantine", answer(Ended()))
    assert cli("quarantine", "list").out == "nothing was refused\n"
    assert cli("quarantine", "list", "--json").json == []


@pytest.mark.usefixtures("asked")
def test_show_masks_keys_and_tells_no_values(cli: Callable[..., Any]) -> None:
    """Place and reason in the language of the session."""
    done = cli("quarantine", "show", NAME, "--lang", "zh")
    assert done.status == 0
    cells = done.out.splitlines()[1].split()
    assert cells[:2] + cells[4:] == ["1", "17", "4451**************", "minimum", "amount", "24", "不得小于", "0"]
    assert "内容" not in done.out
    assert done.err == ""


def test_values_come_with_a_warning(cli: Callable[..., Any], node: Any) -> None:
    """They are for their own department, and what cannot be decoded says why."""
    undecoded = msgspec.structs.replace(SAMPLE, base64="AAA=", undecoded="no frame")
    valued = msgspec.structs.replace(SAMPLE, value={"code": "4451021990", "amount": -1})
    node.answer(f"/v1/quarantine/{NAME}?reason=minimum&count=2&values=true", answer(valued, undecoded, Ended(records=2)))
    done = cli("quarantine", "show", NAME, "--reason", "minimum", "--count", "2", "--values")
    assert done.err == "values of records follow: they may hold personal data, and are for 445102.tax alone\n"
    assert done.out.splitlines()[1].rstrip().endswith('{"code":"4451021990","amount":-1}')
    assert done.out.splitlines()[2].rstrip().endswith("AAA= (no frame)")
    found = cli("quarantine", "show", NAME, "--reason", "minimum", "--count", "2", "--values", "--json").json
    assert [one["value"] for one in found] == [{"code": "4451021990", "amount": -1}, None]


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["--all"], {"all": True}),
        (["--reason", "minimum"], {"reason": "minimum"}),
        (["--partition", "1", "--offset", "17", "18"], {"partition": 1, "offsets": [17, 18]}),
        (["--partition", "0", "--offset", "17", "--offset", "0"], {"partition": 0, "offsets": [0, 17]}),
    ],
)
def test_replay_asks_for_what_was_typed(cli: Callable[..., Any], asked: Any, options: list[str], body: dict[str, Any]) -> None:
    """And tells how many went and how many had gone before."""
    done = cli("quarantine", "replay", NAME, *options, "--reason-text", "复核", "--force")
    assert done.status == 0
    assert done.out == (f"1,200 records sent back to the inbox of {NAME}; the gate checks them anew; 7 had been handled before\n")
    ((path, sent),) = asked.asked
    selection = sent["selection"] | {"offsets": sorted(sent["selection"]["offsets"])}
    assert path == f"/v1/quarantine/{NAME}/replay"
    assert selection == {"reason": "", "partition": None, "offsets": [], "all": False} | body
    assert (sent["why"], sent["force"], sent["dry_run"]) == ("复核", True, False)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--all", "--reason", "x"],
        ["--partition", "0"],
        ["--offset", "3"],
        ["--all", "--partition", "0", "--offset", "1"],
        ["--partition", "0", "--offset=-1"],
    ],
)
def test_records_are_chosen_in_one_way(cli: Callable[..., Any], asked: Any, options: list[str]) -> None:
    """Anything else is wrong usage, and nothing is asked of the node."""
    for command in (["replay", NAME], ["discard", NAME, "--reason-text", "测试"]):
        done = cli("quarantine", *command, *options)
        assert (done.status, done.out, asked.asked) == (2, "", [])
        assert done.err


def test_what_is_kept_is_told_record_by_record(cli: Callable[..., Any], node: Any) -> None:
    """On standard error, up to a hundred; the exit status says that it was done in part."""
    kept = [msgspec.structs.replace(KEPT, offset=number) for number in range(130)]
    node.answer(f"/v1/quarantine/{NAME}/replay", answer(*kept, Ended(records=5, kept=130)))
    done = cli("quarantine", "replay", NAME, "--all", "--dry-run")
    assert done.status == 3
    offsets = " ".join(map(str, range(100)))
    assert done.err.splitlines() == ["kept: a later record stands", f"  partition 1 offset {offsets}", "and 30 more kept"]
    assert done.out == f"5 records would be sent back to the inbox of {NAME}; 130 kept\n"
    told = cli("quarantine", "replay", NAME, "--all", "--dry-run", "--json", "--lang", "zh")
    assert (told.status, told.json["kept_count"], len(told.json["kept"]), told.json["records"], told.json["dry_run"]) == (
        3,
        130,
        100,
        5,
        True,
    )
    assert told.err.startswith("保留：已有更晚的记录\n  分区 1 位移 0 1 2 ")


def test_discard_needs_a_reason(cli: Callable[..., Any], asked: Any) -> None:
    """It is sent with the selection, and stands in the audit."""
    assert cli("quarantine", "discard", NAME, "--all").status == 2
    done = cli("quarantine", "discard", NAME, "--all", "--reason-text", "测试数据")
    assert (done.status, done.out) == (0, f"2 records of {NAME} noted as given up\n")
    assert asked.asked[0][1]["why"] == "测试数据"


def test_a_problem_on_the_way_fails(cli: Callable[..., Any], node: Any) -> None:
    """In the node's own words; what it told before stands."""
    problem = Problem(code="kafka", zh="Kafka 不可用", en="Kafka is away")
    node.answer(f"/v1/quarantine/{NAME}/replay", answer(KEPT, problem))
    done = cli("quarantine", "replay", NAME, "--all")
    assert (done.status, done.out) == (1, "")
    assert done.err.splitlines() == ["kept: a later record stands", "  partition 1 offset 17", "Kafka is away"]


@pytest.mark.parametrize("body", [answer(KEPT), b""])
def test_an_answer_that_breaks_off_fails(cli: Callable[..., Any], node: Any, body: bytes) -> None:
    """Without its last line nobody knows that it was done; the same command goes on."""
    node.answer(f"/v1/quarantine/{NAME}/replay", body)
    done = cli("quarantine", "replay", NAME, "--all")
    assert (done.status, done.out) == (1, "")
    assert "broke off" in done.err
    assert "nothing is done twice" in done.err


def test_a_refusal_is_told(cli: Callable[..., Any], node: Any) -> None:
    """Its status comes before any line; what is no node at all is told as such."""
    node.answer(f"/v1/quarantine/{NAME}/replay", {"code": "busy", "en": "the node is busy", "zh": "节点忙"}, 409)
    done = cli("quarantine", "replay", NAME, "--all")
    assert (done.status, done.err) == (1, "the node is busy\n")
    node.answer(f"/v1/quarantine/{NAME}/replay", b"<html>")
    assert "no exchange node" in cli("quarantine", "replay", NAME, "--all").err


@pytest.mark.parametrize("command", ["list", "show", "replay", "discard"])
def test_every_command_teaches_by_an_example(cli: Callable[..., Any], command: str) -> None:
    """With a command line that can be typed."""
    done = cli("quarantine", command, "--help")
    assert f"exchange-node quarantine {command}" in done.out
