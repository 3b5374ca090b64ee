"""The lives of subjects: which record comes next, and about whom.

Records come in the order of a clock. Each is a new subject's first or a living one's next; the share of subjects is the record's
`"generate": {"lives": 0.4}` (1 unless it is said), and how a subject goes on is a story of `node.demo.generate.stories`, or fields drawn
anew, `"redraw": [...]`. At most POOL_MAX subjects live at a time, so memory does not grow with the count.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from node.demo.generate.dice import Dice
from node.demo.generate.drawing import Drawn, drawing, redrawing
from node.demo.generate.makers import Draw
from node.demo.generate.source import Source
from node.demo.generate.stories import STORIES, Follow
from node.errors import SchemaError

START = datetime(2025, 1, 2, 1, 0, tzinfo=UTC)
"""When the first record is made: nine in the morning in Beijing."""
SPAN_MS = 300 * 86_400_000
"""All records of a run lie within 300 days, so none is in the future however many there are."""
STEP_MS_MAX = 500_000
"""Few records are not spread over the whole span: 250 s lie between two on average, at most."""
POOL_MAX = 50_000
_MORE_MAX = 8
"""Records of a subject after its first, at most, when `lives` is small."""


class Lives(NamedTuple):
    """How subjects of a schema begin and go on."""

    begin: Drawn
    follow: Follow | None
    share: float


def lives(source: Source) -> Lives:
    """Return how a schema's subjects live; SchemaError when its `generate` property asks for what is not there."""
    said = source.said
    share = float(said.get("lives", 1.0))
    if not 0 < share <= 1:
        raise SchemaError('schema: "generate": lives is the share of subjects among records, above 0 and at most 1')
    follow = _follow(source)
    name = said.get("story")
    begin = STORIES[name].begin if name else None
    return Lives(begin or drawing(source), follow, share if follow else 1.0)


def _follow(source: Source) -> Follow | None:
    name, names = source.said.get("story"), source.said.get("redraw")
    if name is not None:
        if name not in STORIES:
            raise SchemaError(f'schema: "generate": there is no story {name}; there are {", ".join(sorted(STORIES))}')
        return STORIES[name].follow
    if not names:
        return None
    redraw = redrawing(source, names)
    return lambda draw, former, _last: redraw(draw, former)


class _Life(NamedTuple):
    number: int
    left: int
    """records to come, at most"""
    record: dict[str, Any]


def tell(how: Lives, dice: Dice, count: int) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Yield `count` moments and records in the order of the clock, each at least a millisecond after the one before."""
    step_ms = min(STEP_MS_MAX, max(1, 2 * SPAN_MS // max(count, 1) - 1))
    draw, living = Draw(dice, START, 0), list[_Life]()
    at, millisecond, begun = START, timedelta(milliseconds=1), 0
    for _ in range(count):
        at += (1 + dice.below(step_ms)) * millisecond
        draw.move(at)
        fresh = not living or (len(living) < POOL_MAX and dice.roll() < how.share)
        record = None if fresh else _go_on(draw, living, how)
        if record is None:
            begun += 1
            draw.number = begun
            record = how.begin(draw)
            if left := _more(dice, how):
                living.append(_Life(begun, left, record))
        yield at, record


def _go_on(draw: Draw, living: list[_Life], how: Lives) -> dict[str, Any] | None:
    """Return the next record of a living subject, None when its story has ended."""
    assert how.follow
    slot = draw.dice.below(len(living))
    number, left, former = living[slot]
    draw.number = number
    record = how.follow(draw, former, left == 1)
    if record is None or left == 1:
        living[slot] = living[-1]
        living.pop()
    else:
        living[slot] = _Life(number, left - 1, record)
    return record


def _more(dice: Dice, how: Lives) -> int:
    """Draw how many records follow a subject's first: (1 - share) / share on average, evenly from 0 to twice that."""
    if how.follow is None:
        return 0
    mean = (1 - how.share) / how.share
    return min(_MORE_MAX, int(dice.roll() * (2 * mean + 1)))
