"""Schema ids from content: one id means one schema on every node, so batches cross clusters without being opened.

The id is the top 31 bits of SHA-256 over the schema's canonical JSON (RFC 8785): a non-negative int32, as Confluent
framing has it. 31 bits can collide; who registers a schema adds a `nonce` property until its id is free.
"""

import hashlib

import rfc8785

from node.errors import SchemaError

ID_MAX = 2**31 - 1


def canonical(schema: object) -> str:
    """Return the RFC 8785 text of a schema's parsed JSON: equal for equal JSON, whatever its spacing and order.

    Raises SchemaError where JSON of RFC 8785 has no form for it: an integer beyond 2^53 - 1, a number that is not
    finite, a lone surrogate, a key that is no string, nesting without end.
    """
    try:
        return rfc8785.dumps(schema).decode()  # type: ignore[arg-type]  # what it cannot take, it refuses below
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise SchemaError(f"the schema has no canonical JSON (RFC 8785): {error}") from error
    except RecursionError as error:
        raise SchemaError("the schema has no canonical JSON (RFC 8785): it is nested too deeply") from error


def schema_id(schema: object) -> int:
    """Return the id of a schema given as parsed JSON, 0 to 2^31 - 1; SchemaError as `canonical` raises it."""
    return text_id(canonical(schema))


def text_id(text: str) -> int:
    """Return the id of a schema given as its canonical text, 0 to 2^31 - 1."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
