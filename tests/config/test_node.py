"""The configuration of a node: what is right is taken, what is wrong is told at once, by line."""

from pathlib import Path

import pytest

from node.config import Config, Http, Kafka, Parent, load
from node.model.names import Division
from tests.config.files import LEAST, problems


def test_least_configuration_has_defaults_that_work(file: Path) -> None:
    """Whose node it is and its cluster suffice; data stands beside the file."""
    file.write_text(LEAST)
    assert load(file) == Config(
        division=Division("445102"),
        kafka=Kafka(bootstrap="127.0.0.1:9092", replication=3),
        parent=None,
        http=Http(listen="127.0.0.1:8080"),
        data_dir=file.parent / "data",
    )


def test_whole_configuration_is_taken_as_it_stands(file: Path) -> None:
    """Every key lands in its place; a relative data_dir counts from the file, spaces around brokers do not count."""
    file.write_text("""# the district's node
division: '445102'
kafka:
  bootstrap: "a.example:9092, [::1]:9093"
  replication: 1
parent: {division: "445100", bootstrap: 10.0.0.1:9092, root: "SHA256:00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"}
http: {listen: "[::1]:0"}
data_dir: ../elsewhere
""")
    config = load(file)
    assert config.kafka == Kafka(bootstrap="a.example:9092,[::1]:9093", replication=1)
    assert config.parent == Parent(
        division=Division("445100"), bootstrap="10.0.0.1:9092", root="SHA256:" + "00112233445566778899aabbccddeeff" * 2
    )
    assert (config.http.host, config.http.port) == ("::1", 0)
    assert config.data_dir == file.parent / "../elsewhere"


def test_every_problem_is_told_at_once_in_the_order_of_lines(file: Path) -> None:
    """One look at the messages mends the whole file."""
    told = problems(
        file,
        """division: 445102
kafka:
  bootstrap: 127.0.0.1
  replication: 40000
  replicas: 3
parent:
  division: "445100"
http: {listen: 127.0.0.1:8080}
http: {listen: 127.0.0.1:8081}
data-dir: ./data
colour: red
""",
    )
    assert [problem.split(" ")[0] for problem in told] == [
        "node.yaml:1:",
        "node.yaml:3:",
        "node.yaml:4:",
        "node.yaml:5:",
        "node.yaml:6:",
        "node.yaml:6:",
        "node.yaml:9:",
        "node.yaml:10:",
        "node.yaml:11:",
    ]
    assert told[2] == "node.yaml:4: kafka.replication: 40000 is out of bounds; it lies within 1 and 32767 (for example replication: 3)"
    assert told[4] == 'node.yaml:6: parent.bootstrap: is missing; add it (for example bootstrap: "127.0.0.1:9092")'
    assert told[5].startswith("node.yaml:6: parent.root: is missing; add it (for example root: ")


@pytest.mark.parametrize("code", ["44510", "4451020", "44510x", "４４５１０２"])
def test_division_is_a_code_of_the_standard(file: Path, code: str) -> None:
    """Only 6, 9 or 12 digits are a division."""
    (told,) = problems(file, LEAST.replace("445102", code))
    assert "is no division code" in told


@pytest.mark.parametrize(
    "address", ["", "9092", "host", "host:", ":9092", "host:0", "host:65536", "host:9092,", "host name:9092", "http://a:1"]
)
def test_bootstrap_is_hosts_with_ports(file: Path, address: str) -> None:
    """Each of a list must be host:port."""
    (told,) = problems(file, LEAST.replace("127.0.0.1:9092", address))
    assert told.startswith("node.yaml:2: kafka.bootstrap: ")
    assert "is no broker's address; write host:port" in told


@pytest.mark.parametrize("listen", ["8080x", ":8080", "127.0.0.1", "127.0.0.1:65536"])
def test_listen_is_a_host_with_a_port(file: Path, listen: str) -> None:
    """The node's own HTTP needs both."""
    (told,) = problems(file, LEAST + f"http: {{listen: '{listen}'}}")
    assert "is no address to listen on; write host:port" in told


@pytest.mark.parametrize(
    ("written", "cause"), [("'3'", "no whole number"), ("3.0", "no whole number"), ("010", "no whole number"), ("0", "out of bounds")]
)
def test_replication_is_a_plain_whole_number(file: Path, written: str, cause: str) -> None:
    """Quotes, fractions, octals and numbers that Kafka cannot hold are told."""
    (told,) = problems(file, f'division: "445102"\nkafka: {{bootstrap: "a:1", replication: {written}}}')
    assert cause in told


@pytest.mark.parametrize("root", ["", "SHA256:", "0" * 64, "SHA256:" + "0" * 63, "SHA256:" + "g" * 64, "MD5:" + "0" * 64])
def test_the_root_is_pinned_by_a_whole_fingerprint(file: Path, root: str) -> None:
    """Half of one would fit many keys; the message says where it is told."""
    (told,) = problems(file, LEAST + f'parent: {{division: "445100", bootstrap: "b:9092", root: "{root}"}}\n')
    assert told.startswith("node.yaml:3: parent.root: ")
    assert "exchange-node key show" in told


def test_parent_is_another_division_with_another_cluster(file: Path) -> None:
    """A node is not its own parent, and a link does not lead into the cluster that it comes from."""
    told = problems(file, LEAST + f'parent:\n  division: "445102"\n  bootstrap: "b:9092,127.0.0.1:9092"\n  root: "SHA256:{"0" * 64}"\n')
    assert [problem.split(" ")[:2] for problem in told] == [
        ["node.yaml:4:", "parent.division:"],
        ["node.yaml:5:", "parent.bootstrap:"],
    ]
