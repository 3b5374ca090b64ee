"""What happens to a grant after it was given: suspended and resumed by the authority, filed for its end by its owner, ended; and seen."""

from node.control.book import Book
from node.control.commands import EndGrant, FileEnd, GrantCommand, ResumeGrant, SeeGrant, SuspendGrant
from node.control.desk import check_authority, check_entitled, check_text, own_grant
from node.control.fitting import misfit, say_derived, versions_of
from node.control.grants import Grant, names_copy
from node.control.naming import selection_of
from node.control.rights import is_rule, may
from node.control.run import Run
from node.errors import CommandRefused
from node.model.names import department_of
from node.model.values import (
    EndFiledValue,
    EventRef,
    GrantEndedValue,
    GrantResumedValue,
    GrantSeenValue,
    GrantSuspendedValue,
)


def follow(command: GrantCommand, book: Book, run: Run) -> None:
    """Say what is wanted of a grant, nothing when it is so already; CommandRefused with cause and next step."""
    match command:
        case EndGrant():
            _end(command, book, run)
        case SuspendGrant():
            _suspend(command, book, run)
        case ResumeGrant():
            _resume(command, book, run)
        case FileEnd():
            _file(command, book, run)
        case SeeGrant():
            _see(command, book, run)


def _end(command: EndGrant, book: Book, run: Run) -> None:
    grant = own_grant(command.grant, book, run.author)
    answers = _check_may_end(command, grant, book, run)
    if not grant.ended:
        run.say(GrantEndedValue(by=command.by, grant=grant.ref, reason=command.reason, filed=command.filed), answers)


def _check_may_end(command: EndGrant, grant: Grant, book: Book, run: Run) -> EventRef | None:
    """Refuse whoever may not end a grant; return what the end answers, where it follows from a withdrawal."""
    withdrawn = book.requests[grant.request].withdrawn
    if is_rule(command.by) and withdrawn is not None:
        return withdrawn.ref
    if may(command.by, department_of(grant.value.resource), "steward", "head"):
        en = f"an owner does not end a grant alone: file for its end with `exchange-node grant file-end`, and the authority of {run.author} ends it"
        zh = f"数源方不得单方终止授权：请先用 `exchange-node grant file-end` 提出终止备案，由 {run.author} 的主管部门终止"
        raise CommandRefused("not-entitled", en, zh)
    check_authority(command.by, run.author)
    check_text("reason", command.reason, needed=False)
    if command.filed is not None and (grant.filed is None or grant.filed.ref != command.filed):
        en = f"the owner did not file {command.filed[0]}/{command.filed[1]} for the end of this grant; name its newest filing or leave `filed` out"
        raise CommandRefused(
            "no-such-filing", en, f"数源方没有为该授权提出备案 {command.filed[0]}/{command.filed[1]}；请填写最新备案，或不填"
        )
    return None


def _suspend(command: SuspendGrant, book: Book, run: Run) -> None:
    grant = own_grant(command.grant, book, run.author)
    check_authority(command.by, run.author)
    check_text("reason", command.reason)
    _check_stands(grant)
    if not grant.suspended:
        run.say(GrantSuspendedValue(by=command.by, grant=grant.ref, reason=command.reason))


def _resume(command: ResumeGrant, book: Book, run: Run) -> None:
    grant = own_grant(command.grant, book, run.author)
    check_authority(command.by, run.author)
    check_text("reason", command.reason, needed=False)
    _check_stands(grant)
    if not grant.suspended:
        return
    # Versions that came meanwhile were not held to what was suspended.
    value = grant.value
    why = misfit(value, book)
    if why:
        en = f"it no longer fits the newest version of {value.resource}: {why}; end it, and let its taker ask anew"
        raise CommandRefused("bad-selection", en, f"已与 {value.resource} 的最新版本不符：{why}；请终止该授权，由使用部门重新申请")
    if not value.whole:
        say_derived(versions_of(book, value.resource), selection_of(value), book, run)
    run.say(GrantResumedValue(by=command.by, grant=grant.ref, reason=command.reason))


def _file(command: FileEnd, book: Book, run: Run) -> None:
    grant = own_grant(command.grant, book, run.author)
    check_entitled(command.by, department_of(grant.value.resource), "steward", "head")
    check_text("reason", command.reason)
    body = EndFiledValue(by=command.by, grant=grant.ref, reason=command.reason)
    if grant.filed is None or grant.filed.body != body:
        _check_stands(grant)
        run.say(body)


def _see(command: SeeGrant, book: Book, run: Run) -> None:
    grant = book.grants.get(command.grant)
    owner, sequence = command.seen
    # An event that is not folded here would hold our own log back until it comes.
    if grant is None or owner != grant.ref[0] or not grant.ref[1] <= sequence <= book.heads[owner][0]:
        en = "what is seen is the grant, or a later event of its owner; name the grant and that event"
        raise CommandRefused("no-such-grant", en, "所见应为该授权或数源方的后续事件；请指明授权与事件")
    if not is_rule(command.by):
        raise CommandRefused("not-entitled", "a node says by itself what it has seen", "节点所见只能由节点自身记录")
    if command.disposed and not names_copy(grant, run.author, command.disposed):
        en = f"{grant.topic} is all that this node may have had of the grant, and its owner's own resource is no copy"
        raise CommandRefused("no-such-copy", en, f"就该授权本节点只可能存有 {grant.topic} 的副本，数源方自身的资源不是副本")
    body = GrantSeenValue(by=command.by, grant=grant.ref, state=command.state, disposed=command.disposed)
    said = grant.seen.get(run.author)
    before = book.disposed.get(grant.topic, {}).get(run.author, 0)
    if said is None or said.body != body or (command.disposed and sequence > before):
        run.say(body, command.seen)


def _check_stands(grant: Grant) -> None:
    if grant.ended:
        name = f"{grant.ref[0]}/{grant.ref[1]}"
        en = f"grant {name} is ended: nothing more can be done with it; let its taker ask anew"
        raise CommandRefused("wrong-state", en, f"授权 {name} 的状态为“已终止”：不能再操作；请由使用部门重新申请")
