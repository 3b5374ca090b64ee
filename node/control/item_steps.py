"""How a catalogue item goes from state to state. All of it is one author's word, so its state follows from that one log.

    draft -> submitted -> reviewed -> published, or updated where another content was in force
      ^          `-> returned, with all reasons at once
      `-- a new content may be drafted in every state; what is in force stays so until the new one is published
    any -> withdrawn; from there by a new draft

A content of an item in force may tell since which day that is no longer right: from then on the department's time for the update runs. It may be
extended once, with the authority's consent. Publishing, whatever content, ends all of that, and so does a withdrawal.

What a new content does not have to pass twice is said by `published` from `draft`: the authority's own act, see `apply_catalogue`.
"""

from typing import Any, assert_never

import msgspec

from node.model.items import Item, ItemAct, ItemExtensionConsentedValue, ItemExtensionValue, ItemStateValue, ItemValue, State
from node.model.values import EventRef

FROM: dict[str, frozenset[State]] = {
    "submitted": frozenset({"draft"}),
    "returned": frozenset({"submitted"}),
    "reviewed": frozenset({"submitted"}),
    "published": frozenset({"draft", "reviewed"}),
    "withdrawn": frozenset({"draft", "submitted", "returned", "reviewed", "published", "updated"}),
}
"""The states from which a step may be taken."""
_NO_UPDATE: dict[str, Any] = {"changed": "", "extension": None, "consented": None}


def drafted(before: Item | None, value: ItemValue, content: EventRef, at: str) -> Item:
    """Return an item with a new content; one that is published stays in force."""
    if before is None:
        return Item(value=value, content=content, state="draft", at=at)
    changed = (value.changed or before.changed) if before.in_force is not None else ""
    return msgspec.structs.replace(before, value=value, content=content, state="draft", at=at, reasons=(), changed=changed)


def acted(before: Item | None, body: ItemAct, at: str) -> Item | str:
    """Return an item after an act, or the word for why the act counts for nothing."""
    match body:
        case ItemStateValue():
            return stepped(before, body, at)
        case ItemExtensionValue() | ItemExtensionConsentedValue():
            return _extended(before, body)
        case _:
            assert_never(body)


def stepped(before: Item | None, step: ItemStateValue, at: str) -> Item | str:
    """Return an item after a step, or the word for why the step counts for nothing."""
    if before is None:
        return "no-such-item"
    if step.content != before.content:
        return "superseded"
    if before.state not in FROM[step.state]:
        return "not-in-state"
    if step.state == "withdrawn":
        return msgspec.structs.replace(before, state="withdrawn", at=at, reasons=step.reasons, in_force=None, published=0, **_NO_UPDATE)
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
            **_NO_UPDATE,
        )
    return msgspec.structs.replace(before, state=step.state, at=at, reasons=step.reasons)


def _extended(before: Item | None, body: ItemExtensionValue | ItemExtensionConsentedValue) -> Item | str:
    if before is None:
        return "no-such-item"
    if isinstance(body, ItemExtensionValue):
        due_once = before.changed and before.extension is None
        return msgspec.structs.replace(before, extension=body) if due_once else "not-in-state"
    if before.extension is None:
        return "no-such-extension"
    return msgspec.structs.replace(before, consented=body) if before.consented is None else "not-in-state"
