"""Answers for node/avro/tables.py."""

import subprocess
import sys

from node.avro.program import compile_program
from node.avro.schema import parse


def test_tables_are_contiguous_and_never_written() -> None:
    """The kernel is compiled for such arrays alone, and threads share them."""
    for array in compile_program(parse({"type": "record", "name": "R", "fields": []})).tables:
        assert array.flags.c_contiguous
        assert not array.flags.writeable


def test_a_schema_is_compiled_without_numba() -> None:
    """Commands that only look at a schema do not wait for it."""
    code = "import sys, node.avro.program; sys.exit('numba' in sys.modules or 'celpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
