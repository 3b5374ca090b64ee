"""The folder that a department is given: settings of its clients and examples that run as they stand."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

from node.cli.voice import CliError, Exit
from node.model.names import Department
from node.model.shipped import shipped

_FILLED = ("client.properties", "README.md")
"""Files with blanks; all others are the same for every department, and read what differs from client.properties."""


def department_files(department: Department, name: str, *, bootstrap: str, registry: str) -> dict[str, str]:
    """Return the texts of a department's folder by file name.

    `bootstrap` is how clients reach the cluster, `registry` the URL of the node; ConfigError if this copy of the program has no templates.
    """
    blanks = {"department": department, "name": " ".join(name.split()), "bootstrap": bootstrap, "registry": registry.rstrip("/")}
    files = {path.name: path.read_text("utf-8") for path in sorted(shipped("deploy/department").iterdir()) if path.is_file()}
    return files | {one: Template(files[one]).substitute(blanks) for one in _FILLED}


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
