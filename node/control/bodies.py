"""What may stand in an event's body: one value for each kind, and what its fields must be by themselves.

Whether the author was entitled to say it is the book's question; here stands only what the body alone can show.
"""

import re
from collections.abc import Callable
from datetime import date

import msgspec

from node.avro.ids import ID_MAX, text_id
from node.errors import EventError
from node.model import keys, names
from node.model.items import ItemAct, ItemExtensionConsentedValue, ItemExtensionValue, ItemStateValue, ItemValue
from node.model.limits import MESSAGE_BYTES_MAX, PARTITIONS_MAX
from node.model.values import (
    Actor,
    DepartmentValue,
    DivisionValue,
    EndFiledValue,
    EventRef,
    ExtensionConsentedValue,
    ExtensionValue,
    GrantEndedValue,
    GrantResumedValue,
    GrantSeenValue,
    GrantSuspendedValue,
    GrantValue,
    KeyRevokedValue,
    NodeKeyValue,
    RequestAmendedValue,
    RequestAnsweredValue,
    RequestApprovedValue,
    RequestIncompleteValue,
    RequestValue,
    RequestWithdrawnValue,
    ResourceValue,
    SchemaValue,
)

GrantAct = GrantEndedValue | GrantSuspendedValue | GrantResumedValue | EndFiledValue | GrantSeenValue
"""What is said of a grant after it was given."""
AskerAct = RequestAmendedValue | RequestApprovedValue | RequestWithdrawnValue | ExtensionConsentedValue
OwnerAct = RequestIncompleteValue | ExtensionValue | RequestAnsweredValue
RequestAct = AskerAct | OwnerAct
"""What is said of a request after it was made, by either side."""
KeyAct = NodeKeyValue | KeyRevokedValue
"""What is said of a node's keys."""
Entity = DivisionValue | DepartmentValue | SchemaValue | ResourceValue | ItemValue | GrantValue | RequestValue
Body = Entity | KeyAct | ItemAct | GrantAct | RequestAct

KINDS: dict[str, type[Body]] = {
    "node-key": NodeKeyValue,
    "key-revoked": KeyRevokedValue,
    "division": DivisionValue,
    "department": DepartmentValue,
    "schema": SchemaValue,
    "resource": ResourceValue,
    "item": ItemValue,
    "item-state": ItemStateValue,
    "item-extension": ItemExtensionValue,
    "item-extension-consented": ItemExtensionConsentedValue,
    "grant": GrantValue,
    "grant-ended": GrantEndedValue,
    "grant-suspended": GrantSuspendedValue,
    "grant-resumed": GrantResumedValue,
    "grant-seen": GrantSeenValue,
    "end-filed": EndFiledValue,
    "request": RequestValue,
    "request-amended": RequestAmendedValue,
    "request-approved": RequestApprovedValue,
    "request-withdrawn": RequestWithdrawnValue,
    "request-incomplete": RequestIncompleteValue,
    "request-answered": RequestAnsweredValue,
    "extension": ExtensionValue,
    "extension-consented": ExtensionConsentedValue,
}
KIND_OF: dict[type[Body], str] = {value: kind for kind, value in KINDS.items()}
SEQUENCE_MAX = 2**53 - 1
"""The greatest integer that every JSON reader keeps exact (RFC 8785, I-JSON)."""
RETENTION_MS_MAX = 2**63 - 1
REASON_MAX = 300
"""Characters of a reason: it quotes what it was given, and that may be a megabyte."""

TEXT_MAX = 4096
"""Characters of what people write to each other, a purpose, a condition or a reason: a page."""
ITEM_MANY_MAX = 100
"""Themes, ways, related resources and reasons of an item, each: more than a person reads."""
ACTOR_MAX = 200
"""Characters of an actor's name."""
MISSING_MAX = 64
"""Things that a request lacks. At TEXT_MAX characters of three bytes each they fill 768 KiB, which an event still takes."""
EXTENSION_DAYS_MAX = 10
"""Working days by which an answer may be put off (State Council Decree 809)."""
VERSION_MAX = 10_000
"""Versions of a request."""
DISPOSED_MAX = 4
"""Topics that a grant lets a node have a copy of: the resource's own or one view, today."""
GRANT_PATHS_MAX = 1024
"""Fields that a grant names, and as many masks: far above what a schema has."""
GRANT_TEXT_MAX = 1024
"""Characters of a path or a mask."""
GRANT_ROWS_MAX = 16 * 1024
"""Characters of the expression that chooses rows: some hundred tests, more than a filter may have."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECODERS = {kind: msgspec.json.Decoder(value) for kind, value in KINDS.items()}


def read_body(kind: str, raw: msgspec.Raw) -> Body | None:
    """Return the body of a known kind, None for an unknown one; EventError says which field is wrong and why."""
    decoder = _DECODERS.get(kind)
    if decoder is None:
        return None
    try:
        body = decoder.decode(raw)
        check_body(body)
    except (msgspec.DecodeError, ValueError) as error:
        raise EventError(f"body of {kind}: {error}"[:REASON_MAX]) from error
    return body


def check_body(body: Body) -> None:
    """Raise ValueError when a field is not what its kind allows, whoever says it."""
    _CHECKS[type(body)](body)


def check_date(field: str, text: str) -> None:
    """Raise ValueError unless `text` is empty or a day such as 2026-11-22 (ISO 8601 extended)."""
    if text and not _DATE.fullmatch(text):
        raise ValueError(f"{field}: {text!r} is no day such as 2026-11-22")
    if text:
        date.fromisoformat(text)


def check_bounds(fields: tuple[str, ...] | None, rows: str, masks: dict[str, str]) -> None:
    """Raise ValueError when what a grant names is nothing or too much. Whether it fits a schema is asked where it is given, not here."""
    _within("fields", 1 if fields is None else len(fields), 1, GRANT_PATHS_MAX)
    _within("masks", len(masks), 0, GRANT_PATHS_MAX)
    _within("rows", len(rows), 0, GRANT_ROWS_MAX)
    for text in (*(fields or ()), *masks, *masks.values()):
        # The empty path would be the record as a whole.
        _within("characters of a field or mask", len(text), 1, GRANT_TEXT_MAX)


def _division(body: DivisionValue) -> None:
    names.division(body.code)
    if body.parent is not None:
        names.division(body.parent)
    if body.successor:
        names.division(body.successor)
    check_date("valid_from", body.valid_from)
    check_date("valid_to", body.valid_to)


def _node_key(body: NodeKeyValue) -> None:
    names.division(body.division)
    keys.read_key(body.key)


def _key_revoked(body: KeyRevokedValue) -> None:
    names.division(body.division)
    keys.read_key(body.key)
    _within("last", body.last, 0, SEQUENCE_MAX)
    if not _DIGEST.fullmatch(body.digest) if body.last else body.digest:
        raise ValueError("digest: the SHA-256 of event `last` in 64 hexadecimal digits, and empty where that is 0")


def _department(body: DepartmentValue) -> None:
    names.department(body.department)


def _schema(body: SchemaValue) -> None:
    # The id vouches for the text byte for byte. Whether the text is good Avro is not asked: the answer would depend on a library's version.
    if text_id(body.schema) != body.id:
        raise ValueError(f"id: {body.id} is not the id of the schema's text")


def _resource(body: ResourceValue) -> None:
    names.resource(body.name)
    _within("schema", body.schema, 0, ID_MAX)
    _within("partitions", body.partitions, 1, PARTITIONS_MAX)
    _within("max_message_bytes", body.max_message_bytes, 1, MESSAGE_BYTES_MAX)
    if body.retention_ms != -1:
        _within("retention_ms", body.retention_ms, 1, RETENTION_MS_MAX)
    _within("characters of condition", len(body.condition), 0, TEXT_MAX)
    _within("characters of legal_basis", len(body.legal_basis), 0, TEXT_MAX)


def _item(body: ItemValue) -> None:
    facts = body.facts
    _actor(body.by)
    _resource(body.resource)
    # The same twice: what is published says them of the resource.
    said, meant = body.resource, facts.sharing
    if (said.sharing, said.condition, said.legal_basis) != (meant.type, meant.condition, meant.legal_basis):
        raise ValueError("sharing: the resource and the facts of the item differ")
    for name in facts.related:
        names.resource(name)
    check_date("changed", body.changed)
    _within("version", facts.version, 1, SEQUENCE_MAX)
    for field, many in (("related", facts.related), ("themes", facts.classification.themes), ("ways", meant.ways)):
        _within(field, len(many), 0, ITEM_MANY_MAX)
    texts = (facts.code, facts.credit_code, facts.summary, facts.update_cycle, facts.opening.condition, *facts.classification.themes)
    for text in texts:
        _text("facts", text, 0)


def _item_state(body: ItemStateValue) -> None:
    _actor(body.by)
    names.resource(body.item)
    _ref("content", body.content)
    _within("reasons", len(body.reasons), 0, ITEM_MANY_MAX)
    for text in body.reasons:
        _text("reasons", text, 0)
    for taker in body.takers:
        names.department(taker)


def _item_extension(body: ItemExtensionValue | ItemExtensionConsentedValue) -> None:
    _actor(body.by)
    names.resource(body.item)
    if isinstance(body, ItemExtensionValue):
        _text("reason", body.reason, 1)


def _grant(body: GrantValue) -> None:
    names.resource(body.resource)
    names.department(body.taker)
    check_date("until", body.until)
    check_bounds(body.fields, body.rows, body.masks)
    _ref("request", body.request)


def _grant_ended(body: GrantEndedValue) -> None:
    _actor(body.by)
    _ref("grant", body.grant)
    _text("reason", body.reason, 0)
    if body.filed is not None:
        _ref("filed", body.filed)


def _grant_act(body: GrantSuspendedValue | GrantResumedValue | EndFiledValue) -> None:
    _actor(body.by)
    _ref("grant", body.grant)
    _text("reason", body.reason, 0 if isinstance(body, GrantResumedValue) else 1)


def _grant_seen(body: GrantSeenValue) -> None:
    _actor(body.by)
    _ref("grant", body.grant)
    _within("disposed", len(body.disposed), 0, DISPOSED_MAX)
    for topic in body.disposed:
        names.resource(names.resource_of(topic) if names.is_view(topic) else topic)


def _request(body: RequestValue) -> None:
    _actor(body.by)
    names.resource(body.resource)
    names.department(body.taker)
    _text("basis", body.basis, 1)
    _text("purpose", body.purpose, 1)
    check_date("until", body.until)
    check_bounds(body.fields, body.rows, body.masks)
    if body.renews is not None:
        _ref("renews", body.renews)
    if isinstance(body, RequestAmendedValue):
        _ref("request", body.request)


def _request_act(
    body: RequestApprovedValue
    | RequestWithdrawnValue
    | RequestIncompleteValue
    | ExtensionValue
    | ExtensionConsentedValue
    | RequestAnsweredValue,
) -> None:
    _actor(body.by)
    _ref("request", body.request)
    match body:
        case RequestApprovedValue():
            _within("version", body.version, 1, VERSION_MAX)
        case RequestWithdrawnValue():
            _text("reason", body.reason, 0)
        case RequestIncompleteValue():
            _within("version", body.version, 1, VERSION_MAX)
            _within("missing", len(body.missing), 1, MISSING_MAX)
            for text in body.missing:
                _text("missing", text, 1)
        case ExtensionValue():
            _within("days", body.days, 1, EXTENSION_DAYS_MAX)
            _text("reason", body.reason, 1)
        case RequestAnsweredValue():
            _text("reason", body.reason, 0 if body.consents else 1)
        case ExtensionConsentedValue():
            pass


def _actor(by: Actor) -> None:
    _within("characters of the actor's name", len(by.name.strip()), 1, ACTOR_MAX)
    _within("characters of the actor's name", len(by.name), 1, ACTOR_MAX)
    if by.department:
        names.department(by.department)


def _ref(field: str, ref: EventRef) -> None:
    author, sequence = ref
    names.division(author)
    _within(field, sequence, 1, SEQUENCE_MAX)


def _text(field: str, text: str, least: int) -> None:
    # What only looks like a text is none: a reason of blanks says nothing.
    _within(f"characters of {field}", len(text.strip()), least, TEXT_MAX)
    _within(f"characters of {field}", len(text), 0, TEXT_MAX)


def _within(field: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise ValueError(f"{field}: {number} is not within {least} and {most}")


_CHECKS: dict[type, Callable[..., None]] = {
    NodeKeyValue: _node_key,
    KeyRevokedValue: _key_revoked,
    DivisionValue: _division,
    DepartmentValue: _department,
    SchemaValue: _schema,
    ResourceValue: _resource,
    ItemValue: _item,
    ItemStateValue: _item_state,
    ItemExtensionValue: _item_extension,
    ItemExtensionConsentedValue: _item_extension,
    GrantValue: _grant,
    GrantEndedValue: _grant_ended,
    GrantSuspendedValue: _grant_act,
    GrantResumedValue: _grant_act,
    EndFiledValue: _grant_act,
    GrantSeenValue: _grant_seen,
    RequestValue: _request,
    RequestAmendedValue: _request,
    RequestApprovedValue: _request_act,
    RequestWithdrawnValue: _request_act,
    RequestIncompleteValue: _request_act,
    RequestAnsweredValue: _request_act,
    ExtensionValue: _request_act,
    ExtensionConsentedValue: _request_act,
}
