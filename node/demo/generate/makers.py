"""The makers of single values, by the names that a schema's `generate` property uses.

A maker is `(draw, row) -> value`: what is drawn now, and the fields of the same record that were made before. Which argument each
name takes stands beside it in MAKERS. A field that another one is made from is made first, wherever it stands.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from string import Formatter
from typing import Any
from zlib import crc32

import msgspec

from node.demo.generate import places, words
from node.demo.generate.dice import Dice
from node.demo.generate.identity import birth_of, credit_code, is_male, resident_id
from node.errors import SchemaError

Row = Mapping[str, Any]
_BEIJING = timedelta(hours=8)
_YEAR_DAYS = 365
_ADULT_AGES = (18, 80)
_SECONDS_A_DAY = 86_400


class Draw:
    """What a record is drawn with: dice, the moment (UTC) with its day in Beijing, and the number of its subject, from 1."""

    __slots__ = ("at", "day", "dice", "number")

    def __init__(self, dice: Dice, at: datetime, number: int) -> None:
        self.dice, self.number = dice, number
        self.move(at)

    def move(self, at: datetime) -> None:
        """Let the clock be at another moment."""
        self.at = at
        self.day = (at + _BEIJING).date()


Make = Callable[[Draw, Row], Any]


class Leaf(msgspec.Struct, frozen=True):
    """A type other than record, array, map and union, in parsed form, with the rules on it by name and its field's name and place."""

    node: Mapping[str, Any]
    rules: Mapping[str, Mapping[str, Any]]
    name: str
    place: str

    @property
    def kind(self) -> str:
        """The logical type where it is known here, else Avro's type."""
        logical = self.node.get("logicalType", "")
        return str(logical if logical in {"date", "decimal", "uuid"} or "time" in logical else self.node["type"])

    def misused(self, reason: str) -> SchemaError:
        """Return the error for a `generate` property that cannot be followed here."""
        return SchemaError(f'{self.place}: "generate": {reason}')


Maker = Callable[[Any, Leaf], Make]


def _said(say: Callable[[Dice], Any]) -> Maker:
    return lambda _argument, _leaf: lambda draw, _row: say(draw.dice)


def _choice(values: Any, leaf: Leaf) -> Make:
    if not isinstance(values, list) or not values:
        raise leaf.misused("choice needs a list with something in it")
    return lambda draw, _row: values[int(draw.dice.roll() * len(values))]


def _resident(argument: Any, _leaf: Leaf) -> Make:
    wanted = argument or {}
    male = {"male": True, "female": False, None: None}[wanted.get("sex")]
    sibling, least, greatest = wanted.get("older", (None, *wanted.get("age", _ADULT_AGES)))
    span = (greatest - least + 1) * _YEAR_DAYS

    def make(draw: Draw, row: Row) -> str:
        day = draw.day if sibling is None else birth_of(row[sibling])
        born = words.years_before(day, least, draw.dice.below(span) + 1)
        return resident_id(draw.dice, born, male=male)

    return make


def _person(sibling: Any, _leaf: Leaf) -> Make:
    if sibling is None:
        return lambda draw, _row: words.person(draw.dice)
    return lambda draw, row: words.person_of(draw.dice, row[sibling])


def _sex(sibling: Any, _leaf: Leaf) -> Make:
    def make(draw: Draw, row: Row) -> str:
        number = row[sibling]
        return "12"[draw.dice.below(2)] if number is None else "1" if is_male(number) else "2"

    return make


def _birth(sibling: Any, _leaf: Leaf) -> Make:
    def make(draw: Draw, row: Row) -> date:
        number = row[sibling]
        return words.years_before(draw.day, 30, draw.dice.below(_YEAR_DAYS)) if number is None else birth_of(number)

    return make


def _credit(kind: Any, _leaf: Leaf) -> Make:
    return lambda draw, _row: credit_code(draw.dice, kind or "91", places.HOME)


def _credit_of(sibling: Any, _leaf: Leaf) -> Make:
    """Make the credit code of an authority: one name has one code, in every resource and with every seed."""
    known: dict[str, str] = {}

    def make(_draw: Draw, row: Row) -> str:
        name = row[sibling]
        if name not in known:
            known[name] = credit_code(Dice(crc32(name.encode())), "12" if "医院" in name or "中心" in name else "11", places.HOME)
        return known[name]

    return make


def _street(_argument: Any, _leaf: Leaf) -> Make:
    return lambda draw, _row: draw.dice.pick(places.streets())


def _village(_argument: Any, _leaf: Leaf) -> Make:
    return lambda draw, _row: draw.dice.pick(places.villages())


def _address(sibling: Any, _leaf: Leaf) -> Make:
    return lambda draw, row: places.address(draw.dice, None if sibling is None else row[sibling])


def _grid(sibling: Any, _leaf: Leaf) -> Make:
    return lambda draw, row: f"{places.short_name(row[sibling])}第{draw.dice.between(1, 12)}网格"


def _cut(argument: Any, _leaf: Leaf) -> Make:
    sibling, length = argument
    return lambda _draw, row: row[sibling][:length]


def _same(sibling: Any, _leaf: Leaf) -> Make:
    return lambda _draw, row: row[sibling]


def _digits(count: Any, _leaf: Leaf) -> Make:
    return lambda draw, _row: draw.dice.digits(count)


def _bytes(argument: Any, leaf: Leaf) -> Make:
    size = argument or leaf.node.get("size", 16)
    return lambda draw, _row: bytes([int(draw.dice.roll() * 256) for _ in range(size)])


def _number(argument: Any, leaf: Leaf) -> Make:
    """Make a number between two; those of decimals lean to the lower end, as amounts of money do."""
    least, greatest = argument
    if leaf.kind == "decimal":
        scale = leaf.node.get("scale", 0)
        low, high = int(least * 10**scale), int(greatest * 10**scale)

        def make(draw: Draw, _row: Row) -> Decimal:
            share = draw.dice.roll()
            return Decimal(low + int((high - low) * share * share)).scaleb(-scale)

        return make
    if leaf.kind in {"float", "double"}:
        return lambda draw, _row: round(least + (greatest - least) * draw.dice.roll(), 6)
    return lambda draw, _row: draw.dice.between(least, greatest)


def _share(argument: Any, leaf: Leaf) -> Make:
    sibling, least, greatest = argument
    unit = Decimal(1).scaleb(-leaf.node.get("scale", 0))
    return lambda draw, row: (row[sibling] * (int(1000 * (least + (greatest - least) * draw.dice.roll())))).scaleb(-3).quantize(unit)


def _now(argument: Any, leaf: Leaf) -> Make:
    """Make the moment itself, or one so many days from it; one before it is earlier by some of a day too."""
    least, greatest = argument or (0, 0)
    fit = _fit(leaf)
    if argument is None:
        return lambda draw, _row: fit(draw.at, draw.day)
    if leaf.kind == "date":
        return lambda draw, _row: draw.day + timedelta(days=draw.dice.between(least, greatest))

    def make(draw: Draw, _row: Row) -> Any:
        at = draw.at + timedelta(days=draw.dice.between(least, greatest), seconds=-draw.dice.below(_SECONDS_A_DAY))
        return fit(at, (at + _BEIJING).date())

    return make


def _fit(leaf: Leaf) -> Callable[[datetime, date], Any]:
    """Return the function from a moment (UTC) and its day in Beijing to the leaf's type."""
    if leaf.kind == "date":
        return lambda _at, day: day
    if leaf.kind.startswith("local-timestamp"):
        return lambda at, _day: (at + _BEIJING).replace(tzinfo=None)
    if leaf.kind.startswith("timestamp"):
        return lambda at, _day: at
    if leaf.kind.startswith("time"):
        return lambda at, _day: (at + _BEIJING).time()
    raise leaf.misused(f"a moment does not fit {leaf.kind}")


def _after(argument: Any, leaf: Leaf) -> Make:
    """Make a date so many days after a sibling, but no later than now where the rules forbid the future."""
    sibling, least, greatest = argument
    past = "not-future" in leaf.rules

    def make(draw: Draw, row: Row) -> date | None:
        start = row[sibling]
        if start is None:
            return None
        found: date = start + timedelta(days=draw.dice.between(least, greatest))
        return min(found, max(draw.day, start)) if past else found

    return make


def _date(argument: Any, _leaf: Leaf) -> Make:
    first, last = (date.fromisoformat(text).toordinal() for text in argument)
    return lambda draw, _row: date.fromordinal(draw.dice.between(first, last))


def _month(argument: Any, _leaf: Leaf) -> Make:
    least, greatest = argument

    def make(draw: Draw, _row: Row) -> date:
        months = 12 * draw.day.year + draw.day.month - 1 + draw.dice.between(least, greatest)
        return date(months // 12, months % 12 + 1, 1)

    return make


def _text(template: Any, leaf: Leaf) -> Make:
    """Make a text from a template: {serial}, {year}, {day} (YYYYMMDD), {d6} (six digits at random), or the field of that name."""
    pieces = [(literal, _piece(name) if name else None, spec or "") for literal, name, spec, _ in Formatter().parse(template)]
    if not pieces:
        raise leaf.misused("text needs a template")

    def make(draw: Draw, row: Row) -> str:
        return "".join([literal + (format(piece(draw, row), spec) if piece else "") for literal, piece, spec in pieces])

    return make


def _piece(name: str) -> Make:
    if _RANDOM.fullmatch(name):
        count = int(name[1:])
        return lambda draw, _row: draw.dice.digits(count)
    return _PIECES.get(name) or (lambda _draw, row: row[name])


_RANDOM = re.compile(r"d[0-9]+")


_PIECES: dict[str, Make] = {
    "serial": lambda draw, _row: draw.number,
    "year": lambda draw, _row: draw.day.year,
    "day": lambda draw, _row: draw.day.isoformat().replace("-", ""),
}

MAKERS: dict[str, Maker] = {
    "address": _address,  # null or the field with the street's or village's code
    "after": _after,  # [field, least days, most days]
    "association": _said(words.association),
    "birth": _birth,  # the field with the identity number
    "bytes": _bytes,  # null or how many
    "choice": _choice,  # a list of values; one that stands twice comes twice as often
    "company": _said(words.company),
    "cooperative": _said(words.cooperative),
    "cut": _cut,  # [field, how many characters of it]
    "date": _date,  # [first, last], ISO 8601
    "digits": _digits,  # how many
    "door": _said(places.door),
    "grid": _grid,  # the field with the village's code
    "institution": _said(words.institution),
    "matter": _said(words.matter),
    "month": _month,  # [least, most] months from now; its first day
    "now": _now,  # null or [least, most] days from now
    "number": _number,  # [least, greatest]
    "person": _person,  # null or the field with the identity number
    "phone": _said(words.phone),
    "place-name": lambda sibling, _leaf: lambda _draw, row: places.names()[row[sibling]],  # the field with the code
    "resident": _resident,  # null or {"sex": "male" | "female", "age": [least, greatest]}, or "older": [field, least, greatest] for "age"
    "same": _same,  # field
    "scope": _said(words.scope),
    "sex": _sex,  # the field with the identity number
    "share": _share,  # [field, least, greatest] of a decimal
    "shop": _said(words.shop),
    "street": _street,
    "text": _text,  # template
    "uscc": _credit,  # null or the code's first two characters
    "uscc-of": _credit_of,  # the field with the authority's name
    "village": _village,
}
"""Each with its argument, where it takes one."""

SIBLING_FIRST = {"address", "birth", "grid", "person", "place-name", "same", "sex", "uscc-of", "after", "cut", "share"}
"""Makers whose argument is, or begins with, the name of a field of the same record."""


def needs(name: str, argument: Any) -> set[str]:
    """Return the fields of the same record that a maker reads."""
    if name == "text":
        return {piece for _, piece, _, _ in Formatter().parse(argument) if piece and piece not in _PIECES and not _RANDOM.fullmatch(piece)}
    if name == "resident" and argument and "older" in argument:
        return {argument["older"][0]}
    first = argument[0] if isinstance(argument, list) and argument else argument
    return {first} if name in SIBLING_FIRST and isinstance(first, str) else set()
