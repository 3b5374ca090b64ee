"""The configuration of a node: one YAML file, wrong or whole.

division: "445102"                # whose node this is; in quotes, or YAML makes a number of it
kafka:
  bootstrap: "127.0.0.1:9092"     # the cluster beside this node; several as "a:9092,b:9092"
  replication: 3                  # of the topics that the node makes; 1 on a single broker
  login_file: 445102.login        # with which the node logs in: JSON {"username", "mechanism", "password"}, mode 0600
  ca_file: authority.pem          # what TLS trusts; may be absent only where every broker is on loopback
parent:                           # absent at the root
  division: "445100"
  bootstrap: "10.0.0.1:9092"
  login_file: parent.login
  ca_file: parent.pem
http:
  listen: "127.0.0.1:8080"
data_dir: ./data                  # relative to this file
"""

import ipaddress
import re
from pathlib import Path

import msgspec

from node.bus.security import secured
from node.config.holidays import read_holidays
from node.config.reading import Field, Lang, Part, Reading, Shape, Wrong, read_text, read_yaml, whole_within
from node.control.calendar import Calendar
from node.errors import ConfigError
from node.model import names
from node.model.names import Division

REPLICATION_MAX = 32767
"""Kafka's replication factor is an int16."""
PORT_MAX = 65535

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):([0-9]{1,5})")


class Kafka(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster beside the node: `host:port`, several with commas between; how many copies its topics have; how the node gets in."""

    bootstrap: str
    replication: int = 3
    login_file: Path | None = None
    ca_file: Path | None = None


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """The division above and its cluster, which this node dials."""

    division: Division
    bootstrap: str
    login_file: Path | None = None
    ca_file: Path | None = None


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """Where the node's own HTTP listens, `host:port`; port 0 takes a free one."""

    listen: str = "127.0.0.1:8080"

    @property
    def host(self) -> str:
        """The address to bind, an IPv6 one without its brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to bind."""
        return int(self.listen.rpartition(":")[2])


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration; `data_dir` is absolute, `calendar` what the operator's file says and empty without one."""

    division: Division
    kafka: Kafka
    parent: Parent | None = None
    http: Http = Http()
    data_dir: Path
    calendar: Calendar = Calendar()


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
    here, problems, calendar = path.parent.resolve(), reading.problems, Calendar()
    if "calendar" in values:
        try:
            calendar = read_holidays(here / values["calendar"], lang)
        except ConfigError as error:
            problems += error.problems
    for cluster in filter(None, (values.get("kafka"), values.get("parent"))):
        cluster |= {key: here / cluster[key] for key in ("login_file", "ca_file") if key in cluster}
        try:
            secured(cluster.get("login_file"), cluster.get("ca_file"))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return msgspec.convert({**values, "data_dir": here / values.get("data_dir", "data"), "calendar": calendar}, Config)


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


def is_loopback(address: str) -> bool:
    """Tell whether `host:port` never leaves this machine."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_division(text: str) -> Division | Wrong:
    """Read a division code."""
    try:
        return names.division(text)
    except ValueError:
        en = f"{text!r} is no division code; it has the 6, 9 or 12 digits of GB/T 2260"
        return Wrong(en, f"{text!r} 不是行政区划代码；应为 GB/T 2260 的 6、9 或 12 位数字")


def _read_bootstrap(text: str) -> str | Wrong:
    addresses = [address.strip() for address in text.split(",")]
    for address in addresses:
        found = _ADDRESS.fullmatch(address)
        if found is None or not 1 <= int(found[2]) <= PORT_MAX:
            en = f"{address!r} is no broker's address; write host:port, several with commas between"
            return Wrong(en, f"{address!r} 不是 broker 地址；应写成 host:port，多个以逗号分隔")
    return ",".join(addresses)


def _read_listen(text: str) -> str | Wrong:
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found[2]) > PORT_MAX:
        return Wrong(f"{text!r} is no address to listen on; write host:port", f"{text!r} 不是监听地址；应写成 host:port")
    return text


_DIVISION = Field(read_division, '"445102"')
_WAY_IN = {
    "bootstrap": Field(_read_bootstrap, '"127.0.0.1:9092"'),
    "login_file": Field(read_text, "445102.login", required=False),
    "ca_file": Field(read_text, "authority.pem", required=False),
}
_SHAPE: Shape = {
    "division": _DIVISION,
    "kafka": Part({**_WAY_IN, "replication": Field(whole_within(1, REPLICATION_MAX), "3", required=False, number=True)}),
    "parent": Part({"division": _DIVISION, **_WAY_IN}, required=False),
    "http": Part({"listen": Field(_read_listen, '"127.0.0.1:8080"', required=False)}, required=False),
    "data_dir": Field(read_text, "./data", required=False),
    "calendar": Field(read_text, "holidays.yaml", required=False),
}
