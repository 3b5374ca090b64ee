"""Which face a path belongs to, and how each refuses where no handler answers."""

import msgspec
import pytest

from node.errors import CommandRefused
from node.http.faces import encoded, is_registrys


@pytest.mark.parametrize(
    ("path", "its"),
    [
        ("/subjects", True),
        ("/schemas/guids/1", True),
        ("/mode/x/y", True),
        ("/v1/schemas/1", False),
        ("/", False),
        ("/subjectsx", False),
        ("*", False),
    ],
)
def test_the_registrys_paths_are_known(path: str, *, its: bool) -> None:
    """Also those at which nothing is; what is no path at all belongs to the node."""
    assert is_registrys(path) is its


def test_each_refuses_in_its_own_form() -> None:
    """The node in both languages, the registry in one text with an HTTP status or a code of Confluent's."""
    refusal = CommandRefused("no-access", "who?", "谁？")
    assert encoded("/v1/node", refusal) == ("application/json", b'{"code":"no-access","en":"who?","zh":"\xe8\xb0\x81\xef\xbc\x9f"}')
    media_type, body = encoded("/subjects", refusal)
    assert media_type == "application/vnd.schemaregistry.v1+json"
    assert msgspec.json.decode(body) == {"error_code": 40101, "message": "who? / 谁？"}
    assert msgspec.json.decode(encoded("/config", CommandRefused("too-slow", "a", "b"))[1])["error_code"] == 408
