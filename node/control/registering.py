"""Registering a schema: the text and id under which a node's log says it, and where it was said."""

import itertools
import json
from collections.abc import Mapping
from functools import lru_cache

from node.avro.ids import canonical, text_id
from node.control.book import Book
from node.control.run import Run
from node.model.names import Division
from node.model.values import SchemaValue

_NONCES = 16
"""Ids in a row that may be another's before a schema is taken for unregistered: with n schemas known, a probability of (n / 2^31)^16."""


def register(schema: Mapping[str, object], book: Book, run: Run) -> SchemaValue:
    """Return a schema as the run's author registers it, said by it unless it was before; where another schema holds its id, it has a nonce.

    Ends: with n schemas known, each further nonce is needed with a probability of n in 2^31. SchemaError as `canonical` raises it.
    """
    for nonce in itertools.count():
        text = canonical({**schema, "nonce": nonce} if nonce else schema)
        found = SchemaValue(id=text_id(text), schema=text)
        holders = book.schemas.get(found.id, {})
        if found in {holders.get(run.author), run.schemas.get(found.id)}:
            return found
        if all(other == found for other in (*holders.values(), run.schemas.get(found.id, found))):
            run.say(found)
            return found
    raise AssertionError


def registered_id(text: str, book: Book, author: Division) -> int | None:
    """Return the id under which `author` registered a schema, given as its canonical text; None while it has not."""
    for nonce in range(_NONCES):
        candidate = _candidate(text, nonce)
        if book.schemas.get(candidate.id, {}).get(author) == candidate:
            return candidate.id
    return None


@lru_cache(maxsize=4096)
def _candidate(text: str, nonce: int) -> SchemaValue:
    # Asked for each view at each event; the texts are those of the book and of `views`, which bounds them too.
    if nonce:
        text = canonical(json.loads(text) | {"nonce": nonce})
    return SchemaValue(id=text_id(text), schema=text)
