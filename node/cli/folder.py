"""The folder that a department is given: settings of its clients and examples that run as they stand."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

from node.bus.passwords import Login, write_secret
from node.cli.answered import KafkaInfo
from node.cli.kafka import PROPERTIES, login_entries, read_properties
from node.cli.voice import CliError, Exit
from node.model.names import Department
from node.model.shipped import shipped

_FILLED = (PROPERTIES, "README.md")
"""Files with blanks; all others are the same for every department, and read what differs from client.properties."""
_AUTHORITY = "authority.pem"
_LOGIN = """
# Who logs in; sasl.jaas.config is Java's, sasl.username and sasl.password are librdkafka's. Keep this file to yourself.
# 登录身份；sasl.jaas.config 供 Java 使用，sasl.username 与 sasl.password 供 librdkafka 使用。请妥善保管本文件。
"""
_TLS = f"""
# What is trusted, beside this file: ssl.truststore.* are Java's, ssl.ca.location is librdkafka's. 所信任的证书，与本文件同处。
ssl.truststore.type=PEM
ssl.truststore.location={_AUTHORITY}
ssl.ca.location={_AUTHORITY}
"""


def department_files(department: Department, name: str, *, kafka: KafkaInfo, login: Login | None, registry: str) -> dict[str, str]:
    """Return the texts of a department's folder by file name.

    `kafka` is how clients reach the cluster, `login` with what, None where it is open to everybody, `registry` the URL of the node; ConfigError if
    this copy of the program has no templates.
    """
    blanks = {"department": department, "name": " ".join(name.split()), "bootstrap": kafka.bootstrap, "registry": registry.rstrip("/")}
    blanks |= {"login": _login_lines(kafka, login)}
    trusted = {_AUTHORITY: kafka.ca} if kafka.ca else {}
    files = trusted | {path.name: path.read_text("utf-8") for path in sorted(shipped("deploy/department").iterdir()) if path.is_file()}
    return files | {one: Template(files[one]).substitute(blanks) for one in _FILLED}


def _login_lines(kafka: KafkaInfo, login: Login | None) -> str:
    trusted = _TLS if kafka.ca else ""
    if login is None:
        return f"security.protocol={kafka.protocol}\n{trusted}"
    entries = {"security.protocol": kafka.protocol, **login_entries(login)}
    return _LOGIN.lstrip() + "".join(f"{name}={value}\n" for name, value in entries.items()) + trusted


def kept_login(folder: Path) -> Login | None:
    """Return the login in a department's folder, None where there is none."""
    file = folder / PROPERTIES
    told = read_properties(file) if file.is_file() else {}
    if not {"sasl.username", "sasl.password", "sasl.mechanism"} <= told.keys():
        return None
    return Login(username=told["sasl.username"], password=told["sasl.password"], mechanism=told["sasl.mechanism"])


def check_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Return when nothing would be lost by writing; CliError names the files that stand there with other contents."""
    changed = [name for name, text in files.items() if (folder / name).exists() and _text(folder / name) != text]
    if changed:
        what = ", ".join(changed)
        en = f"{folder} has files with other contents: {what}. Nothing was done; --force writes over them, --folder takes another folder"
        zh = f"{folder} 中已有内容不同的文件：{what}。未做任何操作；--force 覆盖，--folder 另选文件夹"
        raise CliError("folder-changed", en, zh, Exit.WRONG)


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files; CliError says why they cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            if name == PROPERTIES:
                write_secret(folder / name, text)
            else:
                (folder / name).write_text(text, "utf-8")
    except OSError as error:
        why = error.strerror or type(error).__name__
        en = f"{folder} cannot be written ({why}); the department is added: give the command again with another --folder"
        raise CliError("no-folder", en, f"{folder} 无法写入（{why}）；部门已添加：请用 --folder 另选文件夹后重试") from error


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
