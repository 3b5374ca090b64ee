"""What people write for a node in YAML, read with line numbers, wrong or whole.

Road: `reading` walks a file against a shape (which keys there are, how each is read) and keeps every problem with its
line; `load` is that walk for the node's own configuration (`node`), and for the operator's days off where it names them
(`holidays`). Nothing is guessed: unknown and doubled keys are
refused, and a value of the wrong type is told, never converted. The catalogue's files are read the same way.

Bounds: a file has at most FILE_BYTES_MAX bytes. Failure mode: ConfigError with all problems at once.
"""

from node.config.holidays import read_day, read_holidays
from node.config.node import Config, Http, Kafka, Parent, Tls, address, is_loopback, load, read_bootstrap
from node.config.reading import FILE_BYTES_MAX, Field, Lang, Many, Part, Reading, Shape, Wrong, one_of, read_text, read_yaml, whole_within

__all__ = [
    "FILE_BYTES_MAX",
    "Config",
    "Field",
    "Http",
    "Kafka",
    "Lang",
    "Many",
    "Parent",
    "Part",
    "Reading",
    "Shape",
    "Tls",
    "Wrong",
    "address",
    "is_loopback",
    "load",
    "one_of",
    "read_bootstrap",
    "read_day",
    "read_holidays",
    "read_text",
    "read_yaml",
    "whole_within",
]
