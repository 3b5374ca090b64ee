"""A province's control logs: its nodes, its catalogue, and requests in the states of two years, all written by `decide` (`book_writer`)."""

import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random

import msgspec

from benchmarks.book_keys import public
from benchmarks.book_requests import REASONS, Asker, request
from benchmarks.book_writer import LAST, Course, Writer, actor
from node.cli.items import read_items
from node.control import AddDepartment, AddDivision, CatalogueItem, DraftItem, PublishItem, ReviewItem, SubmitItem, WithdrawItem
from node.control.commands import ConsentItemExtension, DeclareKey, ExtendItem, RevokeKey, VouchKey
from node.model.divisions import known_divisions
from node.model.keys import Signed
from node.model.names import Department, Division, Topic, department_of, division_of
from node.model.shipped import shipped
from node.model.values import RULE, DivisionValue

_BEGIN = LAST - timedelta(days=790)
_ROTATED = 10
"""One node in so many has taken another key."""
_REQUESTS_BEGIN = LAST - timedelta(days=700)
_CHANGED = (_BEGIN + timedelta(days=1)).date().isoformat()
"""Since when an item that is updated was no longer right: any day before the first update."""
_WEIGHTS = {"province": 8, "city": 3, "county": 1, "town": 1}
"""How many items a node has, and how much it asks, against others: of 5,000 items 207, 78 and 26."""
_ABOVE, _NEAR = 0.4, 0.8
"""Requests for what the province has, and with those for what the nodes of the own city have."""


class Sizes(msgspec.Struct, frozen=True):
    """How large the world is. Its nodes are the first by their codes: the province, a city, its districts, the next city. The same sizes make the same logs."""

    nodes: int = 144
    items: int = 5_000
    requests: int = 20_000
    seed: int = 809

    @property
    def divisions(self) -> list[DivisionValue]:
        """The nodes' divisions, parents before their children."""
        known = known_divisions()
        return [known[code] for code in sorted(known)[: self.nodes]]


def write(sizes: Sizes) -> dict[Division, list[Signed]]:
    """Return the control log of each node, parents before their children."""
    divisions = sizes.divisions
    writer, rng = Writer(divisions[0].code), Random(sizes.seed)
    items = _items(divisions, sizes.items)
    for one in divisions:
        _begin(writer, one, sorted({department_of(item.name).partition(".")[2] for item in items}))
    for one in divisions[1::_ROTATED]:
        _rotate(writer, one)
    writer.play((_BEGIN + timedelta(days=20 * rng.random()), _item(item, rng)) for item in items)
    asked = _asked(_shared(items, writer), divisions, rng, sizes.requests)
    writer.play((asker.begin, request(asker, writer, rng)) for asker in asked)
    return writer.logs


def _begin(writer: Writer, value: DivisionValue, departments: Iterable[str]) -> None:
    told = {name: getattr(value, name) for name in value.__struct_fields__}
    if value.parent is None:
        writer.carry_out(value.code, DeclareKey(by=RULE, key=public(value.code)), _BEGIN)
    writer.carry_out(value.parent or value.code, AddDivision(**told), _BEGIN)
    if value.parent is not None:
        writer.carry_out(value.parent, VouchKey(division=value.code, key=public(value.code)), _BEGIN)
    for word in departments:
        writer.carry_out(value.code, AddDepartment(department=Department(f"{value.code}.{word}"), name=f"{value.name} {word}"), _BEGIN)


def _rotate(writer: Writer, value: DivisionValue) -> None:
    """Let a node take another key, and its parent revoke the first one behind what was signed with it."""
    code, parent, name = value.code, value.parent, f"{value.code}-2"
    assert parent is not None, "the root keeps its key"
    writer.carry_out(code, DeclareKey(by=RULE, key=public(name)), _BEGIN)
    writer.carry_out(parent, VouchKey(division=code, key=public(name)), _BEGIN)
    writer.signs[code] = name
    writer.carry_out(parent, RevokeKey(division=code, key=public(code), last=writer.book.taken(code)), _BEGIN)


def _items(divisions: list[DivisionValue], count: int) -> list[CatalogueItem]:
    """Return so many items: the shipped ones again and again, each with a name, a code and a schema of its own."""
    models = read_items(sorted(shipped("schemas").glob("*/*.yaml")), "en", whole=True)
    owners = itertools.cycle([one for one in divisions for _ in range(_WEIGHTS[one.level])])
    numbers = {one.code: itertools.count(1) for one in divisions}
    return [_own(models, owner, next(numbers[owner.code])) for owner in itertools.islice(owners, count)]


def _own(models: tuple[CatalogueItem, ...], owner: DivisionValue, number: int) -> CatalogueItem:
    model = models[number % len(models)]
    assert model.facts is not None, "the shipped items are whole"
    code = f"{model.facts.code.partition('/')[0]}/{number:06}"
    return msgspec.structs.replace(
        model,
        name=Topic(f"{owner.code}.{model.name.partition('.')[2]}-{number}"),
        title=f"{owner.name}{model.title}",
        schema={**model.schema, "title": f"{owner.name}{model.schema['title']}", "name": f"{model.schema['name']}{number}"},
        facts=msgspec.structs.replace(model.facts, code=code, related=()),
    )


def _item(item: CatalogueItem, rng: Random) -> Course:
    """An item's way into the catalogue: straight for most; left as a draft, returned once, changed later or withdrawn for some."""
    owner, name = division_of(item.name), item.name
    head, chance = actor(rng, "head", department_of(name)), rng.random()
    yield 0, owner, DraftItem(by=actor(rng, "steward", department_of(name)), item=item)
    if chance < 0.02:
        return
    yield 2, owner, SubmitItem(by=head, item=name)
    if chance < 0.06:
        yield 1, owner, ReviewItem(by=actor(rng, "authority"), item=name, passes=False, reasons=(rng.choice(REASONS),))
        item = msgspec.structs.replace(item, title=f"{item.title}（修订）")
        yield 3, owner, DraftItem(by=head, item=item)
        yield 1, owner, SubmitItem(by=head, item=name)
    yield from _published(item, rng)
    if chance > 0.98:
        yield 20, owner, WithdrawItem(by=head, item=name, reason=rng.choice(REASONS))
    elif chance > 0.90:
        assert item.facts is not None, "each item has facts"
        anew = msgspec.structs.replace(item, title=f"{item.title}（新版）", facts=msgspec.structs.replace(item.facts, version=2))
        yield 15, owner, DraftItem(by=head, item=anew, changed=_CHANGED)
        if chance > 0.95:
            yield 1, owner, ExtendItem(by=head, item=name, reason=REASONS[0])
            yield 1, owner, ConsentItemExtension(by=actor(Random(owner), "authority"), item=name)
        yield 1, owner, SubmitItem(by=head, item=name)
        yield from _published(anew, rng)


def _published(item: CatalogueItem, rng: Random) -> Course:
    authority, owner = actor(rng, "authority"), division_of(item.name)
    yield 2, owner, ReviewItem(by=authority, item=item.name, passes=True)
    yield 1, owner, PublishItem(by=authority, item=item.name)


def _shared(items: list[CatalogueItem], writer: Writer) -> list[CatalogueItem]:
    """Return what can be asked for."""
    book = writer.book
    there = [item for item in items if item.name in book.resources and not book.items[item.name].gone]
    return [item for item in there if book.resources[item.name].sharing != "not-shared"]


def _asked(items: list[CatalogueItem], divisions: list[DivisionValue], rng: Random, count: int) -> Iterator[Asker]:
    """Yield who asks for what: nodes ask by their weights, for the province's and their city's more than for others', and for a few most of all."""
    near: dict[str, list[CatalogueItem]] = {}
    for item in items:
        near.setdefault(item.name[:4], []).append(item)
    words = sorted({department_of(item.name).partition(".")[2] for item in items})
    takers = [one.code for one in divisions for _ in range(_WEIGHTS[one.level])]
    for _ in range(count):
        code, chance = rng.choice(takers), rng.random()
        group = divisions[0].code[:4] if chance < _ABOVE else code[:4]
        among = near.get(group, items) if chance < _NEAR else items
        item = among[int(len(among) * rng.random() ** 2)]
        word = rng.choice([one for one in words if f"{code}.{one}" != department_of(item.name)])
        yield Asker(item, Department(f"{code}.{word}"), _moment(rng))


def _moment(rng: Random) -> datetime:
    return _REQUESTS_BEGIN + (LAST - _REQUESTS_BEGIN) * rng.random()
