"""What the demo tries and must see refused; that the whole world refuses it is shown by tests/faults/test_rights.py."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from node.bus.passwords import new_password
from node.bus.security import Security, Way
from node.bus.users import let_in
from node.demo.trespass import Attempt, create, read, write
from tests.conftest import Kafka


@pytest.mark.parametrize(
    ("who", "answer", "refused"),
    [
        ("445102.tax", "TOPIC_AUTHORIZATION_FAILED", True),
        ("445102.tax", "GROUP_AUTHORIZATION_FAILED", True),
        ("445102.tax", "", False),
        ("445102.tax", "no answer", False),
        ("445102.tax", "_TRANSPORT", False),
        ("445102.tax", "UNKNOWN_TOPIC_OR_PART", False),
        ("", "_TRANSPORT", True),
        ("", "", False),
    ],
)
def test_only_kafkas_own_refusal_counts(who: str, answer: str, refused: bool) -> None:  # noqa: FBT001 - a case
    """A cluster that is down refuses nobody; to whoever does not log in it says nothing, but ends the connection."""
    assert Attempt(who=who, what="read", topic="445102.tax.bills", answer=answer).refused is refused


@pytest.mark.kafka
async def test_each_attempt_tells_what_kafka_answered(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """One who may do everything makes, writes and reads a topic; one who has a login and no right does none of it, nor does nobody."""
    if kafka.security.username is None:
        pytest.skip("the cluster lets everybody in: it refuses nobody")
    topic, other = topic_name(), topic_name()
    for do in (create, write, read):
        assert await asyncio.to_thread(do, kafka.way, topic) == "", do
    stranger = msgspec.structs.replace(kafka.security, username=topic_name(), password=new_password())
    await let_in(kafka.bootstrap, stranger, kafka.security)
    tries = [(Way(kafka.bootstrap, stranger), do, where) for do, where in ((read, topic), (write, topic), (create, other))]
    answers = await asyncio.gather(
        *(asyncio.to_thread(do, way, where) for way, do, where in [*tries, (Way(kafka.bootstrap, Security()), read, topic)])
    )
    assert answers == ["TOPIC_AUTHORIZATION_FAILED"] * 3 + ["_TRANSPORT"]
