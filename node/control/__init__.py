"""The control plane: what nodes say about themselves, folded into one book, from which follows all that moves.

An event's road: a command (`commands`) meets the book in `decide`, which answers with a run of events or a refusal in
both languages; the caller appends the run to the node's own control log, and the links carry every log to every node.
There `folding` takes each record: `seals` lets through what a key that counts has signed (`keys`), and `Book.fold` takes that: `events` reads the form, `chain` holds it to its author's chain and holds it back
until what it answers is there, `book` judges and applies it, `tree` grows the divisions. `routes` says from the book
what each link carries and which topics each cluster has, `views` what takers are granted of a resource, under which schemas: their names are
made where a grant is folded (`naming`), their schemas said with it and with each new version (`fitting`, `registering`).
What a department offers is an item (`items`, `item_contents`), which goes from state to state (`item_steps`), tells all that the law asks
(`item_faults`) and is looked for (`offered`); `catalogue` makes its resource as it says.
A request is made and approved on the asker's node (`asking`), answered on the owner's (`answering`), what comes after a grant is `ending`; `desk` holds
all of these to who may (`rights`) and to the request's state, `requests` and `grants` are what the book has of them, and `rule_answers` is what the
node says by itself. `entitled` says from the book who may do what in a node's cluster, `checkup` and its likes by subject (`checkup_cluster`, `checkup_moving`, …)
what the doctor finds. What a grant lets move is a copy wherever it is not its owner's own: `disposal` tells which have to go, `reach` what a node has to
say of that and who has not. The legal `clocks` of items and requests follow from the book, a `calendar` and the time; `awaited` are those that run. What was
done with refused records is no event: `audit` has the form of its notes, `acts` that of all acts; `sight` tells who sees what. Of notes,
`quarantine`, `grouping` and `replay` what is asked, told and decided about them, `waiting` counts those that nobody has handled. All of it is pure: bytes, values and time come in as arguments.

Non-obvious:
- A signature ends a run of events. What is let through by it, under which keys, and what of it is void, is the same whatever the order: where a
  revocation undoes what was folded, the book is folded anew.
- All nodes must end with the same book, whatever the order in which logs reach them, or their links would disagree about
  who carries what. So a rule may look at the author's own log before the event and at the event that it answers, never
  at what else is folded by chance. Where two logs contradict each other, the outcome is a function of both (`tree`).
- A division's event answers the one that made its author a child. From its parent's log alone a node so learns whose log
  it needs next, up to the root.
- A grant of less than the whole resource never moves the resource's own topic: that holds too much for it. Its view's name tells what it
  shows, so that the same grant finds the same view again, and grants share one only where nobody could learn more by that.
- A request is written in two logs that do not wait for each other, so acts cross: each fills a slot by what its author knew, and the state is read
  from all slots together (`requests`). Nothing that crossed is refused on one node and counted on another.
- A consent answers the approval of a version, and so does the grant: both heads have stood for the same words, or there is no grant.
- When a copy had to go is counted by its owner's log, and the nodes that have removed theirs say as of which event: only so can a node that was away tell
  that what it holds is of before, and a link that a side of it was made anew by its node and not by an accident.
- Whether a grant fits a schema is asked where it is decided. Where it is folded it only has bounds: the verdict may change with a library.
- A schema is held to the versions before it where it is decided, never where it is folded: the verdict may change with a library.
- `decide` needs a book that holds the node's own log to its end: it chains to the last event taken.

Bounds: an event has at most CONTROL_EVENT_BYTES_MAX bytes and a nesting of DEPTH_MAX; CONTROL_WAITING_MAX events of one
author wait, then its log is `Stuck` until others move. The book grows with what is said and never shrinks.

Failure modes: a gap, another digest or an unreadable form breaks that author's log and no other (`book.broken`), and so does what is not signed, or
with a key that nobody vouched for, until it is (`alarms`); a body that
cannot be read, or that the author was not entitled to say, is refused, counted and moves nothing (`book.refused`); so
does an unknown kind (`book.unknown`); an event whose answer never comes waits for ever (`book.waiting`).
"""

from node.control.answering import rule_answers
from node.control.book import Book, Folded, Outcome, Refused
from node.control.chain import Broken, Repeated, Stuck, Waiting
from node.control.commands import (
    AddDepartment,
    AddDivision,
    AmendRequest,
    AnswerRequest,
    ApplyCatalogue,
    ApproveRequest,
    CatalogueItem,
    Command,
    ConsentExtension,
    ConsentItemExtension,
    DeclareKey,
    DraftItem,
    EndGrant,
    ExtendItem,
    ExtendRequest,
    FileEnd,
    NewRequest,
    PublishItem,
    ResumeGrant,
    ReviewItem,
    RevokeKey,
    RotateKey,
    SeeGrant,
    SubmitItem,
    SuspendGrant,
    VouchKey,
    WithdrawItem,
    WithdrawRequest,
    read_command,
    read_item,
)
from node.control.decide import decide
from node.control.events import Event, day_of, decode, digest, encode, stamp
from node.control.folding import Folding
from node.control.grants import Grant
from node.control.requests import Request
from node.control.routes import Route, TopicSpec, gates, routes, topics_here
from node.control.tree import Tree

__all__ = [
    "AddDepartment",
    "AddDivision",
    "AmendRequest",
    "AnswerRequest",
    "ApplyCatalogue",
    "ApproveRequest",
    "Book",
    "Broken",
    "CatalogueItem",
    "Command",
    "ConsentExtension",
    "ConsentItemExtension",
    "DeclareKey",
    "DraftItem",
    "EndGrant",
    "Event",
    "ExtendItem",
    "ExtendRequest",
    "FileEnd",
    "Folded",
    "Folding",
    "Grant",
    "NewRequest",
    "Outcome",
    "PublishItem",
    "Refused",
    "Repeated",
    "Request",
    "ResumeGrant",
    "ReviewItem",
    "RevokeKey",
    "RotateKey",
    "Route",
    "SeeGrant",
    "Stuck",
    "SubmitItem",
    "SuspendGrant",
    "TopicSpec",
    "Tree",
    "VouchKey",
    "Waiting",
    "WithdrawItem",
    "WithdrawRequest",
    "day_of",
    "decide",
    "decode",
    "digest",
    "encode",
    "gates",
    "read_command",
    "read_item",
    "routes",
    "rule_answers",
    "stamp",
    "topics_here",
]
