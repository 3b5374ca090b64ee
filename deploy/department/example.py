"""发布到收件箱、读取资源的示例 / An example to begin with: publish rows into an inbox, read a resource.

pip install -r requirements.txt
python example.py produce RESOURCE ROWS.ndjson
python example.py consume RESOURCE [COUNT]
"""

import base64
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

KEY_SEPARATOR = "\x1f"
POLL_S = 1.0
COMMIT_EVERY = 1000
WRITING = {"acks", "enable.idempotence", "compression.type", "partitioner"}
READING = {"group.id", "isolation.level", "auto.offset.reset", "enable.auto.commit"}
JAVA = {"sasl.jaas.config", "ssl.truststore.type", "ssl.truststore.location"}
LOGICAL: dict[str, Callable[[str], Any]] = {
    "date": date.fromisoformat,
    "time-millis": time.fromisoformat,
    "time-micros": time.fromisoformat,
    "timestamp-millis": datetime.fromisoformat,
    "timestamp-micros": datetime.fromisoformat,
    "local-timestamp-millis": datetime.fromisoformat,
    "local-timestamp-micros": datetime.fromisoformat,
    "decimal": Decimal,
}


def properties(but: set[str]) -> dict[str, str]:
    """Read client.properties beside this file, but for the settings of the other direction and those that are Java's alone."""
    lines = Path(__file__).with_name("client.properties").read_text("utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value for name, value in settings.items() if name not in but | JAVA}


def schema_registry(settings: dict[str, str]) -> SchemaRegistryClient:
    """用令牌文件打开注册中心 / Open the registry with the token in the file that EXCHANGE_NODE_TOKEN_FILE names."""
    if not (file := os.environ.get("EXCHANGE_NODE_TOKEN_FILE")):
        sys.exit("name the file of your token: export EXCHANGE_NODE_TOKEN_FILE=… / 请指明令牌文件")
    conf = {
        "url": settings.pop("schema.registry.url"),
        "basic.auth.user.info": f"{settings['client.id']}:{Path(file).read_text('ascii').strip()}",
    }
    if authority := os.environ.get("EXCHANGE_NODE_CA_FILE"):
        conf["ssl.ca.location"] = authority
    return SchemaRegistryClient(conf)


def produce(resource: str, rows: Path) -> None:
    """逐行发布 / Publish each line of a file, a JSON object, as a record of the resource."""
    settings = properties(READING)
    registry = schema_registry(settings)
    inbox = f"{resource}.inbox"
    registered = registry.get_latest_version(f"{inbox}-value").schema.schema_str
    schema = json.loads(registered)
    serialize = AvroSerializer(registry, registered, conf={"auto.register.schemas": False})
    to = SerializationContext(inbox, MessageField.VALUE)
    refused: list[str] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            refused.append(f"partition {message.partition()}: {error}")

    producer = Producer(settings)
    with rows.open(encoding="utf-8") as lines:
        for line in lines:
            row = typed(schema, json.loads(line), {})
            # The key is the text of the schema's key fields: a later record of the same key follows in order. 键为主键字段的文本。
            key = KEY_SEPARATOR.join(str(row[name]) for name in schema.get("key", ())) or None
            while True:
                try:
                    producer.produce(inbox, key=key, value=serialize(row, to), on_delivery=delivered)
                    break
                except BufferError:  # the queue is full: let some of it go first
                    producer.poll(POLL_S)
            producer.poll(0)
    producer.flush()
    if refused:
        sys.exit(f"{len(refused)} records were not written, the first: {refused[0]}")


def consume(topic: str, count: int | None) -> None:
    """逐条打印 / Print each record, for ever or until there were so many."""
    settings = properties(WRITING)
    deserialize = AvroDeserializer(schema_registry(settings))
    consumer = Consumer(settings)
    consumer.subscribe([topic])
    handled = 0
    try:
        while count is None or handled < count:
            message = consumer.poll(POLL_S)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            # A record without a value says that what its key names is no more. 没有值的记录表示该主键已删除。
            value = deserialize(message.value(), SerializationContext(topic, MessageField.VALUE))
            print(json.dumps({"key": text(message.key()), "value": value}, ensure_ascii=False, default=shown), flush=True)
            handled += 1
            # Commit what was handled, and it is read again after a crash at most; where that must not be, keep the offset with your data.
            # 处理后再提交：崩溃后至多重读；若不允许重复，请把位点与业务数据存在一起。
            if handled % COMMIT_EVERY == 0:
                consumer.commit(asynchronous=False)
    finally:
        if handled:
            consumer.commit(asynchronous=False)
        consumer.close()


def text(key: bytes | None) -> str | None:
    """Return a key as text."""
    return None if key is None else key.decode()


def shown(value: object) -> str:
    """Return what JSON has no form for as text: bytes in base64, days and times in ISO 8601, decimals in digits."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def typed(schema: Any, value: Any, named: dict[str, Any]) -> Any:
    """将文本转换为日期、时间、小数、字节 / Return a JSON value as the serializer takes it: days, times, decimals and bytes from their text."""
    if isinstance(schema, dict) and "name" in schema:
        named[schema["name"].rpartition(".")[2]] = schema
    match schema:
        case str() if (name := schema.rpartition(".")[2]) in named:
            made = typed(named[name], value, named)
        case list():
            made = None if value is None else typed(next(branch for branch in schema if branch != "null"), value, named)
        case {"type": "record", "fields": fields}:
            made = {field["name"]: typed(field["type"], value.get(field["name"], field.get("default")), named) for field in fields}
        case {"type": "array", "items": items}:
            made = [typed(items, item, named) for item in value]
        case {"type": "map", "values": values}:
            made = {name: typed(values, item, named) for name, item in value.items()}
        case {"logicalType": logical} if logical in LOGICAL:
            made = LOGICAL[logical](value)
        case "bytes" | {"type": "bytes" | "fixed"}:
            made = base64.b64decode(value)
        case _:
            made = value
    return made


def main(words: Iterator[str]) -> None:
    """Do what the command line says."""
    match list(words):
        case ["produce", resource, rows]:
            produce(resource, Path(rows))
        case ["consume", topic]:
            consume(topic, None)
        case ["consume", topic, count]:
            consume(topic, int(count))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(iter(sys.argv[1:]))
