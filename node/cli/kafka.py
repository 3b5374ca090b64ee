"""How a command gets into a cluster: by the `client.properties` of the department for which it acts."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from node.cli.answered import KafkaInfo
from node.cli.voice import CliError, Exit

if TYPE_CHECKING:
    import ssl

    from node.bus.passwords import Login
    from node.bus.security import Way

CLIENT_FILE = "EXCHANGE_NODE_CLIENT_FILE"
PROPERTIES = "client.properties"
ClientFile = Annotated[
    Path | None,
    Parameter(
        env_var=CLIENT_FILE,
        show_default=False,
        help="部门的 client.properties，默认取当前目录下部门文件夹中的 / The department's client.properties; that of its folder in the working directory if left out.",
    ),
]


def way_in(asked: Path | None, department: str, kafka: KafkaInfo) -> "Way":
    """Return where a cluster is and how to log in to it: by the file that is asked for, else by that of the department's folder, if there is one.

    CliError, with file, cause and next step, for a file that cannot be used.
    """
    from node.bus.security import Security, Way  # noqa: PLC0415  # brings TLS, which most commands do not need

    file = asked or (Path(department) / PROPERTIES if department else None)
    if file is None or (asked is None and not file.is_file()):
        if kafka.protocol.startswith("SASL"):
            raise _no_login(department)
        return Way(kafka.bootstrap, Security(protocol=kafka.protocol))
    told = read_properties(file)
    protocol = told.get("security.protocol", "PLAINTEXT")
    security = Security(
        protocol=protocol,
        tls=_trusted(file, told) if protocol.endswith("SSL") else None,
        mechanism=told.get("sasl.mechanism", "PLAIN"),
        username=told.get("sasl.username"),
        password=told.get("sasl.password"),
    )
    return Way(told.get("bootstrap.servers", kafka.bootstrap), security)


def login_entries(login: "Login") -> dict[str, str]:
    """Return the entries of a properties file that say who logs in: `sasl.jaas.config` is Java's, the name and the password librdkafka's."""
    module = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{login.username}" password="{login.password}";'
    return {
        "sasl.mechanism": login.mechanism,
        "sasl.username": login.username,
        "sasl.password": login.password,
        "sasl.jaas.config": module,
    }


def read_properties(file: Path) -> dict[str, str]:
    """Return the entries of a properties file as `department add` writes it. CliError for one that cannot be read."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        en = f"{file}: it cannot be read ({why}); `exchange-node department add` writes it, --client-file or {CLIENT_FILE} names another"
        zh = f"{file}：无法读取（{why}）；该文件由 `exchange-node department add` 生成，可用 --client-file 或 {CLIENT_FILE} 另行指定"
        raise CliError("no-client-file", en, zh, Exit.WRONG) from error
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _trusted(file: Path, told: dict[str, str]) -> "ssl.SSLContext":
    from ssl import create_default_context  # noqa: PLC0415  # as above

    authority = told.get("ssl.ca.location")
    where = file.parent / authority if authority else None
    try:
        return create_default_context(cafile=os.fspath(where) if where else None)
    except OSError as error:
        en = f"{where}: what TLS trusts cannot be read ({error}); it belongs beside {file}"
        raise CliError("no-authority", en, f"{where}：无法读取 TLS 所信任的证书（{error}）；应与 {file} 同处", Exit.WRONG) from error


def _no_login(department: str) -> CliError:
    where = f"{department or 'DEPARTMENT'}/{PROPERTIES}"
    en = (
        f"the cluster lets nobody in without a login, and there is no {where} here: name the department's by --client-file or {CLIENT_FILE}"
    )
    zh = f"集群不允许匿名登录，且此处没有 {where}：请以 --client-file 或 {CLIENT_FILE} 指明部门的 client.properties"
    return CliError("no-login", en, zh, Exit.WRONG)
