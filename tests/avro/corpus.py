"""Schemas with values and mutants of them, made from a seed: what the batteries run on."""

import itertools
import json
from random import Random
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from node.avro.program import Program, compile_program
from node.avro.schema import ParsedSchema, parse
from tests.avro.mutants import mutant
from tests.avro.shapes import shape
from tests.avro.writer import Writer


class Case(msgspec.Struct):
    """One schema with values, some of them damaged."""

    text: str
    values: list[bytes]

    def parsed(self) -> ParsedSchema:
        """Return the schema, parsed."""
        return parse(json.loads(self.text))

    def program(self) -> Program:
        """Return the schema, compiled."""
        return compile_program(self.parsed())

    def joined(self) -> tuple[bytes, npt.NDArray[np.int64]]:
        """Return the values as `check_values` takes them."""
        return b"".join(self.values), np.cumsum([0, *map(len, self.values)])


def named(schema: Any) -> Any:
    """Return a schema (decoded JSON) whose rules have a number for a message, so that each is known among its like."""
    numbers = itertools.count()

    def walked(node: Any) -> Any:
        if isinstance(node, list):
            return [walked(item) for item in node]
        if not isinstance(node, dict):
            return node
        found = {name: walked(item) for name, item in node.items()}
        return found | {"message": dict.fromkeys(("zh", "en"), f"rule {next(numbers)}")} if "rule" in node else found

    return walked(schema)


def case(seed: int, values: int, mutants: int) -> Case:
    """Return the case of a seed: so many values, and so many mutants of them."""
    rng = Random(seed)
    made = shape(rng)
    text = json.dumps(named(made.schema))
    avro = parse(json.loads(text)).avro
    found, damaged = [], []
    for _ in range(values):
        writer = Writer(avro["__named_schemas"], rng)
        writer.write(avro, made.draw(rng))
        found.append(bytes(writer.out))
        damaged += [mutant(found[-1], writer.marks, rng) for _ in range(mutants // values)]
    return Case(text, found + damaged)
