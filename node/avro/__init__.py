"""Avro schemas and values: from rows to records and from records to what people read.

Road of a row: `parse` a schema once, `text_rows` or `json_rows` turn a row into a datum, `encode` and `frame` make the
record's value, `key_of` its key. Back: `unframe`, `decode` (`resolver` for another version's records), `readable`,
`text_cell`. `schema_id` names a schema by its content.

Road of a check: `program.compile_program` turns a schema with its rules (`rules`) into tables, `kernel.walk` judges a value by them where it
lies, `Program.explain` says in words what it found; `codes.self_contained` has put code lists into the schema before it was registered.

Road of a view: a grant names fields, rows and masks (`selection`), `deriving` refuses what does not fit a schema (`never`: rows that no record
can fulfil) and derives the view's schema, `masking` has what masks make of types; `cutting` compiles the same for the kernel.

Bounds: recursive schemas are refused, so a datum is as large as its row and no larger. Failures: SchemaError names the
place in a schema, RowError field and reason without the value, DataError bytes that are not what they claim to be.
Non-obvious: records are written by an encoder of our own (`encoder`), exact about types and ranges where fastavro is not,
and held against fastavro in the tests; they are read by fastavro. Modules `kernel*` are compiled by Numba, which takes longer to import than all
else: nothing but what checks records imports them. `layout` has the numbers that compiler and kernel share, `jit` says how their cache works.
"""

from node.avro.frame import frame, frame_header, unframe
from node.avro.ids import canonical, schema_id
from node.avro.resolving import resolver
from node.avro.rows import json_rows, text_cell, text_rows
from node.avro.schema import ParsedSchema, decode, encode, key_of, parse, readable

__all__ = [
    "ParsedSchema",
    "canonical",
    "decode",
    "encode",
    "frame",
    "frame_header",
    "json_rows",
    "key_of",
    "parse",
    "readable",
    "resolver",
    "schema_id",
    "text_cell",
    "text_rows",
    "unframe",
]
