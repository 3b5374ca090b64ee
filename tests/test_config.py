"""The configuration of a node: what is right is taken, what is wrong is told at once, by line."""

from pathlib import Path

import pytest

from node.config import Config, Http, Kafka, Lang, Parent, load
from node.errors import ConfigError
from node.model.names import Division

LEAST = 'division: "445102"\nkafka: {bootstrap: "127.0.0.1:9092"}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a configuration may be written."""
    return tmp_path / "node.yaml"


def problems(file: Path, text: str | bytes, lang: Lang = "en") -> list[str]:
    """Return what is wrong with a text, without the file's folder."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        load(file, lang)
    return [problem.replace(f"{file.parent}/", "") for problem in caught.value.problems]


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
parent: {division: "445100", bootstrap: 10.0.0.1:9092}
http: {listen: "[::1]:0"}
data_dir: ../elsewhere
""")
    config = load(file)
    assert config.kafka == Kafka(bootstrap="a.example:9092,[::1]:9093", replication=1)
    assert config.parent == Parent(division=Division("445100"), bootstrap="10.0.0.1:9092")
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
        "node.yaml:9:",
        "node.yaml:10:",
        "node.yaml:11:",
    ]
    assert told[2] == "node.yaml:4: kafka.replication: 40000 is out of bounds; it lies within 1 and 32767 (for example replication: 3)"
    assert told[4] == 'node.yaml:6: parent.bootstrap: is missing; add it (for example bootstrap: "127.0.0.1:9092")'


@pytest.mark.parametrize("written", ["445102", "0445102", "44_51_02", "4.45102e+5", "yes", "2025-01-31"])
def test_number_without_quotes_is_told_with_quotes(file: Path, written: str) -> None:
    """What YAML makes something else of (a number, an octal, a day) is never converted back: the line and the quotes are told."""
    (told,) = problems(file, LEAST.replace('"445102"', written))
    assert told.startswith(f"node.yaml:1: division: {written} is no text to YAML")
    assert told.endswith('quote it (for example division: "445102")')


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


def test_parent_is_another_division_with_another_cluster(file: Path) -> None:
    """A node is not its own parent, and a link does not lead into the cluster that it comes from."""
    told = problems(file, LEAST + 'parent:\n  division: "445102"\n  bootstrap: "b:9092,127.0.0.1:9092"\n')
    assert [problem.split(" ")[:2] for problem in told] == [
        ["node.yaml:4:", "parent.division:"],
        ["node.yaml:5:", "parent.bootstrap:"],
    ]


def test_misspelt_key_is_told_once_with_the_one_meant_and_read_on(file: Path) -> None:
    """A typo is one problem, not two, and what stands below it is checked as well."""
    told = problems(file, 'devision: "445102"\nkafak:\n  bootstrap: nowhere\n')
    assert len(told) == 3
    assert "devision: unknown key; did you mean division? known here: division, kafka, parent, http, data_dir" in told[0]
    assert told[2].startswith("node.yaml:3: kafka.bootstrap: 'nowhere'")


def test_doubled_key_is_told_with_its_first_line(file: Path) -> None:
    """YAML would let the last one win in silence."""
    (told,) = problems(file, LEAST + 'division: "445103"\n')
    assert told == "node.yaml:3: division: stands here again, first in line 1; keep one of the two"


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_empty_file_lacks_what_is_required(file: Path, text: str) -> None:
    """An empty file is told what to begin with."""
    told = problems(file, text)
    assert told == [
        'node.yaml:1: division: is missing; add it (for example division: "445102")',
        'node.yaml:1: kafka: is missing; add it (for example kafka: {bootstrap: "127.0.0.1:9092"})',
    ]


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        (LEAST + "http: [", 3, "not YAML"),
        ("division: a: b", 1, "mapping values are not allowed here"),
        ("\n\tdivision: 1", 2, "cannot start any token"),
        (LEAST + "---\nmore: 1", 3, "another document"),
        (b"\n\nname: \xd6\xd0", 3, "not UTF-8 (byte 0xd6)"),
        ("\nname: \x07", 2, "U+0007 is not allowed"),
        ("[" * 10_000, 1, "nested too deeply"),
        (b"#" * (1 << 20) + b"\n", 1, "longer than 1048576 bytes"),
    ],
)
def test_file_that_is_no_yaml_is_told_with_its_line(file: Path, text: str | bytes, line: int, cause: str) -> None:
    """Syntax comes first: nothing else can be said of such a file."""
    (told,) = problems(file, text)
    assert told.startswith(f"node.yaml:{line}: not YAML: ")
    assert cause in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- division", "node.yaml:1: there should be keys with values here"),
        (LEAST + "parent:\n", "node.yaml:3: parent: there should be keys with values here"),
        (LEAST + "http: 8080\n", "node.yaml:3: http: there should be keys with values here"),
        (LEAST + "data_dir:\n", "node.yaml:3: data_dir: has no value"),
        (LEAST + "data_dir: ' '\n", "node.yaml:3: data_dir: is empty"),
        (LEAST + "data_dir: [a, b]\n", "node.yaml:3: data_dir: has parts of its own; it is text"),
        (LEAST + "? [a]\n: 1\n", "node.yaml:3: ?: unknown key"),
        (LEAST + "x: &a {y: *a}\n", "node.yaml:3: x: unknown key"),
        (LEAST + "data_dir: !!python/name:os.system ''\n", "node.yaml:3: data_dir: "),
    ],
)
def test_value_of_the_wrong_form_is_told_with_its_line(file: Path, text: str, told: str) -> None:
    """Lists, sections, nothing and YAML's own objects are never taken for a value."""
    assert any(problem.startswith(told) for problem in problems(file, text))


def test_file_that_is_not_there_is_a_problem_too(tmp_path: Path) -> None:
    """A wrong path is told like anything else that is wrong."""
    for path, cause in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError, match=cause):
            load(path)


def test_problems_are_told_in_chinese_where_asked(file: Path) -> None:
    """The same problem, line and example in the other language."""
    assert problems(file, "", "zh")[0] == 'node.yaml:1: division：缺少；请添加（例如 division: "445102"）'
