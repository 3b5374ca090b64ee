"""Ways in and out for departments' data: files of rows, published to a resource exactly once; records of a topic, shown or exported to a file.

Road of a row: `files` reads it from CSV, NDJSON or an Avro container and types it by the schema; `publish` frames it,
puts it into a batch of its key's partition, and commits 25,000 rows or a second's worth in one Kafka transaction
together with the place behind them, which a consumer group keeps.

Road back: `export` reads the records of a time to the end that it saw at first, partition by partition, `writing` puts them into a file of the
same kinds, `whole` lets that be there when it is complete; of state, `newest` keeps the newest record of each key until its partition is read.

Bounds: one row or one container block of a file in memory, one open batch and two on their way for each partition; what an export
keeps goes to disk beyond 64 MiB.

Failure modes
- A row that does not fit is refused, by line, without its values; the rest goes on.
- A file that cannot be read to its end is refused before anything is published: it is read through once first.
- Kafka away, a batch refused for now, an answer lost: a new producer goes on from the committed place; after a minute
  without progress it is Unavailable. Killed: the next run's producer ends the open transaction and goes on.
- The same file published twice at once: the later fences the earlier. Exported twice at once: the later is refused.
- A record that cannot be decoded is left out of an export and told; the rest goes on.

Non-obvious: the place belongs to a file's content and a resource. A file that was mended is new content and would be
published whole.
"""

from node.adapters.files import Row, Survey, read_rows, survey
from node.adapters.publish import Progress, Published, Refusal, publication_group, publish

__all__ = ["Progress", "Published", "Refusal", "Row", "Survey", "publication_group", "publish", "read_rows", "survey"]
