"""The node's book at run time: all control logs of its cluster folded, its own one written."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from node.bus.log import LogReader, LogWriter, open_log_writer
from node.bus.security import Security
from node.control import Book, Broken, Command, Event, Folded, Stuck, decide, encode
from node.control.acts import Act, commanded, encode_act
from node.control.rights import is_rule
from node.control.sight import check_speaker
from node.errors import BusError, CommandRefused
from node.model.limits import STOP_S
from node.model.names import Division, Topic, audit_topic, control_topic, division_of
from node.model.values import Actor
from node.telemetry import logger

_PAUSE_S = 0.01


class Ledger:
    """One node's book and the only pen to its log. Commands are decided one after the other."""

    def __init__(
        self,
        here: Division,
        bootstrap: str,
        security: Security,
        changed: Callable[[], None],
        prepare: Callable[[Command], None] = lambda _command: None,
    ) -> None:
        self.book = Book()
        self.events = 0
        self._here = here
        self._own, self._audit = control_topic(here), audit_topic(here)
        self._bootstrap = bootstrap
        self._security = security
        self._changed, self._prepare = changed, prepare
        self._reader: LogReader | None = None
        self._writer: LogWriter | None = None
        self._writing = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._stuck: set[Topic] = set()

    @property
    def reading(self) -> bool:
        """The control logs are being read."""
        return self._reader is not None

    async def is_level(self) -> bool:
        """Tell whether every log that is followed has been read to its end."""
        reader = self._reader
        return reader is not None and all([await reader.at_end(topic) for topic in reader.followed])

    async def read(self, reader: LogReader) -> None:
        """Fold what the logs bring, for ever."""
        self._reader = reader
        try:
            while True:
                events = await reader.read()
                for topic, value in events:
                    self._fold(topic, value)
                if events:
                    self._take_up_stuck(reader, {topic for topic, _value in events})
                    self._changed()
        finally:
            self._reader = None

    def _take_up_stuck(self, reader: LogReader, moved: set[Topic]) -> None:
        """Read a log again that had too many waiting events, once others have moved on; repetitions count for nothing."""
        if self._stuck and moved - self._stuck:
            for topic in self._stuck:
                reader.rewind(topic)
            self._stuck.clear()

    def follow(self, topics: set[Topic]) -> None:
        """Read these control logs, all of which exist."""
        if self._reader is not None:
            self._reader.follow(topics)

    def _fold(self, topic: Topic, value: bytes) -> None:
        author = division_of(topic)
        match self.book.fold(author, value):
            case Folded() as folded:
                self.events += len(folded.events)
                for refused in folded.refused:
                    logger().warning(
                        "event-refused", author=refused.ref[0], sequence=refused.ref[1], kind=refused.kind, reason=refused.reason
                    )
            case Broken() as broken:
                logger().error("control-log-broken", author=author, reason=broken.reason)
            case Stuck():
                self._stuck.add(topic)
                logger().error("control-log-stuck", author=author)
            case _:
                pass

    async def command(self, command: Command, by: Actor) -> list[Event]:
        """Decide what somebody commands, append what follows and wait until it is folded. Returns no event where all holds already.

        What was commanded stands in the audit in the same transaction, and where it is refused, by itself. Raises CommandRefused with the
        reason, also when the log cannot be written or another process writes it.
        """
        async with self._pen() as writer:
            at = datetime.now(UTC)
            try:
                check_speaker(command, by)
                self._prepare(command)
                events = decide(command, self.book, self._here, at)
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

    async def _append(self, writer: LogWriter, events: Iterable[Event], act: Act) -> None:
        await writer.append([encode(event) for event in events], beside=(self._audit, encode_act(act)))

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
