"""Schemas of a few fields, for tests of single makers and rules."""

import json
from pathlib import Path
from typing import Any

from node.demo.generate import Source, load
from node.demo.generate.dice import Dice
from node.demo.generate.drawing import drawing
from node.demo.generate.lives import START
from node.demo.generate.makers import Draw


def field(name: str, kind: Any, generate: Any = ..., *rules: dict[str, Any]) -> dict[str, Any]:
    """Return a field with its `generate` property, if one is said, and its rules."""
    said = {} if generate is ... else {"generate": generate}
    return {"name": name, "type": kind, **said, "rules": list(rules)}


def source(folder: Path, *fields: dict[str, Any], **properties: Any) -> Source:
    """Return a schema of these fields as it is loaded from a file."""
    path = folder / "thing.avsc"
    path.write_text(json.dumps({"type": "record", "name": "Thing", "fields": fields, **properties}), "utf-8")
    return load(path)


def drawn(folder: Path, *fields: dict[str, Any], count: int = 200, seed: int = 1) -> list[dict[str, Any]]:
    """Return records of a schema of these fields, each of a subject of its own, all at the first moment of a run."""
    draw, make = Draw(Dice(seed), START, 0), drawing(source(folder, *fields))
    rows = []
    for number in range(1, count + 1):
        draw.number = number
        rows.append(make(draw))
    return rows
