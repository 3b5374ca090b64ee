"""How refusals become answers."""

from typing import Any, cast

import pytest
from litestar.exceptions import HTTPException

from node.errors import CommandRefused
from node.http.answers import http_error, missing, read_body, refused, unforeseen
from node.model.values import Actor

REQUEST = cast("Any", None)
"""None of the answers looks at the request."""


@pytest.mark.parametrize(("code", "status"), [("malformed", 400), ("not-found", 404), ("partitions-changed", 409)])
def test_a_refusal_has_the_status_of_its_code(code: str, status: int) -> None:
    """What cannot be read is 400, what is not there 404, what the book forbids 409."""
    answer = refused(REQUEST, CommandRefused(code, "en", "zh"))
    assert (answer.status_code, answer.content.code) == (status, code)


def test_a_defect_tells_its_class_and_no_more() -> None:
    """The text of an unforeseen error may hold anything: it stays in the log."""
    answer = unforeseen(REQUEST, ValueError("resident 110101199003070000"))
    assert answer.status_code == 500
    assert "ValueError" in answer.content.en
    assert "110101" not in answer.content.en + answer.content.zh


def test_the_servers_own_refusals_have_the_same_form_and_words_of_ours() -> None:
    """In both languages; what a library says quotes the address, and with it what was asked."""
    answer = http_error(REQUEST, HTTPException(status_code=405, detail="no GET /v1/x?y=z"))
    assert (answer.status_code, answer.content.code) == (405, "bad-request")
    assert (answer.content.en, answer.content.zh) == ("the path has no such method", "此路径不支持该方法")
    answer = http_error(REQUEST, HTTPException(status_code=418, detail="tea"))
    assert (answer.content.en, answer.content.zh) == ("the request is refused: I'm a Teapot", "请求被拒绝")


def test_a_parameter_that_cannot_be_read_is_named_without_its_value() -> None:
    """Which one, and what it should be."""
    extra = [{"key": "kind", "message": "Invalid enum value '张三'", "source": "query"}]
    answer = http_error(REQUEST, HTTPException(status_code=400, detail="?kind=张三", extra=extra))
    assert answer.content.en == "the request cannot be read: kind: Invalid enum value '…'"


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "\xff"}', b'{"name": "x", "role": "x"}', b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_refused(body: bytes) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(CommandRefused) as refusal:
        read_body(body, Actor)
    assert refusal.value.code == "malformed"


def test_what_is_missing_is_named() -> None:
    """The refusal names what was asked for, in both languages."""
    error = missing("schema", "7")
    assert "7" in error.en
    assert "7" in error.zh
