"""What is carried: events of electronic licences, each of 200 bytes, written once as a department's producer would."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec
from confluent_kafka import Producer

from benchmarks.topics import LOG_LEVEL
from node.adapters.publish import BATCH_BYTES_MAX
from node.avro import encode, frame, key_of, parse, schema_id
from node.batch.header import HEADER_BYTES, Header, marker, read
from node.demo.generate import records
from node.errors import Unavailable
from node.model.shipped import shipped

VALUE_BYTES = 200
SEED = 445102
_EVENTS = 50_000
"""Distinct events; then they come again. Far more than a batch holds or lz4 looks back (64 KiB)."""
_SERIAL_BYTES_MAX = 63
"""Avro writes the length of a longer text in two bytes."""

PRODUCER = {
    "batch.size": BATCH_BYTES_MAX,
    "linger.ms": 50,
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
}
"""Batches as `exchange-node publish` makes them, counted before compression; they have time to fill, as under load."""
_PIECE = 10_000
_WAITING_MAX = 200_000
_QUEUE = {"queue.buffering.max.messages": _PIECE + _WAITING_MAX, "queue.buffering.max.kbytes": 1 << 18}
_FLUSH_S = 120.0
_PAUSE_S = 0.005


def events(seed: int, count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield key and value of licence events: Confluent-framed Avro, made exactly VALUE_BYTES long by a serial in `remark`.

    Of `count` generated events those that are longer by themselves (about a third) are left out.
    """
    avsc = msgspec.json.decode(shipped("schemas/licences/licences.avsc").read_bytes())
    schema, number = parse(avsc), schema_id(avsc)
    for serial, made in enumerate(records("licences", count=count, seed=seed)):
        event = made.datum | {"street": None}
        bare = len(frame(number, encode(schema, event | {"remark": None})))
        room = VALUE_BYTES - bare - 1
        if 0 <= room <= _SERIAL_BYTES_MAX:
            remark = f"{serial * 0x9E3779B97F4A7C15 % (1 << 252):063x}"[-room:] if room else ""
            key = key_of(schema, event)
            assert key is not None
            yield key, frame(number, encode(schema, event | {"remark": remark}))


def licences() -> list[tuple[bytes, bytes]]:
    """Return the distinct events that are written again and again."""
    return list(events(SEED, _EVENTS))


async def write(  # noqa: PLR0917 - where to, what, how many, how, who hears of it, and with which login
    bootstrap: str,
    topic: str,
    content: Sequence[tuple[bytes, bytes]],
    count: int,
    codec: str,
    told: Callable[[int], None],
    login: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write `count` records, those of `content` (key and value) in turn, in order and once each; `told` hears how many are on their way.

    Unavailable if they do not get through.
    """
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": LOG_LEVEL, "compression.type": codec, **PRODUCER, **_QUEUE, **login})
    source = itertools.islice(itertools.cycle(content), count)
    sent = 0
    while piece := list(itertools.islice(source, _PIECE)):
        while len(producer) > _WAITING_MAX:  # its queue would refuse more
            producer.poll(0)
            await asyncio.sleep(_PAUSE_S)
        for key, value in piece:
            producer.produce(topic, value, key)
        sent += len(piece)
        told(sent)
        await asyncio.sleep(0)
    late = time.monotonic() + _FLUSH_S
    while left := len(producer):
        producer.poll(0)
        if time.monotonic() > late:
            raise Unavailable(f"{bootstrap}: {left} of {count} records were not written within {_FLUSH_S:.0f} s")
        await asyncio.sleep(_PAUSE_S)


class Stored(msgspec.Struct, frozen=True):
    """What a log holds: batches and their bytes, Kafka's markers left out, and the records that a read_committed consumer sees."""

    batches: int
    bytes: int
    records: int


def stored(data: Path, topic: str) -> Stored:
    """Count what a broker's data folder holds of a topic, from the headers of its batches: no record is read.

    The broker serves readers from the same files, so what it has acknowledged stands in them. An earlier topic of that name may stand
    beside it for a while: its folders have a longer name.
    """
    batches = size = committed = 0
    for partition in (one for one in data.glob(f"{topic}-*") if one.name.removeprefix(f"{topic}-").isdigit()):
        pending: Counter[int] = Counter()
        for header, ended in itertools.chain.from_iterable(map(_segment, sorted(partition.glob("*.log")))):
            if header.is_control:
                committed += pending.pop(header.producer_id, 0) if ended else 0
                continue
            batches, size = batches + 1, size + header.size
            if header.is_transactional:
                pending[header.producer_id] += header.count
            else:
                committed += header.count
    return Stored(batches, size, committed)


def _segment(path: Path) -> Iterator[tuple[Header, bool]]:
    """Yield the header of each batch and, of a marker, whether it commits."""
    with path.open("rb") as file:
        while len(head := file.read(HEADER_BYTES)) == HEADER_BYTES:
            header = read(head, 0)
            if header.is_control:
                whole = head + file.read(header.size - HEADER_BYTES)
                yield header, marker(whole, 0) == 1
            else:
                file.seek(header.size - HEADER_BYTES, 1)
                yield header, False
