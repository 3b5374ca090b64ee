"""`department`: who belongs to a node."""

from pathlib import Path

from cyclopts import App

from node.cli.client import open_node
from node.cli.folder import check_folder, department_files, kept_login, write_folder
from node.cli.given import outcome
from node.cli.voice import SESSION, Exit, Flag, Session, table
from node.control import AddDepartment
from node.model.names import Department


def build() -> App:
    """Return the family."""
    app = App(name="department", help="各节点的部门 / The departments of the nodes.")
    app.command(add)
    app.command(list_, name="list")
    return app


def add(department: str, *, name: str, folder: Path | None = None, force: Flag = False, session: Session = SESSION) -> int:
    """添加本级部门，并为其程序生成一个文件夹；再次添加则更名 / Add a department of this node and write a folder for its programs; said again, its name changes.

    文件夹中有客户端设置，以及可直接运行的 Python、Java、kcat 示例 / In the folder are settings of clients, and examples in Python, Java and kcat that run as they stand.

    例如 / For example:

        exchange-node department add 445102.civil-affairs --name 民政局

    Args:
        department: <区划代码>.<名称>，名称用 a-z、0-9 和 - / <division>.<name> of a-z, 0-9 and -.
        name: 部门的全称 / What the department is called.
        folder: 文件夹，默认为当前目录下以部门命名者 / The folder; one named after the department in the working directory if left out.
        force: 覆盖内容不同的文件 / Write over files that have other contents.
    """
    where, added = folder or Path(department), Department(department)
    with open_node(session) as node:
        kafka, login = node.node().kafka, kept_login(where)
        if not force:
            check_folder(where, department_files(added, name, kafka=kafka, login=login, registry=session.node))
        events = node.command(AddDepartment(department=added, name=name))
        if login is None and kafka.protocol.startswith("SASL"):
            login = node.login(department)
    write_folder(where, department_files(added, name, kafka=kafka, login=login, registry=session.node))
    told = session.say(f"for its programs: {where}/README.md", f"供其程序使用：{where}/README.md")
    session.tell(
        {"events": events, "folder": str(where), "files": sorted(one.name for one in where.iterdir())},
        f"{outcome(events, session)}\n{told}",
    )
    return Exit.OK


def list_(*, session: Session = SESSION) -> int:
    """列出各部门 / List the departments.

    例如 / For example:

        exchange-node department list
    """
    with open_node(session) as node:
        found = node.departments()
    shown = table(session.say("department", "部门"), session.say("name", "名称"))
    for one in found:
        shown.add_row(one.department, one.name)
    session.tell(found, shown)
    return Exit.OK
