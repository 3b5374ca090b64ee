"""The configuration of a node: one YAML file, wrong or whole.

division: "445102"                # whose node this is; in quotes, or YAML makes a number of it
kafka:
  bootstrap: "127.0.0.1:9092"     # the cluster beside this node; several as "a:9092,b:9092"
  replication: 3                  # of the topics that the node makes; 1 on a single broker
parent:                           # absent at the root
  division: "445100"
  bootstrap: "10.0.0.1:9092"
  root: "SHA256:…"                # fingerprint of the root's key, as its operator tells it (`exchange-node key show`)
http:
  listen: "127.0.0.1:8080"
data_dir: ./data                  # relative to this file
"""

import re
from pathlib import Path

import msgspec

from node.config.holidays import read_holidays
from node.config.reading import Field, Lang, Part, Reading, Shape, Wrong, read_text, read_yaml, whole_within
from node.control.calendar import Calendar
from node.errors import ConfigError
from node.model import names
from node.model.keys import read_fingerprint
from node.model.names import Division

REPLICATION_MAX = 32767
"""Kafka's replication factor is an int16."""
PORT_MAX = 65535

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):([0-9]{1,5})")


class Kafka(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster beside the node: `host:port`, several with commas between; and how many copies its topics have."""

    bootstrap: str
    replication: int = 3


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """The division above and its cluster, which this node dials; and whose word counts at the top of the tree."""

    division: Division
    bootstrap: str
    root: str
    """the fingerprint of the root's first key: all that is believed follows from it"""


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
    here, problems, calendar = path.parent.resolve(), reading.problems, Calendar()
    if "calendar" in values:
        try:
            calendar = read_holidays(here / values["calendar"], lang)
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


_BOOTSTRAP = Field(_read_bootstrap, '"127.0.0.1:9092"')
_DIVISION = Field(read_division, '"445102"')
_SHAPE: Shape = {
    "division": _DIVISION,
    "kafka": Part({"bootstrap": _BOOTSTRAP, "replication": Field(whole_within(1, REPLICATION_MAX), "3", required=False, number=True)}),
    "parent": Part(
        {"division": _DIVISION, "bootstrap": _BOOTSTRAP, "root": Field(_read_root, '"SHA256:…" (exchange-node key show, on the root)')},
        required=False,
    ),
    "http": Part({"listen": Field(_read_listen, '"127.0.0.1:8080"', required=False)}, required=False),
    "data_dir": Field(read_text, "./data", required=False),
    "calendar": Field(read_text, "holidays.yaml", required=False),
}
