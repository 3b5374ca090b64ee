"""The configuration of a node: what is right is taken, what is wrong is told at once, by line."""

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key

from node.bus.certificates import kept_authority
from node.bus.passwords import Login, write_login
from node.config import Config, Http, Kafka, Parent, address, load
from node.errors import ConfigError
from node.model.names import Division
from tests.certificates import Authority
from tests.config.files import LEAST, problems


def test_least_configuration_has_defaults_that_work(file: Path) -> None:
    """Whose node it is and its cluster suffice; data stands beside the file."""
    file.write_text(LEAST)
    assert load(file) == Config(
        division=Division("445102"),
        kafka=Kafka(bootstrap="127.0.0.1:9092", replication=3),
        parent=None,
        http=Http(listen="127.0.0.1:8080", probes="127.0.0.1:8081", requests_per_s=100, tls=None),
        data_dir=file.parent / "data",
    )


def test_whole_configuration_is_taken_as_it_stands(file: Path) -> None:
    """Every key lands in its place; a relative path counts from the file, spaces around brokers do not count."""
    here = file.parent
    for name in ("own.login", "parent.login"):
        write_login(here / name, Login(username="445102.node", password="secret"))  # noqa: S106
    kept_authority(here, "own")
    (here / "elsewhere").mkdir()
    kept_authority(here / "elsewhere", "parent")
    file.write_text("""# the district's node
division: '445102'
kafka:
  bootstrap: "a.example:9092, [::1]:9093"
  replication: 1
  other_users: [kafka-exporter, backup]
  login_file: own.login
  ca_file: authority.pem
parent:
  division: "445100"
  bootstrap: 10.0.0.1:9092
  login_file: parent.login
  ca_file: elsewhere/authority.pem
  root: "SHA256:00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
http: {listen: "[::1]:0"}
data_dir: ../elsewhere
""")
    config = load(file)
    assert config.kafka == Kafka(
        bootstrap="a.example:9092,[::1]:9093",
        replication=1,
        login_file=here / "own.login",
        ca_file=here / "authority.pem",
        other_users=("kafka-exporter", "backup"),
    )
    assert config.parent == Parent(
        division=Division("445100"),
        bootstrap="10.0.0.1:9092",
        login_file=here / "parent.login",
        ca_file=here / "elsewhere/authority.pem",
        root="SHA256:" + "00112233445566778899aabbccddeeff" * 2,
    )
    assert (address(config.http.listen), config.http.probes) == (("::1", 0), "127.0.0.1:0")
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
    (told,) = problems(file, f'division: "445102"\nkafka: {{bootstrap: "127.0.0.1:1", replication: {written}}}')
    assert cause in told


@pytest.mark.parametrize("root", ["", "SHA256:", "0" * 64, "SHA256:" + "0" * 63, "SHA256:" + "g" * 64, "MD5:" + "0" * 64])
def test_the_root_is_pinned_by_a_whole_fingerprint(file: Path, root: str) -> None:
    """Half of one would fit many keys; the message says where it is told."""
    (told,) = problems(file, LEAST + f'parent: {{division: "445100", bootstrap: "127.0.0.1:9192", root: "{root}"}}\n')
    assert told.startswith("node.yaml:3: parent.root: ")
    assert "exchange-node key show" in told


def test_parent_is_another_division_with_another_cluster(file: Path) -> None:
    """A node is not its own parent, and a link does not lead into the cluster that it comes from."""
    told = problems(
        file, LEAST + f'parent:\n  division: "445102"\n  bootstrap: "127.0.0.1:9192,127.0.0.1:9092"\n  root: "SHA256:{"0" * 64}"\n'
    )
    assert [problem.split(" ")[:2] for problem in told] == [
        ["node.yaml:4:", "parent.division:"],
        ["node.yaml:5:", "parent.bootstrap:"],
    ]


@pytest.mark.parametrize("address", ["127.0.0.1:9092", "127.8.8.8:9092", "[::1]:9092", "localhost:9092", "localhost:1,[::1]:2"])
def test_loopback_may_go_without_encryption(file: Path, address: str) -> None:
    """What never leaves the machine nobody reads on the way."""
    file.write_text(LEAST.replace("127.0.0.1:9092", address))
    assert load(file).kafka.ca_file is None


@pytest.mark.parametrize(
    "address", ["10.0.0.1:9092", "localhost.example:9092", "[2001:db8::1]:9092", "0.0.0.0:9092", "127.0.0.1:1,a.example:2"]
)
def test_a_cluster_over_a_network_needs_what_tls_trusts(file: Path, address: str) -> None:
    """One broker that is away suffices, the parent's as the own; the message names it and the key, in either language."""
    asked = LEAST.replace("127.0.0.1:9092", address)
    away = address.rsplit(",", maxsplit=1)[-1]
    (told,) = problems(file, asked)
    assert told.startswith(f"node.yaml:2: kafka.bootstrap: {away} is not on this machine, and nothing may go there in the clear")
    assert told.endswith("name what TLS trusts in `ca_file` (for example ca_file: authority.pem)")
    (told,) = problems(file, LEAST + f'parent: {{division: "445100", bootstrap: "{address}", root: "SHA256:{"0" * 64}"}}')
    assert told.startswith(f"node.yaml:3: parent.bootstrap: {away} ")
    with pytest.raises(ConfigError, match=f"{re.escape(away)} 不在本机，不得以明文连接"):
        load(file, "zh")
    kept_authority(file.parent, "own")
    file.write_text(asked.replace('"}', '", ca_file: authority.pem}'))
    assert load(file).kafka.ca_file == file.parent / "authority.pem"


@pytest.mark.parametrize(
    ("listen", "probes"), [("127.0.0.1:9000", "127.0.0.1:9001"), ("[::1]:0", "127.0.0.1:0"), ("localhost:65535", "127.0.0.1:65534")]
)
def test_probes_listen_beside_on_loopback_unless_it_is_said(file: Path, listen: str, probes: str) -> None:
    """At the next port, or a free one; where it is said, there."""
    file.write_text(LEAST + f"http: {{listen: '{listen}'}}")
    assert load(file).http.probes == probes
    file.write_text(LEAST + f"http: {{listen: '{listen}', probes: '127.0.0.1:7000'}}")
    assert load(file).http.probes == "127.0.0.1:7000"


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "[::]", "node.example"])  # noqa: S104 - that is what is refused
@pytest.mark.parametrize("key", ["listen", "probes"])
def test_what_is_reached_from_elsewhere_takes_tls(file: Path, host: str, key: str) -> None:
    """Either listener, told by its line with the repair."""
    (told,) = problems(file, LEAST + f"http:\n  {key}: '{host}:9000'\n")
    assert told.startswith(f"node.yaml:4: http.{key}: {host}:9000 is reached from other machines, which takes TLS: give `http.tls` a ")
    assert told.endswith("or listen on 127.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"])
def test_on_loopback_nobody_else_hears(file: Path, host: str) -> None:
    """So no TLS is asked for, and where there is some, probes go without: what asks them there knows no authority."""
    file.write_text(LEAST + f"http: {{listen: '{host}:9000'}}")
    http = load(file).http
    assert (http.tls, http.probes_tls) == (None, None)


def test_certificate_and_key_are_those_of_the_files_beside(file: Path) -> None:
    """Both listeners speak TLS, the probes only where others can reach them."""
    made = Authority(file.parent).tls("node.example")
    tls = "tls: {certificate_file: node.crt, key_file: node.key}"
    for probes, theirs in (("127.0.0.1:9001", False), ("0.0.0.0:9001", True)):
        file.write_text(LEAST + f"http: {{listen: '0.0.0.0:9000', probes: '{probes}', {tls}}}")
        http = load(file).http
        assert http.tls is not None
        assert (http.tls.certificate_file, http.tls.key_file) == (made.certificate_file, made.key_file)
        assert http.probes_tls == (http.tls if theirs else None)


def test_files_that_cannot_serve_are_told(file: Path) -> None:
    """Missing, open to others, of different pairs, or no PEM at all; each by its line and with what would be right."""
    authority = Authority(file.parent)
    authority.tls("a.example", name="other")
    node = authority.tls("a.example")

    def told(certificate: str, key: str) -> str:
        (one,) = problems(file, LEAST + f"http:\n  tls:\n    certificate_file: {certificate}\n    key_file: {key}\n")
        return one

    assert told("none.crt", "node.key").startswith("node.yaml:5: http.tls.certificate_file: none.crt cannot be read (No such")
    assert told("node.crt", "none.key").startswith("node.yaml:6: http.tls.key_file: ")
    assert "it is the certificate's own" in told("node.crt", "other.key")
    assert "both are PEM" in told("node.yaml", "node.key")
    node.key_file.chmod(0o640)
    assert "(mode 0640); chmod 600" in told("node.crt", "node.key")


def test_a_key_with_a_password_is_told_and_nobody_is_asked_for_it(file: Path) -> None:
    """A node starts by itself."""
    tls = Authority(file.parent).tls("a.example")
    key = load_pem_private_key(tls.key_file.read_bytes(), None)
    tls.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    (told,) = problems(file, LEAST + "http: {tls: {certificate_file: node.crt, key_file: node.key}}")
    assert "the key without a password" in told


def test_a_part_of_a_part_lacks_what_it_needs(file: Path) -> None:
    """One file of two."""
    (told,) = problems(file, LEAST + "http:\n  tls: {certificate_file: node.crt}\n")
    assert told == "node.yaml:4: http.tls.key_file: is missing; add it (for example key_file: node.key)"


def test_two_listeners_have_two_addresses(file: Path) -> None:
    """A slip of the hand that would be told by the kernel else."""
    (told,) = problems(file, LEAST + "http: {listen: '127.0.0.1:9000', probes: '127.0.0.1:9000'}")
    assert "http.probes: 127.0.0.1:9000 is where `http.listen` listens" in told


@pytest.mark.parametrize(
    ("written", "level", "readable"),
    [
        ("", "info", (False, True)),
        ("log: {level: debug}\n", "debug", (False, True)),
        ("log: {format: json}\n", "info", (False, False)),
        ("log: {level: error, format: console}\n", "error", (True, True)),
    ],
)
def test_the_log_follows_the_terminal_unless_it_is_said(file: Path, written: str, level: str, readable: tuple[bool, bool]) -> None:
    """Lines of JSON go to a file, text to a person; from which level on is said once for good."""
    file.write_text(LEAST + written)
    log = load(file).log
    assert (log.level, (log.readable(at_terminal=False), log.readable(at_terminal=True))) == (level, readable)


def test_a_level_that_there_is_not_is_told(file: Path) -> None:
    """With the one that was meant."""
    found = problems(file, LEAST + "log: {level: warn, format: text}\n")
    assert "did you mean warning?" in found[0]
    assert "json, console" in found[1]


def test_what_the_node_is_doing_is_told_only_where_it_is_said(file: Path) -> None:
    """Off unless the file says true; another word than YAML's two is told."""
    file.write_text(LEAST)
    assert not load(file).http.debug
    file.write_text(LEAST + "http: {debug: true}\n")
    assert load(file).http.debug
    (problem,) = problems(file, LEAST + "http: {debug: maybe}\n")
    assert "neither true nor false" in problem
    (problem,) = problems(file, LEAST + "http: {debug: [true]}\n")
    assert "it is true or false" in problem


def test_how_many_resources_have_names_in_the_metrics_may_be_said(file: Path) -> None:
    """A thousand unless it is; none at all, or a million, is no number for it."""
    file.write_text(LEAST)
    assert load(file).metrics.resources_max == 1000
    file.write_text(LEAST + "metrics: {resources_max: 50}\n")
    assert load(file).metrics.resources_max == 50
    assert "within 1 and 20000" in problems(file, LEAST + "metrics: {resources_max: 0}\n")[0]
