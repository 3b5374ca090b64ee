"""Whether what grants show fits a resource's schemas, and the schemas of views that are to be said with a grant or a version."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import msgspec

from node.avro.deriving import check_renamed, check_selection, derive, filter_fits
from node.avro.selection import Selection
from node.control.bodies import check_bounds
from node.control.book import Book
from node.control.grants import Grant
from node.control.naming import selection_of
from node.control.registering import register, registered_id
from node.control.run import Run
from node.control.views import derived_text
from node.errors import CommandRefused, SchemaError
from node.model.names import Topic
from node.model.values import GrantValue

_NAMED_MAX = 10
"""Grants that a refusal names; of more it tells how many."""


def misfit(value: GrantValue, book: Book) -> str:
    """Return why a grant does not fit the newest version of its resource, with the place in it; empty where it fits. The book has the resource."""
    if value.whole:
        return ""
    newest = versions_of(book, value.resource)[-1]
    try:
        check_bounds(value.fields, value.rows, value.masks)
        check_selection(json.loads(newest), selection_of(value))
    except (SchemaError, ValueError) as error:
        return str(error)
    return ""


def check_still_shown(resource: Topic, schema: dict[str, Any], book: Book, today: date) -> None:
    """Refuse a version under which a view that is granted would fall silent: its rows cannot be asked, or a field is not what its mask is for."""
    for selection, grants in _shown(book, resource, today):
        why = _misfit(schema, selection)
        if why is not None:
            en, zh = why
            named = ", ".join(f"{grant.ref[0]}/{grant.ref[1]} ({grant.value.taker})" for grant in grants[:_NAMED_MAX])
            more = len(grants) - _NAMED_MAX
            raise CommandRefused(
                "schema-breaks-view",
                f"{resource}: with this schema {en}; that is granted by {named}{f' and {more} more' if more > 0 else ''}. Keep what it needs, "
                "or let the authority end the grant with `exchange-node grant revoke`, and its taker ask anew for the new version",
                f"{resource}：采用该模式后，{zh}；涉及授权：{named}{f' 等另外 {more} 项' if more > 0 else ''}。请保留其所需内容，"
                "或由主管部门用 `exchange-node grant revoke` 终止授权，待新版本生效后由使用部门重新申请",
            )


def say_shown(resource: Topic, more: Iterable[str], book: Book, today: date, run: Run) -> None:
    """Say the schemas of all views of a resource that are granted, for its versions and `more` to come, as far as they are not registered."""
    texts = [*versions_of(book, resource), *more]
    for selection, _grants in _shown(book, resource, today):
        say_derived(texts, selection, book, run)


def say_derived(texts: Iterable[str], selection: Selection, book: Book, run: Run) -> None:
    """Say what a selection leaves of each of these schemas, as far as the run's author has not registered it."""
    for text in texts:
        derived = derived_text(text, selection)
        if derived is not None and registered_id(derived, book, run.author) is None:
            register(json.loads(derived), book, run)


def versions_of(book: Book, resource: Topic) -> list[str]:
    """Return the texts of a resource's versions, each once, in order."""
    return list(dict(book.schemas_of(resource)).values())


def _shown(book: Book, resource: Topic, today: date) -> Iterator[tuple[Selection, list[Grant]]]:
    """Yield what active grants show of a resource that needs a view, and the grants that show it."""
    found: dict[str, list[Grant]] = {}
    for grant in sorted(book.active_on(resource, today), key=lambda grant: grant.ref):
        if grant.view is not None:
            found.setdefault(repr(selection_of(grant.value)), []).append(grant)
    return ((selection_of(grants[0].value), grants) for grants in found.values())


def _misfit(schema: dict[str, Any], selection: Selection) -> tuple[str, str] | None:
    """Return why records under a schema could no longer be shown as a selection says, in both languages; None where they can."""
    try:
        check_renamed(schema, selection)
    except SchemaError as error:  # a mask on the old name alone would show under the new one what it hides
        return f"a field has another name: {error}", f"字段改名后授权不再一致：{error}"
    # A place that is not what its mask is for is left out, while any place can be hidden.
    hidden = msgspec.structs.replace(selection, masks=dict.fromkeys(selection.masks, "hide"))
    try:
        if not filter_fits(schema, selection.rows):
            return f"the rows `{selection.rows}` can no longer be asked", f"行条件 `{selection.rows}` 已不适用"
        lost = sorted(set(_places(derive(schema, hidden), "")) - set(_places(derive(schema, selection), "")))
    except (SchemaError, ValueError) as error:  # a mask that this version does not know, of a node that went back to it
        return f"nothing can be derived: {error}", f"无法派生视图的模式：{error}"
    if lost:
        return f"the mask of {lost[0]} no longer fits it", f"{lost[0]} 的脱敏方式已不适用"
    return None


def _places(node: Any, path: str) -> Iterator[str]:
    """Yield the fields of a derived schema by their paths."""
    match node:
        case list():
            for branch in node:
                yield from _places(branch, path)
        case {"type": "record", "fields": fields}:
            for field in fields:
                place = f"{path}.{field['name']}" if path else field["name"]
                yield place
                yield from _places(field["type"], place)
        case {"items": inner}:
            yield from _places(inner, f"{path}[]")
        case {"values": inner}:
            yield from _places(inner, f"{path}{{}}")
