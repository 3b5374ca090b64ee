"""What people see of a grant or a request before there is one: the schema of its view, and some rows as its takers would have them."""

import json
from typing import Any

from rich.console import Group
from rich.text import Text

from node.cli.answered import PreviewInfo
from node.cli.item_shown import fields_table
from node.cli.voice import Session, table


def shown(found: PreviewInfo, session: Session) -> Group:
    """Return a preview as two tables: the fields of the view, and the rows."""
    names = [str(field.get("name", "")) for field in found.schema.get("fields", ())]
    rows = table(*names)
    for row in found.rows:
        rows.add_row(*(_cell(row.get(name)) for name in names))
    count = len(found.rows)
    told = session.say(
        f"{count} rows, found in {found.read:,} records; nothing was written",
        f"共 {count} 行，取自 {found.read:,} 条记录；未写入任何内容",
    )
    return Group(fields_table(found.schema, session), Text(), rows, Text(), Text(told))


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
