"""A run: events that one author says in one breath, chained to the last one taken from its log."""

from node.control.bodies import KIND_OF, Body
from node.control.events import Event, digest, encode
from node.errors import CommandRefused
from node.model.limits import CONTROL_EVENT_BYTES_MAX
from node.model.names import Division
from node.model.values import EventRef, SchemaValue


class Run:
    """Chains what is said; `events` are ready to be encoded and appended in order."""

    def __init__(self, author: Division, tail: tuple[int, str | None], at: str) -> None:
        self.events: list[Event] = []
        self.schemas: dict[int, SchemaValue] = {}
        """the schemas among them, by id"""
        self.author, self._at = author, at
        self._sequence, self._previous = tail
        self.bytes = 0

    def say(self, body: Body, answers: EventRef | None = None) -> None:
        """Add an event; CommandRefused when it is longer than the log takes."""
        event = Event(
            author=self.author,
            sequence=self._sequence + 1,
            previous=self._previous,
            answers=answers,
            at=self._at,
            kind=KIND_OF[type(body)],
            body=body,
        )
        value = encode(event)
        if len(value) > CONTROL_EVENT_BYTES_MAX:
            en = f"the {event.kind} would take {len(value)} bytes, more than {CONTROL_EVENT_BYTES_MAX}; shorten its texts"
            raise CommandRefused(
                "too-large", en, f"该事件（{event.kind}）有 {len(value)} 字节，超过 {CONTROL_EVENT_BYTES_MAX}；请缩短其文字"
            )
        self.bytes += len(value)
        self._sequence, self._previous = event.sequence, digest(value)
        self.events.append(event)
        if isinstance(body, SchemaValue):
            self.schemas[body.id] = body
