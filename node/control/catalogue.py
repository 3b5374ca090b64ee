"""Applying a catalogue: each resource described becomes so, its schema registered first where it is new.

That is the authority's own act: an item goes from draft to published with nobody else asked. The steps of others are in `items`.
"""

import json
from collections import Counter
from datetime import date

import msgspec

from node.avro import parse
from node.avro.compatibility import comparable, conflicts, read, told
from node.avro.described import data_items
from node.control.bodies import RETENTION_MS_MAX
from node.control.book import Book
from node.control.checks import check_filled, check_resource, check_within
from node.control.commands import ApplyCatalogue, CatalogueItem
from node.control.fitting import check_still_shown, say_shown
from node.control.item_contents import same, say_content, say_published, takers_of
from node.control.item_faults import check_facts
from node.control.registering import register
from node.control.run import Run
from node.errors import CommandRefused, SchemaError
from node.model.items import ItemValue
from node.model.limits import MESSAGE_BYTES_MAX, PARTITIONS_MAX
from node.model.names import Division, Topic, department_of, division_of
from node.model.values import Kind, ResourceValue, SchemaValue


def apply_catalogue(command: ApplyCatalogue, book: Book, today: date, run: Run) -> None:
    """Say what differs from the book, schemas before the resources that use them, those of their views too; items with all their steps.

    CommandRefused names the resource at fault.
    """
    twice = [name for name, count in Counter(item.name for item in command.resources).items() if count > 1]
    if twice:
        raise CommandRefused("named-twice", f"{twice[0]} is described twice; keep one", f"{twice[0]} 出现了两次；请只保留一个")
    for item in command.resources:
        value = checked(item, book, today, run)
        if item.facts is None:
            _check_bare(value.name, book)
            say_resource(value, book, today, run)
            continue
        content, before = ItemValue(by=command.by, resource=value, facts=item.facts.value), book.items.get(value.name)
        if before is None or not same(before.in_force, content):
            said = say_content(content, book, run)
            say_resource(value, book, today, run)
            say_published(value.name, said, command.by, takers_of(value.name, book, today), run)


def checked(item: CatalogueItem, book: Book, today: date, run: Run) -> ResourceValue:
    """Return the resource that an item describes once it may be made so; its schema is said where it is new. CommandRefused says why not."""
    _check_own(item, book, run.author)
    _check_bounds(item)
    key = _schema_key(item)
    if item.kind is Kind.STATE and not key:
        en = f'{item.name} is state and its schema has no key; name the key\'s fields in the schema, for example "key": ["code"]'
        raise CommandRefused("no-key", en, f'{item.name} 为基础数据（state），但其模式没有主键；请在模式中写明，例如 "key": ["code"]')
    if item.facts is not None:
        check_facts(item.name, item.facts.value, data_items(item.schema))
    schema = _registered(item, book, run)
    value = _value(item, schema.id)
    _check_unchanged(value, key, book, run.author)
    _check_follows(item, schema.id, book, run.author)
    if book.versions.get(item.name, [])[-1:] != [schema.id]:
        check_still_shown(item.name, item.schema, book, today)
    return value


def say_resource(value: ResourceValue, book: Book, today: date, run: Run) -> None:
    """Say a resource that `checked` has let pass, where it differs from what stands, and before it the schemas of its views."""
    schema = run.schemas.get(value.schema) or book.schema(value.schema, run.author)
    assert schema is not None, "`checked` has said it, or found it said"
    say_shown(value.name, [schema.schema], book, today, run)
    if book.resources.get(value.name) != value:
        run.say(value)


def _check_bare(name: Topic, book: Book) -> None:
    if name in book.items:
        en = f"{name} is an item of the catalogue: tell it whole, with its code, provider, cycle and sharing, as schemas/README.md shows"
        raise CommandRefused("bad-item", en, f"{name} 已有目录条目：请参照 schemas/README.md 完整填写代码、提供方、更新周期、共享属性等")


def _check_own(item: CatalogueItem, book: Book, author: Division) -> None:
    check_resource(item.name)
    owner = division_of(item.name)
    if owner != author:
        en = f"{item.name} belongs to {owner}; apply it on the node of {owner}"
        raise CommandRefused("not-own-resource", en, f"{item.name} 属于 {owner}；请在 {owner} 的节点编目")
    department = department_of(item.name)
    if department not in book.departments:
        en = f"{department} is not a department of this node yet; add it first with `exchange-node department add`"
        raise CommandRefused("no-such-department", en, f"{department} 还不是本节点的部门；请先用 `exchange-node department add` 添加")


def _check_bounds(item: CatalogueItem) -> None:
    check_filled(f"{item.name} title", item.title)
    check_within(f"{item.name} partitions", item.partitions, 1, PARTITIONS_MAX)
    check_within(f"{item.name} max_message_bytes", item.max_message_bytes, 1, MESSAGE_BYTES_MAX)
    if item.retention_ms == -1:
        return
    check_within(f"{item.name} retention_ms", item.retention_ms, 1, RETENTION_MS_MAX)
    if item.kind is Kind.STATE:
        en = f"{item.name} is state, which is compacted and kept; leave retention_ms out"
        raise CommandRefused("retention-of-state", en, f"{item.name} 为基础数据（state），压缩后长期保留；请不要填写 retention_ms")


def _schema_key(item: CatalogueItem) -> tuple[str, ...]:
    """Return the fields of the key, none where the schema names none; CommandRefused for a schema that no gate could check records by."""
    from node.avro.program import compile_program  # noqa: PLC0415 - it brings Numba, which takes longer than most of what else control is for

    try:
        parsed = parse(item.schema)
        compile_program(parsed)
    except SchemaError as error:
        raise _bad_schema(item, str(error), str(error)) from error
    return parsed.key


def _registered(item: CatalogueItem, book: Book, run: Run) -> SchemaValue:
    try:
        return register(item.schema, book, run)
    except SchemaError as error:
        raise _bad_schema(item, str(error), f"没有规范的 JSON 形式（RFC 8785）：{error}") from error


def _value(item: CatalogueItem, schema: int) -> ResourceValue:
    value = ResourceValue(
        name=item.name,
        title=item.title,
        kind=item.kind,
        schema=schema,
        partitions=item.partitions,
        retention_ms=item.retention_ms,
        max_message_bytes=item.max_message_bytes,
    )
    if item.facts is None:
        return value
    terms = item.facts.sharing
    return msgspec.structs.replace(value, sharing=terms.type, condition=terms.condition, legal_basis=terms.legal_basis)


def _check_unchanged(value: ResourceValue, key: tuple[str, ...], book: Book, author: Division) -> None:
    before = book.resources.get(value.name)
    if before is None:
        return
    schema = book.schema(before.schema, author)
    assert schema is not None, "the book folds a resource only after its schema"
    # Partition, compaction and order per subject rest on these for ever.
    for what, zh, was, now in (
        ("partitions", "分区数", before.partitions, value.partitions),
        ("kind", "类型", before.kind.value, value.kind.value),
        ("key", "主键", ", ".join(json.loads(schema.schema).get("key") or ()), ", ".join(key)),
    ):
        if was != now:
            en = f"{value.name}: its {what} is {was} and never changes, {now} was asked; describe a new resource under another name"
            raise CommandRefused(f"{what}-changed", en, f"{value.name}：{zh}为 {was}，不可更改为 {now}；请以新名称编目一个新资源")
    if value.max_message_bytes < before.max_message_bytes:
        en = f"{value.name}: max_message_bytes is {before.max_message_bytes} and only grows, for larger batches may be on their way; keep it or raise it"
        zh = f"{value.name}：max_message_bytes 为 {before.max_message_bytes}，只能增大，因为可能已有更大的批次在传输；请保持或调大"
        raise CommandRefused("max-message-bytes-shrunk", en, zh)


def _check_follows(item: CatalogueItem, schema: int, book: Book, author: Division) -> None:
    """Refuse a schema that does not read what is written with an earlier one, or is not read by it (`compatibility.LEVEL`)."""
    versions = book.versions.get(item.name, [])
    if versions[-1:] == [schema]:
        return
    for version, number in enumerate(versions, 1):
        registered = book.schema(number, author)
        assert registered is not None, "the book folds a resource only after its schema"
        try:
            en, zh = told(conflicts(comparable(item.schema), read(registered.schema)))
        except SchemaError as error:
            why = f"it cannot be compared with version {version}: {error}"
            raise _bad_schema(item, why, f"无法与第 {version} 版比较：{error}") from error
        if en:
            mend = "give new fields a default and keep what takers read, or describe a new resource under another name"
            en = f"{item.name}: its schema may not follow version {version}: {en}; {mend}"
            zh = f"{item.name}：新模式不能接续第 {version} 版：{zh}；请为新字段设默认值并保留使用方读取的内容，或以新名称编目一个新资源"
            raise CommandRefused("schema-conflict", en, zh)


def _bad_schema(item: CatalogueItem, en: str, zh: str) -> CommandRefused:
    return CommandRefused(
        "bad-schema",
        f"the schema of {item.name} cannot be used: {en}; mend it and apply the catalogue again",
        f"{item.name} 的模式不可用：{zh}；请修改后重新编目",
    )
