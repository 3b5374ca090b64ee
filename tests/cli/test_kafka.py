"""Answers for node/cli/kafka.py: which file a command logs in by, and what is told where that cannot be."""

from pathlib import Path

import pytest

from node.bus.certificates import CERTIFICATE, kept_authority
from node.bus.passwords import SCRAM_256, Login
from node.bus.security import Security, Way
from node.cli.answered import KafkaInfo
from node.cli.folder import department_files, write_folder
from node.cli.kafka import read_properties, way_in
from node.cli.voice import CliError, Exit
from node.model.names import Department

TAX = Department("445102.tax")
LOGIN = Login(username=TAX, password="hidden", mechanism=SCRAM_256)  # noqa: S106
CLOSED, OPEN = KafkaInfo(bootstrap="node-says:9092", protocol="SASL_PLAINTEXT"), KafkaInfo(bootstrap="node-says:9092")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path, kafka: KafkaInfo, login: Login | None = LOGIN) -> Path:
    """A department's folder, as `department add` writes it; return the file in it."""
    write_folder(folder, department_files(TAX, "税务局", kafka=kafka, login=login, registry="http://127.0.0.1:8080"))
    return folder / "client.properties"


def logged_in(bootstrap: str) -> Way:
    """How one gets in by what `written` wrote."""
    security = Security(protocol="SASL_PLAINTEXT", mechanism=SCRAM_256, username=TAX, password=LOGIN.password)
    return Way(bootstrap, security)


def test_the_file_that_is_named_counts(here: Path) -> None:
    """Before the one in the department's own folder; what it says of the cluster counts before what the node says."""
    file = written(here / "elsewhere", KafkaInfo(bootstrap="file-says:9092", protocol="SASL_PLAINTEXT"))
    written(here / TAX, CLOSED, Login(username=TAX, password="other"))  # noqa: S106
    assert way_in(file, TAX, CLOSED) == way_in(file, "", CLOSED) == way_in(file, TAX, OPEN) == logged_in("file-says:9092")


def test_else_that_of_the_departments_folder_counts(here: Path) -> None:
    """Where one stands beside the folders; whoever acts for nobody has none."""
    written(here / TAX, CLOSED)
    assert way_in(None, TAX, CLOSED) == logged_in("node-says:9092")
    assert way_in(None, "", OPEN) == way_in(None, "445102.police", OPEN) == Way("node-says:9092", Security())


@pytest.mark.parametrize("department", [TAX, ""])
def test_a_closed_cluster_takes_a_login(department: str) -> None:
    """There is no sense in knocking without one: told with where it was looked for, and how to name another."""
    with pytest.raises(
        CliError, match=r"there is no (445102\.tax|DEPARTMENT)/client\.properties here: .*--client-file or EXCHANGE_NODE_CLIENT_FILE"
    ) as told:
        way_in(None, department, CLOSED)
    assert (told.value.code, told.value.status) == ("no-login", Exit.WRONG)
    assert "--client-file" in told.value.zh


def test_a_file_without_a_login_is_for_an_open_cluster(here: Path) -> None:
    """As `department add` writes it where there is nothing to log in to."""
    file = written(here / TAX, OPEN, None)
    assert way_in(file, TAX, OPEN) == Way("node-says:9092", Security())


def test_what_tls_trusts_lies_beside_the_file(here: Path) -> None:
    """Wherever one stands; it is that authority alone."""
    kept_authority(here, "test")
    file = written(here / "elsewhere", KafkaInfo(bootstrap="k1:1", protocol="SASL_SSL", ca=(here / CERTIFICATE).read_text()))
    way = way_in(file, TAX, CLOSED)
    assert (way.security.protocol, way.security.username) == ("SASL_SSL", TAX)
    assert way.security.tls is not None
    assert len(way.security.tls.get_ca_certs()) == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_told(here: Path, content: str | None) -> None:
    """With its file, and beside which one it belongs."""
    file = written(here / "elsewhere", KafkaInfo(bootstrap="k1:1", protocol="SASL_SSL", ca="PEM"))
    (file.parent / "authority.pem").unlink()
    if content is not None:
        (file.parent / "authority.pem").write_text(content)
    with pytest.raises(CliError, match=rf"^{file.parent}/authority.pem: .*it belongs beside {file}$") as told:
        way_in(file, TAX, CLOSED)
    assert (told.value.code, told.value.status) == ("no-authority", Exit.WRONG)


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_is_named_and_cannot_be_read_is_told(here: Path, content: bytes | None) -> None:
    """Also where the cluster is open: whoever names a file means it."""
    if content is not None:
        (here / "own.properties").write_bytes(content)
    with pytest.raises(CliError, match=r"^own\.properties: it cannot be read \(.*department add.*--client-file") as told:
        way_in(Path("own.properties"), TAX, OPEN)
    assert (told.value.code, told.value.status) == ("no-client-file", Exit.WRONG)


def test_properties_are_read_as_they_are_written(here: Path) -> None:
    """Comments and blank lines aside; a value may have `=` in it."""
    (here / "any").write_text("# a=b\n\na=1\nb=c=d\nnothing\n", "utf-8")
    assert read_properties(here / "any") == {"a": "1", "b": "c=d"}
