"""`rotate`."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from node.bus.passwords import SCRAM_256, Login, read_login
from node.cli.answered import KafkaInfo
from node.cli.folder import department_files, kept_login, write_folder
from node.model.names import Department

TAX = Department("445102.tax")
OLD = Login(username=TAX, password="old-password")  # noqa: S106
NEW = Login(username=TAX, password="new-password", mechanism=SCRAM_256)  # noqa: S106
JAAS = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="445102.tax" password="{}";'


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def folder(here: Path) -> Path:
    """A department's folder, as `department add` writes it for a closed cluster."""
    kafka = KafkaInfo(bootstrap="k1.example:9092", protocol="SASL_SSL", ca="PEM")
    write_folder(here / TAX, department_files(TAX, "税务局", kafka=kafka, login=OLD, registry="http://127.0.0.1:8080"))
    return here / TAX


def mode(file: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(file.stat().st_mode)


def test_a_departments_file_changes_in_four_lines(cli: Callable[..., Any], node: Any, folder: Path) -> None:
    """Mechanism, password and what Java reads of both; the user stays, and so does all else in the file and the folder."""
    node.answer("/v1/logins", NEW)
    file = folder / "client.properties"
    file.write_text(file.read_text("utf-8") + "# ours\nfetch.min.bytes = 1\nsasl.login.retry.backoff.ms=5\n", "utf-8")
    before = {path.name: path.read_text("utf-8").splitlines() for path in folder.iterdir()}
    done = cli("rotate", TAX)
    assert (done.status, node.asked) == (0, [("/v1/logins", {"user": TAX, "grace_s": 86400.0})])
    after = {path.name: path.read_text("utf-8").splitlines() for path in folder.iterdir()}
    changed = [(old, new) for name in before for old, new in zip(before[name], after[name], strict=True) if old != new]
    assert changed == [
        ("sasl.mechanism=SCRAM-SHA-512", "sasl.mechanism=SCRAM-SHA-256"),
        ("sasl.password=old-password", "sasl.password=new-password"),
        (f"sasl.jaas.config={JAAS.format('old-password')}", f"sasl.jaas.config={JAAS.format('new-password')}"),
    ]
    assert (kept_login(folder), mode(file)) == (NEW, 0o600)
    assert "password" not in (done.out + done.err).replace("former password", "")


def test_what_counts_until_when_is_told(cli: Callable[..., Any], node: Any, folder: Path) -> None:
    """To people the minute and to programs the second; never the password."""
    node.answer("/v1/logins", NEW)
    told = cli("rotate", TAX, "--grace-hours", "0.5", "--json").json
    assert node.asked == [("/v1/logins", {"user": TAX, "grace_s": 1800.0})]
    assert (told["user"], told["file"], set(told)) == (TAX, f"{TAX}/client.properties", {"user", "file", "former_until"})
    rest = datetime.fromisoformat(told["former_until"]) - datetime.now(UTC)
    assert timedelta(minutes=29) < rest <= timedelta(minutes=30)
    assert f"{TAX}/client.properties" in cli("rotate", TAX, "--lang", "zh").out
    assert folder.exists()


@pytest.mark.parametrize("output", [None, "given/parent.login"])
def test_a_nodes_login_is_a_file_of_its_own(cli: Callable[..., Any], node: Any, here: Path, output: str | None) -> None:
    """For whoever carries it there: nobody else may read it, and a former one is written over."""
    login = Login(username="445102.node", password="new-password")  # noqa: S106
    node.answer("/v1/logins", login)
    file = here / (output or "445102.node.login")
    for _ in range(2):
        assert cli("rotate", "445102.node", *(("--output", output) if output else ())).status == 0
        assert (read_login(file), mode(file)) == (login, 0o600)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, ("no-client-file", "No such file")),
        (b"\xff", ("no-client-file", "UnicodeDecodeError")),
        (b"bootstrap.servers=a:1\n", ("no-login", "it has no login")),
        (b"#sasl.mechanism=a\n#sasl.username=b\n#sasl.password=c\n", ("no-login", "it has no login")),
        (b"sasl.username=b\nsasl.password=c\n", ("no-login", "it has no login")),
    ],
    ids=["missing", "no-text", "no-login", "commented-out", "no-mechanism"],
)
def test_a_file_that_cannot_be_changed_changes_nothing(
    cli: Callable[..., Any], node: Any, here: Path, content: bytes | None, told: tuple[str, str]
) -> None:
    """Told before the node makes a password, which nobody would have; with the file and what to do."""
    file = here / "own.properties"
    if content is not None:
        file.write_bytes(content)
    done = cli("rotate", TAX, "--output", "own.properties", "--json")
    assert (done.status, done.json["code"], node.asked) == (2, told[0], [])
    assert told[1] in done.err
    assert "Nothing was changed" in done.err
    assert not file.exists() or file.read_bytes() == content


@pytest.mark.parametrize("output", ["folder", "file/parent.login", None], ids=["folder", "below-a-file", "named-after-the-user"])
def test_without_a_place_for_it_no_password_is_made(cli: Callable[..., Any], node: Any, here: Path, output: str | None) -> None:
    """It would be lost, and the next one refused until the grace is over; told with what to do."""
    (here / "folder").mkdir()
    (here / "file").touch()
    (here / "445102.node.login").mkdir()
    done = cli("rotate", "445102.node", "--json", *(("--output", output) if output else ()))
    assert (done.status, done.json["code"], node.asked) == (2, "no-place", [])
    assert f"{output or '445102.node.login'}: it cannot be written (" in done.err
    assert "Nothing was changed" in done.err


def test_what_the_node_refuses_leaves_the_file_as_it_is(cli: Callable[..., Any], node: Any, folder: Path) -> None:
    """With the reason that it gave."""
    node.answer("/v1/logins", {"code": "rotating", "en": "two passwords already", "zh": "已有两个密码"}, 409)
    done = cli("rotate", TAX)
    assert (done.status, kept_login(folder)) == (1, OLD)
    assert "two passwords already" in done.err


@pytest.mark.parametrize("hours", ["-1", "721"])
def test_a_grace_that_cannot_be_is_refused(cli: Callable[..., Any], node: Any, hours: str) -> None:
    """No longer than thirty days: a password that was given away should end."""
    assert (cli("rotate", "445102.node", "--grace-hours", hours).status, node.asked) == (2, [])
