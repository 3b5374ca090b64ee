"""The registry as Confluent's own client and serializers use it, over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from node.avro import decode, frame_header, parse, unframe
from node.avro.compatibility import LEVEL
from node.avro.ids import canonical, schema_id
from node.http import open_http
from node.model.names import Department, department_of
from node.model.values import Actor
from node.runtime.access import Access, add_token
from tests.http.catalogued import FIELDS, FIRST, PERMITS, POLICE, R22037, R30270, SECOND, TWIN, VILLAGES, catalogued_node, show
from tests.http.tokens import OPERATOR

RECORD = {"code": "990000001", "people": 1200, "area": Decimal("12.34")}
INBOX = f"{VILLAGES}.inbox"
OTHERS = Actor(name="陈", role="steward", department=Department("990100.tax"))
"""Somebody whom no view concerns."""
T = TypeVar("T")


class Registry(NamedTuple):
    """A node's server, and the folder with its tokens."""

    url: str
    folder: Path


@pytest.fixture(scope="module")
async def registry(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Registry]:
    """A node's HTTP server on a port of loopback; what a view has is granted to the police."""
    node, folder = catalogued_node(), tmp_path_factory.mktemp("tokens")
    show(node, fields=("code",))
    node.access = Access(folder)
    async with open_http(node, "127.0.0.1", 0) as port:
        yield Registry(f"http://127.0.0.1:{port}", folder)


async def asked(registry: Registry, ask: Callable[[SchemaRegistryClient], T], by: Actor = OTHERS) -> T:
    """What a client of its own, in a thread of its own, comes to as somebody."""
    secret = add_token(registry.folder, by)[1]

    def run() -> T:
        conf: dict[str, Any] = {"url": registry.url, "max.retries": 0, "basic.auth.user.info": f"me:{secret}"}
        with SchemaRegistryClient(conf) as client:
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
async def test_a_serializer_writes_into_an_inbox_under_the_registered_id(registry: Registry, conf: dict[str, Any]) -> None:
    """Whether it registers, looks up or takes the latest, the bytes are the registered schema's, and a deserializer reads them."""
    mine = json.dumps(SECOND | {"doc": "as I have it"}, indent=2)

    def ask(client: SchemaRegistryClient) -> tuple[bytes, Any, Any]:
        value = AvroSerializer(client, mine, conf=conf)(RECORD, value_of(INBOX))
        assert value is not None
        reader = AvroDeserializer(client)
        return value, reader(value, value_of(INBOX)), AvroDeserializer(client, json.dumps(FIRST))(value, value_of(VILLAGES))

    value, read, read_as_first = await asked(registry, ask)
    number, payload = unframe(value)
    assert number == schema_id(SECOND)
    assert decode(parse(SECOND), payload) == read == RECORD
    assert read_as_first == {name: RECORD[name] for name in ("code", "people")}


async def test_an_older_schema_keeps_its_id(registry: Registry) -> None:
    """Whoever has not changed yet writes the first version, and readers of the second read it."""
    old = {"code": "1", "people": None}

    def ask(client: SchemaRegistryClient) -> tuple[bytes, Any]:
        value = AvroSerializer(client, json.dumps(FIRST))(old, value_of(INBOX))
        assert value is not None
        return value, AvroDeserializer(client, json.dumps(SECOND))(value, value_of(VILLAGES))

    value, read = await asked(registry, ask)
    assert value[:5] == frame_header(schema_id(FIRST))
    assert {name: read[name] for name in old} == old


async def test_a_schema_that_differs_stops_the_serializer_with_the_difference(registry: Registry) -> None:
    """Before a record is written; the message is the one that the department's program shows."""
    fields = [FIELDS[0], {"name": "people", "type": ["null", "long"]}]
    for conf, code in (({}, 40901), ({"auto.register.schemas": False}, 40403)):
        serializer = json.dumps(FIRST | {"fields": fields})

        def ask(client: SchemaRegistryClient, mine: str = serializer, conf: dict[str, Any] = conf) -> Any:
            return AvroSerializer(client, mine, conf=conf)({"code": "1", "people": 1}, value_of(INBOX))

        with pytest.raises(SchemaRegistryError, match=r"people: registered is null \| int, yours is null \| long") as refused:
            await asked(registry, ask)
        assert refused.value.error_code == code


async def test_a_deserializer_reads_by_the_topics_own_schema(registry: Registry) -> None:
    """Two nodes registered different schemas under one id: the serializer's subject settles which is read."""

    def ask(client: SchemaRegistryClient) -> list[str | None]:
        return [client.get_schema(schema_id(R22037), subject_name=f"{name}-value").schema_str for name in (PERMITS, TWIN)]

    assert await asked(registry, ask) == [canonical(R22037), canonical(R30270)]


async def test_every_call_of_confluents_client_is_answered(registry: Registry) -> None:
    """All its methods find what is there, and each refusal comes as its own error."""
    subject, mine = f"{VILLAGES}-value", Schema(json.dumps(SECOND), "AVRO")
    both = [subject, f"{INBOX}-value"]

    def ask(client: SchemaRegistryClient) -> None:
        assert client.get_subjects(subject_prefix=VILLAGES) == both, "and no view"
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

    await asked(registry, ask)


async def test_a_wrong_method_is_told_in_confluents_form(registry: Registry) -> None:
    """By the server, before any handler."""
    async with httpx.AsyncClient(base_url=registry.url) as client:
        answer = await client.put("/subjects")
        elsewhere = await client.put("/v1/divisions")
    assert (answer.status_code, answer.json()["error_code"]) == (405, 405)
    assert (elsewhere.status_code, set(elsewhere.json())) == (405, {"code", "en", "zh", "request_id"})


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer xn-unknown", "Basic", "Basic !", "Basic bWU6eG4tdW5rbm93bg==", "Basic /w=="])
async def test_without_a_token_that_counts_nobody_is_told_anything(registry: Registry, header: str | None) -> None:
    """401 with Confluent's code, in a form that its clients show; also of what there is not, and before anything is read."""
    async with httpx.AsyncClient(base_url=registry.url, headers={} if header is None else {"authorization": header}) as client:
        for method, path in (("GET", "/subjects"), ("GET", "/schemas/ids/1"), ("GET", "/config"), ("POST", "/subjects/none-value")):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.json()["error_code"]) == (401, 40101), path
            assert answer.headers["www-authenticate"] == 'Basic realm="exchange-node"'
            assert "access add" in answer.json()["message"]


async def test_a_token_is_brought_as_a_bearer_or_as_a_password(registry: Registry) -> None:
    """Whatever the user is called; and as a password to the registry alone, for browsers send passwords by themselves."""
    secret = add_token(registry.folder, OTHERS)[1]
    async with httpx.AsyncClient(base_url=registry.url) as client:
        for user in ("me", "", "民政"):
            assert (await client.get("/subjects", auth=httpx.BasicAuth(user, secret))).status_code == 200
        assert (await client.get("/subjects", headers={"authorization": f"bearer {secret}"})).status_code == 200
        assert (await client.get("/v1/me", headers={"authorization": f"Bearer {secret}"})).status_code == 200
        assert (await client.get("/v1/me", auth=httpx.BasicAuth("me", secret))).status_code == 401


@pytest.mark.parametrize(
    ("by", "sees"),
    [
        (OTHERS, False),
        (Actor(name="李", role="steward", department=POLICE), True),
        (Actor(name="王", role="head", department=department_of(VILLAGES)), True),
        (Actor(name="吴", role="inspector"), True),
    ],
)
async def test_views_are_seen_by_those_whom_they_concern(registry: Registry, by: Actor, *, sees: bool) -> None:
    """To others there are none: not in lists, not by name, not by the id of a schema; resources everybody sees."""

    def ask(client: SchemaRegistryClient) -> tuple[list[str], list[str]]:
        subjects = client.get_subjects()
        return [name for name in subjects if ".v-" in name], [name for name in subjects if ".v-" not in name]

    views, resources = await asked(registry, ask, by)
    (view,) = (await asked(registry, ask, OPERATOR))[0]
    assert views == ([view] if sees else [])
    assert f"{VILLAGES}-value" in resources

    def look(client: SchemaRegistryClient) -> list[str]:
        number = client.get_latest_version(view).schema_id or 0
        assert client.get_schema(number).schema_str
        return client.get_subjects_by_schema_id(number)

    if sees:
        assert await asked(registry, look, by) == [view]
    else:
        with pytest.raises(SchemaRegistryError) as refused:
            await asked(registry, look, by)
        assert refused.value.error_code == 40401
        number = (await asked(registry, lambda client: client.get_latest_version(view).schema_id, OPERATOR)) or 0
        assert await asked(registry, lambda client: client.get_subjects_by_schema_id(number), by) == []
        assert await asked(registry, lambda client: client.get_schema(number).schema_str, by), "it stands in records that anybody may have"
