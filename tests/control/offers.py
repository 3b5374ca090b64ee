"""Catalogue items that are in order, for tests to change."""

from typing import Any

import msgspec

from node.avro.ids import canonical, schema_id
from node.control.commands import CatalogueItem, FactsAsked
from node.model.items import ItemFacts, ItemValue, OpeningTerms, SharingTerms
from node.model.names import Department, Topic
from node.model.values import Actor, Kind, ResourceValue, SchemaValue

NAME = Topic("445102.tax.bills")
FIELDS = [{"name": "payer", "type": "string", "doc": "纳税人。 / Who pays."}, {"name": "sum", "type": "long", "grade": "general-1"}]
SCHEMA: dict[str, object] = {"type": "record", "name": "Bill", "doc": "账单 / Bills", "grade": "general-2", "fields": FIELDS}
STEWARD = Actor(name="陈晓", role="steward", department=Department("445102.tax"))
HEAD = Actor(name="林海", role="head", department=Department("445102.tax"))
AUTHORITY = Actor(name="黄山", role="authority")
FACTS = ItemFacts(
    code="3010020001/000001",
    credit_code="11445102MB2C000132",
    format="database",
    update_cycle="P1D",
    sharing=SharingTerms(type="conditional", ways=("stream", "file"), condition="依法履职 / Where a legal duty needs it"),
    opening=OpeningTerms(type="not-open"),
    grade="general-2",
    version=1,
)


def facts(**changes: Any) -> ItemFacts:
    """Facts with some changed."""
    return msgspec.structs.replace(FACTS, **changes)


def asked(told: ItemFacts) -> FactsAsked:
    """Facts as a command tells them."""
    return msgspec.convert(msgspec.to_builtins(told), FactsAsked)


def offer(name: Topic = NAME, /, **changes: Any) -> CatalogueItem:
    """A described resource with facts."""
    good = CatalogueItem(name=name, title="账单 / Bills", kind=Kind.FACTS, schema=SCHEMA, partitions=1, facts=asked(FACTS))
    return msgspec.structs.replace(good, **changes)


def schema_value(schema: object = SCHEMA) -> SchemaValue:
    """A schema as its event says it."""
    return SchemaValue(id=schema_id(schema), schema=canonical(schema))


def value(by: Actor = STEWARD, **changes: Any) -> ItemValue:
    """A content of an item."""
    told = facts(**changes)
    resource = ResourceValue(
        name=NAME,
        title="账单 / Bills",
        kind=Kind.FACTS,
        schema=schema_id(SCHEMA),
        partitions=1,
        sharing=told.sharing.type,
        condition=told.sharing.condition,
        legal_basis=told.sharing.legal_basis,
    )
    return ItemValue(by=by, resource=resource, facts=told)
