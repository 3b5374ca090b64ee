"""Answers for node/control/commands.py."""

import json
from typing import Any, get_args

import msgspec
import pytest

from node.control.commands import (
    AddDepartment,
    AddDivision,
    AmendRequest,
    AnswerRequest,
    ApplyCatalogue,
    ApproveRequest,
    CatalogueItem,
    Command,
    ConsentExtension,
    DeclareKey,
    EndGrant,
    ExtendRequest,
    FileEnd,
    ItemCommand,
    NewRequest,
    ResumeGrant,
    RevokeKey,
    RotateKey,
    SeeGrant,
    SuspendGrant,
    VouchKey,
    WithdrawRequest,
    read_command,
)
from node.errors import CommandRefused
from node.model.names import Department, Division, Topic
from node.model.values import RULE, Actor, DivisionValue, Kind, RequestValue

HEAD = Actor(name="陈", role="head", department=Department("440000.a"))
REQUEST = (Division("440000"), 5)
COMMANDS: list[Command] = [
    AddDivision(code=Division("445102"), name="湘桥区", level="county", parent=Division("445100")),
    AddDepartment(department=Department("445102.civil-affairs"), name="民政局"),
    ApplyCatalogue(
        resources=(
            CatalogueItem(
                name=Topic("445102.civil-affairs.villages"), title="村", kind=Kind.STATE, schema={"type": "record"}, partitions=2
            ),
        )
    ),
    EndGrant(grant=(Division("445102"), 7), reason="期满", by=HEAD, filed=(Division("445102"), 8)),
    SuspendGrant(by=HEAD, grant=(Division("445102"), 7), reason="超范围使用"),
    ResumeGrant(by=HEAD, grant=(Division("445102"), 7)),
    FileEnd(by=HEAD, grant=(Division("445102"), 7), reason="系统停用"),
    SeeGrant(by=HEAD, grant=(Division("445102"), 7), seen=(Division("445102"), 9), state="ended", disposed=(Topic("445102.a.b"),)),
    NewRequest(by=HEAD, resource=Topic("445102.a.b"), taker=Department("440000.a"), basis="依据", purpose="核对"),
    AmendRequest(by=HEAD, request=REQUEST, basis="依据", purpose="核对", fields=("code",)),
    ApproveRequest(by=HEAD, request=REQUEST, version=1),
    WithdrawRequest(by=HEAD, request=REQUEST),
    AnswerRequest(by=HEAD, request=REQUEST, version=1, answer="incomplete", missing=("依据的条款",)),
    ExtendRequest(by=HEAD, request=REQUEST, days=5, reason="需会商"),
    ConsentExtension(by=HEAD, request=REQUEST),
    VouchKey(division=Division("445102"), key="ed25519:"),
    RevokeKey(division=Division("445102"), key="ed25519:", last=7),
    RotateKey(),
    DeclareKey(by=HEAD, key="ed25519:"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_a_command_is_read_as_it_was_written(command: Command) -> None:
    """Every command goes through JSON under its tag and comes back equal."""
    assert read_command(msgspec.json.encode(command)) == command
    assert {type(known) for known in COMMANDS} == set(get_args(Command)) - set(get_args(ItemCommand))


def test_what_a_steward_types() -> None:
    """Only what differs from the defaults need be given."""
    by = '{"name":"陈","role":"head","department":"440000.a"}'
    text = f'{{"command":"new-request","by":{by},"resource":"445102.a.b","taker":"440000.a","basis":"依据","purpose":"核对"}}'
    command = read_command(text.encode())
    assert isinstance(command, NewRequest)
    assert command.value == RequestValue(by=HEAD, resource=Topic("445102.a.b"), taker=Department("440000.a"), basis="依据", purpose="核对")


def test_a_division_carries_every_field() -> None:
    """No field that a command has is lost on its way into the event."""
    division = AddDivision(code=Division("1"), name="2", level="town", parent=Division("3"), valid_from="4", valid_to="5", successor="6")
    assert msgspec.structs.asdict(division.value) == msgspec.structs.asdict(division)
    assert isinstance(division.value, DivisionValue)


def test_a_request_carries_every_field() -> None:
    """Nor is any lost of a request or its amendment, which keeps resource and taker of the first."""
    told: dict[str, Any] = {"basis": "1", "purpose": "2", "fields": ("3",), "rows": "4", "masks": {"5": "6"}, "way": "file"}
    told |= {"by": HEAD, "history": "from-now", "until": "7", "renews": REQUEST}
    asked = NewRequest(resource=Topic("8"), taker=Department("9"), **told)
    assert msgspec.structs.asdict(asked.value) == msgspec.structs.asdict(asked)
    assert set(told) | {"resource", "taker"} == set(RequestValue.__struct_fields__)
    amended = AmendRequest(request=REQUEST, **told).value(asked.value)
    assert msgspec.structs.asdict(amended) == msgspec.structs.asdict(asked) | {"request": REQUEST}


def test_nobody_acts_as_the_node_itself() -> None:
    """What is said by rule follows from the book alone; a text from outside that claims to be that is refused."""
    with pytest.raises(CommandRefused) as refused:
        read_command(msgspec.json.encode(AnswerRequest(by=RULE, request=REQUEST, version=1, answer="consent")))
    assert refused.value.code == "not-entitled"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "truncated"),
        ("[]", "object"),
        ('{"code":"445102"}', "command"),
        ('{"command":"rule-the-world"}', "rule-the-world"),
        ('{"command":"give-grant","resource":"445102.a.b","taker":"440000.a","purpose":"x"}', "give-grant"),
        ('{"command":"end-grant","grant":["445102",7]}', "by"),
        ('{"command":"add-department","department":"445102.a"}', "name"),
        ('{"command":"add-department","department":"445102.a","name":5}', "str"),
        ('{"command":"add-department","department":"445102.a","name":"","nmae":""}', "nmae"),
        ('{"command":"add-division","code":"445102","name":"","level":"moon"}', "moon"),
        (json.dumps({"command": "x" * 1000}), "'…' - at `$.command`"),
        ('{"command":"apply-catalogue","resources":[{"schema":{"x":' + "[" * 100_000, "recursion"),
    ],
)
def test_a_slip_is_told_in_both_languages(text: str, reason: str) -> None:
    """What cannot be read is refused as malformed, with the field at fault, unknown fields among them."""
    with pytest.raises(CommandRefused) as refused:
        read_command(text.encode())
    assert refused.value.code == "malformed"
    assert reason in refused.value.en
    assert reason in refused.value.zh
    assert len(refused.value.en) < 400


def test_bytes_that_are_no_text_are_malformed() -> None:
    """Wrong UTF-8 is a slip like any other."""
    with pytest.raises(CommandRefused):
        read_command(b'{"command":"\xff"}')
