"""Commands about keys: a parent vouches for its child's and revokes them, a node declares its own; and what of it the rules have a node say by itself."""

from collections.abc import Iterator

from node.control.book import Book
from node.control.checks import check_division, check_key, check_within
from node.control.commands import DeclareKey, KeyCommand, RevokeKey, RotateKey, VouchKey
from node.control.desk import not_entitled
from node.control.rights import is_rule
from node.control.run import Run
from node.errors import CommandRefused
from node.model.names import Division
from node.model.values import KeyRevokedValue, NodeKeyValue


def act_on_key(command: KeyCommand, book: Book, run: Run) -> None:
    """Say what is wanted of a key, nothing when it was said before; CommandRefused with cause and next step."""
    match command:
        case VouchKey():
            _vouch(command, book, run)
        case RevokeKey():
            _revoke(command, book, run)
        case DeclareKey():
            if not is_rule(command.by):
                raise not_entitled(command.by, "the node itself, which has the key", "持有该密钥的节点自身")
            if all(key != command.key for key, _ref in book.keys.declared.get(run.author, [])):
                run.say(NodeKeyValue(division=run.author, key=command.key))
        case RotateKey():
            en = "only the running node makes itself a key: give the command to it"
            raise CommandRefused("no-key", en, "密钥只能由运行中的节点自行生成；请向该节点发出此命令")


def key_answers(book: Book, here: Division) -> Iterator[VouchKey]:
    """Yield what the node of `here` answers by rule: a key that a child has declared, signed with one that `here` has vouched for already."""
    for child in book.keys.tree.children(here):
        wanted = book.keys.wanted(child, here)
        if wanted is not None and any(key.stands for key in book.keys.of(child)):
            yield VouchKey(division=child, key=wanted[0])


def newest_key(book: Book, code: Division) -> str | None:
    """Return the key that a node signs with: the last of those that count and were not revoked."""
    return next((key.key for key in reversed(book.keys.of(code)) if key.stands), None)


def _vouch(command: VouchKey, book: Book, run: Run) -> None:
    code = command.division
    check_division(code)
    check_key(command.key)
    if code == run.author:
        en = f"{code} is this node's own division: its parent's node vouches for it, and the root declares its own by `exchange-node key rotate`"
        raise CommandRefused("own-key", en, f"{code} 是本节点自身的区划：由上级节点确认；根节点用 `exchange-node key rotate` 更换自身密钥")
    _check_child(code, book, run)
    known = {key.key: key for key in book.keys.of(code)}
    before = known.get(command.key)
    if before is not None and before.revoked is not None:
        en = f"this key of {code} was revoked and never counts again; have its node make another: `exchange-node key rotate`, or a new data_dir"
        raise CommandRefused("key-revoked", en, f"{code} 的该密钥已被吊销，不能再用；请让其节点生成新密钥")
    if before is not None and before.counts:
        return
    said = next((ref for key, ref in reversed(book.keys.declared.get(code, [])) if key == command.key), None)
    if said is None and any(key.revoked is None for key in known.values()):
        en = (
            f"{code} has a key already, and its node has not declared this one: run `exchange-node key rotate` there;"
            " if the old key is lost or stolen, `exchange-node key revoke` it first"
        )
        zh = f"{code} 已有密钥，且其节点未声明此密钥：请在该节点执行 `exchange-node key rotate`；若旧密钥丢失或被盗，请先 `exchange-node key revoke`"
        raise CommandRefused("not-declared", en, zh)
    run.say(NodeKeyValue(division=code, key=command.key), said)


def _revoke(command: RevokeKey, book: Book, run: Run) -> None:
    code = command.division
    check_division(code)
    check_key(command.key)
    if code == run.author:
        _check_own(command, book)
    else:
        _check_child(code, book, run)
    check_within("last", command.last, 0, book.taken(code))
    body = KeyRevokedValue(division=code, key=command.key, last=command.last, digest=book.digest(code, command.last).hex())
    before = next((key for key in book.keys.of(code) if key.key == command.key), None)
    if before is None or (before.last, before.digest) != (body.last, body.digest):
        run.say(body)


def _check_own(command: RevokeKey, book: Book) -> None:
    code = command.division
    if code != book.keys.root:
        en = f"{code} is this node's own division: only its parent's node revokes its key; run this command there"
        raise CommandRefused("own-key", en, f"{code} 是本节点自身的区划：只能由上级节点吊销其密钥；请在上级节点执行此命令")
    newest = newest_key(book, code)
    declared = next((ref[1] for key, ref in book.keys.declared.get(code, []) if key == newest), 0)
    if newest is None or newest == command.key or declared > command.last:
        en = "the root revokes a key under another one that was declared no later than --last: run `exchange-node key rotate` first"
        en += f", and give --last {declared} or later" if newest != command.key else ""
        zh = "根节点须用另一把密钥吊销，且其声明不晚于 --last：请先执行 `exchange-node key rotate`"
        raise CommandRefused("own-key", en, zh + (f"，并给出不小于 {declared} 的 --last" if newest != command.key else ""))


def _check_child(code: Division, book: Book, run: Run) -> None:
    if book.tree.claim(run.author, code) is None or book.tree.parent(code) != run.author:
        above = book.tree.parent(code)
        en = f"{code} is not right below {run.author}" + (f" but below {above}: run this command there" if above else ": add it first")
        zh = f"{code} 不是 {run.author} 的直接下级" + (f"，而属于 {above}：请在该节点执行此命令" if above else "：请先添加")
        raise CommandRefused("not-own-child", en, zh)
