"""Whose keys count: the node's own, and those of all divisions as the book has them."""

from litestar import get
from litestar.di import NamedDependency

from node.control.holders import KeyRing, OwnKey, holders
from node.control.sight import OVERSEERS
from node.model.keys import fingerprint
from node.runtime import Node


@get("/v1/keys", roles=OVERSEERS, act="show-keys", sync_to_thread=False)
def keys(node: NamedDependency[Node]) -> KeyRing:
    """Tell the node's own key, and whose keys count."""
    here, hand, book = node.settings.division, node.ledger.hand, node.ledger.book
    found = holders(book, here)
    known = {key.key: key.state for one in found if one.division == here for key in one.keys}
    own = OwnKey(
        division=here,
        key=hand.key,
        fingerprint=fingerprint(hand.key),
        state=known.get(hand.key, "unvouched" if hand.begins(book) is None else "valid"),
        reasons=tuple(node.ledger.reasons),
        next=hand.next,
        root=hand.pin,
    )
    return KeyRing(own=own, divisions=found)


HANDLERS = [keys]
