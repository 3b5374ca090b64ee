"""The registry as Confluent's own client and serializers use it, over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any, TypeVar

import httpx
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from node.avro import decode, frame_header, parse, unframe
from node.avro.compatibility import LEVEL
from node.avro.ids import canonical, schema_id
from node.http import open_http
from node.http.registry import serves
from tests.http.catalogued import FIELDS, FIRST, PERMITS, R22037, R30270, SECOND, TWIN, VILLAGES, catalogued_node

RECORD = {"code": "990000001", "people": 1200, "area": Decimal("12.34")}
INBOX = f"{VILLAGES}.inbox"
T = TypeVar("T")


@pytest.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    """A node's HTTP server on a port of loopback."""
    async with open_http(catalogued_node(), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


async def asked(url: str, ask: Callable[[SchemaRegistryClient], T]) -> T:
    """What a client of its own, in a thread of its own, comes to."""

    def run() -> T:
        with SchemaRegistryClient({"url": url, "max.retries": 0}) as client:
            return ask(client)

    return await asyncio.to_thread(run)


def value_of(topic: str) -> SerializationContext:
    """What a serializer is told of a record's value."""
    return SerializationContext(topic, MessageField.VALUE)


@pytest.mark.parametrize(
    "conf",
    [
        {},
        {"auto.register.schemas": True, "normalize.schemas": True},
        {"auto.register.schemas": False},
        {"auto.register.schemas": False, "use.latest.version": True},
    ],
    ids=["as it comes", "normalized", "look-up", "latest"],
)
async def test_a_serializer_writes_into_an_inbox_under_the_registered_id(url: str, conf: dict[str, Any]) -> None:
    """Whether it registers, looks up or takes the latest, the bytes are the registered schema's, and a deserializer reads them."""
    mine = json.dumps(SECOND | {"doc": "as I have it"}, indent=2)

    def ask(client: SchemaRegistryClient) -> tuple[bytes, Any, Any]:
        value = AvroSerializer(client, mine, conf=conf)(RECORD, value_of(INBOX))
        assert value is not None
        reader = AvroDeserializer(client)
        return value, reader(value, value_of(INBOX)), AvroDeserializer(client, json.dumps(FIRST))(value, value_of(VILLAGES))

    value, read, read_as_first = await asked(url, ask)
    number, payload = unframe(value)
    assert number == schema_id(SECOND)
    assert decode(parse(SECOND), payload) == read == RECORD
    assert read_as_first == {name: RECORD[name] for name in ("code", "people")}


async def test_an_older_schema_keeps_its_id(url: str) -> None:
    """Whoever has not changed yet writes the first version, and readers of the second read it."""
    old = {"code": "1", "people": None}

    def ask(client: SchemaRegistryClient) -> tuple[bytes, Any]:
        value = AvroSerializer(client, json.dumps(FIRST))(old, value_of(INBOX))
        assert value is not None
        return value, AvroDeserializer(client, json.dumps(SECOND))(value, value_of(VILLAGES))

    value, read = await asked(url, ask)
    assert value[:5] == frame_header(schema_id(FIRST))
    assert {name: read[name] for name in old} == old


async def test_a_schema_that_differs_stops_the_serializer_with_the_difference(url: str) -> None:
    """Before a record is written; the message is the one that the department's program shows."""
    fields = [FIELDS[0], {"name": "people", "type": ["null", "long"]}]
    for conf, code in (({}, 40901), ({"auto.register.schemas": False}, 40403)):
        serializer = json.dumps(FIRST | {"fields": fields})

        def ask(client: SchemaRegistryClient, mine: str = serializer, conf: dict[str, Any] = conf) -> Any:
            return AvroSerializer(client, mine, conf=conf)({"code": "1", "people": 1}, value_of(INBOX))

        with pytest.raises(SchemaRegistryError, match=r"people: registered is null \| int, yours is null \| long") as refused:
            await asked(url, ask)
        assert refused.value.error_code == code


async def test_a_deserializer_reads_by_the_topics_own_schema(url: str) -> None:
    """Two nodes registered different schemas under one id: the serializer's subject settles which is read."""

    def ask(client: SchemaRegistryClient) -> list[str | None]:
        return [client.get_schema(schema_id(R22037), subject_name=f"{name}-value").schema_str for name in (PERMITS, TWIN)]

    assert await asked(url, ask) == [canonical(R22037), canonical(R30270)]


async def test_every_call_of_confluents_client_is_answered(url: str) -> None:
    """All its methods find what is there, and each refusal comes as its own error."""
    subject, mine = f"{VILLAGES}-value", Schema(json.dumps(SECOND), "AVRO")
    both = [subject, f"{INBOX}-value"]

    def ask(client: SchemaRegistryClient) -> None:
        assert client.get_subjects(subject_prefix=VILLAGES) == both
        assert client.get_versions(subject) == [1, 2]
        assert client.get_latest_version(subject).schema_id == schema_id(SECOND)
        assert client.get_version(subject, 1).schema.schema_str == canonical(FIRST)
        assert client.get_referenced_by(subject, 1) == []
        assert client.lookup_schema(subject, mine, normalize_schemas=True).version == 2
        assert client.register_schema(subject, mine) == schema_id(SECOND)
        assert client.get_schema_types() == ["AVRO"]
        assert client.get_subjects_by_schema_id(schema_id(FIRST)) == both
        assert [(one.subject, one.version) for one in client.get_schema_versions(schema_id(FIRST))] == [(one, 1) for one in both]
        assert client.get_compatibility() == client.get_config().compatibility_level == LEVEL
        assert client.get_global_mode() == "READONLY"
        assert client.test_compatibility(subject, mine)
        assert client.test_compatibility_all_versions(subject, mine, verbose=True)
        for refused, code in (
            (lambda: client.delete_subject(subject), 42205),
            (lambda: client.delete_version(subject, 1), 42205),
            (lambda: client.set_compatibility(subject, "NONE"), 42205),
            (lambda: client.update_global_mode("READWRITE"), 42205),
            (lambda: client.get_mode(subject), 40409),
            (lambda: client.get_compatibility(subject), 40408),
            (lambda: client.get_schema(7), 40403),
            (lambda: client.get_latest_version(f"{VILLAGES}-key"), 40401),
            (client.get_contexts, None),
        ):
            with pytest.raises(SchemaRegistryError) as error:
                refused()
            assert error.value.error_code == code

    await asked(url, ask)


@pytest.mark.parametrize(
    ("path", "is_served"),
    [("/subjects", True), ("/schemas/guids/1", True), ("/mode/x/y", True), ("/v1/schemas/1", False), ("/", False), ("/subjectsx", False)],
)
def test_the_registrys_paths_are_known(path: str, is_served: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Also those at which nothing is."""
    assert serves(path) is is_served


async def test_a_wrong_method_is_told_in_confluents_form(url: str) -> None:
    """By the server, before any handler."""
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.put("/subjects")
        elsewhere = await client.put("/v1/divisions")
    assert (answer.status_code, answer.json()["error_code"]) == (405, 405)
    assert (elsewhere.status_code, set(elsewhere.json())) == (405, {"code", "en", "zh"})
