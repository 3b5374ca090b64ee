"""Confluent's frame around an Avro value: a zero byte, the schema id as a big-endian int32, the Avro binary.

Every Kafka client with Avro support reads it (Confluent wire format).
"""

from node.errors import DataError

HEADER_BYTES = 5
_MAGIC = 0
_ID_MAX = 0x7FFFFFFF


def frame_header(schema_id: int) -> bytes:
    """Return the five bytes before each value of a schema; ValueError when the id is no positive int32."""
    if not 0 <= schema_id <= _ID_MAX:
        raise ValueError(f"schema id {schema_id} is not within 0 and {_ID_MAX}")
    return bytes((_MAGIC,)) + schema_id.to_bytes(4, "big")


def frame(schema_id: int, payload: bytes) -> bytes:
    """Return `payload` framed under its schema id; ValueError when the id is no positive int32."""
    return frame_header(schema_id) + payload


def unframe(value: bytes) -> tuple[int, memoryview]:
    """Return schema id and Avro binary of a framed value, uncopied; DataError when it is not framed."""
    if len(value) < HEADER_BYTES:
        raise DataError(f"the value has {len(value)} bytes; Confluent's frame alone takes {HEADER_BYTES}")
    if value[0] != _MAGIC:
        raise DataError(f"the value begins with byte {value[0]:#04x}, not with 0x00: it is not in Confluent's frame")
    schema_id = int.from_bytes(value[1:HEADER_BYTES], "big")
    if schema_id > _ID_MAX:
        raise DataError(f"schema id {schema_id} is above {_ID_MAX}: ids are positive int32")
    return schema_id, memoryview(value)[HEADER_BYTES:]
