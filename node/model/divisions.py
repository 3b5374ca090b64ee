"""The shipped table of divisions: schemas/divisions/divisions.csv, Guangdong's 144 by GB/T 2260."""

import csv
from functools import cache
from typing import get_args

from node.model.names import Division
from node.model.shipped import shipped
from node.model.values import DivisionValue, Level

TABLE = "schemas/divisions/divisions.csv"


@cache
def known_divisions() -> dict[str, DivisionValue]:
    """Return what the table says of each division, by code."""
    with shipped(TABLE).open(encoding="utf-8-sig", newline="") as file:
        return {row["code"]: _value(row) for row in csv.DictReader(file)}


def _value(row: dict[str, str]) -> DivisionValue:
    level: Level = next(level for level in get_args(Level) if level == row["level"])
    return DivisionValue(
        code=Division(row["code"]),
        name=row["name"],
        level=level,
        parent=Division(row["parent"]) if row["parent"] else None,
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        successor=row["successor"],
    )
