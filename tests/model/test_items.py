"""Answers for node/model/items.py."""

import msgspec

from node.model.items import ItemValue
from tests.control.offers import value


def test_a_content_reads_what_it_writes() -> None:
    """Nested facts come back as they went, and a newer node's fields are kept out at every depth."""
    said = msgspec.to_builtins(value())
    assert msgspec.json.decode(msgspec.json.encode(said), type=ItemValue) == value()
    said["facts"]["sharing"]["newer"] = 1
    assert msgspec.json.decode(msgspec.json.encode(said | {"newer": 1}), type=ItemValue) == value()
