"""What a command makes the node say: a run of events, nothing when it was said before, or a refusal with cause and next step."""

from datetime import datetime
from typing import assert_never

from node.control.answering import answer
from node.control.asking import ask
from node.control.book import Book
from node.control.catalogue import apply_catalogue
from node.control.checks import check_day, check_department, check_division, check_filled
from node.control.commands import (
    AddDepartment,
    AddDivision,
    ApplyCatalogue,
    AskerCommand,
    Command,
    GrantCommand,
    ItemCommand,
    KeyCommand,
    OwnerCommand,
)
from node.control.ending import follow
from node.control.events import Event, day_of, stamp
from node.control.items import act_on_item
from node.control.run import Run
from node.control.vouching import act_on_key
from node.errors import CommandRefused
from node.model.limits import CONTROL_RUN_BYTES_MAX, CONTROL_RUN_EVENTS_MAX
from node.model.names import Division, division_of
from node.model.values import DepartmentValue, DivisionValue, EventRef


def decide(command: Command, book: Book, author: Division, at: datetime) -> list[Event]:
    """Return the events by which `author`'s node carries out a command, chained and in order; empty when it holds already.

    `book` must have folded `author`'s own log to its end, and `at` must know its time zone. Raises CommandRefused.
    """
    _check_own_log(book, author)
    run = Run(author, book.tail(author), stamp(at))
    match command:
        case AddDivision():
            _add_division(command, book, author, run)
        case AddDepartment():
            _add_department(command, book, author, run)
        case ApplyCatalogue():
            apply_catalogue(command, book, day_of(at), run)
        case _:
            _act(command, book, at, run)
    if len(run.events) > CONTROL_RUN_EVENTS_MAX or run.bytes > CONTROL_RUN_BYTES_MAX:
        en = f"that makes {len(run.events)} events of {run.bytes} bytes, more than one signature covers; give the command in parts"
        raise CommandRefused("too-large", en, f"此命令将产生 {len(run.events)} 个事件、{run.bytes} 字节，超过一次签名的上限；请分批执行")
    return run.events


def _act(command: KeyCommand | ItemCommand | GrantCommand | AskerCommand | OwnerCommand, book: Book, at: datetime, run: Run) -> None:
    if isinstance(command, KeyCommand):
        act_on_key(command, book, run)
    elif isinstance(command, ItemCommand):
        act_on_item(command, book, day_of(at), run)
    elif isinstance(command, GrantCommand):
        follow(command, book, run)
    elif isinstance(command, AskerCommand):
        ask(command, book, at, run)
    elif isinstance(command, OwnerCommand):
        answer(command, book, at, run)
    else:
        assert_never(command)


def _check_own_log(book: Book, author: Division) -> None:
    if author in book.held:
        reason = book.alarms[author]
        en = f"this node's own control log is not read to its end ({reason}): try again when the link has brought more; if it stays so, restore that log"
        raise CommandRefused("log-behind", en, f"本节点的控制日志尚未读完（{reason}）：请待链路送达后重试；若一直如此，请恢复该日志")
    if author in book.broken:
        reason = book.broken[author]
        en = f"this node's own control log is broken ({reason}): nothing more can be said in it; restore it before anything else"
        raise CommandRefused("log-broken", en, f"本节点的控制日志已损坏（{reason}）：不能再写入；请先恢复该日志")
    if author in book.waiting:
        count, (other, sequence) = book.waiting[author]
        en = f"{count} events of this node wait for event {sequence} of {other}; try again when the link has brought it"
        raise CommandRefused("log-behind", en, f"本节点有 {count} 个事件在等待 {other} 的第 {sequence} 个事件；请待链路送达后重试")


def _add_division(command: AddDivision, book: Book, author: Division, run: Run) -> None:
    check_division(command.code)
    check_filled("name", command.name)
    check_day("valid_from", command.valid_from)
    check_day("valid_to", command.valid_to)
    if command.successor:
        check_division(command.successor)
    if command.code == author:
        _check_root(command, book, author)
    else:
        _check_child(command, book, author)
    value = command.value
    said = book.tree.claim(author, value.code)
    if said is None or said.value != value:
        run.say(value, _vouched(book, author, value))


def _check_root(command: AddDivision, book: Book, author: Division) -> None:
    parent = command.parent or book.tree.parent(author)
    if parent is not None:
        en = f"{author} is this node's own division and {parent} its parent: only the parent's node adds it; run this command there"
        raise CommandRefused(
            "not-the-root", en, f"{author} 是本节点自身的区划，上级为 {parent}：只能由上级节点添加；请在上级节点执行此命令"
        )


def _check_child(command: AddDivision, book: Book, author: Division) -> None:
    code, tree = command.code, book.tree
    if command.parent != author:
        en = f"a node adds only its own children: the parent of {code} must be {author}; else run this command on the parent's node"
        raise CommandRefused("not-own-child", en, f"节点只能添加自己的下级：{code} 的上级应为 {author}；否则请在其上级节点执行此命令")
    if author not in tree.divisions:
        en = f"{author} itself is not in the tree yet: wait until the link has brought its parent's log, or, at the root, add {author} first without a parent"
        zh = f"{author} 自身尚未在树中：请等待链路送达上级的日志；若本节点为根，请先不带上级地添加 {author}"
        raise CommandRefused("not-in-tree", en, zh)
    above = tree.parent(code)
    # A root that no path joins with this node began on its own, and may come below its parent now.
    if code in tree.divisions and above != author and tree.path(author, code):
        where = above or "the root"
        en = f"{code} stands in the tree already, below {where}; it must be given up there first"
        raise CommandRefused("division-elsewhere", en, f"{code} 已在树中，位于 {above or '根'} 之下；须先在该处解除")


def _vouched(book: Book, author: Division, value: DivisionValue) -> EventRef | None:
    # What makes the author a parent at all: readers wait for it, and learn from it whose log they need next.
    above = book.tree.parent(author)
    claim = book.tree.claim(above, author) if above is not None and value.code != author else None
    return claim.ref if claim is not None else None


def _add_department(command: AddDepartment, book: Book, author: Division, run: Run) -> None:
    check_department(command.department)
    check_filled("name", command.name)
    division = division_of(command.department)
    if division != author:
        en = f"{command.department} belongs to {division}; run this command on the node of {division}"
        raise CommandRefused("not-own-department", en, f"{command.department} 属于 {division}；请在 {division} 的节点执行此命令")
    value = DepartmentValue(department=command.department, name=command.name)
    if book.departments.get(value.department) != value:
        run.say(value)
