"""The configuration of a node: one YAML file, wrong or whole.

division: "445102"                # whose node this is; in quotes, or YAML makes a number of it
kafka:
  bootstrap: "127.0.0.1:9092"     # the cluster beside this node; several as "a:9092,b:9092"
  replication: 3                  # of the topics that the node makes; 1 on a single broker
  login_file: 445102.login        # with which the node logs in: JSON {"username", "mechanism", "password"}, mode 0600
  ca_file: authority.pem          # what TLS trusts; may be absent only where every broker is on loopback
  brokers_login_file: brokers.login   # with which the node makes its own login where it is not let in; may be absent
  other_users: [kafka-exporter]   # of the operator's own tools: what the cluster lets them do is none of the node's; may be absent
parent:                           # absent at the root
  division: "445100"
  bootstrap: "10.0.0.1:9092"
  login_file: parent.login
  ca_file: parent.pem
  root: "SHA256:…"                # fingerprint of the root's key, as its operator tells it (`exchange-node key show`)
  url: "https://10.0.0.1:8080"    # of the parent's node, which is told when this one leaves; may be absent
  rate_bytes_per_s: 1250000       # what the link may carry in each direction; without it, all that it can
  rates:                          # the same of single resources or views; may be absent
    445102.civil-affairs.villages: 100000
http:
  listen: "127.0.0.1:8080"
  probes: "127.0.0.1:8081"        # metrics and probes, which ask for no token; unless said, the port after that of `listen`, on loopback
  requests_per_s: 100             # of one token
  debug: false                    # whether operators may ask /v1/debug what the node is doing
  tls: {certificate_file: node.crt, key_file: node.key}     # PEM, relative to this file; without it both listen on loopback alone
data_dir: ./data                  # relative to this file
metrics: {resources_max: 1000}    # so many resources have series of their own, the rest share one named `other`
log: {level: info, format: json}  # debug, info, warning, error; json or console, which unless said follows the terminal
"""

import re
import ssl
import stat
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

import msgspec

from node.bus.security import secured
from node.config.holidays import read_holidays
from node.config.reading import Field, Lang, Many, Part, Reading, Shape, Table, Wrong, one_of, read_flag, read_text, read_yaml, whole_within
from node.control.calendar import Calendar
from node.errors import ConfigError
from node.model import names
from node.model.keys import read_fingerprint
from node.model.limits import RATE_LEAST_BYTES_PER_S, RATE_MOST_BYTES_PER_S
from node.model.names import Division, Topic
from node.telemetry.level import LEVELS, Level
from node.telemetry.specification import RESOURCES_MAX

REPLICATION_MAX = 32767
"""Kafka's replication factor is an int16."""
PORT_MAX = 65535
REQUESTS_PER_S_MAX = 100_000
RESOURCES_MAX_MAX = 20_000
"""Some ten series each: more than that is a Prometheus of its own."""
LISTEN = "127.0.0.1:8080"

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):([0-9]{1,5})")


class Kafka(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster beside the node: `host:port`, several with commas between; how many copies its topics have; how the node gets in."""

    bootstrap: str
    replication: int = 3
    login_file: Path | None = None
    ca_file: Path | None = None
    brokers_login_file: Path | None = None
    other_users: tuple[str, ...] = ()


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """The division above and its cluster, which this node dials; and whose word counts at the top of the tree."""

    division: Division
    bootstrap: str
    root: str
    """the fingerprint of the root's first key: all that is believed follows from it"""
    login_file: Path | None = None
    ca_file: Path | None = None
    url: str = ""
    url_ca_file: Path | None = None
    rate_bytes_per_s: int | None = None
    rates: dict[Topic, int] = {}


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate by which the node's HTTP is known, and its key: absolute paths of PEM files."""

    certificate_file: Path
    key_file: Path


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """Where the node's own HTTP listens, and its metrics and probes, `host:port`; port 0 takes a free one."""

    listen: str = LISTEN
    probes: str = "127.0.0.1:8081"
    requests_per_s: int = 100
    debug: bool = False
    tls: Tls | None = None

    @property
    def probes_tls(self) -> Tls | None:
        """TLS for the probes: only where they are asked from elsewhere, for on loopback nobody else hears them."""
        return None if is_loopback(self.probes) else self.tls


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """From which level on events are logged, and as what: lines of JSON, or text for people; empty follows where it goes to."""

    level: Level = "info"
    format: Literal["", "json", "console"] = ""

    def readable(self, *, at_terminal: bool) -> bool:
        """Tell whether a person is to read it."""
        return self.format == "console" or (not self.format and at_terminal)


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """How many resources the metrics tell by name."""

    resources_max: int = RESOURCES_MAX


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration; `data_dir` is absolute, `calendar` what the operator's file says and empty without one."""

    division: Division
    kafka: Kafka
    parent: Parent | None = None
    http: Http = Http()
    data_dir: Path
    metrics: Metrics = Metrics()
    log: Log = Log()
    calendar: Calendar = Calendar()


def address(listen: str) -> tuple[str, int]:
    """Return host and port of a listener, an IPv6 address without its brackets."""
    host, _colon, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(listen: str) -> bool:
    """Tell whether a listener can be reached from its own machine alone; a name of any other machine may be anything."""
    host, _port = address(listen)
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(path: Path, lang: Lang = "en") -> Config:
    """Return the configuration in a file and in those that it names.

    ConfigError tells every problem of all of them as `FILE:LINE: key: what is wrong; what is right`.
    """
    reading = read_yaml(path, _SHAPE, lang)
    values = reading.values
    if "parent" in values and "kafka" in values:
        _check_parent(reading, values["parent"], values["kafka"])
    for cluster in ("kafka", "parent"):
        _check_encrypted(reading, cluster)
    here, calendar = path.parent.resolve(), Calendar()
    http = _http(reading, values.get("http", {}), here)
    problems = reading.problems
    if "calendar" in values:
        try:
            calendar = read_holidays(here / values["calendar"], lang)
        except ConfigError as error:
            problems += error.problems
    for cluster in filter(None, (values.get("kafka"), values.get("parent"))):
        cluster |= {key: here / cluster[key] for key in ("login_file", "ca_file", "brokers_login_file", "url_ca_file") if key in cluster}
        for login in ("login_file", "brokers_login_file"):
            try:
                secured(cluster.get(login), cluster.get("ca_file"))
            except ConfigError as error:
                problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise ConfigError(problems)
    return msgspec.convert({**values, "data_dir": here / values.get("data_dir", "data"), "calendar": calendar, "http": http}, Config)


def _http(reading: Reading, said: dict[str, Any], here: Path) -> dict[str, Any]:
    """Return the listeners as they stand with what is not said; what cannot be is told."""
    listen = said.get("listen", LISTEN)
    http = {"probes": _beside(listen)} | said
    if "tls" in said:
        http["tls"] = {name: here / file for name, file in said["tls"].items()}
        if len(http["tls"]) == len(_TLS.fields):
            _check_tls(reading, http["tls"])
    for key, where in (("http.listen", listen), ("http.probes", http["probes"])):
        if not is_loopback(where) and "tls" not in said:
            en = f"{where} is reached from other machines, which takes TLS: give `http.tls` a certificate_file and a key_file, or listen on 127.0.0.1"
            zh = f"{where} 可从其他机器访问，必须使用 TLS：请在 http.tls 中给出 certificate_file 和 key_file，或改为监听 127.0.0.1"
            reading.wrong(key, Wrong(en, zh))
    if http["probes"] == listen and address(listen)[1]:
        en, zh = f"{listen} is where `http.listen` listens; take another port", f"{listen} 已用于 http.listen；请换一个端口"
        reading.wrong("http.probes", Wrong(en, zh))
    return http


def _beside(listen: str) -> str:
    """Return where probes are asked unless it is said: on loopback, at the port after the other one; at a free one where that is free too."""
    port = address(listen)[1]
    return f"127.0.0.1:{port and (port + 1 if port < PORT_MAX else port - 1)}"


def _check_tls(reading: Reading, tls: dict[str, Path]) -> None:
    """See that certificate and key can be read, belong together, and that the key is the node's alone."""
    for name, file in tls.items():
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
            file.open("rb").close()
        except OSError as error:
            why = error.strerror or type(error).__name__
            en = f"{file} cannot be read ({why}); is the path right, and may the node's user read it?"
            reading.wrong(f"http.tls.{name}", Wrong(en, f"{file} 无法读取（{why}）；路径是否正确，运行节点的用户能否读取？"))
            return
        if name == "key_file" and mode & 0o077:
            en = f"others may read or write {file} (mode {mode:04o}); chmod 600, and make another key if they may have read it"
            zh = f"{file} 可被他人读写（权限 {mode:04o}）；请 chmod 600，若可能已被读取，请更换密钥"
            reading.wrong("http.tls.key_file", Wrong(en, zh))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls["certificate_file"], tls["key_file"], password=_no_password)
    except (OSError, ValueError) as error:
        en = f"certificate and key cannot be used ({error}); both are PEM, the key without a password, and it is the certificate's own"
        zh = f"证书与私钥无法使用（{error}）；两者应为 PEM 格式，私钥不设口令，且与证书配对"
        reading.wrong("http.tls", Wrong(en, zh))


def _no_password() -> str:
    """Answer for whoever would sit at the terminal: OpenSSL asks there for the password of a key that has one."""
    return ""


def _check_parent(reading: Reading, parent: dict[str, str], kafka: dict[str, str]) -> None:
    own = reading.values.get("division")
    if own is not None and parent.get("division") == own:
        en = f"{own} is this node's own division; name the division above it, or remove `parent` at the root"
        reading.wrong("parent.division", Wrong(en, f"{own} 是本节点自身的区划；应填上级区划，根节点则去掉 parent"))
    shared = set(parent.get("bootstrap", "").split(",")) & set(kafka.get("bootstrap", "").split(",")) - {""}
    if shared:
        en = f"{min(shared)} is this node's own cluster; name the brokers of the parent's, each node has a cluster of its own"
        reading.wrong("parent.bootstrap", Wrong(en, f"{min(shared)} 是本节点自己的集群；应填上级节点的集群，每个节点各有一个集群"))


def _check_encrypted(reading: Reading, cluster: str) -> None:
    """Hold a cluster that is reached over a network to TLS: what it says and who logs in would be read on the way."""
    told = reading.values.get(cluster, {})
    away = [address for address in told.get("bootstrap", "").split(",") if address and not is_loopback(address)]
    if away and "ca_file" not in told:
        en = f"{away[0]} is not on this machine, and nothing may go there in the clear; name what TLS trusts in `ca_file`"
        zh = f"{away[0]} 不在本机，不得以明文连接；请在 ca_file 中指明 TLS 所信任的证书"
        reading.wrong(f"{cluster}.bootstrap", Wrong(en, zh)._replace(example="ca_file: authority.pem"))


def read_division(text: str) -> Division | Wrong:
    """Read a division code."""
    try:
        return names.division(text)
    except ValueError:
        en = f"{text!r} is no division code; it has the 6, 9 or 12 digits of GB/T 2260"
        return Wrong(en, f"{text!r} 不是行政区划代码；应为 GB/T 2260 的 6、9 或 12 位数字")


def read_bootstrap(text: str) -> str | Wrong:
    """Read the addresses of brokers."""
    addresses = [address.strip() for address in text.split(",")]
    for address in addresses:
        found = _ADDRESS.fullmatch(address)
        if found is None or not 1 <= int(found[2]) <= PORT_MAX:
            en = f"{address!r} is no broker's address; write host:port, several with commas between"
            return Wrong(en, f"{address!r} 不是 broker 地址；应写成 host:port，多个以逗号分隔")
    return ",".join(addresses)


def _read_root(text: str) -> str | Wrong:
    try:
        return read_fingerprint(text)
    except ValueError as error:
        return Wrong(
            f"{error}; `exchange-node key show` on the root's node tells it",
            f"{text[:100]!r} 不是密钥指纹：应为 SHA256: 加 64 位十六进制数字；请在根节点执行 `exchange-node key show`",
        )


def _read_listen(text: str) -> str | Wrong:
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found[2]) > PORT_MAX:
        return Wrong(f"{text!r} is no address to listen on; write host:port", f"{text!r} 不是监听地址；应写成 host:port")
    return text


def _read_resource(text: str) -> Topic | Wrong:
    try:
        names.origin(text)
    except ValueError as error:
        return Wrong(str(error), f"{text[:200]!r} 不是资源或视图的名称；例如 445102.civil-affairs.villages")
    return Topic(text)


_DIVISION = Field(read_division, '"445102"')
_RATE = Field(whole_within(RATE_LEAST_BYTES_PER_S, RATE_MOST_BYTES_PER_S), "1250000", required=False, number=True)
_WAY_IN = {
    "bootstrap": Field(read_bootstrap, '"127.0.0.1:9092"'),
    "login_file": Field(read_text, "445102.login", required=False),
    "ca_file": Field(read_text, "authority.pem", required=False),
}
_TLS = Part({"certificate_file": Field(read_text, "node.crt"), "key_file": Field(read_text, "node.key")}, required=False)
_SHAPE: Shape = {
    "division": _DIVISION,
    "kafka": Part(
        {
            **_WAY_IN,
            "replication": Field(whole_within(1, REPLICATION_MAX), "3", required=False, number=True),
            "brokers_login_file": Field(read_text, "brokers.login", required=False),
            "other_users": Many(Field(read_text, "kafka-exporter"), required=False),
        }
    ),
    "parent": Part(
        {
            "division": _DIVISION,
            **_WAY_IN,
            "root": Field(_read_root, '"SHA256:…" (exchange-node key show, on the root)'),
            "url": Field(read_text, '"https://10.0.0.1:8080"', required=False),
            "url_ca_file": Field(read_text, "parent-http.pem", required=False),
            "rate_bytes_per_s": _RATE,
            "rates": Table(_read_resource, "445102.civil-affairs.villages", _RATE),
        },
        required=False,
    ),
    "http": Part(
        {
            "listen": Field(_read_listen, f'"{LISTEN}"', required=False),
            "probes": Field(_read_listen, '"127.0.0.1:8081"', required=False),
            "debug": Field(read_flag, "true", required=False, flag=True),
            "requests_per_s": Field(whole_within(1, REQUESTS_PER_S_MAX), "100", required=False, number=True),
            "tls": _TLS,
        },
        required=False,
    ),
    "data_dir": Field(read_text, "./data", required=False),
    "metrics": Part(
        {"resources_max": Field(whole_within(1, RESOURCES_MAX_MAX), str(RESOURCES_MAX), required=False, number=True)},
        required=False,
    ),
    "log": Part(
        {
            "level": Field(one_of(*LEVELS), "info", required=False),
            "format": Field(one_of("json", "console"), "json", required=False),
        },
        required=False,
    ),
    "calendar": Field(read_text, "holidays.yaml", required=False),
}
