"""The owner's side of a request: answered by its head, or by rule; an extension; and what the rules have the node say by itself.

A consent and the grant are said in one run, with the schemas of the view before them: whoever folds the one has the other.
"""

from collections.abc import Iterator
from datetime import date, datetime

from node.control.bodies import EXTENSION_DAYS_MAX, MISSING_MAX
from node.control.book import Book
from node.control.checks import check_within
from node.control.commands import AnswerRequest, Command, EndGrant, ExtendRequest, OwnerCommand
from node.control.desk import check_allowed, check_entitled, check_text, check_version, refused_state, request_of
from node.control.events import day_of
from node.control.fitting import misfit, say_derived, versions_of
from node.control.naming import selection_of
from node.control.requests import Request, granted, state
from node.control.rights import is_rule
from node.control.run import Run
from node.control.vouching import key_answers
from node.errors import CommandRefused
from node.model.names import Division, department_of, division_of
from node.model.values import RULE, ExtensionValue, RequestAnsweredValue, RequestIncompleteValue


def answer(command: OwnerCommand, book: Book, at: datetime, run: Run) -> None:
    """Say what the owner's side wants to be said, nothing when it was said before; CommandRefused with cause and next step."""
    request = request_of(command.request, book)
    resource = request.value.resource
    owner = division_of(resource)
    if owner != run.author:
        en = f"{resource} belongs to {owner}: only its node answers; run this command there"
        raise CommandRefused("not-own-resource", en, f"{resource} 属于 {owner}：只能由该节点答复；请在该节点执行此命令")
    match command:
        case AnswerRequest(answer="incomplete"):
            check_entitled(command.by, department_of(resource), "head", "steward")
            _tell_missing(command, request, run)
        case AnswerRequest():
            _check_may_decide(command, request, book)
            _decide(command, request, book, day_of(at), run)
        case ExtendRequest():
            check_entitled(command.by, department_of(resource), "head")
            _extend(command, request, run)


def rule_answers(book: Book, here: Division, at: datetime) -> list[Command]:
    """Return what the node of `here` has to say by rule, each a command that `decide` carries out; nothing where all is said.

    Its word for keys that children have declared. A consent to each request for an unconditional item that fits and lacks nothing; one that does not waits for the owner's head. And the
    end of each grant whose request was withdrawn before its asker knew of it. Costs one look at each unsettled request of all nodes.
    """
    own = (book.requests[ref] for ref in sorted(book.unsettled) if division_of(book.requests[ref].value.resource) == here)
    return [*key_answers(book, here), *_by_rule(own, book, day_of(at))]


def _by_rule(requests: Iterator[Request], book: Book, today: date) -> Iterator[Command]:
    for request in requests:
        if request.grant is not None:
            yield EndGrant(grant=request.grant, reason="withdrawn", by=RULE)
        elif state(request) == "waiting" and _is_unconditional(request, book) and hindrance(request, book, today) is None:
            yield AnswerRequest(by=RULE, request=request.ref, version=request.version, answer="consent")


def _is_unconditional(request: Request, book: Book) -> bool:
    resource = book.resources.get(request.value.resource)
    return resource is not None and resource.sharing == "unconditional"


def _check_may_decide(command: AnswerRequest, request: Request, book: Book) -> None:
    if is_rule(command.by) and command.answer == "consent" and _is_unconditional(request, book):
        return
    check_entitled(command.by, department_of(request.value.resource), "head")


def _tell_missing(command: AnswerRequest, request: Request, run: Run) -> None:
    check_within("missing", len(command.missing), 1, MISSING_MAX)
    for text in command.missing:
        check_text("missing", text)
    body = RequestIncompleteValue(by=command.by, request=request.ref, version=command.version, missing=command.missing)
    said = request.incomplete.get(command.version)
    if said is None or said.body != body:
        check_allowed(request, "answer")
        check_version(request, command.version)
        run.say(body, request.approvals[request.version].ref)


def _decide(command: AnswerRequest, request: Request, book: Book, today: date, run: Run) -> None:
    consents = command.answer == "consent"
    check_text("reason", command.reason, needed=not consents)
    if command.missing:
        en = "`missing` belongs to the answer `incomplete` alone; leave it out, or answer so"
        raise CommandRefused("malformed", en, "`missing` 仅用于 `incomplete` 答复；请去掉，或改用该答复")
    body = RequestAnsweredValue(by=command.by, request=request.ref, consents=consents, reason=command.reason)
    if request.answer is not None and (request.answer.body, request.answered) == (body, command.version):
        return
    check_allowed(request, "answer")
    check_version(request, command.version)
    if consents:
        _consent(request, body, book, today, run)
    else:
        run.say(body, request.approvals[request.version].ref)


def _consent(request: Request, body: RequestAnsweredValue, book: Book, today: date, run: Run) -> None:
    refusal = hindrance(request, book, today)
    if refusal is not None:
        raise refusal
    value = granted(request.value, request.ref)
    if not value.whole:
        say_derived(versions_of(book, value.resource), selection_of(value), book, run)
    approval = request.approvals[request.version].ref
    run.say(body, approval)
    run.say(value, approval)


def hindrance(request: Request, book: Book, today: date) -> CommandRefused | None:
    """Return why nobody can consent to a request as it stands now, although it could be asked then."""
    value = granted(request.value, request.ref)
    resource = book.resources.get(value.resource)
    item = book.items.get(value.resource)
    then = "answer it as incomplete, or refuse it with this reason"
    if resource is None or (item is not None and item.gone):
        en = f"{value.resource} is not in the catalogue; {then}"
        return CommandRefused("no-such-resource", en, f"{value.resource} 不在目录中；请以此理由告知补正或拒绝")
    if resource.sharing == "not-shared":
        en = f"{value.resource} is not shared now, by {resource.legal_basis or 'its owner'}; {then}"
        return CommandRefused(
            "not-shared", en, f"{value.resource} 现已不予共享，依据：{resource.legal_basis or '数源方'}；请以此理由告知补正或拒绝"
        )
    if value.until and value.until < today.isoformat():
        en = f"the term that was asked for ended with {value.until}; {then}"
        return CommandRefused("past", en, f"所申请的期限已于 {value.until} 届满；请以此理由告知补正或拒绝")
    why = misfit(value, book)
    if why:
        en = f"what was asked for does not fit the newest version of {value.resource}: {why}; {then}"
        zh = f"所申请的内容与 {value.resource} 的最新版本不符：{why}；请以此理由告知补正或拒绝"
        return CommandRefused("bad-selection", en, zh)
    return None


def _extend(command: ExtendRequest, request: Request, run: Run) -> None:
    check_within("days", command.days, 1, EXTENSION_DAYS_MAX)
    check_text("reason", command.reason)
    body = ExtensionValue(by=command.by, request=request.ref, days=command.days, reason=command.reason)
    if request.extension is not None and request.extension.body == body:
        return
    check_allowed(request, "extend")
    if request.extension is not None:
        en = f"{request.extension.body.days} more days were asked for before, and that is done once; answer it"
        raise refused_state(request, en, f"此前已申请延期 {request.extension.body.days} 天，只能申请一次；请答复")
    run.say(body, request.approvals[request.version].ref)
