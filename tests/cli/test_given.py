"""How a command that was given ends."""

from collections.abc import Callable
from typing import Any

COMMAND = ("grant", "suspend", "445102/2", "--reason", "核查")
EVENT = {"author": "445102", "sequence": 3, "kind": "grant-suspended", "body": {}}


def test_events_are_told(cli: Callable[..., Any], node: Any) -> None:
    """People see which events were written, programs the events."""
    node.answer("/v1/commands", {"events": [EVENT]})
    assert cli(*COMMAND).out == "done; said in the control log: 445102/3 grant-suspended\n"
    assert cli(*COMMAND, "--json").json == {"events": [EVENT]}


def test_what_holds_already_is_no_error(cli: Callable[..., Any], node: Any) -> None:
    """A command may be given again."""
    node.answer("/v1/commands", {"events": []})
    done = cli(*COMMAND, "--lang", "zh")
    assert (done.status, done.out) == (0, "无需操作：已是如此\n")


def test_refusal_fails(cli: Callable[..., Any], node: Any) -> None:
    """The node's words, exit status 1."""
    node.answer("/v1/commands", {"code": "not-own-resource", "en": "run it there", "zh": "请在那里执行"}, 409)
    done = cli(*COMMAND)
    assert (done.status, done.err) == (1, "run it there\n")


def test_what_to_know_of_it_is_told_beside_it(cli: Callable[..., Any], node: Any) -> None:
    """Warnings go where messages go, and into the JSON; the act was carried out."""
    warning = {"code": "takers-concerned", "en": "tell them", "zh": "请告知", "takers": ["445102.tax"]}
    node.answer("/v1/commands", {"events": [EVENT], "warnings": [warning]})
    done = cli(*COMMAND)
    assert (done.status, done.err) == (0, "tell them\n")
    assert cli(*COMMAND, "--json").json == {"events": [EVENT], "warnings": [warning]}
