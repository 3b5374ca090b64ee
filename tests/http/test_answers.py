"""How refusals become answers."""

from typing import Any, cast

import pytest
from litestar.exceptions import HTTPException

from node.errors import CommandRefused
from node.http.answers import http_error, missing, refused, unforeseen

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


def test_the_servers_own_refusals_have_the_same_form() -> None:
    """A method that is not served is told as code and text."""
    answer = http_error(REQUEST, HTTPException(status_code=405, detail="no"))
    assert (answer.status_code, answer.content.code) == (405, "bad-request")


def test_what_is_missing_is_named() -> None:
    """The refusal names what was asked for, in both languages."""
    error = missing("schema", "7")
    assert "7" in error.en
    assert "7" in error.zh
