"""The schema of a view, from a resource's schema and what a grant names of it.

What stands in the derived schema is what a record of the view has: fields in their order, with their docs and defaults; rules go, for the
resource's gate has checked them. Versions of a resource that read each other give versions of the view that do: what becomes of a place
depends on its path alone, never on what else a version has. So a record that is cut always moves to a namespace of its own, that of its path
(`cn.gov.view.holder.Address`): it keeps its name, and names without their namespace are what schemas are matched by (Avro specification 1.12,
"Schema Resolution"), while two cuts of one type stay two types.

Paths that a schema does not have are passed over: grants are checked against the newest version, and old ones lack fields. A place that is no
longer what a path or mask needs (no record, no text) is left out, whatever was meant: nothing leaves that was not granted.
"""

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from itertools import islice, pairwise
from typing import Any

from node.avro.cel import compile_expression
from node.avro.cel_tree import read
from node.avro.check import PLACES_MAX, PRIMITIVES
from node.avro.compiler import Compiler, Leaf
from node.avro.masking import masked_default, masked_type, misfit, note
from node.avro.never import never
from node.avro.schema import ParsedSchema, parse
from node.avro.selection import Kept, Selection, kept, read_mask, within
from node.errors import SchemaError

_OF_ALL = ("title", "doc", "sharing", "update_cycle", "source", "aliases")
_OF_TYPES = ("name", "doc", "title", "aliases", "symbols", "default", "size", "logicalType", "precision", "scale")
_OF_FIELDS = ("title", "doc", "aliases", "order")
"""What is said of a resource, a type and a field that may be said of a view's as well. All else stays: it may speak of what is not granted."""
PATHS_MAX = 500
"""Fields and masks of one grant, each: deriving looks at all of them for each place of a schema."""
_PLACES_MAX = 2 * PLACES_MAX
_NEAR_SHOWN = 3
_STEP = re.compile(r"[^.\[{|]+|\[\]|\{\}")
_NULL = "null"


def derive(schema: dict[str, Any], selection: Selection) -> dict[str, Any]:
    """Return the view's schema (JSON) of a registered one (JSON) and a selection that `check_selection` has passed for some version.

    The same on every node. `key` stays where the record's key does, see `key_granted`.
    """
    derived = {name: schema[name] for name in ("type", "name", "namespace", *_OF_ALL) if name in schema}
    if "key" in schema and key_granted(schema, selection):
        derived["key"] = schema["key"]
    full = _full(schema["name"], schema.get("namespace", ""))
    return derived | {"fields": _Derivation(schema, selection).fields(schema, full, "", _space(full), whole=False)}


def check_selection(schema: dict[str, Any], selection: Selection) -> None:
    """Return when a grant may be made on a registered schema (JSON); SchemaError names the first fault and its place.

    A place is a path of `fields` or `masks`, or a column of the expression `rows`.
    """
    parsed = parse(schema)
    places = {path: node for path, _, node in reversed(_all_places(parsed))}
    if selection.fields is not None:
        if not selection.fields:
            raise SchemaError("fields: none is named; to grant all of them leave `fields` out")
        _check_paths("fields", selection.fields, places)
    _check_paths("masks", selection.masks, places)
    for path, text in selection.masks.items():
        _check_mask(selection, path, text, places[path])
    check_renamed(schema, selection)
    _check_rows(selection.rows, parsed)
    parse(derive(schema, selection))


def check_renamed(schema: dict[str, Any], selection: Selection) -> None:
    """Return when a selection treats each field alike under its name and under its aliases; SchemaError names the first that it does not.

    So a field was called in older versions, and is in newer ones, whose records are cut by the same grant: a mask on one name alone would
    show under the other what it hides. Asked of a grant, and of each version that comes after it.
    """
    for path, now, _ in _all_places(parse(schema)):
        asked = {(kept(selection, one), selection.masks.get(one)) for one in (path, now)} if path != now else ()
        if len(asked) > 1 and all(part is not Kept.PART for part, _ in asked):  # of a part, what lies below tells
            what = "masks" if any(part is Kept.MASKED for part, _ in asked) else "fields"
            raise SchemaError(f"{what}: {now}: in older versions it is called {path}: name both, and mask both alike")


def key_granted(schema: dict[str, Any], selection: Selection) -> bool:
    """Tell whether the record's key stays: every key field is granted, unmasked. True where records have no key."""
    return all(kept(selection, name) is Kept.WHOLE for name in schema.get("key", ()))


def filter_fits(schema: dict[str, Any], rows: str) -> bool:
    """Tell whether an expression can be asked of a schema's records; of one that it does not fit no record is granted."""
    try:
        if rows:
            _leaves(rows, parse(schema))
    except ValueError:
        return False
    return True


def _leaves(rows: str, parsed: ParsedSchema) -> dict[str, Leaf]:
    """Return what an expression may name, once it has compiled; ValueError says what is wrong where in it."""
    compiler = Compiler(parsed.named)
    compiler.compile(parsed.avro)
    compile_expression(rows, compiler)
    return compiler.leaves


def _check_rows(rows: str, parsed: ParsedSchema) -> None:
    if not rows:
        return
    try:
        leaves = _leaves(rows, parsed)
        wrong = never(read(rows), leaves)
    except ValueError as fault:
        wrong = str(fault)
    if wrong:
        raise SchemaError(f"rows: {wrong}")


def _all_places(parsed: ParsedSchema) -> list[tuple[str, str, Any]]:
    found = list(islice(_places(parsed.avro, parsed.named, "", ""), _PLACES_MAX + 1))
    if len(found) > _PLACES_MAX:
        raise SchemaError(f"schema: with the aliases of its fields it has more than {_PLACES_MAX} places")
    return found


def _places(node: Any, named: dict[str, Any], path: str, now: str) -> Iterator[tuple[str, str, Any]]:
    """Yield the paths that a grant may name, with what each is called `now` and its type; nothing within a union of several types.

    Of a union of null and one type more it is the other. A field stands there under its name and its aliases: so it was called in older
    versions, whose records are cut by the same grant.
    """
    one = nullable(node) if isinstance(node, list) else node
    if one is None:
        yield path, now, node
        return
    node = named.get(one, one) if isinstance(one, str) else one
    yield path, now, node
    match node:
        case {"type": "record", "fields": fields}:
            own = {field["name"] for field in fields}
            for field in fields:
                for name in (field["name"], *(alias for alias in _aliases(field) if alias not in own)):
                    yield from _places(field["type"], named, _below(path, name), _below(now, field["name"]))
        case {"type": "array", "items": inner}:
            yield from _places(inner, named, f"{path}[]", f"{now}[]")
        case {"type": "map", "values": inner}:
            yield from _places(inner, named, f"{path}{{}}", f"{now}{{}}")


def _aliases(field: dict[str, Any]) -> list[str]:
    aliases = field.get("aliases")
    return [one for one in aliases if isinstance(one, str)] if isinstance(aliases, list) else []


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _check_paths(what: str, paths: Collection[str], places: dict[str, Any]) -> None:
    if len(paths) > PATHS_MAX:
        raise SchemaError(f"{what}: {len(paths)} are named; at most {PATHS_MAX} are supported")
    for path in paths:
        if not path or path not in places:
            raise SchemaError(f"{what}: {path}: {_unknown(path, places)}")
    # In the order of their steps, what lies within a path follows it at once.
    for outer, path in pairwise(sorted(paths, key=_STEP.findall)):
        if path == outer:
            raise SchemaError(f"{what}: {path}: it is named twice")
        if within(path, outer):
            raise SchemaError(f"{what}: {path}: it lies within {outer}, which is named as well: name one of them")


def _unknown(path: str, places: dict[str, Any]) -> str:
    for outer, node in places.items():
        if isinstance(node, list) and within(path, outer):
            return f"{outer} is a union of several types: it is granted or hidden as a whole"
    near = get_close_matches(path, places, _NEAR_SHOWN)
    return "the schema has no such field" + (f"; near to it are {', '.join(near)}" if near else "")


def _check_mask(selection: Selection, path: str, text: str, node: Any) -> None:
    if kept(selection, path) is not Kept.MASKED:
        raise SchemaError(f"masks: {path}: it is not granted: name it in `fields` too, or drop its mask")
    try:
        wrong = misfit(read_mask(text), node)
    except ValueError as fault:
        wrong = str(fault)
    if wrong:
        raise SchemaError(f"masks: {path}: {wrong}")


class _Derivation:
    """One walk over a schema: types by their names, and which of them stand in the derived schema already."""

    def __init__(self, schema: dict[str, Any], selection: Selection) -> None:
        self._selection = selection
        self._named = dict(_definitions(schema, ""))
        self._written: set[str] = set()
        self._moved = _free_space(_space(next(iter(self._named))), self._named)

    def fields(self, node: dict[str, Any], full: str, path: str, at: str, *, whole: bool) -> list[dict[str, Any]]:
        """Return the fields of a record: `full` is its name in the source, `at` the namespace in which they stand."""
        space = _space(full)
        found = (self._field(field, space, _below(path, field["name"]), at, whole=whole) for field in node["fields"])
        return [field for field in found if field]

    def _field(self, field: dict[str, Any], space: str, path: str, at: str, *, whole: bool) -> dict[str, Any] | None:
        derived = self._type(field["type"], space, path, at, whole=whole)
        if derived is None:
            return None
        found = {"name": field["name"], "type": derived} | {name: field[name] for name in _OF_FIELDS if name in field}
        notes = [] if whole else [note(read_mask(text)) for place, text in self._selection.masks.items() if _carrier(place) == path]
        if notes:
            found["doc"] = str(field.get("doc", "")) + "".join(notes)
        if "default" in field:
            found["default"] = field["default"] if whole else self._default(field["type"], derived, field["default"], space, path)
        elif not whole and self._hides(path) and _is_null(derived[0] if isinstance(derived, list) else derived):
            found["default"] = None
        return found

    def _type(self, node: Any, space: str, path: str, at: str, *, whole: bool) -> Any:
        """Return what stands at a place, None where nothing does. `space` is the namespace around it in the source."""
        part = Kept.WHOLE if whole else kept(self._selection, path)
        if part is Kept.NONE:
            return None
        if part is Kept.MASKED:
            return self._masked(node, space, path, at)
        whole = part is Kept.WHOLE
        if isinstance(node, list):
            return self._union(node, space, path, at, whole=whole)
        full, node = self._resolved(node, space)
        kind = node if isinstance(node, str) else node["type"]
        if kind in {"array", "map"}:
            name, brackets = ("items", "[]") if kind == "array" else ("values", "{}")
            inner = self._type(node[name], space, path + brackets, at, whole=whole)
            return None if inner is None else _said(node) | {name: inner}
        if kind == "record" or (whole and kind in {"enum", "fixed"}):
            return self._named_type(node, full, path, at, whole=whole)
        return _bare(_said(node)) if whole else None

    def _union(self, node: list[Any], space: str, path: str, at: str, *, whole: bool) -> Any:
        one = nullable(node)
        if one is None:
            return [self._type(branch, space, f"{path}|{index}", at, whole=True) for index, branch in enumerate(node)] if whole else None
        derived = self._type(one, space, path, at, whole=whole)
        return None if derived is None else [_NULL if _is_null(branch) else derived for branch in node]

    def _masked(self, node: Any, space: str, path: str, at: str) -> Any:
        mask = read_mask(self._selection.masks[path])
        if mask.kind == "hide":
            whole = self._type(node, space, path, at, whole=True)
            if isinstance(whole, list):
                return whole if any(map(_is_null, whole)) else [_NULL, *whole]
            return whole if _is_null(whole) else [_NULL, whole]
        one = nullable(node) if isinstance(node, list) else node
        inner = None if one is None else self._resolved(one, space)[1]
        if inner is None or misfit(mask, inner):
            return None
        derived = masked_type(mask, inner)
        return [_NULL if _is_null(branch) else derived for branch in node] if isinstance(node, list) else derived

    def _named_type(self, node: dict[str, Any], full: str, path: str, at: str, *, whole: bool) -> Any:
        """Return a definition, or the name alone where the type is defined already.

        A type without a namespace cannot be named from within one, so there it is defined anew like one that is cut.
        """
        space, name = _space(full), full.rpartition(".")[2]
        if not whole or (at and not space):
            space = f"{self._moved}.{_steps(path)}"
        elif full in self._written:
            return name if space == at else full
        else:
            self._written.add(full)
        derived = _said(node) | {"name": name}
        if space != at:
            derived["namespace"] = space
        return derived | ({"fields": self.fields(node, full, path, space, whole=whole)} if node["type"] == "record" else {})

    def _default(self, node: Any, derived: Any, value: Any, space: str, path: str) -> Any:
        """Return what is left of a default of a place that stands in the derived schema as `derived`."""
        part = kept(self._selection, path)
        if part is Kept.WHOLE:
            return value
        if value is None or self._hides(path):
            return None
        if isinstance(node, list):
            node = nullable(node)
            derived = nullable(derived)
        full, node = self._resolved(node, space)
        if part is Kept.MASKED:
            return masked_default(read_mask(self._selection.masks[path]), node, value)
        match node:
            case {"type": "array", "items": inner}:
                return [self._default(inner, derived["items"], item, space, f"{path}[]") for item in value]
            case {"type": "map", "values": inner}:
                return {name: self._default(inner, derived["values"], item, space, f"{path}{{}}") for name, item in value.items()}
        types = {field["name"]: field["type"] for field in node["fields"]}
        return {
            one["name"]: self._default(types[one["name"]], one["type"], value[one["name"]], _space(full), f"{path}.{one['name']}")
            for one in derived["fields"]
            if one["name"] in value
        }

    def _hides(self, path: str) -> bool:
        return self._selection.masks.get(path) == "hide"

    def _resolved(self, node: Any, space: str) -> tuple[str, Any]:
        """Return a type's full name, empty where it has none, and its definition."""
        if isinstance(node, str):
            full = _full(node, space)
            return ("", node) if node in PRIMITIVES else (full, self._named[full])
        return (_full(node["name"], node.get("namespace", space)), node) if "name" in node else ("", node)


def nullable(node: list[Any]) -> Any:
    """Return the other type of a union of null and one more; None for any other union."""
    others = [branch for branch in node if not _is_null(branch)]
    return others[0] if len(node) == 2 and len(others) == 1 else None


def _is_null(node: Any) -> bool:
    return node == _NULL or (isinstance(node, dict) and node["type"] == _NULL)


def _said(node: Any) -> dict[str, Any]:
    return {"type": node} if isinstance(node, str) else {"type": node["type"]} | {name: node[name] for name in _OF_TYPES if name in node}


def _bare(node: dict[str, Any]) -> Any:
    return node if len(node) > 1 else node["type"]


def _definitions(node: Any, space: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the named types of a schema with their full names, the outermost first."""
    if isinstance(node, list):
        for branch in node:
            yield from _definitions(branch, space)
    elif isinstance(node, dict):
        if node["type"] in {"record", "enum", "fixed"}:
            full = _full(node["name"], node.get("namespace", space))
            space = _space(full)
            yield full, node
        for inner in (*(field["type"] for field in node.get("fields", ())), node.get("items"), node.get("values")):
            yield from _definitions(inner, space)


def _free_space(space: str, named: dict[str, Any]) -> str:
    """Return the namespace around the types that are cut: one in which the resource has no types."""
    found = f"{space}.view" if space else "view"
    while any(full.startswith(f"{found}.") for full in named):
        found += "_"
    return found


def _steps(path: str) -> str:
    """Return a path as a part of a namespace."""
    return path.replace("[]", ".items").replace("{}", ".values").replace("|", ".branch")


def _carrier(path: str) -> str:
    """Return the field in whose doc a masked place is told of: itself, or that whose items or values are masked."""
    while path.endswith(("[]", "{}")):
        path = path[:-2]
    return path


def _full(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _space(full: str) -> str:
    return full.rpartition(".")[0]
