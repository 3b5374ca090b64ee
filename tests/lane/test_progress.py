"""Progress records: their keys, their values, and what of them cannot be read."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import DataError
from node.lane import Progress, TopicPartition, Written
from node.lane.progress import VERSION, decode, encode, key_of, route_of
from node.model.names import Topic

ROUTE = TopicPartition(Topic("445102.civil-affairs.marriages"), 3)
OFFSETS = st.integers(-1, 2**63 - 1)
COUNTS = st.integers(0, 2**63 - 1)
CRCS = st.integers(0, 2**32 - 1)
WRITTEN = st.builds(Written, id=st.text(), last=OFFSETS, count=COUNTS, crc=CRCS, batches=COUNTS, records=COUNTS, bytes=COUNTS)
TARGETS = {ROUTE.topic: Written(id="t")}


@given(
    st.builds(
        Progress, source_id=st.text(), next=COUNTS, last=OFFSETS, last_crc=CRCS, targets=st.dictionaries(st.text(), WRITTEN, max_size=3),
        batches=COUNTS, records=COUNTS, bytes=COUNTS,
    )
)  # fmt: skip
def test_a_record_reads_as_it_was_written(progress: Progress) -> None:
    """Every field survives, up to the greatest offset that Kafka has."""
    assert decode(encode(progress)) == progress


def test_a_record_is_json_with_names_that_stay() -> None:
    """Other versions read these names: they may be added to, never changed."""
    value = msgspec.json.decode(encode(Progress(source_id="s", next=5, targets=TARGETS)))
    assert value == {
        "version": 1, "source_id": "s", "next": 5, "last": -1, "last_crc": 0, "batches": 0, "records": 0, "bytes": 0, "era": 0, "day": "",
        "targets": {
            ROUTE.topic: {"id": "t", "last": -1, "count": 0, "crc": 0, "batches": 0, "records": 0, "bytes": 0, "day_records": 0, "day_bytes": 0}
        },
    }  # fmt: skip


def test_a_record_of_before_eras_is_of_the_first() -> None:
    """A route that was never disposed of goes on where an older node left it."""
    assert decode(b'{"version":1,"source_id":"s","next":5,"targets":{}}').era == 0


def test_fields_of_a_newer_minor_form_are_passed_over() -> None:
    """A field that is unknown here does not make the record unreadable."""
    known = decode(b'{"version":1,"source_id":"s","next":5,"targets":{"a.b.c":{"id":"t","last":7,"count":2,"chain":"ab"}},"chain":"ab"}')
    assert (known.next, known.targets) == (5, {Topic("a.b.c"): Written(id="t", last=7, count=2)})


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"null",
        b'{"version":1}',
        b'{"version":1,"source_id":"s","next":"5","targets":{}}',
        b'{"version":1,"source_id":"s","next":5}',
        b'{"version":1,"source_id":"s","next":5,"targets":{"a.b.c":{"last":7}}}',
        b"\xff",
    ],
)
def test_a_damaged_record_is_an_error(value: bytes) -> None:
    """Reading on from a guess would lose or double records."""
    with pytest.raises(DataError, match="cannot be read"):
        decode(value)


def test_a_newer_nodes_record_is_an_error_that_says_so() -> None:
    """Its form is unknown here, and so is what it means."""
    with pytest.raises(DataError, match="run the newer node"):
        decode(msgspec.json.encode(Progress(version=VERSION + 1, source_id="s", next=5, targets=TARGETS)))


def test_keys_name_lane_topic_and_partition() -> None:
    """Each lane finds its own routes in the partition that it shares with others."""
    assert key_of("link-up", ROUTE) == b"link-up|445102.civil-affairs.marriages|3"
    assert route_of(key_of("link-up", ROUTE), "link-up") == ROUTE
    assert route_of(key_of("link-down", ROUTE), "link-up") is None


@pytest.mark.parametrize("key", [b"", b"link-up|x", b"link-up|x|y", b"link-up|x|1|2", b"\xff|x|1"])
def test_a_key_of_another_form_is_an_error(key: bytes) -> None:
    """Somebody else writes to the progress topic: better to stop than to pass over a route."""
    with pytest.raises(DataError, match=r"lane\|topic\|partition"):
        route_of(key, "link-up")


def test_the_next_target_offset_lies_behind_the_last_batch() -> None:
    """Nothing carried means from the first; a word leaves a last batch of no records."""
    assert Written(id="t").next == 0
    assert Written(id="t", last=8, count=3).next == 11
    assert Written(id="t", last=8).next == 8


def test_a_route_reads_as_kafka_writes_it() -> None:
    """Topic and partition joined by a hyphen."""
    assert str(ROUTE) == "445102.civil-affairs.marriages-3"
