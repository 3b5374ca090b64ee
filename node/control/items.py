"""The acts on catalogue items: who may do them, in which state, and what is said by them.

A department drafts (its steward or head) and submits (its head, who answers for it); the authority of its node reviews, publishes and, as the
department may as well, withdraws (State Council Decree 809, chapter 3). For more time for an update the department asks and the authority consents. `apply_catalogue` is all of it in one act.
"""

from datetime import date
from typing import assert_never

import msgspec

from node.control.book import Book
from node.control.catalogue import checked, say_resource
from node.control.checks import check_day, check_filled, check_not_future, check_resource
from node.control.commands import (
    CatalogueItem,
    ConsentItemExtension,
    DraftItem,
    ExtendItem,
    FactsAsked,
    ItemCommand,
    PublishItem,
    ReviewItem,
    SubmitItem,
    WithdrawItem,
)
from node.control.desk import check_text
from node.control.item_contents import names_of, same, say_content, say_published, takers_of
from node.control.item_steps import FROM
from node.control.rights import has_authority, may
from node.control.run import Run
from node.errors import CommandRefused
from node.model.items import Item, ItemExtensionConsentedValue, ItemExtensionValue, ItemStateValue, ItemValue
from node.model.names import Division, Topic, department_of, division_of
from node.model.values import Actor, Role

WORDS = {
    "draft": "草稿",
    "submitted": "已提交",
    "returned": "已退回",
    "reviewed": "已审核",
    "published": "已发布",
    "updated": "已更新",
    "withdrawn": "已撤回",
}
"""The states in Chinese."""
_ROLES = {"steward": "数据管理员", "head": "部门负责人", "authority": "数据主管部门"}
_DEPARTMENT: tuple[Role, ...] = ("steward", "head")


def act_on_item(command: ItemCommand, book: Book, today: date, run: Run) -> None:
    """Say what a command about one item makes of it, nothing where that holds already; CommandRefused says why not and what is allowed."""
    match command:
        case DraftItem():
            _draft(command, book, today, run)
        case SubmitItem():
            _check_entitled(command.by, command.item, run.author, "head")
            _step(command.by, _known(command.item, book, run.author), "submitted", run)
        case ReviewItem():
            _review(command, book, run)
        case PublishItem():
            _publish(command, book, today, run)
        case WithdrawItem():
            _withdraw(command, book, today, run)
        case ExtendItem():
            _extend(command, book, run)
        case ConsentItemExtension():
            _consent(command, book, run)
        case _:
            assert_never(command)


def _draft(command: DraftItem, book: Book, today: date, run: Run) -> None:
    name = command.item.name
    check_resource(name)
    _check_entitled(command.by, name, run.author, *_DEPARTMENT)
    if command.item.facts is None:
        en = f"{name}: the facts of the item are missing, with its code, provider, cycle and sharing; tell them as schemas/README.md shows"
        raise CommandRefused("bad-item", en, f"{name}：缺少目录信息（代码、提供方、更新周期、共享属性等）；请参照 schemas/README.md 填写")
    before = book.items.get(name)
    _check_changed(command, before, today)
    resource = checked(command.item, book, today, run)
    value = ItemValue(by=command.by, resource=resource, facts=command.item.facts.value, changed=command.changed)
    if before is None or not same(before.value, value) or before.state == "withdrawn":
        say_content(value, book, run)
    elif before.state != "returned":
        if value.changed not in {"", before.changed}:
            say_content(value, book, run)
    else:
        why, reasons = "; ".join(before.reasons), "；".join(before.reasons)
        en = f"{name} was returned with this content: {why}. Change it, then draft it again"
        raise CommandRefused("item-unchanged", en, f"{name} 的这一内容已被退回：{reasons}。请修改后再提交")


def _check_changed(command: DraftItem, before: Item | None, today: date) -> None:
    if not command.changed:
        return
    check_day("changed", command.changed)
    check_not_future("changed", command.changed, today)
    if before is None or before.in_force is None:
        en, zh = ("not drafted yet", "尚未起草") if before is None else (before.state, f"“{WORDS[before.state]}”")
        en = f"{command.item.name} is {en} and not in force: the day of a change is told of what is published; leave --changed out"
        zh = f"{command.item.name} 的状态为{zh}，不在有效期内：变化日期仅用于已发布的目录；请去掉 --changed"
        raise CommandRefused("not-in-force", en, zh)
    if before.changed and command.changed > before.changed:
        en = f"since {before.changed} {command.item.name} is known to be no longer right: the term runs from then; for more time `catalogue extend`"
        zh = f"{command.item.name} 自 {before.changed} 起已不准确，期限由该日起算；需延期请用 `catalogue extend`"
        raise CommandRefused("later-than-told", en, zh)


def _review(command: ReviewItem, book: Book, run: Run) -> None:
    _check_entitled(command.by, command.item, run.author, "authority")
    item = _known(command.item, book, run.author)
    if command.passes and command.reasons:
        en = "an item that passes has no reasons against it; leave them out, or return it"
        raise CommandRefused("malformed", en, "审核通过不应附退回理由；请去掉，或改为退回")
    if not command.passes and not any(reason.strip() for reason in command.reasons):
        en = "an item is returned with all reasons at once; give at least one"
        raise CommandRefused("empty", en, "退回应一次性告知全部理由；请至少填写一条")
    _step(command.by, item, "reviewed" if command.passes else "returned", run, command.reasons)


def _publish(command: PublishItem, book: Book, today: date, run: Run) -> None:
    _check_entitled(command.by, command.item, run.author, "authority")
    item = _known(command.item, book, run.author)
    if item.state in {"published", "updated"}:
        return
    if item.state != "reviewed":
        raise _not_in_state(item, "published", ("reviewed",))
    # What has been granted since the draft, or published beside it, may stand against it now.
    resource = checked(_asked(item.value, book), book, today, run)
    say_resource(resource, book, today, run)
    say_published(command.item, item.content, command.by, takers_of(command.item, book, today), run)


def _withdraw(command: WithdrawItem, book: Book, today: date, run: Run) -> None:
    _check_entitled(command.by, command.item, run.author, "head", "authority")
    item = _known(command.item, book, run.author)
    check_filled("reason", command.reason)
    takers = takers_of(command.item, book, today)
    if takers and item.state != "withdrawn":
        en = f"{command.item} is held by {names_of(takers, zh=False)}; end their grants first, `exchange-node grant list` shows them"
        zh = f"{command.item} 正由 {names_of(takers, zh=True)} 使用；请先终止其授权，可用 `exchange-node grant list` 查看"
        raise CommandRefused("item-held", en, zh)
    _step(command.by, item, "withdrawn", run, (command.reason,))


def _extend(command: ExtendItem, book: Book, run: Run) -> None:
    _check_entitled(command.by, command.item, run.author, *_DEPARTMENT)
    item = _known(command.item, book, run.author)
    check_text("reason", command.reason)
    body = ItemExtensionValue(by=command.by, item=command.item, reason=command.reason)
    if item.extension == body:
        return
    if item.extension is not None:
        raise _refused(
            item, "more time was asked for before, and that is done once; publish the update", "此前已申请延期，只能申请一次；请尽快更新"
        )
    if not item.changed:
        en = "no update of it is due, so that there is no time to extend; `exchange-node catalogue draft FILE --changed DAY` tells of a change"
        zh = "没有待办的更新，无期限可延；变化请用 `exchange-node catalogue draft FILE --changed DAY` 告知"
        raise _refused(item, en, zh)
    run.say(body)


def _consent(command: ConsentItemExtension, book: Book, run: Run) -> None:
    _check_entitled(command.by, command.item, run.author, "authority")
    item = _known(command.item, book, run.author)
    body = ItemExtensionConsentedValue(by=command.by, item=command.item)
    if item.consented == body:
        return
    if item.consented is not None:
        raise _refused(item, "the time was given before; there is nothing to consent to", "此前已同意延期；无需同意")
    if item.extension is None:
        raise _refused(item, "nobody asked for more time; there is nothing to consent to", "没有延期申请；无需同意")
    run.say(body)


def _step(by: Actor, item: Item, state: str, run: Run, reasons: tuple[str, ...] = ()) -> None:
    if item.state == state:
        return
    if item.state not in FROM[state]:
        raise _not_in_state(item, state, tuple(sorted(FROM[state])))
    body = {"by": by, "item": item.value.resource.name, "content": item.content, "state": state, "reasons": reasons}
    run.say(msgspec.convert(body, ItemStateValue))


def _known(name: Topic, book: Book, author: Division) -> Item:
    found = book.items.get(name)
    if found is None or division_of(name) != author:
        en = f"{name} is no item of this node's catalogue; draft it first with `exchange-node catalogue draft FILE`"
        raise CommandRefused("no-such-item", en, f"本节点的目录中没有 {name}；请先用 `exchange-node catalogue draft FILE` 起草")
    return found


def _asked(value: ItemValue, book: Book) -> CatalogueItem:
    """Return a content as it was asked for."""
    resource = value.resource
    schema = book.schema(resource.schema, division_of(resource.name))
    assert schema is not None, "the book folds an item only after its schema"
    return CatalogueItem(
        name=resource.name,
        title=resource.title,
        kind=resource.kind,
        schema=msgspec.json.decode(schema.schema),
        partitions=resource.partitions,
        retention_ms=resource.retention_ms,
        max_message_bytes=resource.max_message_bytes,
        facts=msgspec.convert(msgspec.to_builtins(value.facts), FactsAsked),
    )


def _check_entitled(by: Actor, name: Topic, author: Division, *roles: Role) -> None:
    own = department_of(name)
    if division_of(name) != author:
        en = f"{name} belongs to {division_of(name)}; run this command on the node of {division_of(name)}"
        raise CommandRefused("not-own-resource", en, f"{name} 属于 {division_of(name)}；请在 {division_of(name)} 的节点执行此命令")
    if may(by, own, *(role for role in roles if role in _DEPARTMENT)) or ("authority" in roles and has_authority(by, author)):
        return
    who = " or ".join(f"the {role} of {own if role in _DEPARTMENT else author}" for role in roles)
    zh = "或".join(f"{own if role in _DEPARTMENT else author} 的{_ROLES[role]}（{role}）" for role in roles)
    as_whom = f"{by.role} of {by.department}" if by.department else by.role
    raise CommandRefused("not-entitled", f"{who} does this with {name}, not a {as_whom}", f"{name} 的此项操作由 {zh} 执行，{as_whom} 无权")


def _not_in_state(item: Item, wanted: str, allowed: tuple[str, ...]) -> CommandRefused:
    en = f"it can become {wanted} from {' or '.join(allowed)} only"
    return _refused(item, en, f"只有{'、'.join(f'“{WORDS[one]}”' for one in allowed)}的目录才能变为“{WORDS[wanted]}”")


def _refused(item: Item, en: str, zh: str) -> CommandRefused:
    """Return the refusal of an act by an item's state, which it names before what is given."""
    name = item.value.resource.name
    return CommandRefused("not-in-state", f"{name} is {item.state}: {en}", f"{name} 的状态为“{WORDS[item.state]}”：{zh}")
