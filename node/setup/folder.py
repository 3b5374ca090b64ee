"""The folder of a new node: its configuration, its secrets, and what its cluster's brokers need."""

import json
from pathlib import Path

import msgspec

from node.bus.certificates import CERTIFICATE, issue, kept_authority
from node.bus.guard import BROKER, KEYSTORE, TRUSTSTORE, Guard, new_id
from node.bus.passwords import Login, new_password, write_login, write_secret
from node.config.node import is_loopback
from node.errors import ConfigError
from node.model.names import Division, principal_of
from node.setup.brokers import Broker, broker_properties, brokers_of

CONFIG, OWN_LOGIN, BROKERS_LOGIN = "node.yaml", "node.login", "brokers.login"


class Founded(msgspec.Struct, frozen=True, kw_only=True):
    """What was written."""

    folder: str
    config: str
    brokers: list[str]
    """the properties files, in the order of the brokers"""
    tls: bool
    cluster_id: str
    """with which the brokers' storage is to be formatted, each alike"""


def found_node(folder: Path, division: Division, bootstrap: str, listen: str) -> Founded:
    """Write the folder of a new node whose brokers will be reached by `bootstrap`. ConfigError where there is a node in it already.

    TLS stands between all of them, unless every broker is on loopback: with an authority of the cluster's own.
    """
    there = next((folder / name for name in (CONFIG, OWN_LOGIN, BROKERS_LOGIN) if (folder / name).exists()), None)
    if there is not None:  # also what is left of a node: its brokers may run by these very passwords
        raise ConfigError([f"{there}: a node is set up here already; choose another --folder, or remove this one"])
    brokers = brokers_of(bootstrap)
    tls = not all(is_loopback(address) for address in bootstrap.split(","))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = Login(username=BROKER, password=new_password(), mechanism="PLAIN")
    write_login(folder / BROKERS_LOGIN, shared)
    write_login(folder / OWN_LOGIN, Login(username=principal_of(division), password=new_password()))
    guard = Guard(password=shared.password, principal=principal_of(division), tls=tls)
    homes = [_lay_out(folder.absolute(), broker, brokers, guard) for broker in brokers]
    # The configuration comes last: where it stands, all that it names does.
    (folder / CONFIG).write_text(_config(division, bootstrap, len(brokers), listen, tls=tls), encoding="utf-8")
    files = [str(home / "server.properties") for home in homes]
    return Founded(folder=str(folder), config=str(folder / CONFIG), brokers=files, tls=tls, cluster_id=new_id())


def _lay_out(folder: Path, broker: Broker, brokers: list[Broker], guard: Guard) -> Path:
    home = folder / f"broker-{broker.number}"
    home.mkdir(mode=0o700, exist_ok=True)
    entries = broker_properties(broker, brokers, guard, home)
    write_secret(home / "server.properties", "".join(f"{key}={for_java(value)}\n" for key, value in entries.items()))
    if guard.tls:
        authority = kept_authority(folder, f"{guard.principal} authority")
        write_secret(home / KEYSTORE, issue(authority, [broker.host.strip("[]")]))
        write_secret(home / TRUSTSTORE, authority.pem)
    return home


def for_java(value: str) -> str:
    """Return a value as `java.util.Properties` reads it back: bytes are ISO 8859-1 to it, whatever the folder is called, and a backslash escapes."""
    units = value.encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(chr(code) if code < 0x7F and chr(code) != "\\" else f"\\u{code:04x}" for code in codes)


def _config(division: Division, bootstrap: str, brokers: int, listen: str, *, tls: bool) -> str:
    lines = [
        f'division: "{division}"',
        "kafka:",
        f"  bootstrap: {json.dumps(bootstrap)}",
        f"  replication: {min(brokers, 3)}",
        f"  login_file: {OWN_LOGIN}",
        f"  brokers_login_file: {BROKERS_LOGIN}   # with which the node makes its own login, once",
        *([f"  ca_file: {CERTIFICATE}"] if tls else []),
        "http:",
        f"  listen: {json.dumps(listen)}",
        "data_dir: data",
    ]
    return "\n".join(lines) + "\n"
