"""The bus: Kafka, and nothing but Kafka. It never decides; lanes decide.

**The raw road**, for lanes: `source` fetches over connections (`feed`), with `fetch` over a `wire.Bulk`, as much as the lane's pace says; batches stay in the buffer they were received into, each
as a `fetch.Piece`; `sink` stamps a header of its own on them in place, and a `leader` for each broker sends them with `produce` over a
`wire.Acks`; the buffer goes back when the last of its batches is settled. `client` knows leaders and topic ids (`metadata`); `inspect` and
`progress` look at logs with ordinary requests when a route is opened; `faults` says what Kafka's error codes mean to a lane.

**The ordinary road**, for all else: `log` writes and reads control logs, `topics` makes topics, `reader` reads a stretch of any topic once and
`writer` writes to some of them in one transaction, with aiokafka's own clients.

**Who is let in.** `security` gives both roads the same login, which `passwords` reads from a file; `refusals` says in one line why a broker did not take
it. `users` makes and removes SCRAM users, `acls` their rights. `guard` has the properties that close a broker, `certificates` an authority for those
whose operator has none. `embedded` starts real brokers for the demo and the tests.

**How a cluster is.** `health` takes one look at all of it for the doctor, with `configs` (settings), `disks` (room) and `handshake` (certificates).

**Bounds.** A source connection holds 22 MiB of batches at most, which fill a quarter of their buffers or more; a producer has five
requests in flight to a broker; every request has a time-out.

**Failure modes.** A connection that breaks, a leader that moves, a reply that does not come: the source mends it by itself; a sink is
thrown away and opened anew, for only InitProducerId tells what became of its transaction. What lies in one route is told as that route's.

**Non-obvious.**
- Each shard writes over connections of its own: a broker answers the requests of one connection in turn, and a shard whose
  replicas are slow must not hold up the others.
- A login has a lifetime (`connections.max.reauth.ms`), after which the broker ends the connection with the next request over it. A raw connection is given
  up for a new one before that, when nothing is in flight; an ordinary request whose connection ends is made once more.
- What we may not see is waited for as if it were not there: rights follow the book on each node in its own time.
- Fetch goes by topic id (v13), so a topic made anew under an old name cannot be read as if it were the old one.
- Routes that are read from one partition share its batches, and a `Piece` counts its users: only who is alone with it may stamp it.
- aiokafka 0.14: `commit_transaction` commits with a batch in doubt, so every send is awaited first; `stop()` swallows
  cancellation, so every stop has a deadline; a consumer of several logs leaves out of its next Fetch those whose records are not taken
  yet, so the control logs are read with a short fetch wait.
"""
