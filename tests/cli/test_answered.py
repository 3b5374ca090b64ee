"""Answers for node/cli/answered.py; that every answer of the server is read whole stands with the client's."""

import msgspec
import pytest

from node.cli.answered import Answer, KafkaInfo, NodeInfo


def test_fields_of_a_newer_node_are_left_out() -> None:
    """A command line need not be as new as the node."""
    assert msgspec.json.decode(b'{"bootstrap":"a:1","more":[1,2]}', type=KafkaInfo) == KafkaInfo(bootstrap="a:1")


def test_what_is_missing_is_an_error() -> None:
    """It would be a guess else."""
    with pytest.raises(msgspec.ValidationError, match="bootstrap"):
        msgspec.json.decode(b"{}", type=KafkaInfo)


def test_answers_are_values() -> None:
    """Frozen, and equal where they say the same."""
    assert issubclass(NodeInfo, Answer)
    assert KafkaInfo(bootstrap="a:1") == KafkaInfo(bootstrap="a:1", protocol="PLAINTEXT")
