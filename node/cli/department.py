"""`department`: who belongs to a node."""

from cyclopts import App

from node.cli.client import open_node
from node.cli.given import give
from node.cli.voice import SESSION, Exit, Session, table
from node.control import AddDepartment
from node.model.names import Department


def build() -> App:
    """Return the family."""
    app = App(name="department", help="各节点的部门 / The departments of the nodes.")
    app.command(add)
    app.command(list_, name="list")
    return app


def add(department: str, *, name: str, session: Session = SESSION) -> int:
    """添加本级部门；再次添加则更名 / Add a department of this node; said again, its name changes.

    例如 / For example:

        exchange-node department add 445102.civil-affairs --name 民政局

    Args:
        department: <区划代码>.<名称>，名称用 a-z、0-9 和 - / <division>.<name> of a-z, 0-9 and -.
        name: 部门的全称 / What the department is called.
    """
    return give(AddDepartment(department=Department(department), name=name), session)


def list_(*, session: Session = SESSION) -> int:
    """列出各部门 / List the departments.

    例如 / For example:

        exchange-node department list
    """
    with open_node(session.node) as node:
        found = node.departments()
    shown = table(session.say("department", "部门"), session.say("name", "名称"))
    for one in found:
        shown.add_row(one.department, one.name)
    session.tell(found, shown)
    return Exit.OK
