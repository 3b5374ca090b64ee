"""Answers for benchmarks/mirror.py."""

from pathlib import Path

import pytest

from benchmarks.mirror import KEPT, Kept, Setting, connector, keep, kept, worker
from node.errors import ConfigError


def test_settings_reach_consumer_and_producer_and_both_sides_compress_alike() -> None:
    """A setting that Connect passes to nobody would be measured as if it did nothing."""
    setting = Setting("any", {"max.poll.records": "5000"}, {"batch.size": "131072"})
    told = connector(setting, alias="run-1", source="a:1", target="b:2", topic="t", tasks=2, codec="lz4")
    assert told["source.consumer.max.poll.records"] == "5000"
    assert told["producer.override.batch.size"] == "131072"
    assert told["producer.override.compression.type"] == "lz4"
    assert (told["source.cluster.bootstrap.servers"], told["target.cluster.bootstrap.servers"]) == ("a:1", "b:2")
    assert (told["topics"], told["tasks.max"], told["source.cluster.alias"]) == ("t", "2", "run-1")


def test_bytes_pass_through_the_worker_as_they_are() -> None:
    """No converter may open a record: ours does not either."""
    assert {value for key, value in worker("b:2").items() if key.endswith("converter")} == {
        "org.apache.kafka.connect.converters.ByteArrayConverter"
    }


def test_the_kept_settings_are_three_that_were_measured() -> None:
    """The file in the repository must be what `--tune` writes, with three different settings, none slower than nothing."""
    found = kept()
    assert len({one.setting.name for one in found.best}) == 3
    assert all(one.records_per_s > 0 and one.records_per_cpu_s > 0 for one in found.best)
    assert found.how


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    """Written and read again nothing may be lost."""
    found: Kept = kept(KEPT)
    keep(found, tmp_path / "mirror.json")
    assert kept(tmp_path / "mirror.json") == found


def test_a_damaged_file_is_named_with_the_command_that_writes_it(tmp_path: Path) -> None:
    """Whoever edits it by hand must be told where and what to do."""
    (tmp_path / "mirror.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"mirror\.json.*--tune"):
        kept(tmp_path / "mirror.json")
