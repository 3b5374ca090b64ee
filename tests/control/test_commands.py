"""Answers for node/control/commands.py."""

import json
from typing import get_args

import msgspec
import pytest

from node.control.commands import AddDepartment, AddDivision, ApplyCatalogue, CatalogueItem, Command, EndGrant, GiveGrant, read_command
from node.errors import CommandRefused
from node.model.names import Department, Division, Topic
from node.model.values import DivisionValue, GrantValue, Kind

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
    GiveGrant(resource=Topic("445102.civil-affairs.villages"), taker=Department("440000.civil-affairs"), purpose="核对"),
    EndGrant(grant=(Division("445102"), 7), reason="期满"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_a_command_is_read_as_it_was_written(command: Command) -> None:
    """Every command goes through JSON under its tag and comes back equal."""
    assert read_command(msgspec.json.encode(command)) == command
    assert {type(known) for known in COMMANDS} == set(get_args(Command))


def test_what_a_steward_types() -> None:
    """Only what differs from the defaults need be given."""
    text = '{"command":"give-grant","resource":"445102.a.b","taker":"440000.a","purpose":"核对"}'
    command = read_command(text.encode())
    assert isinstance(command, GiveGrant)
    assert command.value == GrantValue(resource=Topic("445102.a.b"), taker=Department("440000.a"), purpose="核对")


def test_values_carry_every_field() -> None:
    """No field that a command has is lost on its way into the event."""
    division = AddDivision(code=Division("1"), name="2", level="town", parent=Division("3"), valid_from="4", valid_to="5", successor="6")
    asked = GiveGrant(
        resource=Topic("1"), taker=Department("2"), purpose="3", fields=("4",), rows="5", masks={"6": "7"}, history="from-now", until="8"
    )
    for command, value in ((division, division.value), (asked, asked.value)):
        assert msgspec.to_builtins(value) == {key: field for key, field in msgspec.to_builtins(command).items() if key != "command"}
    assert isinstance(division.value, DivisionValue)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "truncated"),
        ("[]", "object"),
        ('{"code":"445102"}', "command"),
        ('{"command":"rule-the-world"}', "rule-the-world"),
        ('{"command":"add-department","department":"445102.a"}', "name"),
        ('{"command":"add-department","department":"445102.a","name":5}', "str"),
        ('{"command":"add-department","department":"445102.a","name":"","nmae":""}', "nmae"),
        ('{"command":"add-division","code":"445102","name":"","level":"moon"}', "moon"),
        (json.dumps({"command": "x" * 1000}), "x"),
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
