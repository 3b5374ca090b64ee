"""Wrong records: one rule of the schema is broken, and which is said.

Every refusing rule of every field is a fault that a record may have, and so is a cross-field rule of one of the forms below. A fault
changes one field, so that a judge who names the first broken rule names this one; fields that the record does not have (an empty array, a
null) are left alone.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from node.demo.generate.dice import Dice
from node.demo.generate.judging import Rule, broken
from node.demo.generate.slips import SLIPS, breakable
from node.demo.generate.source import Source
from node.errors import ConfigError

Why = tuple[str, str]
Apply = Callable[[Dice, dict[str, Any]], bool]

ITEM, VALUE = "[]", "{}"
"""Steps into an array's item and a map's value; other steps are names of fields."""
_TRIES = 200
_GAP_DAYS_MAX = 400


class Fault(msgspec.Struct, frozen=True):
    """A way in which a record may be wrong; `apply` changes a record, or returns False where it has nothing to change."""

    why: Why
    apply: Apply


def breaking(source: Source) -> Callable[[Dice, dict[str, Any]], tuple[dict[str, Any], Why]]:
    """Return the function that makes a wrong copy of a record; ConfigError when the schema has no rule that could be broken."""
    faults = find_faults(source)
    if not faults:
        raise ConfigError([f"{source.name}: no rule of this schema refuses anything, so no record of it can be wrong"])

    def spoil(dice: Dice, datum: dict[str, Any]) -> tuple[dict[str, Any], Why]:
        for _ in range(_TRIES):
            fault, spoilt = dice.pick(faults), copy.deepcopy(datum)
            if fault.apply(dice, spoilt):
                return spoilt, fault.why
        raise ConfigError([f"{source.name}: nothing in its records can be made wrong; fields with rules are null or empty in most of them"])

    return spoil


def find_faults(source: Source) -> list[Fault]:
    """Return every fault that records of a schema may have, in the order of its fields."""
    record = source.schema.avro
    found = [_fault(steps, rules, rule) for steps, rules in ruled(record, source.schema.named) for rule in _refusing(rules)]
    return found + [fault for rule in _refusing(record.get("rules", [])) for fault in _across(rule["expression"], record)]


def ruled(
    node: Any, named: Mapping[str, Any], steps: tuple[str, ...] = (), rules: tuple[Rule, ...] = ()
) -> Iterator[tuple[tuple[str, ...], list[Rule]]]:
    """Yield the steps to each value of a type that has rules, with the rules."""
    if isinstance(node, list):
        others = [branch for branch in node if branch != "null"]
        if len(others) == 1:  # of several types it is not known which one a value is of
            yield from ruled(others[0], named, steps, rules)
        return
    node = named.get(node, {"type": node}) if isinstance(node, str) else node
    own = (*rules, *node.get("rules", ())) if steps else ()
    if not isinstance(node["type"], str):
        yield from ruled(node["type"], named, steps, own)
        return
    if own:
        yield steps, list(own)
    match node["type"]:
        case "record":
            for field in node["fields"]:
                yield from ruled(field["type"], named, (*steps, field["name"]), tuple(field.get("rules", ())))
        case "array":
            yield from ruled(node["items"], named, (*steps, ITEM))
        case "map":
            yield from ruled(node["values"], named, (*steps, VALUE))


def path_of(steps: tuple[str, ...]) -> str:
    """Return the path as `node.avro` writes it: `holder.street`, `tags[]`, `extra{}`."""
    return "".join(step if step in {ITEM, VALUE} else f".{step}" for step in steps).removeprefix(".")


def _refusing(rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.get("severity", "refuse") == "refuse" and breakable(rule)]


def _fault(steps: tuple[str, ...], rules: list[Rule], rule: Rule) -> Fault:
    slip, name = SLIPS[rule["rule"]], rule["rule"]

    def apply(dice: Dice, datum: dict[str, Any]) -> bool:
        reached = _reach(dice, datum, steps)
        if reached is None:
            return False
        container, key = reached
        value = container[key]
        if value is None:
            return False
        for wrong in slip(dice, value, rule):
            if broken(rules, wrong) == [name]:
                container[key] = wrong
                return True
        return False

    return Fault((path_of(steps), name), apply)


def _reach(dice: Dice, datum: dict[str, Any], steps: tuple[str, ...]) -> tuple[Any, Any] | None:
    """Return what holds the value at the end of the steps, and its key there; None where the record does not go so far."""
    value: Any = datum
    container, key = None, None
    for step in steps:
        if not value:
            return None
        container = value
        key = dice.below(len(value)) if step == ITEM else dice.pick(list(value)) if step == VALUE else step
        value = container[key]
    return container, key


_ORDER = re.compile(r"(?:\w+ == null \|\| )*(\w+) (>=|<=) (\w+)")
_GIVEN = re.compile(r'(\w+) != "(\w+)" \|\| (\w+) != null')
_GIVEN_IN = re.compile(r'!\((\w+) in \[("\w+"(?:, "\w+")*)\]\) \|\| (\w+) != null')
_GIVEN_SIZE = re.compile(r'(\w+) != "(\w+)" \|\| size\((\w+)\) > 0')
_SOME = re.compile(r"\w+ != null(?: \|\| \w+ != null)+")


def _across(expression: str, record: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the fault that breaks a cross-field rule, if it has a form that is known here."""
    rules = {field["name"]: field.get("rules", []) for field in record["fields"]}
    why = ("", "cel")
    if found := _ORDER.fullmatch(expression):
        later, earlier = (found[1], found[3]) if found[2] == ">=" else (found[3], found[1])

        def fits(name: str, value: Any) -> bool:
            return not broken(rules[name], value)

        yield Fault(why, lambda dice, datum: _disorder(dice, datum, later, earlier, fits))
    elif found := _GIVEN.fullmatch(expression) or _GIVEN_SIZE.fullmatch(expression):
        field, symbol, wanted = found.groups()
        yield Fault(why, lambda _dice, datum: _omit(datum, field, symbol, wanted))
    elif found := _GIVEN_IN.fullmatch(expression):
        field, symbols, wanted = found[1], re.findall(r"\w+", found[2]), found[3]
        yield Fault(why, lambda dice, datum: _omit(datum, field, dice.pick(symbols), wanted))
    elif _SOME.fullmatch(expression):
        fields = re.findall(r"(\w+) != null", expression)
        yield Fault(why, lambda _dice, datum: _empty(datum, fields))


def _omit(datum: dict[str, Any], field: str, symbol: str, wanted: str) -> bool:
    """Let a field have the value that needs another field, and leave that out."""
    datum[field] = symbol
    datum[wanted] = [] if isinstance(datum[wanted], list) else None
    return True


def _empty(datum: dict[str, Any], fields: list[str]) -> bool:
    datum.update(dict.fromkeys(fields))
    return True


def _disorder(dice: Dice, datum: dict[str, Any], later: str, earlier: str, fits: Callable[[str, Any], bool]) -> bool:
    """Put what comes later before what comes earlier, where that fits the rules of the field that is changed."""
    first, last = datum[earlier], datum[later]
    if first is None or last is None:
        return False
    gap = timedelta(days=dice.between(1, _GAP_DAYS_MAX)) if isinstance(first, date) else 1
    for name, value in ((later, first - gap), (earlier, last + gap)):
        if fits(name, value):
            datum[name] = value
            return True
    return False
