"""Answers for node/control/bodies.py."""

import msgspec
import pytest
from msgspec import to_builtins

from node.avro.ids import text_id
from node.control.bodies import KIND_OF, KINDS, MISSING_MAX, TEXT_MAX, Body, check_date, read_body
from node.errors import EventError
from node.model.items import Classification, ItemExtensionConsentedValue, ItemExtensionValue, ItemStateValue, SharingTerms
from node.model.keys import key_text
from node.model.limits import CONTROL_EVENT_BYTES_MAX
from node.model.names import Department, Division, Topic, view_topic
from node.model.values import (
    Actor,
    DepartmentValue,
    DivisionValue,
    EndFiledValue,
    ExtensionConsentedValue,
    ExtensionValue,
    GrantEndedValue,
    GrantResumedValue,
    GrantSeenValue,
    GrantSuspendedValue,
    GrantValue,
    KeyRevokedValue,
    Kind,
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
from tests.control.offers import facts, value

HERE = Division("445102")
VILLAGES = Topic("445102.civil-affairs.villages")
TAKER = Department("440000.civil-affairs")
HEAD = Actor(name="陈", role="head", department=TAKER)
ASKED = RequestValue(by=HEAD, resource=VILLAGES, taker=TAKER, basis="依据", purpose="核对", fields=("code",), renews=(HERE, 3))
GRANT = GrantValue(resource=VILLAGES, taker=TAKER, purpose="核对", fields=("code",), until="2026-12-31", request=(Division("440000"), 7))
KEY = key_text(bytes(range(32)))
BODIES: list[Body] = [
    NodeKeyValue(division=HERE, key=KEY),
    KeyRevokedValue(division=HERE, key=KEY, last=7, digest="0" * 64),
    DivisionValue(code=HERE, name="湘桥区", level="county", parent=Division("445100"), valid_from="2026-11-22"),
    DepartmentValue(department=Department("445102.civil-affairs"), name="民政局"),
    SchemaValue(id=text_id("{}"), schema="{}"),
    ResourceValue(name=VILLAGES, title="村", kind=Kind.STATE, schema=7, partitions=2),
    GRANT,
    GrantEndedValue(by=HEAD, grant=(HERE, 7), reason="期满", filed=(HERE, 8)),
    GrantSuspendedValue(by=HEAD, grant=(HERE, 7), reason="超范围使用"),
    GrantResumedValue(by=HEAD, grant=(HERE, 7)),
    GrantSeenValue(by=HEAD, grant=(HERE, 7), state="ended", disposed=(VILLAGES, view_topic(VILLAGES, "0123456789ab"))),
    EndFiledValue(by=HEAD, grant=(HERE, 7), reason="系统停用"),
    value(),
    ItemStateValue(by=HEAD, item=VILLAGES, content=(HERE, 7), state="returned", reasons=("缺依据",)),
    ItemExtensionValue(by=HEAD, item=VILLAGES, reason="需会商"),
    ItemExtensionConsentedValue(by=HEAD, item=VILLAGES),
    ASKED,
    RequestAmendedValue(request=(HERE, 9), **msgspec.structs.asdict(ASKED)),
    RequestApprovedValue(by=HEAD, request=(HERE, 9), version=1),
    RequestWithdrawnValue(by=HEAD, request=(HERE, 9)),
    RequestIncompleteValue(by=HEAD, request=(HERE, 9), version=1, missing=("依据的条款",)),
    RequestAnsweredValue(by=HEAD, request=(HERE, 9), consents=False, reason="超出职责"),
    ExtensionValue(by=HEAD, request=(HERE, 9), days=10, reason="需会商"),
    ExtensionConsentedValue(by=HEAD, request=(HERE, 9)),
]
NAMES = [KIND_OF[type(body)] for body in BODIES]


@pytest.mark.parametrize("body", BODIES, ids=NAMES)
def test_every_kind_reads_what_it_writes(body: Body) -> None:
    """A body written as JSON is read back equal, under the kind that belongs to its type."""
    assert read_body(KIND_OF[type(body)], msgspec.Raw(msgspec.json.encode(body))) == body


@pytest.mark.parametrize("body", BODIES, ids=NAMES)
def test_fields_of_a_newer_node_are_kept_out(body: Body) -> None:
    """A field that this version does not know is no error and leaves no trace."""
    newer = msgspec.to_builtins(body) | {"vouched_by": ["440000", {"x": 1}]}
    assert read_body(KIND_OF[type(body)], msgspec.Raw(msgspec.json.encode(newer))) == body


def test_every_kind_is_among_them() -> None:
    """Whoever adds a kind says here what its fields are held to."""
    assert set(NAMES) == set(KINDS)


def test_an_unknown_kind_has_no_body() -> None:
    """What a newer node says in a kind of its own is not read at all."""
    assert read_body("objection", msgspec.Raw(b"[1]")) is None


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("division", {"code": "44510"}, "division code"),
        ("division", {"code": "４４５１０２"}, "division code"),
        ("division", {"parent": "x"}, "division code"),
        ("division", {"successor": "x"}, "division code"),
        ("division", {"level": "moon"}, "level"),
        ("division", {"valid_from": "20261122"}, "valid_from"),
        ("division", {"valid_to": "2026-02-30"}, "day"),
        ("division", {"name": 5}, "name"),
        ("node-key", {"division": "44510"}, "division code"),
        ("node-key", {"key": "sm2:AAAA"}, "algorithm"),
        ("key-revoked", {"key": KEY[:-4]}, "32 bytes"),
        ("key-revoked", {"last": -1}, "last"),
        ("key-revoked", {"last": 0}, "digest"),
        ("key-revoked", {"digest": ""}, "digest"),
        ("department", {"department": "445102.node"}, "department"),
        ("department", {"department": "445102"}, "department"),
        ("schema", {"id": 5}, "id of the schema"),
        ("schema", {"schema": "{ }"}, "id of the schema"),
        ("resource", {"name": "445102.civil-affairs"}, "resource"),
        ("resource", {"kind": "rumours"}, "kind"),
        ("resource", {"partitions": 0}, "partitions"),
        ("resource", {"partitions": 1025}, "partitions"),
        ("resource", {"partitions": True}, "int"),
        ("resource", {"schema": 2**31}, "schema"),
        ("resource", {"retention_ms": 0}, "retention_ms"),
        ("resource", {"retention_ms": 2**63}, "retention_ms"),
        ("resource", {"max_message_bytes": 2**30}, "max_message_bytes"),
        ("resource", {"sharing": "sometimes"}, "sharing"),
        ("resource", {"condition": "x" * 4097}, "condition: 4097"),
        ("resource", {"legal_basis": "x" * 4097}, "legal_basis: 4097"),
        ("item", {"by": {"name": " ", "role": "head"}}, "actor"),
        ("item", {"facts": to_builtins(facts(related=("x",)))}, "resource"),
        ("item", {"facts": to_builtins(facts(version=0))}, "version"),
        ("item", {"facts": to_builtins(facts(sharing=SharingTerms(type="unconditional")))}, "sharing"),
        ("item", {"facts": to_builtins(facts(classification=Classification(themes=("x",) * 101)))}, "themes"),
        ("item", {"facts": to_builtins(facts(summary="x" * 4097))}, "facts"),
        ("item", {"changed": "2026-02-30"}, "day"),
        ("item", {"changed": "20261122"}, "changed"),
        ("item-extension", {"item": "445102"}, "resource"),
        ("item-extension", {"reason": " "}, "reason"),
        ("item-extension-consented", {"by": {"name": "", "role": "authority"}}, "actor"),
        ("item-state", {"state": "draft"}, "state"),
        ("item-state", {"content": ["445102", 0]}, "content"),
        ("item-state", {"item": "445102"}, "resource"),
        ("item-state", {"reasons": ["x"] * 101}, "reasons"),
        ("item-state", {"reasons": ["x" * 4097]}, "reasons"),
        ("item-state", {"takers": ["445102"]}, "department"),
        ("grant", {"resource": "445102.civil-affairs.a.b"}, "resource"),
        ("grant", {"taker": "445102"}, "department"),
        ("grant", {"until": "2026-W47-7"}, "until"),
        ("grant", {"history": "some"}, "history"),
        ("grant", {"fields": []}, "fields: 0 is not within 1 and 1024"),
        ("grant", {"fields": [""]}, "field or mask: 0 is not within 1 and 1024"),
        ("grant", {"fields": ["x"] * 1025}, "fields: 1025"),
        ("grant", {"fields": ["x" * 1025]}, "field or mask: 1025"),
        ("grant", {"rows": "x" * 16385}, "rows: 16385"),
        ("grant", {"masks": {"": "hide"}}, "field or mask: 0"),
        ("grant", {"masks": {"x": ""}}, "field or mask: 0"),
        ("grant", {"masks": {"x": "x" * 1025}}, "field or mask: 1025"),
        ("grant", {"masks": {str(number): "hide" for number in range(1025)}}, "masks: 1025"),
        ("grant", {"request": ["445102"]}, "request"),
        ("grant", {"request": None}, "request"),
        ("grant-ended", {"by": {"name": "", "role": "head"}}, "actor"),
        ("grant-ended", {"by": None}, "by"),
        ("grant-ended", {"reason": "x" * 4097}, "reason: 4097"),
        ("grant-ended", {"filed": ["445102", 0]}, "filed"),
        ("grant-suspended", {"reason": "  "}, "reason: 0"),
        ("grant-suspended", {"by": None}, "by"),
        ("grant-resumed", {"reason": "x" * 4097}, "reason: 4097"),
        ("grant-resumed", {"grant": ["x", 1]}, "division code"),
        ("grant-seen", {"state": "lost"}, "state"),
        ("grant-seen", {"disposed": ["445102.a.b"] * 5}, "disposed: 5"),
        ("grant-seen", {"disposed": ["445102.a"]}, "resource"),
        ("end-filed", {"reason": ""}, "reason: 0"),
        ("request", {"by": {"name": "x", "role": "king"}}, "role"),
        ("request", {"by": {"name": " ", "role": "head"}}, "actor"),
        ("request", {"by": {"name": "x" * 201, "role": "head"}}, "actor's name: 201"),
        ("request", {"by": {"name": "x", "role": "head", "department": "445102"}}, "department"),
        ("request", {"resource": "445102.a"}, "resource"),
        ("request", {"taker": "445102"}, "department"),
        ("request", {"basis": " "}, "basis: 0"),
        ("request", {"purpose": ""}, "purpose: 0"),
        ("request", {"purpose": " " * 4096 + "x"}, "purpose: 4097"),
        ("request", {"fields": []}, "fields: 0"),
        ("request", {"rows": "x" * 16385}, "rows: 16385"),
        ("request", {"masks": {"": "hide"}}, "field or mask: 0"),
        ("request", {"way": "post"}, "way"),
        ("request", {"until": "x"}, "until"),
        ("request", {"renews": ["445102", -1]}, "renews"),
        ("request-amended", {"request": ["445102", 2**53]}, "request"),
        ("request-amended", {"basis": ""}, "basis: 0"),
        ("request-approved", {"version": 0}, "version"),
        ("request-approved", {"version": 10_001}, "version"),
        ("request-withdrawn", {"reason": "x" * 4097}, "reason: 4097"),
        ("request-incomplete", {"version": 0}, "version"),
        ("request-incomplete", {"missing": []}, "missing: 0"),
        ("request-incomplete", {"missing": ["x"] * 65}, "missing: 65"),
        ("request-incomplete", {"missing": ["x", ""]}, "missing: 0"),
        ("request-incomplete", {"missing": ["x" * 4097]}, "missing: 4097"),
        ("request-answered", {"reason": ""}, "reason: 0"),
        ("request-answered", {"consents": "yes"}, "consents"),
        ("extension", {"days": 0}, "days: 0"),
        ("extension", {"days": 11}, "days: 11"),
        ("extension", {"reason": ""}, "reason: 0"),
        ("extension-consented", {"request": None}, "request"),
        ("grant-ended", {"grant": ["445102", 0]}, "grant"),
        ("grant-ended", {"grant": ["445102"]}, "grant"),
        ("grant-ended", {"grant": ["x", 1]}, "division code"),
    ],
)
def test_a_wrong_field_is_named(kind: str, change: dict[str, object], reason: str) -> None:
    """A body with one wrong field is an EventError that names kind and field."""
    good = next(body for body in BODIES if type(body) is KINDS[kind])
    with pytest.raises(EventError, match=f"body of {kind}.*{reason}"):
        read_body(kind, msgspec.Raw(msgspec.json.encode(msgspec.to_builtins(good) | change)))


def test_a_grant_may_name_as_much_as_the_bounds_say() -> None:
    """The greatest grant is read, and a mask that this version does not know too: a newer node may have it."""
    fields, masks = tuple(f"{number:01024}" for number in range(512)), {f"{number:0100}": "newer" for number in range(1024)}
    body = msgspec.structs.replace(GRANT, fields=fields, rows="x" * 16384, masks=masks)
    assert read_body("grant", msgspec.Raw(msgspec.json.encode(body))) == body


def test_an_incomplete_answer_of_the_greatest_size_is_an_event() -> None:
    """As many things as a request may lack, as long as they may be, fit into a record of the log."""
    body = RequestIncompleteValue(by=HEAD, request=(HERE, 9), version=1, missing=("缺" * TEXT_MAX,) * MISSING_MAX)
    assert len(msgspec.json.encode(body)) < CONTROL_EVENT_BYTES_MAX - 1024
    assert read_body("request-incomplete", msgspec.Raw(msgspec.json.encode(body))) == body


def test_a_reason_is_short_however_long_the_value() -> None:
    """A megabyte of nonsense is not quoted in full."""
    body = msgspec.Raw(msgspec.json.encode({"department": "x" * 1_000_000, "name": ""}))
    with pytest.raises(EventError) as error:
        read_body("department", body)
    assert len(str(error.value)) <= 300


def test_an_empty_date_is_no_date() -> None:
    """Empty means always; only a day that exists passes otherwise."""
    check_date("until", "")
    with pytest.raises(ValueError, match="month"):
        check_date("until", "2026-13-01")
