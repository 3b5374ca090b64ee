"""Apache Kafka as it was fetched onto this machine, and the Java that runs it. Nothing is fetched here."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from node.bus.embedded.settings import JAVA_OPTIONS
from node.errors import ConfigError
from node.model.shipped import shipped, shipped_root

LIBS_VARIABLE = "EXCHANGE_NODE_KAFKA_LIBS"
_POM = "deploy/kafka/pom.xml"


class Distribution(msgspec.Struct, frozen=True):
    """The Java to run and Kafka's jars, in one order for ever: an archive of classes serves only the class path it was made with."""

    java: Path
    libs: Path
    jars: tuple[Path, ...]

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a small Java with further options, a class and its arguments."""
        return [str(self.java), *JAVA_OPTIONS, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """What the brokers' Java needs in its environment; without a UTF-8 locale it could not open a folder named in Chinese."""
        return {"CLASSPATH": os.pathsep.join(map(str, self.jars)), "LC_ALL": "C.UTF-8"}


def kafka_version() -> str:
    """Return the release of Apache Kafka that the pom pins, for example `4.1.2`."""
    pom = shipped(_POM).read_text(encoding="utf-8")
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", pom)
    if found is None:
        raise ConfigError([f"{_POM}: no kafka.version in it"])
    return found[1]


def find_distribution(environment: Mapping[str, str] = os.environ) -> Distribution:
    """Find Java (JAVA_HOME, else PATH) and the jars (EXCHANGE_NODE_KAFKA_LIBS, else the checkout's .kafka/libs).

    ConfigError says all that is missing and the command that gets it.
    """
    libs = Path(environment.get(LIBS_VARIABLE) or shipped_root() / ".kafka" / "libs").absolute()
    jars = tuple(sorted(libs.glob("*.jar")))
    java = _java(environment)
    problems = []
    if java is None:
        problems.append("Java 17 or newer is missing: run `make demo` as root, or `apt-get install openjdk-17-jre-headless`")
    if not any(jar.name == f"kafka_2.13-{kafka_version()}.jar" for jar in jars):
        problems.append(
            f"Apache Kafka {kafka_version()} is not in {libs}: run `make demo` in a checkout, or "
            f"`mvn -q -B -f '{shipped(_POM)}' package -Dlibs=FOLDER` and set {LIBS_VARIABLE}=FOLDER"
        )
    if java is None or problems:
        raise ConfigError(problems)
    return Distribution(java, libs, jars)


def _java(environment: Mapping[str, str]) -> Path | None:
    home = environment.get("JAVA_HOME")
    found = (home and shutil.which("java", path=f"{home}/bin")) or shutil.which("java", path=environment.get("PATH"))
    return Path(found) if found else None
