"""How a catalogue item goes from state to state. All of it is one author's word, so its state follows from that one log.

    draft -> submitted -> reviewed -> published, or updated where another content was in force
      ^          `-> returned, with all reasons at once
      `-- a new content may be drafted in every state; what is in force stays so until the new one is published
    any -> withdrawn; from there by a new draft

What a new content does not have to pass twice is said by `published` from `draft`: the authority's own act, see `apply_catalogue`.
"""

import msgspec

from node.model.items import Item, ItemStateValue, ItemValue, State
from node.model.values import EventRef

FROM: dict[str, frozenset[State]] = {
    "submitted": frozenset({"draft"}),
    "returned": frozenset({"submitted"}),
    "reviewed": frozenset({"submitted"}),
    "published": frozenset({"draft", "reviewed"}),
    "withdrawn": frozenset({"draft", "submitted", "returned", "reviewed", "published", "updated"}),
}
"""The states from which a step may be taken."""


def drafted(before: Item | None, value: ItemValue, content: EventRef, at: str) -> Item:
    """Return an item with a new content; one that is published stays in force."""
    if before is None:
        return Item(value=value, content=content, state="draft", at=at)
    return msgspec.structs.replace(before, value=value, content=content, state="draft", at=at, reasons=())


def stepped(before: Item | None, step: ItemStateValue, at: str) -> Item | str:
    """Return an item after a step, or the word for why the step counts for nothing."""
    if before is None:
        return "no-such-item"
    if step.content != before.content:
        return "superseded"
    if before.state not in FROM[step.state]:
        return "not-in-state"
    if step.state == "withdrawn":
        return msgspec.structs.replace(before, state="withdrawn", at=at, reasons=step.reasons, in_force=None, published=0)
    if step.state == "published":
        state: State = "updated" if before.published else "published"
        return msgspec.structs.replace(
            before,
            state=state,
            at=at,
            reasons=(),
            in_force=before.value,
            published=before.published + 1,
            version=before.value.facts.version,
            takers=step.takers,
        )
    return msgspec.structs.replace(before, state=step.state, at=at, reasons=step.reasons)
