"""Answers for node/control/checkup_topics.py: partitions without a leader or with too few copies, and topics that are not as the book wants them."""

import msgspec

from node.control.checkup_cluster import ClusterFacts, Copies
from node.control.checkup_topics import copies, topic_settings
from node.control.routes import TopicSpec
from node.model.names import Topic
from tests.control.checked import states

CONTROL, AUDIT = Topic("445102.node.control"), Topic("445102.node.audit")
SPECS = {topic: TopicSpec(topic, 1, {"retention.ms": "-1", "cleanup.policy": "delete"}) for topic in (CONTROL, AUDIT)}


def facts(*found: Copies, missing: tuple[Topic, ...] = (), **settings: str) -> ClusterFacts:
    """A cluster with these partitions; `settings` are those of the control log."""
    there = {one.topic: dict(SPECS[CONTROL].settings) for one in found}
    if settings:
        there[CONTROL] |= {name.replace("_", "."): value for name, value in settings.items()}
    return ClusterFacts(bootstrap="k1:9092", copies=list(found), missing=list(missing), topic_settings=there)


def whole(topic: Topic, partition: int = 0, replicas: tuple[int, ...] = (1, 2, 3)) -> Copies:
    """A partition that has all its copies."""
    return Copies(topic, partition, 1, replicas, replicas)


def test_whole_partitions_are_well() -> None:
    """And where none is known, there is nothing to say."""
    assert states(copies("cluster", facts(whole(CONTROL), whole(AUDIT)))) == [("partitions", "ok")]
    assert states(copies("cluster", facts())) == []


def test_partitions_without_a_leader_are_a_failure_and_those_that_lack_copies_a_warning() -> None:
    """Each is named, with how many copies it has of how many."""
    leaderless, behind = copies("parent", facts(Copies(CONTROL, 0, -1, (1, 2), ()), Copies(AUDIT, 0, 2, (1, 2, 3), (2, 3))))
    assert states([leaderless, behind]) == [("partitions", "fail"), ("partitions", "warn")]
    assert leaderless.subject == "parent"
    assert all(f"{CONTROL}-0" in text for text in (leaderless.en, leaderless.zh))
    assert all(f"{AUDIT}-0 (2 of 3)" in text for text in (behind.en, behind.zh))


def test_topics_as_the_book_wants_them_are_well() -> None:
    """Counted; those that are none of the book's are not looked at."""
    (found,) = topic_settings(facts(whole(CONTROL), whole(AUDIT)), SPECS, 3)
    assert (states([found]), found.en) == ([("topics", "ok")], "2 topics, set as they should be")
    assert states(topic_settings(facts(whole(CONTROL), retention_ms="5"), {}, 3)) == [("topics", "ok")]
    assert states(topic_settings(facts(), SPECS, 3)) == []
    untold = msgspec.structs.replace(facts(whole(CONTROL), whole(AUDIT)), topic_settings={})
    assert states(topic_settings(untold, SPECS, 3)) == []


def test_what_differs_is_named_with_what_it_should_be() -> None:
    """A topic that is missing, another partition count, another setting, too few copies."""
    (absent,) = topic_settings(facts(whole(CONTROL), missing=(AUDIT,)), SPECS, 3)
    assert (states([absent]), AUDIT in absent.en) == ([("topics", "fail")], True)
    (parted,) = topic_settings(facts(whole(CONTROL), whole(CONTROL, 1), whole(AUDIT)), SPECS, 3)
    assert (states([parted]), f"{CONTROL}: 2, not 1" in parted.en) == ([("topics", "fail")], True)
    (differs,) = topic_settings(facts(whole(CONTROL), whole(AUDIT), retention_ms="1000"), SPECS, 3)
    assert (states([differs]), f"{CONTROL}: retention.ms=1000, not -1" in differs.en) == ([("topics", "fail")], True)
    assert "kafka-configs.sh" in differs.do_en
    (thin,) = topic_settings(facts(whole(CONTROL), whole(AUDIT, 0, (1, 2))), SPECS, 3)
    assert (states([thin]), f"{AUDIT} (2)" in thin.en) == ([("topics", "warn")], True)
    assert CONTROL not in thin.en


def test_progress_topics_that_their_broker_does_not_date_are_a_warning() -> None:
    """Those of an earlier release, which the node does not alter: nothing is lost, unlike where another topic or another setting differs."""
    progress, name = Topic("445102.node.progress"), "message.timestamp.type"
    specs = {topic: TopicSpec(topic, 1, {name: "LogAppendTime", "cleanup.policy": "compact"}) for topic in (progress, AUDIT)}
    there = {topic: {name: "CreateTime", "cleanup.policy": "compact"} for topic in specs}
    found = facts(whole(progress), whole(AUDIT))
    other, undated = topic_settings(msgspec.structs.replace(found, topic_settings=there), specs, 3)
    assert states([other, undated]) == [("topics", "fail"), ("topics", "warn")]
    assert (f"{AUDIT}: {name}" in other.en, str(progress) in other.en, str(progress) in undated.en) == (True, False, True)
    assert f"--add-config {name}=LogAppendTime" in undated.do_en
    assert "lost, refused" not in undated.en
    (lone,) = topic_settings(
        msgspec.structs.replace(facts(whole(progress)), topic_settings={progress: there[progress]}), {progress: specs[progress]}, 3
    )
    assert states([lone]) == [("topics", "warn")]
