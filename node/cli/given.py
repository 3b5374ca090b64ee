"""How a command that was given to the node ends: the events that it made, or that all held already."""

from collections.abc import Callable
from typing import Any

from node.cli.client import open_node
from node.cli.voice import Exit, Session
from node.control import Command
from node.model.values import Actor


def give(made: Command | Callable[[Actor], Command], session: Session) -> int:
    """Give a command to the node, or one made for whose token it is, and tell what came of it."""
    with open_node(session) as node:
        carried = node.carry_out(made(node.me()) if callable(made) else made)
    for warning in carried.warnings:
        session.complain(session.say(warning.en, warning.zh))
    told: dict[str, Any] = {"events": carried.events} | ({"warnings": carried.warnings} if carried.warnings else {})
    session.tell(told, outcome(carried.events, session))
    return Exit.OK


def outcome(events: list[dict[str, Any]], session: Session) -> str:
    """Return in a line what came of a command."""
    if not events:
        return session.say("nothing to do: it holds already", "无需操作：已是如此")
    said = ", ".join(f"{event['author']}/{event['sequence']} {event['kind']}" for event in events)
    return session.say(f"done; said in the control log: {said}", f"完成；已写入控制日志：{said}")
