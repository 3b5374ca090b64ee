"""What is made once for all clusters. A stand-in for Java shows the order of things; the real one shows the content."""

import asyncio
from pathlib import Path

import pytest

from node.bus.embedded import seed
from node.bus.embedded.distribution import Distribution, find_distribution
from node.bus.embedded.seed import prepare
from node.errors import ConfigError, Unavailable

# Writes down each call; formats as StorageTool does; writes the archive at the end of a broker, as Java does.
_JAVA = """#!/bin/sh
for word; do
  case $word in
    -XX:ArchiveClassesAtExit=*) archive=${word#*=} ;;
    kafka.tools.StorageTool) echo format >> "$CALLS"; mkdir -p data; echo levels > data/bootstrap.checkpoint; exit 0 ;;
  esac
done
trap 'echo classes > "$archive"; exit 0' TERM
echo broker >> "$CALLS"
while :; do sleep 0.1; done
"""


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Distribution:
    """Make a Kafka whose Java is a script, and whose brokers are ready when they have begun."""

    async def ready(*_: object) -> None:
        while "broker" not in _calls(made):
            await asyncio.sleep(0.01)

    monkeypatch.setattr(seed, "await_ready", ready)
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    java, libs = tmp_path / "java", tmp_path / "libs"
    java.write_text(_JAVA)
    java.chmod(0o755)
    libs.mkdir()
    (libs / "kafka.jar").touch()
    made = Distribution(java, libs, (libs / "kafka.jar",))
    return made


def _calls(distribution: Distribution) -> list[str]:
    return (distribution.libs.parent / "calls").read_text().split()


async def test_two_at_once_make_one(distribution: Distribution) -> None:
    """Clusters that open together share the work: one formats and trains, the other waits for it."""
    first, second = await asyncio.gather(prepare(distribution), prepare(distribution))
    assert first == second
    assert (first.checkpoint.read_text(), first.archive.read_text()) == ("levels\n", "classes\n")
    assert _calls(distribution) == ["format", "broker"]


async def test_another_jar_needs_another_seed(distribution: Distribution) -> None:
    """An archive serves only the jars it was made with: a changed one is noticed."""
    first = await prepare(distribution)
    distribution.jars[0].write_text("newer")
    assert (await prepare(distribution)).archive != first.archive


async def test_an_interrupted_making_is_made_anew(distribution: Distribution) -> None:
    """Making that was cancelled, or killed and left half a folder, is no seed; the next try succeeds."""
    making = asyncio.create_task(prepare(distribution))
    while not list(distribution.libs.parent.glob("seed-*.part")):
        await asyncio.sleep(0)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert (await prepare(distribution)).checkpoint.exists()


async def test_a_failing_java_is_quoted(distribution: Distribution) -> None:
    """If formatting fails, the error has the exit status and Java's own words, and nothing counts as made."""
    distribution.java.write_text("#!/bin/sh\necho 'Unrecognized VM option' >&2\nexit 1\n")
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"exit status 1; the end of .*\nUnrecognized VM option"):
            await prepare(distribution)


async def test_a_folder_that_cannot_be_written_is_named(distribution: Distribution, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jars in a place where nothing can be written are an error that names the place."""
    monkeypatch.setattr(seed, "_key", lambda _: "taken")
    (distribution.libs.parent / "seed-taken.lock").mkdir()
    with pytest.raises(ConfigError, match="nothing can be written there"):
        await prepare(distribution)


@pytest.mark.kafka
async def test_storage_has_the_releases_feature_levels() -> None:
    """Brokers begin with what `kafka-storage format` gives them: transactions of version 2, the new group protocol."""
    made = await prepare(find_distribution())
    levels = made.checkpoint.read_bytes()
    assert b"transaction.version\x00\x02" in levels
    assert b"group.version\x00\x01" in levels
    assert b"metadata.version" in levels
