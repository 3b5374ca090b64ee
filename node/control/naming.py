"""The name of the view that a grant needs: the same on every node, from the owner's own log alone."""

import hashlib
from typing import Any

import msgspec
import rfc8785

from node.avro.selection import Kept, Selection, kept
from node.model.names import Topic, view_topic
from node.model.values import EventRef, GrantValue, RequestValue, SchemaValue

_DIGITS = 12
"""48 bits: whoever makes two of its views meet, by 2^24 tries, spoils its own."""
_KEYLESS_MASKS = frozenset({"hide", "keep-first", "keep-last", "year", "round"})
"""Those that yield the same whoever takes them. A mask of a newer node's may not, and is not among them."""


class _Keyed(msgspec.Struct, frozen=True):
    """Of a schema's JSON no more than its key: all else is skipped, however long or odd it is."""

    key: tuple[str, ...] = ()


_KEYED = msgspec.json.Decoder(_Keyed)


def view_name(ref: EventRef, value: GrantValue, first: SchemaValue) -> Topic | None:
    """Return the topic of the view that a grant needs, None where it is the whole resource; `first` is the resource's first version.

    Grants with the same fields, rows and masks share a view while nobody could learn more by that than by his own grant: neither from a key that
    is hidden (two takers would join on it), nor from an `hmac`, nor from what came before a history that begins now. Never raises.
    """
    if value.whole:
        return None
    means: list[Any] = [value.resource, None if value.fields is None else sorted(value.fields), value.rows, value.masks, value.history]
    if not _shared(value, first):
        means.append(list(ref))
    return view_topic(value.resource, hashlib.sha256(rfc8785.dumps(means)).hexdigest()[:_DIGITS])


def selection_of(value: GrantValue | RequestValue) -> Selection:
    """Return what of the resource's records a grant gives, or would give; equal for grants that share a view."""
    fields = None if value.fields is None else tuple(sorted(value.fields))
    return Selection(fields=fields, rows=value.rows, masks=dict(sorted(value.masks.items())))


def _shared(value: GrantValue, first: SchemaValue) -> bool:
    if value.history != "all" or any(mask.partition(":")[0] not in _KEYLESS_MASKS for mask in value.masks.values()):
        return False
    try:
        # The first version's, so that no later one gives a view another name: the key never changes.
        # As bytes: a text that is decoded keeps its UTF-8 beside itself for ever, half as much again for each schema of the book.
        key = _KEYED.decode(first.schema.encode()).key
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    selection = selection_of(value)
    return all(kept(selection, name) is Kept.WHOLE for name in key)
