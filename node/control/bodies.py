"""What may stand in an event's body: one value for each kind, and what its fields must be by themselves.

Whether the author was entitled to say it is the book's question; here stands only what the body alone can show.
"""

import re
from collections.abc import Callable
from datetime import date

import msgspec

from node.avro.ids import ID_MAX, text_id
from node.errors import EventError
from node.model import names
from node.model.limits import MESSAGE_BYTES_MAX, PARTITIONS_MAX
from node.model.values import DepartmentValue, DivisionValue, GrantEndedValue, GrantValue, ResourceValue, SchemaValue

Body = DivisionValue | DepartmentValue | SchemaValue | ResourceValue | GrantValue | GrantEndedValue

KINDS: dict[str, type[Body]] = {
    "division": DivisionValue,
    "department": DepartmentValue,
    "schema": SchemaValue,
    "resource": ResourceValue,
    "grant": GrantValue,
    "grant-ended": GrantEndedValue,
}
KIND_OF: dict[type[Body], str] = {value: kind for kind, value in KINDS.items()}
SEQUENCE_MAX = 2**53 - 1
"""The greatest integer that every JSON reader keeps exact (RFC 8785, I-JSON)."""
RETENTION_MS_MAX = 2**63 - 1
REASON_MAX = 300
"""Characters of a reason: it quotes what it was given, and that may be a megabyte."""

TEXT_MAX = 4096
"""Characters of what people write to each other, a purpose, a condition or a reason: a page."""
GRANT_PATHS_MAX = 1024
"""Fields that a grant names, and as many masks: far above what a schema has."""
GRANT_TEXT_MAX = 1024
"""Characters of a path or a mask."""
GRANT_ROWS_MAX = 16 * 1024
"""Characters of the expression that chooses rows: some hundred tests, more than a filter may have."""

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


def _grant(body: GrantValue) -> None:
    names.resource(body.resource)
    names.department(body.taker)
    check_date("until", body.until)
    check_bounds(body.fields, body.rows, body.masks)


def _grant_ended(body: GrantEndedValue) -> None:
    author, sequence = body.grant
    names.division(author)
    _within("grant", sequence, 1, SEQUENCE_MAX)


def _within(field: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise ValueError(f"{field}: {number} is not within {least} and {most}")


_CHECKS: dict[type, Callable[..., None]] = {
    DivisionValue: _division,
    DepartmentValue: _department,
    SchemaValue: _schema,
    ResourceValue: _resource,
    GrantValue: _grant,
    GrantEndedValue: _grant_ended,
}
