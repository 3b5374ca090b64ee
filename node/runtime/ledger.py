"""The node's book at run time: all control logs of its cluster folded, its own one signed and written."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from node.bus.log import LogReader, LogWriter, open_log_writer
from node.bus.security import Security
from node.control import Book, Broken, Command, DeclareKey, Event, Folded, Folding, RotateKey, Stuck, decide, encode
from node.control.acts import Act, commanded, encode_act
from node.control.events import place_in
from node.control.rights import is_rule
from node.control.seals import Alarm
from node.control.sight import check_speaker
from node.errors import BusError, CommandRefused
from node.model.keys import Signed
from node.model.limits import STOP_S
from node.model.names import Division, Topic, audit_topic, control_topic, division_of
from node.model.values import RULE, Actor
from node.runtime.hand import Hand
from node.runtime.keys import KeyFileError
from node.telemetry import logger

_PAUSE_S = 0.01
_LOOK_S = 0.5
"""While logs are folded anew; asking about those of a province takes a third of a second."""


class Ledger:
    """One node's book and the only pen to its log. Commands are decided one after the other."""

    def __init__(
        self,
        hand: Hand,
        bootstrap: str,
        security: Security,
        changed: Callable[[], None],
        prepare: Callable[[Command], None] = lambda _command: None,
    ) -> None:
        self.events = 0
        self.hand = hand
        here = self._here = hand.here
        self._own, self._audit = control_topic(here), audit_topic(here)
        self._bootstrap = bootstrap
        self._security = security
        self._changed, self._prepare = changed, prepare
        self._unread, self._folding = Book(), None
        self._told: dict[Division, Alarm] = {}
        self._reader: LogReader | None = None
        self._writer: LogWriter | None = None
        self._writing = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._look_at = 0.0

    _folding: Folding | None
    """there once the logs are being read: it needs the pinned key"""

    @property
    def book(self) -> Book:
        """What all logs say; another object whenever they had to be folded anew."""
        return self._unread if self._folding is None else self._folding.book

    @property
    def alarms(self) -> dict[Division, Alarm]:
        """What is wrong with whose log."""
        return {} if self._folding is None else self._folding.alarms

    @property
    def counts(self) -> dict[str, int]:
        """Events by what became of them, and the logs of which no more is taken."""
        book = self.book
        return {
            "folded": self.events,
            "refused": book.refused.total(),
            "unknown": book.unknown.total(),
            "waiting": sum(count for count, _answer in book.waiting.values()),
            "broken-logs": len(book.broken),
        }

    @property
    def reasons(self) -> list[str]:
        """Why this node cannot say anything in its own log, empty where it can."""
        alarm = self.alarms.get(self._here)
        found = [] if alarm is None else [f"own control log: {alarm.text}"]
        if self._reader is None or found:
            return found
        try:
            self.hand.check(self.book)
            if self.hand.begins(self.book) is None:
                self.hand.signer(self.book)
        except CommandRefused as refused:
            return [f"own control log: {refused.en}"]
        except KeyFileError as error:
            return [f"own control log: {error}"]
        return []

    @property
    def reading(self) -> bool:
        """The control logs are being read."""
        return self._reader is not None

    async def is_level(self) -> bool:
        """Tell whether every log that is followed has been read to its end, and none is being folded anew."""
        return self._folding is not None and not self._folding.is_anew and await self._is_read()

    def _is_due(self) -> bool:
        """Tell whether to ask if all is read, once in a while: logs may never fall silent, and each is asked about."""
        now = asyncio.get_running_loop().time()
        due = now >= self._look_at
        self._look_at = now + _LOOK_S if due else self._look_at
        return due

    async def _is_read(self) -> bool:
        reader = self._reader
        return reader is not None and all([await reader.at_end(topic) for topic in reader.followed])

    async def read(self, reader: LogReader) -> None:
        """Fold what the logs bring, for ever. KeyFileError if the node has no key and cannot make one."""
        folding = self._folding = self._folding or Folding(self.hand.pin)
        self._reader = reader
        try:
            while True:
                events = await reader.read()
                for topic, records in events.items():
                    self._fold(folding, division_of(topic), records)
                for author in folding.again():
                    reader.rewind(control_topic(author))
                if folding.is_anew and self._is_due() and await self._is_read():
                    folding.level()
                    self._changed()
                self._tell_alarms(folding, idle=not events)
                if events:
                    self._changed()
        finally:
            self._reader = None

    def _tell_alarms(self, folding: Folding, *, idle: bool) -> None:
        """Log each alarm once: while logs still come, no more than what nothing can mend, for a key may be in the next."""
        alarms = {author: one for author, one in folding.alarms.items() if idle or not one.may_heal}
        for author, alarm in alarms.items():
            if self._told.get(author) != alarm:
                logger().error("control-log-alarm", author=author, sequence=alarm.sequence, reason=alarm.why, detail=alarm.detail)
        for author in self._told.keys() - folding.alarms.keys():
            logger().info("control-log-alarm-over", author=author)
        self._told = {author: one for author, one in self._told.items() if author in folding.alarms} | alarms

    def follow(self, topics: set[Topic]) -> None:
        """Read these control logs, all of which exist."""
        if self._reader is not None:
            self._reader.follow(topics)

    def _fold(self, folding: Folding, author: Division, records: Sequence[Signed]) -> None:
        for outcome in folding.take(author, records):
            match outcome:
                case Folded() as folded:
                    self.events += len(folded.events)
                    for refused in folded.refused:
                        logger().warning(
                            "event-refused", author=refused.ref[0], sequence=refused.ref[1], kind=refused.kind, reason=refused.reason
                        )
                case Broken() as broken:
                    logger().error("control-log-broken", author=author, reason=broken.reason)
                case Stuck():
                    logger().error("control-log-stuck", author=author)
                case _:
                    pass

    async def command(self, command: Command, by: Actor) -> list[Event]:
        """Decide what somebody commands, append what follows and wait until it is folded. Returns no event where all holds already.

        What was commanded stands in the audit in the same transaction, and where it is refused, by itself. Raises CommandRefused with the
        reason, also when the log cannot be written or another process writes it.
        """
        async with self._pen() as writer:
            await self._begin(writer)
            at = datetime.now(UTC)
            try:
                check_speaker(command, by)
                self._prepare(command)
                events = decide(self._known(command), self.book, self._here, at)
                self._check_signs(events)
            except CommandRefused as refused:
                await self._append(writer, (), commanded(command, by, self.book, at, code=refused.code))
                raise
            if events or not is_rule(by):
                await self._append(writer, events, commanded(command, by, self.book, at, events=events))
            if events:
                await self._until_folded(events[-1])
            return events

    async def record(self, act: Act) -> None:
        """Write an act that is no command into the audit. CommandRefused if it cannot be: then it must not be done either."""
        async with self._pen() as writer:
            await self._append(writer, (), act)

    def _known(self, command: Command) -> Command:
        """Put the key into a command that only the node's own hand can carry out."""
        return DeclareKey(by=RULE, key=self.hand.another(self.book)) if isinstance(command, RotateKey) else command

    async def _begin(self, writer: LogWriter) -> None:
        """Let a root declare its key before all else: its log begins with the one that others pin."""
        key = self.hand.begins(self.book)
        if key is not None and not self._is_hindered():
            command = DeclareKey(by=RULE, key=key)
            events = decide(command, self.book, self._here, datetime.now(UTC))
            await self._append(writer, events, commanded(command, RULE, self.book, datetime.now(UTC), events=events))
            await self._until_folded(events[-1])

    def _is_hindered(self) -> bool:
        return self._folding is None or self._folding.is_behind(self._here)

    def _check_signs(self, events: Sequence[Event]) -> None:
        """Refuse to say anything in a log of which something is not let through, or that may be older than what was said, or without a key."""
        if not events:
            return
        if self._is_hindered():
            en = "the control logs are being folded anew, or events stand in this node's own that nobody has signed: see exchange-node status, then ask again"
            raise CommandRefused(
                "log-behind", en, "控制日志正在重新折叠，或本节点日志中有未签名的事件：请用 exchange-node status 查看后重试"
            )
        self.hand.check(self.book)
        self.hand.signer(self.book)

    async def _append(self, writer: LogWriter, events: Iterable[Event], act: Act) -> None:
        records = [Signed(encode(event)) for event in events]
        if records:
            digest = hashlib.sha256(records[-1].value).digest()
            records[-1] = Signed(records[-1].value, self.hand.signer(self.book).sign(digest))
        await writer.append(records, beside=(self._audit, encode_act(act)))
        if records:
            self.hand.wrote(place_in(records[-1].value).sequence, digest.hex())

    async def compare(self, copy: Sequence[Signed]) -> bool:
        """Take what the own log lacks of its copy in the parent's cluster; False while the keys for that are not there yet.

        CommandRefused if the log cannot be written.
        """
        if not await self.is_level():
            return False
        async with self._pen() as writer:
            found = self.hand.compare(self.book, copy)
            if found is None or self._is_hindered():
                return False
            if found:
                await self.restore(writer, found)
            self.hand.proven, self.hand.comparing = not self.hand.fork, False
        return True

    async def restore(self, writer: LogWriter, records: Sequence[Signed]) -> None:
        """Append what the own log lacked, as it was signed, and wait until it is taken."""
        last = place_in(records[-1].value).sequence
        await writer.append(records)
        while self.book.taken(self._here) < last:  # noqa: ASYNC110 - seldom, and soon
            await asyncio.sleep(_PAUSE_S)
        logger().warning("control-log-restored", events=len(records), last=last)

    @asynccontextmanager
    async def _pen(self) -> AsyncIterator[LogWriter]:
        """Give the writer, with all folded that is in the log, to one after the other."""
        try:
            async with asyncio.timeout(STOP_S):
                await self._lock.acquire()
        except TimeoutError as error:
            en = "the node is still busy with what others asked before; nothing was done, ask again in a moment"
            raise CommandRefused("busy", en, "节点仍在处理先前的请求；未做任何操作，请稍后重试") from error
        try:
            try:
                async with asyncio.timeout(STOP_S):
                    yield await self._writer_at_end()
            except KeyFileError as error:
                raise CommandRefused("no-key", f"the node cannot sign: {error}", f"节点无法签名：{error}") from error
            except (BusError, TimeoutError) as error:
                await self._drop_writer()
                why = str(error) or "the cluster does not answer in time"
                raise CommandRefused(
                    "log-unavailable",
                    f"the control log cannot be written: {why}. Nothing is known to be written: look at the list, then ask again",
                    f"控制日志无法写入：{why}。请先查看列表，再重试",
                ) from error
        finally:
            self._lock.release()

    async def _writer_at_end(self) -> LogWriter:
        if self._writer is None:
            self._writer = await self._writing.enter_async_context(
                open_log_writer(self._bootstrap, self._own, f"{self._here}.control", self._security)
            )
        # Whoever wrote before us is fenced by now, so the end of the log stays where it is until we append.
        while self._reader is None or not await self._reader.at_end(self._own):  # noqa: ASYNC110 - commands are rare
            await asyncio.sleep(_PAUSE_S)
        return self._writer

    async def _until_folded(self, last: Event) -> None:
        while self.book.tail(self._here)[0] < last.sequence:  # noqa: ASYNC110 - commands are rare
            await asyncio.sleep(_PAUSE_S)

    async def _drop_writer(self) -> None:
        self._writer = None
        await self._writing.aclose()

    async def close(self) -> None:
        """Put the pen down."""
        await self._drop_writer()
