"""How the registry reads what is posted and answers what it refuses."""

import json
from typing import Any, cast

import msgspec
import pytest
from litestar.exceptions import HTTPException

from node.avro import compatibility
from node.http.registry_answers import MEDIA_TYPE, Code, asked_schema, fault, http_error, is_set, unforeseen
from tests.http.catalogued import FIRST, posted

REQUEST = cast("Any", None)
"""None of the answers looks at the request."""


def refusal(body: bytes) -> tuple[int | None, int, str]:
    """Status, code and message with which a body is refused."""
    with pytest.raises(HTTPException) as refused:
        asked_schema(body)
    answer = http_error(REQUEST, refused.value)
    return answer.status_code, answer.content.error_code, answer.content.message


def test_a_refusal_has_confluents_form() -> None:
    """The status is the code's first three digits, the message is in both languages."""
    answer = http_error(REQUEST, fault(Code.VERSION_NOT_FOUND, "no", "无"))
    assert (answer.status_code, answer.media_type) == (404, MEDIA_TYPE)
    assert msgspec.to_builtins(answer.content) == {"error_code": 40402, "message": "no / 无"}


def test_the_servers_own_refusals_have_the_same_form() -> None:
    """Their code is the status."""
    answer = http_error(REQUEST, HTTPException(status_code=405, detail="no"))
    message = "HTTP 405 Method Not Allowed: the path has no such method / 此路径不支持该方法"
    assert msgspec.to_builtins(answer.content) == {"error_code": 405, "message": message}


def test_a_defect_tells_its_class_and_no_more() -> None:
    """The text of an unforeseen error may hold anything: it stays in the log."""
    answer = unforeseen(REQUEST, ValueError("resident 110101199003070000"))
    assert (answer.status_code, answer.content.error_code, answer.media_type) == (500, 500, MEDIA_TYPE)
    assert "ValueError" in answer.content.message
    assert "110101" not in answer.content.message


@pytest.mark.parametrize(("flag", "set_"), [("true", True), ("True", True), ("TRUE", True), ("false", False), ("", False), ("1", False)])
def test_a_flag_is_set_by_true_in_any_case(flag: str, set_: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """As Java's registry reads it."""
    assert is_set(flag) is set_


@pytest.mark.parametrize(
    "more", [{}, {"schemaType": "AVRO"}, {"schemaType": None, "references": None}, {"references": [], "id": 7, "metadata": {}}]
)
def test_a_schema_is_taken_in(more: dict[str, Any]) -> None:
    """With what else clients send beside it."""
    assert compatibility.differences(asked_schema(json.dumps(posted(FIRST, **more)).encode()), compatibility.comparable(FIRST)) == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b'"x"', b'{"schema": 3}', b"[" * 100_000])
def test_what_is_no_request_is_told(body: bytes) -> None:
    """As the client's fault, in Confluent's form."""
    status, code, message = refusal(body)
    assert (status, code) == (400, 400)
    assert "cannot be read" in message


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, "no JSON"),
        ({"schema": ""}, "no JSON"),
        ({"schema": "{"}, "no JSON"),
        ({"schema": '"string"'}, '"type": "record"'),
        (posted(FIRST | {"fields": [{"name": "code", "type": "text"}]}), "code: unknown type 'text'"),
        (posted(FIRST, schemaType="PROTOBUF"), "Avro"),
        (posted(FIRST, references=[{"name": "x", "subject": "y", "version": 1}]), "references"),
    ],
)
def test_what_is_no_schema_is_told_with_the_place(asked: dict[str, Any], why: str) -> None:
    """As an invalid schema, in both languages."""
    status, code, message = refusal(json.dumps(asked).encode())
    assert (status, code) == (422, 42201)
    assert why in message
    assert "模式无效" in message
