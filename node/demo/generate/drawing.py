"""From a schema to the function that draws one of its records.

For each field a maker is chosen, once: by its `generate` property, else by its rules, its logical type, its name, its type. The property is a
maker's name or an object with the name and its argument, `{"person": "id_number"}`, and may say more:

- `"nulls": 0.3` the share of nulls in a nullable field, three in ten unless it is said; `null` instead of an object means always null;
- `"size": [0, 3]` how many items an array or map has, and `"keys": [...]` a map's keys;
- `{"by": "kind", "cases": {"ENTERPRISE": …, "SHOP": …}, "else": …}` another property by the text of a field of the same record
  (`null`, `true` and `false` by these words);
- `{"by-age": "birth_date", "below": {"6": …, "18": …}, "else": …}` another property by the years since a date.

Fields that are named stand in the same record; `^sex` is one of the record around it. A field that another is made from is made first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from node.demo.generate.choosing import choose
from node.demo.generate.makers import MAKERS, Draw, Leaf, Make, Row, needs
from node.demo.generate.source import Source
from node.errors import SchemaError

Drawn = Callable[[Draw], dict[str, Any]]
_NULLS = 0.3
_SIZE = (0, 3)
_YEAR_DAYS = 365.25
_UNSAID: Any = object()


def drawing(source: Source) -> Drawn:
    """Return the function that draws a record; SchemaError names the field that nothing can be made for."""
    strangers = sorted(_around(source.schema.named, source.schema.fields))
    if strangers:
        raise SchemaError(f'schema: "generate" names {strangers[0]}, and there is no record around this one')
    make = _Compiler(source).record(source.schema.avro, "")
    return lambda draw: make(draw, {})


def redrawing(source: Source, names: Iterable[str]) -> Callable[[Draw, dict[str, Any]], dict[str, Any]]:
    """Return the function that draws some top-level fields of a record anew; the others stay."""
    compiler, by_name = _Compiler(source), {field["name"]: field for field in source.schema.fields}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise SchemaError(f'schema: "generate": redraw names {missing[0]}, which the record does not have')
    makes = [(name, compiler.field(by_name[name], name)) for name in names]

    def redraw(draw: Draw, former: dict[str, Any]) -> dict[str, Any]:
        row = dict(former)
        for name, make in makes:
            row[name] = make(draw, row)
        return row

    return redraw


class _Compiler:
    def __init__(self, source: Source) -> None:
        self._named = source.schema.named

    def record(self, node: Mapping[str, Any], place: str) -> Make:
        fields = node["fields"]
        names = [field["name"] for field in fields]
        makes = {field["name"]: self.field(field, f"{place}.{field['name']}" if place else field["name"]) for field in fields}
        ordered = [(name, makes[name]) for name in self._order(fields, place)]
        around = sorted(_around(self._named, fields))
        if not around and list(makes) == [name for name, _ in ordered]:

            def make_record(draw: Draw, _row: Row) -> dict[str, Any]:
                row: dict[str, Any] = {}
                for name, make in ordered:
                    row[name] = make(draw, row)
                return row

            return make_record

        def make_in_order(draw: Draw, outer: Row) -> dict[str, Any]:
            row = {name: outer[name[1:]] for name in around}
            for name, make in ordered:
                row[name] = make(draw, row)
            return {name: row[name] for name in names}

        return make_in_order

    def _order(self, fields: list[dict[str, Any]], place: str) -> list[str]:
        """Return the fields' names so that each follows those that it is made from, else as they stand."""
        left = {
            field["name"]: _needed(field.get("generate")) | {name[1:] for name in _around(self._named, [field], inner=True)}
            for field in fields
        }
        strangers = sorted({name for needed in left.values() for name in needed if name[0] != "^"} - left.keys())
        if strangers:
            raise SchemaError(f'{place or "schema"}: "generate" names {strangers[0]}, which the record does not have')
        order: list[str] = []
        while left:
            ready = next((name for name, needed in left.items() if not needed & left.keys()), None)
            if ready is None:
                raise SchemaError(f'{place or "schema"}: "generate": {", ".join(left)} are made from each other')
            del left[ready]
            order.append(ready)
        return order

    def field(self, field: Mapping[str, Any], place: str) -> Make:
        return self._type(field["type"], field.get("generate", _UNSAID), field.get("rules", []), place)

    def _type(self, node: Any, said: Any, rules: list[Any], place: str) -> Make:
        if isinstance(node, list):
            return self._union(node, said, rules, place)
        node = self._named.get(node, {"type": node}) if isinstance(node, str) else node
        said = node.get("generate", _UNSAID) if said is _UNSAID else said
        rules = [*rules, *node.get("rules", [])]
        if not isinstance(node["type"], str):
            return self._type(node["type"], said, rules, place)
        if said is None or node["type"] == "null":
            return _null
        nested = {"array": self._array, "map": self._map}.get(node["type"])
        if nested:
            return nested(node, said, place)
        if node["type"] == "record":
            return self.record(node, place)
        by_name = {rule["rule"]: rule for rule in rules}
        return self._leaf(Leaf(node, by_name, place.rpartition(".")[2], place), said)

    def _union(self, branches: list[Any], said: Any, rules: list[Any], place: str) -> Make:
        others = [branch for branch in branches if branch != "null"]
        if not others or said is None:
            return _null
        said = dict(said) if isinstance(said, dict) else said
        share = said.pop("nulls", 0.0) if isinstance(said, dict) else _NULLS if said is _UNSAID else 0.0
        makes = [self._type(branch, _UNSAID if said == {} else said, rules, place) for branch in others]
        make = makes[0] if len(makes) == 1 else lambda draw, row: draw.dice.pick(makes)(draw, row)
        if len(others) == len(branches) or not share:
            return make
        return lambda draw, row: None if draw.dice.roll() < share else make(draw, row)

    def _array(self, node: Mapping[str, Any], said: Any, place: str) -> Make:
        make = self._type(node["items"], _UNSAID, [], f"{place}[]")
        least, greatest = said.get("size", _SIZE) if isinstance(said, dict) else _SIZE
        return lambda draw, row: [make(draw, row) for _ in range(draw.dice.between(least, greatest))]

    def _map(self, node: Mapping[str, Any], said: Any, place: str) -> Make:
        make = self._type(node["values"], _UNSAID, [], f"{place}{{}}")
        said = said if isinstance(said, dict) else {}
        keys = said.get("keys", ["a", "b", "c"])
        least, greatest = said.get("size", _SIZE)

        def make_map(draw: Draw, row: Row) -> dict[str, Any]:
            first, count = draw.dice.below(len(keys)), min(len(keys), draw.dice.between(least, greatest))
            return {keys[(first + step) % len(keys)]: make(draw, row) for step in range(count)}

        return make_map

    def _leaf(self, leaf: Leaf, said: Any) -> Make:
        if said is _UNSAID:
            return choose(leaf)
        if said is None:
            return _null
        if isinstance(said, dict) and "by" in said:
            return self._by(leaf, said)
        if isinstance(said, dict) and "by-age" in said:
            return self._by_age(leaf, said)
        name, argument = _named(said, leaf)
        try:
            return MAKERS[name](argument, leaf)
        except (TypeError, ValueError, KeyError, AttributeError):
            raise leaf.misused(f"{name} does not take this argument") from None

    def _by(self, leaf: Leaf, said: Mapping[str, Any]) -> Make:
        field = said["by"]
        cases = {text: self._leaf(leaf, case) for text, case in said["cases"].items()}
        otherwise = self._leaf(leaf, said["else"]) if "else" in said else None

        def make(draw: Draw, row: Row) -> Any:
            value = row[field]
            chosen = cases.get(value if isinstance(value, str) else _WORDS.get(value, "")) or otherwise
            if chosen is None:
                raise leaf.misused(f"by {field} has no case for this record, and no else")
            return chosen(draw, row)

        return make

    def _by_age(self, leaf: Leaf, said: Mapping[str, Any]) -> Make:
        field = said["by-age"]
        steps = [(float(years) * _YEAR_DAYS, self._leaf(leaf, case)) for years, case in said["below"].items()]
        otherwise = self._leaf(leaf, said["else"])

        def make(draw: Draw, row: Row) -> Any:
            days = (draw.day - row[field]).days
            return next((case for limit, case in steps if days < limit), otherwise)(draw, row)

        return make


def _null(_draw: Draw, _row: Row) -> None:
    return None


_WORDS = {None: "null", True: "true", False: "false"}


def _named(said: Any, leaf: Leaf) -> tuple[str, Any]:
    """Return a maker's name and argument as a `generate` property says them."""
    pairs = [(said, None)] if isinstance(said, str) else list(said.items()) if isinstance(said, dict) else []
    if len(pairs) != 1 or pairs[0][0] not in MAKERS:
        raise leaf.misused(f"one maker is needed, out of {', '.join(sorted(MAKERS))}")
    return pairs[0]


def _needed(said: Any) -> set[str]:
    """Return the fields that a `generate` property reads."""
    if not isinstance(said, dict):
        return set()
    if "by" in said or "by-age" in said:
        cases = (*said.get("cases", {}).values(), *said.get("below", {}).values(), said.get("else"))
        return {said.get("by") or said["by-age"]}.union(*map(_needed, cases))
    return set().union(*(needs(name, argument) for name, argument in said.items()))


def _around(named: Mapping[str, Any], fields: list[dict[str, Any]], *, inner: bool = False) -> set[str]:
    """Return the names with ^ that fields of a record read; with `inner`, those that records within these fields read."""
    if not inner:
        return {name for field in fields for name in _needed(field.get("generate")) if name[0] == "^"}
    return {name for field in fields for record in _records(named, field["type"]) for name in _around(named, record["fields"])}


def _records(named: Mapping[str, Any], node: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the records that a type holds directly, in unions, arrays and maps too."""
    if isinstance(node, list):
        for branch in node:
            yield from _records(named, branch)
        return
    node = named.get(node, {"type": node}) if isinstance(node, str) else node
    if node["type"] == "record":
        yield node
    elif not isinstance(node["type"], str):
        yield from _records(named, node["type"])
    elif node["type"] in {"array", "map"}:
        yield from _records(named, node.get("items") or node["values"])
