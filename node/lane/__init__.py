"""The lane: how batches get from one log to another exactly once. Sans-IO: facts in, orders out.

A lane (`link-up`, `link-down`) has 16 shards; a topic-partition's shard never changes. One `Machine` drives one shard; whoever runs it
carries out its orders against Kafka and tells it what happened. It knows no request, no byte of a record, no clock of its own.

**The road of a transaction.**

1. `Open`: InitProducerId for `<node>.<lane>.<shard>` fences the former owner and ends its transaction (KIP-98).
2. `Recover`: only then is the shard's progress read, up to the high watermark taken after step 1. Earlier, a former owner's commit could
   still land behind our reading, and its batches would be sent twice.
3. `Inspect` each route: both sides must still be the logs that the progress remembers (`checks`). A difference stops that route with its
   reason and the others go on; a topic that is not there yet makes the route wait.
4. `Follow` from the progress, read_committed, with no automatic reset.
5. `Begin`, `Produce`, …; every batch is awaited (`Settled`) before `Record` writes the new progress in the same transaction, and that is
   awaited (`Recorded`) before `Commit`. A client that commits with a batch in doubt commits a hole.
6. Whatever goes wrong: everything since the last commit is forgotten, `Abort`, `Close`, pause, and back to 1. When the answer to `Commit`
   is lost, nobody knows the outcome; step 1 settles it and step 2 reads which it was.

**Routes of one source.** What a route reads may have another name (`Routed.sources`): the views of a resource are routes of their own, each
with its progress, its targets and its stops, and none hinders another. Where they stand at the same place the bus gives them the same
batches, and they are sent in step (`ready`). A route may begin at its source's end (`Routed.from_now`); that is written down at once, for
else it would begin at another end after every restart.

**Eras.** A source or a target may be disposed of and made anew. Whoever gives the routes numbers that (`Routed.eras`), and a progress tells of which era it is:
one of an earlier era counts on and says nothing else, so that the route begins anew, at its source's beginning (or end), in a target that has to be empty.
A route that runs, or that has stopped because a side was another than before, is looked at anew by itself when its era changes.

A transaction is closed after 0.5 s or 32 MiB under load, and at once when nothing waits: latency follows the load, nothing is tuned.

**Pace.** Beside the machines of a lane's shards there is one `Pace` for all of them (`pace`): how much is asked of the source, and of which resource first. It
follows what the link carries, so that over a slow one too a transaction takes about a second and no resource waits long for another; within an
operator's limits. A machine knows nothing of it: what has come is sent at once.

**Bounds.** A route is held while 4 MiB of it are unsettled; a lane's resources together have no more under way than is written in about half a second, but
64 KiB and a batch in any case; back-off doubles from 0.1 s to 5 s; nothing here grows with time. A batch has to pass within the time-out of a
transaction: one of 1 MiB needs 1 Mbit/s.

**Failure modes.** A batch that the target refuses for a reason that lies in its route (`TargetFailed`) sets that route aside before
the abort, so that the next transaction passes. A fenced shard gives itself up and is never reopened by itself, else two owners would fence each other
for ever; only when our own transaction outlived its time-out was it the coordinator that fenced us, and the shard is opened again.

**Non-obvious.**
- A position that moved only past control or aborted batches is written with the next commit, or alone after 5 s: retention must not
  overtake a position that was merely not written down.
- A batch is written by its topic's name: one that is on its way while its topic is made anew may come to stand in the new one, before the lane hears of the era.
  Where nothing had been written before it is even committed. So a route that begins waits until nothing in its target is undecided, and stops
  where something stands there.
- What comes from the source carries the generation of the `Follow` that asked for it; after a rollback older answers are dropped.
- Where batches are opened a transaction could outlive its time-out with what was sent in its first moments: once it is to end, what is not
  begun comes back (`Returned`) and goes with the next one.
- A route removed in mid-transaction stays until the commit: its batches are sent already, and their progress must stand with them.
  Wanted again before that, it sends what it holds still and is then looked at anew, for it is followed no more.
- A progress that is not committed is nothing: whenever a route is looked at, it goes back to what stands in the target.
- An operator's word is written down in a transaction of its own, or with the first batches. When the answer to that commit is lost, the
  recovered progress tells whether the word was carried out: a second time would lose or double once more. Where another owner has gone
  on meanwhile it does not tell any more, and the word is dropped.
- Who keeps something of a route from batch to batch (what a view of a state has shown) has it hold for a place: the offset of `Follow`, and
  what the route's progress says of its target then. The offset alone would not do: an operator's word may leave it and go past a target that
  was made anew. A route's beginning may be recorded while such a thing is being opened still; it has no part in that transaction.
- Until the first batch is carried, at the beginning or after an operator's word, a source is known by its id and its length alone: that an older
  copy of it was restored and grew again shows only where it is shorter than what was passed.
- An acknowledged offset below what was written before means that the target went back under our feet; the commit is refused.
"""

from node.lane.checks import Resume, Side, Stop
from node.lane.machine import Machine
from node.lane.phase import Phase
from node.lane.progress import Progress, TopicPartition, Written
from node.lane.route import RouteState, State

__all__ = ["Machine", "Phase", "Progress", "Resume", "RouteState", "Side", "State", "Stop", "TopicPartition", "Written"]
