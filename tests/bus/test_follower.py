"""Answers for node/bus/follower.py."""

from node.bus.follower import Following
from node.lane import TopicPartition
from node.model.names import Topic
from node.transform import Care

ROUTE = TopicPartition(Topic("445102.civil-affairs.villages"), 0)


def test_each_is_one_of_its_own() -> None:
    """Two that read the same are two: one of them may be taken out, held, or ahead."""
    one, other = (
        Following(route=ROUTE, source=ROUTE, topic_id=bytes(16), generation=1, position=0, care=Care.RAW, listener=None)  # type: ignore[arg-type]  # nobody listens
        for _ in range(2)
    )
    assert one != other
    assert (one.held, one.attempts, one.trouble) == (False, 0, "")
