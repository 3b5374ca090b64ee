"""The peer's side of `view`: fastavro and plain Python make of each record what one view has of it.

`python -m benchmarks.view_loop BOOTSTRAP SIDE SOURCE TARGET`: the topic that is read and the one that is written.
"""

import asyncio
import sys
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import fastavro

from benchmarks.loop import Put, Take, loop
from benchmarks.view_cases import SIDES, Side, plain
from node.avro import frame_header, schema_id
from node.avro.deriving import derive
from node.model.names import Topic


def cutter(side: Side, target: Topic) -> Take:
    """Return what decodes records, asks whether they are in the view's rows, and encodes what it has of them by its schema, into `target`.

    Decoding and encoding work by schemas without logical types, which takes a fifth to a third off fastavro's time.
    """
    (cut,) = side.cuts
    derived = derive(side.source.schema, cut.selection)
    source_frame, frame = frame_header(schema_id(side.source.schema)), frame_header(schema_id(derived))
    source_schema, schema = fastavro.parse_schema(plain(side.source.schema)), fastavro.parse_schema(plain(derived))
    read, write, passes = fastavro.schemaless_reader, fastavro.schemaless_writer, cut.passes

    def take(partition: int, records: Sequence[Any], put: Put) -> None:
        for record in records:
            source = BytesIO(record.value)
            if source.read(5) != source_frame:
                raise ValueError(f"the record at offset {record.offset} is of another schema than the resource's")
            datum: Any = read(source, source_schema, None)
            if passes(datum):
                value = BytesIO()
                value.write(frame)
                write(value, schema, datum)
                put(target, partition, record.timestamp, record.key, value.getvalue(), [])

    return take


if __name__ == "__main__":
    asyncio.run(loop(sys.argv[1], Topic(sys.argv[3]), cutter(SIDES[sys.argv[2]], Topic(sys.argv[4]))))
