"""Finding Kafka and Java."""

from pathlib import Path

import pytest

from node.bus.embedded.distribution import LIBS_VARIABLE, find_distribution, kafka_version
from node.errors import ConfigError
from node.model.shipped import shipped


@pytest.fixture
def jars(tmp_path: Path) -> Path:
    """Make a folder that looks like fetched jars."""
    for name in ("zstd.jar", "a.jar", f"kafka_2.13-{kafka_version()}.jar"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def java(tmp_path: Path) -> Path:
    """Make a folder that looks like a Java."""
    program = tmp_path / "jre" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    return program


def test_the_release_is_read_from_the_pom() -> None:
    """The pom is the one place that names the release."""
    assert f"<kafka.version>{kafka_version()}</kafka.version>" in shipped("deploy/kafka/pom.xml").read_text()


def test_java_home_goes_before_the_path(jars: Path, java: Path) -> None:
    """JAVA_HOME is an operator's choice and wins; without it the PATH is searched."""
    chosen = find_distribution({LIBS_VARIABLE: str(jars), "JAVA_HOME": str(java.parents[1]), "PATH": "/usr/bin"})
    assert chosen.java == java
    assert find_distribution({LIBS_VARIABLE: str(jars), "PATH": str(java.parent)}).java == java


def test_the_class_path_has_one_order(jars: Path, java: Path) -> None:
    """Jars are named one by one, sorted: an archive of classes serves no other order."""
    found = find_distribution({LIBS_VARIABLE: str(jars), "PATH": str(java.parent)})
    assert [jar.name for jar in found.jars] == ["a.jar", f"kafka_2.13-{kafka_version()}.jar", "zstd.jar"]
    assert found.environment["CLASSPATH"] == ":".join(str(jar) for jar in found.jars)


def test_all_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    """Without Java and jars there is one error with both, each with the command that gets it."""
    with pytest.raises(ConfigError) as caught:
        find_distribution({LIBS_VARIABLE: str(tmp_path), "PATH": ""})
    java, kafka = caught.value.problems
    assert "apt-get install openjdk-17-jre-headless" in java
    assert f"Apache Kafka {kafka_version()} is not in {tmp_path}: run `make demo`" in kafka
    assert LIBS_VARIABLE in kafka


def test_another_release_is_not_taken(tmp_path: Path, java: Path) -> None:
    """Jars that an older pom fetched are refused, not run."""
    (tmp_path / "kafka_2.13-3.9.0.jar").touch()
    with pytest.raises(ConfigError, match="is not in"):
        find_distribution({LIBS_VARIABLE: str(tmp_path), "PATH": str(java.parent)})
