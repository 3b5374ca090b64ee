"""Invented records of any schema: for the demo, for tests and for benchmarks.

**The road.** `source` finds the schema; `drawing` makes, once, the function that draws one of its records, a maker for each field
(`makers`, or `choosing` where the schema's `generate` property names none), out of `words`, `places` and `identity`; `lives` lets subjects
begin and go on, some of them by their `stories`; `wrong` breaks a rule in some records and `malformed` the bytes of others, and both say
which; `made` is all of it as a stream, `writing` puts it into a file.

Bounds: a stream holds the subjects that live, at most 50,000, and nothing else. The same seed gives the same records on every machine and
Python: only `Random.random` is used (`dice`). All timestamps lie within 2025. Failures: ConfigError for what is asked wrongly, SchemaError,
with the place, for a schema that cannot be used or a field that nothing is known to make for.
Non-obvious: a wrong record breaks exactly one refusing rule of its field, so whoever judges it must find that one; identifiers are valid by
their standards, and whoever is really called so is so by chance.
"""

from node.demo.generate.made import Made, framed, records, stream
from node.demo.generate.source import Source, load, shipped_names
from node.demo.generate.writing import Format, format_of, write_rows, writer

__all__ = ["Format", "Made", "Source", "format_of", "framed", "load", "records", "shipped_names", "stream", "write_rows", "writer"]
