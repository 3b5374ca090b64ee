"""The running node as a command sees it: one method for each path of its HTTP face, answers as values.

An answer may hold fields that this version does not know; those are a newer node's and are left out.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from node.bus.passwords import Login
from node.cli.answered import (
    Answer,
    Carried,
    ForeseenInfo,
    InvitationInfo,
    LevelInfo,
    NodeInfo,
    OfferInfo,
    PacedLink,
    PreviewInfo,
    ResourceInfo,
    ResumedRoute,
    SchemaInfo,
    Status,
    ViewInfo,
    ViewShown,
)
from node.cli.asking import Asking, open_asking
from node.cli.voice import Session
from node.control import Command, NewRequest
from node.control.acts import Audited, Unreadable
from node.control.checkup import Finding
from node.control.course import Standing
from node.control.exporting import Export, ExportAsked
from node.control.holders import KeyRing
from node.control.offered import Offer
from node.control.quarantine import Advanced, Asked, Ended, Line, Problem
from node.control.reach import Reach
from node.errors import CommandRefused
from node.model.values import Actor, DepartmentValue, DivisionValue, EventRef, ResourceValue
from node.telemetry.level import Level

T = TypeVar("T")
AuditLine = Advanced | Audited | Unreadable | Ended | Problem
Mode = Literal["from-start", "from-now", "accept"]


class _Problem(Answer, frozen=True):
    code: str
    en: str
    zh: str


class NodeClient:
    """Asks one node. Every method raises CliError when no node answers, CommandRefused when it refuses. Made by `open_node`."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def node(self) -> NodeInfo:
        """Ask which node this is."""
        return self._get("/v1/node", NodeInfo)

    def me(self) -> Actor:
        """Ask as whom one asks: what the token says."""
        return self._get("/v1/me", Actor)

    def status(self) -> Status:
        """Ask how it is."""
        return self._get("/v1/status", Status)

    def keys(self) -> KeyRing:
        """Ask whose keys count."""
        return self._get("/v1/keys", KeyRing)

    def divisions(self) -> list[DivisionValue]:
        """Ask for the divisions of the tree."""
        return self._get("/v1/divisions", list[DivisionValue])

    def departments(self) -> list[DepartmentValue]:
        """Ask for the departments of all nodes."""
        return self._get("/v1/departments", list[DepartmentValue])

    def resources(self) -> list[ResourceValue]:
        """Ask for the resources of all nodes."""
        return self._get("/v1/resources", list[ResourceValue])

    def resource(self, name: str) -> ResourceInfo:
        """Ask for a resource and its schema."""
        return self._get(f"/v1/resources/{quote(name, safe='')}", ResourceInfo)

    def offers(self, **asked: str) -> list[Offer]:
        """Ask what the catalogue has: `words`, `owner`, `theme`, `base`, `sharing`, `kind`, `state`, `due`; what is empty is not asked."""
        return self._get(_with("/v1/catalogue", asked), list[Offer])

    def offer(self, name: str) -> OfferInfo:
        """Ask for an item with its data items and its schema."""
        return self._get(f"/v1/catalogue/{quote(name, safe='')}", OfferInfo)

    def schema(self, number: int) -> SchemaInfo:
        """Ask for a schema by its id."""
        return self._get(f"/v1/schemas/{number}", SchemaInfo)

    def grants(self) -> list[Reach]:
        """Ask for all grants, ended ones too."""
        return self._get("/v1/grants", list[Reach])

    def grant(self, ref: EventRef) -> Reach:
        """Ask for one grant, by the event that gave it."""
        return self._get(f"/v1/grants/{quote(ref[0], safe='')}/{ref[1]}", Reach)

    def requests(self, **sought: str) -> list[Standing]:
        """Ask for the requests of all nodes, what is due first, by `state`, `resource` and `department`; what is empty is not asked."""
        return self._get(_with("/v1/requests", sought), list[Standing])

    def request(self, ref: EventRef) -> Standing:
        """Ask how a request stands, by the event that made it."""
        return self._get(f"/v1/requests/{quote(ref[0], safe='')}/{ref[1]}", Standing)

    def sample(self, ref: EventRef) -> PreviewInfo:
        """Ask the owner's node for rows as the asker would have them."""
        return self._get(f"/v1/requests/{quote(ref[0], safe='')}/{ref[1]}/sample", PreviewInfo)

    def foresee(self, command: NewRequest) -> ForeseenInfo:
        """Ask what a request would come to; nothing is written."""
        return self._post("/v1/requests/preview", command, ForeseenInfo)

    def views(self) -> list[ViewInfo]:
        """Ask for the views of all nodes that active grants need."""
        return self._get("/v1/views", list[ViewInfo])

    def view(self, topic: str) -> ViewShown:
        """Ask for one view, its schema and its routes."""
        return self._get(f"/v1/views/{quote(topic, safe='')}", ViewShown)

    def export(self, asked: ExportAsked) -> Export:
        """Ask what may be exported; the records are read from the cluster."""
        return self._post("/v1/exports", asked, Export)

    def invite(self, child: str, hours: float) -> InvitationInfo:
        """Return an invitation of a child."""
        return self._post("/v1/invitations", {"child": child, "hours": hours}, InvitationInfo)

    def dismiss(self, child: str) -> list[str]:
        """Take the login of a child away; return whose."""
        return self._post("/v1/dismiss", {"child": child}, list[str])

    def doctor(self) -> list[Finding]:
        """Return what the node's look at itself and its cluster finds."""
        return self._get("/v1/doctor", list[Finding])

    def login(self, user: str, grace_s: float = 0.0) -> Login:
        """Return a new login of a user of the node's cluster."""
        return self._post("/v1/logins", {"user": user, "grace_s": grace_s}, Login)

    def command(self, command: Command) -> list[dict[str, Any]]:
        """Give a command; return the events that it made, none where all held already. It may be given again without harm."""
        return self.carry_out(command).events

    def carry_out(self, command: Command) -> Carried:
        """Give a command; return the events that it made and what to know of it."""
        return self._post("/v1/commands", command, Carried)

    def resume(self, topic: str, mode: Mode) -> list[ResumedRoute]:
        """Let a stopped topic go on; return its partitions that were stopped."""
        return self._post("/v1/routes/resume", {"topic": topic, "mode": mode}, dict[str, list[ResumedRoute]])["routes"]

    def log_level(self) -> LevelInfo:
        """Ask from which level on the node logs."""
        return self._get("/v1/log/level", LevelInfo)

    def change_log_level(self, level: Level, for_s: float) -> LevelInfo:
        """Have the node log from another level on for so many seconds."""
        return self._post("/v1/log/level", {"level": level, "for_s": for_s}, LevelInfo)

    def link(self) -> PacedLink:
        """Ask what the link carries and may carry."""
        return self._get("/v1/link", PacedLink)

    def set_rate(self, rate: int | Literal["none", "default"], resource: str, lane: str) -> PacedLink:
        """Limit the link or a resource on it (empty: all), in one direction or (empty) in each."""
        return self._post("/v1/link/rate", {"rate": rate, "resource": resource, "lane": lane}, PacedLink)

    def quarantines(self, name: str = "") -> Iterator[Line]:
        """Ask what was refused, of one resource or all: yield the lines of the answer as they come."""
        return self._lines("GET", "/v1/quarantine", {"resource": name} if name else {}, None)

    def quarantined(self, name: str, *, reason: str, count: int, values: bool) -> Iterator[Line]:
        """Ask about some records that wait."""
        query = {"reason": reason, "count": str(count), "values": str(values).lower()}
        return self._lines("GET", f"/v1/quarantine/{quote(name, safe='')}", query, None)

    def repair(self, name: str, act: Literal["replay", "discard"], asked: Asked) -> Iterator[Line]:
        """Replay or discard refused records."""
        return self._lines("POST", f"/v1/quarantine/{quote(name, safe='')}/{act}", {}, msgspec.json.encode(asked))

    def audit(self, **sought: str) -> Iterator[AuditLine]:
        """Ask who did what: by `since`, `until`, `name`, `department`, `act`, `outcome` and `about`; what is empty is not asked."""
        return self._lines("GET", "/v1/audit", {name: text for name, text in sought.items() if text}, None, AuditLine)

    def _lines(self, method: str, path: str, query: Mapping[str, str], body: bytes | None, kind: Any = Line) -> Iterator[Any]:
        """Yield an answer's lines up to the one that ends it. CommandRefused for a problem, CliError for an answer that breaks off."""
        with self._asking.open(method, path, query, body) as response:
            for text in response.iter_lines():
                try:
                    line = msgspec.json.decode(text, type=kind)
                except msgspec.DecodeError as error:
                    raise self._asking.foreign(response) from error
                if isinstance(line, Problem):
                    raise CommandRefused(line.code, line.en, line.zh)
                yield line
                if isinstance(line, Ended):
                    return
        raise self._asking.broken_off()

    def _get(self, path: str, kind: type[T]) -> T:
        return self._asking.ask("GET", path, None, kind)

    def _post(self, path: str, body: object, kind: type[T]) -> T:
        return self._asking.ask("POST", path, msgspec.json.encode(body), kind)


def _with(path: str, asked: Mapping[str, str]) -> str:
    query = urlencode({name: text for name, text in asked.items() if text})
    return f"{path}?{query}" if query else path


@contextmanager
def open_node(session: Session) -> Iterator[NodeClient]:
    """Open a client of the node that a session asks, as whom its token says; nothing is sent before the first question."""
    with open_asking(session) as asking:
        yield NodeClient(asking)
