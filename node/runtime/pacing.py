"""What the link may carry: what the configuration allows, an operator's word over it, and how it is kept in both directions.

A word stands until another one or until it is taken back, over restarts too: it is kept in a file of the node's own. It is written before it counts.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from node.bus.passwords import write_secret
from node.errors import CommandRefused, DataError
from node.lane.pace import Limits, Pace
from node.model.names import Topic
from node.telemetry import Metrics, logger

FILE = "rates.json"
WORDS_MAX = 1000
"""Of both directions: far more resources than anybody limits by hand; the file has 100 KB then."""
LANES = ("link-up", "link-down")
WHOLE = Topic("")
"""Stands for the whole link where a resource is named."""

_Words = dict[str, dict[Topic, int | None]]
"""By direction and resource: bytes a second, None for no limit whatever the configuration says."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of one direction, or that an operator has lifted one (`bytes_per_s` is None); `resource` is empty for the whole link."""

    lane: str
    resource: Topic
    bytes_per_s: int | None
    said_by: Literal["configuration", "command"]


class PaceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one direction of the link is doing: bytes that are under way, how much may be, and for how long a limit has held something back."""

    lane: str
    unsettled_bytes: int
    window_bytes: int
    throttled_s: float


class Pacing:
    """The link's pace in both directions."""

    def __init__(self, folder: Path, configured: Limits) -> None:
        self._file = folder / FILE
        self._configured = configured
        self._paces: dict[str, Pace] = {}
        self._before: dict[str, float] = dict.fromkeys(LANES, 0.0)
        """how long was something held back in flows that have ended"""
        self._told: dict[str, float] = dict.fromkeys(LANES, 0.0)

    def begin(self, lane: str) -> Pace:
        """Return the pace of a lane that is opened; where the file of words cannot be read, by what the configuration says."""
        if lane in self._paces:
            self._before[lane] += self._paces[lane].throttled_s(time.monotonic())
        try:
            words = self._read()
        except DataError as error:  # a limit that is lost slows nobody down for ever, a link that stands still would
            words = {}
            step = f"restore {self._file}, or remove it and set the limits anew: exchange-node link rate"
            logger().warning("rates-unreadable", lane=lane, cause=str(error), next_step=step)
        pace = self._paces[lane] = Pace(self._limits(words, lane), time.monotonic())
        return pace

    def say(self, lanes: Sequence[str], resource: Topic, word: int | Literal["none", "default"]) -> None:
        """Allow so many bytes a second of a resource, or of the whole link, from now on; no limit; or what the configuration says."""
        words = self._readable()
        for lane in lanes:
            said = words.setdefault(lane, {})
            if word == "default":
                said.pop(resource, None)
            else:
                said[resource] = None if word == "none" else word
        if sum(map(len, words.values())) > WORDS_MAX:
            en = f"{WORDS_MAX} limits are set by command, and no more are kept; take one back with --default, or set them in the configuration"
            zh = f"已通过命令设置 {WORDS_MAX} 项限速，达到上限；请用 --default 撤销一项，或写入配置"
            raise CommandRefused("too-many-rates", en, zh)
        write_secret(self._file, msgspec.json.encode(words).decode())
        for lane in lanes:
            if (pace := self._paces.get(lane)) is not None:
                pace.limit(self._limits(words, lane), time.monotonic())

    def rates(self) -> list[Rate]:
        """Return all limits, of the configuration and by command."""
        words = self._readable()
        return [rate for lane in LANES for rate in self._rates(lane, words.get(lane, {}))]

    def _rates(self, lane: str, said: dict[Topic, int | None]) -> list[Rate]:
        configured = dict(self._configured.resources)
        if self._configured.link is not None:
            configured[WHOLE] = self._configured.link
        found = {topic: Rate(lane=lane, resource=topic, bytes_per_s=rate, said_by="configuration") for topic, rate in configured.items()}
        found |= {topic: Rate(lane=lane, resource=topic, bytes_per_s=rate, said_by="command") for topic, rate in said.items()}
        return [found[topic] for topic in sorted(found)]

    def _limits(self, words: _Words, lane: str) -> Limits:
        found = {rate.resource: rate.bytes_per_s for rate in self._rates(lane, words.get(lane, {})) if rate.bytes_per_s is not None}
        return Limits(link=found.pop(WHOLE, None), resources=found)

    def paces(self) -> list[PaceStatus]:
        """Return how both directions are doing, as far as they have been opened."""
        now = time.monotonic()
        return [
            PaceStatus(
                lane=lane,
                unsettled_bytes=pace.unsettled,
                window_bytes=int(pace.window),
                throttled_s=self._before[lane] + pace.throttled_s(now),
            )
            for lane, pace in self._paces.items()
        ]

    def figures(self, metrics: Metrics) -> None:
        """Show the limits that count and for how long they have held something back."""
        limits: dict[tuple[str, str], int] = {
            (lane, topic): rate for lane, pace in self._paces.items() for topic, rate in pace.limits.resources.items()
        }
        limits |= {(lane, WHOLE): pace.limits.link for lane, pace in self._paces.items() if pace.limits.link is not None}
        held = {one.lane: one.throttled_s for one in self.paces()}
        metrics.show_rates(limits, {lane: max(seconds - self._told[lane], 0.0) for lane, seconds in held.items()})
        self._told |= held

    def _read(self) -> _Words:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Words)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise DataError(f"{self._file}: the limits set by command cannot be read ({error}); restore the file, or remove it") from error

    def _readable(self) -> _Words:
        try:
            return self._read()
        except DataError as error:
            zh = f"{self._file}：通过命令设置的限速无法读取；请恢复该文件，或将其删除（此后以配置为准）"
            raise CommandRefused("rates-unreadable", f"{error}: then what the configuration says counts", zh) from error
