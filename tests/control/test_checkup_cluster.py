"""Answers for node/control/checkup_cluster.py: a cluster that does not answer, is too old, or is set so that records are lost."""

import pytest

from node.control.checkup_cluster import Broker, ClusterFacts, Copies, Need, broker_settings, reached, versions
from node.model.names import Topic
from tests.control.checked import states

TOPIC = Topic("445102.node.control")
FETCH, ACLS = Need("Fetch", 1, 11, 11), Need("DescribeAcls", 29, 1, 3)
NEW = {1: (4, 18), 29: (2, 3)}
WELL = {
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "min.insync.replicas": "2",
    "transaction.max.timeout.ms": "900000",
}


def broker(number: int, settings: dict[str, str] | None = None, takes: dict[int, tuple[int, int]] | None = None) -> Broker:
    """A broker that answers."""
    return Broker(id=number, address=f"k{number}:9092", versions=NEW if takes is None else takes, settings=settings or {})


def facts(*brokers: Broker, copies: tuple[int, ...] = (), trouble: str = "") -> ClusterFacts:
    """A cluster whose topic has copies on these brokers."""
    found = [Copies(TOPIC, 0, copies[0], copies, copies)] if copies else []
    return ClusterFacts(bootstrap="k1:9092", brokers=list(brokers), copies=found, trouble=trouble)


def test_a_cluster_that_answers_is_told_with_its_release() -> None:
    """The oldest broker's counts; a broker newer than this node is as new as what the node knows."""
    (found,) = reached("cluster", facts(broker(1, takes={1: (4, 99)}), broker(2, takes={1: (0, 13)}), copies=(1, 2)))
    assert (states([found]), found.en) == ([("reachable", "ok")], "2 brokers, Kafka 3.1 or newer")
    (one,) = reached("parent", facts(broker(1)))
    assert (one.subject, one.en) == ("parent", "1 broker, Kafka 4.1 or newer")


def test_a_cluster_that_does_not_answer_is_a_failure() -> None:
    """With what was tried, and why it did not do."""
    (found,) = reached("parent", facts(trouble="no Kafka broker answers at k1:9092: nothing listens there"))
    assert (states([found]), found.subject) == ([("reachable", "fail")], "parent")
    assert all("nothing listens there" in text for text in (found.en, found.zh))


def test_brokers_that_are_away_are_named() -> None:
    """Those that have copies and are not known any more, and those that are known and do not answer."""
    (found,) = reached("cluster", facts(broker(1), broker(2, takes={}), copies=(1, 3)))
    assert states([found]) == [("reachable", "warn")]
    assert all("2 (k2:9092); 3" in text for text in (found.en, found.zh))


def test_a_look_that_was_not_finished_is_told() -> None:
    """What was found stands; a broker that could not be asked in time is not said to be away."""
    found = list(reached("cluster", facts(broker(1, takes={}), trouble="k1:9092 does not answer within 5 s")))
    assert states(found) == [("reachable", "ok"), ("complete", "warn")]


@pytest.mark.parametrize(
    ("takes", "lacking"),
    [
        (NEW, ""),
        ({1: (12, 18), 29: (0, 1)}, "broker 1: Fetch v11 (has v12-18)"),
        ({1: (0, 10), 29: (3, 9)}, "broker 1: Fetch v11 (has v0-10)"),
        ({1: (0, 11), 29: (4, 9)}, "broker 1: DescribeAcls v1-3 (has v4-9)"),
        ({1: (0, 11)}, "broker 1: DescribeAcls v1-3 (none)"),
    ],
)
def test_a_broker_that_lacks_what_the_node_sends_is_a_failure(takes: dict[int, tuple[int, int]], lacking: str) -> None:
    """The request and its version are named; any version of several will do."""
    (found,) = versions("cluster", facts(broker(1, takes=takes)), [FETCH, ACLS])
    assert states([found]) == [("versions", "fail" if lacking else "ok")]
    assert lacking in found.en
    assert lacking in found.zh


def test_all_brokers_together_take_what_each_of_them_does() -> None:
    """One that did not answer says nothing."""
    (found,) = versions("cluster", facts(broker(1), broker(2, takes={1: (0, 11)}), broker(3, takes={})), [FETCH])
    assert found.en == "all requests are taken: Fetch v4-11"
    assert states(versions("cluster", facts(broker(3, takes={})), [FETCH])) == []


@pytest.mark.parametrize(
    ("settings", "replication", "state", "named"),
    [
        ({}, 3, "ok", ""),
        ({"auto.create.topics.enable": "true"}, 3, "fail", "auto.create.topics.enable=true"),
        ({"unclean.leader.election.enable": "true"}, 3, "fail", "unclean.leader.election.enable=true"),
        ({"unclean.leader.election.enable": "true", "min.insync.replicas": "1"}, 1, "ok", ""),
        ({"min.insync.replicas": "4"}, 3, "fail", "min.insync.replicas=4"),
        ({"min.insync.replicas": "3"}, 3, "warn", "min.insync.replicas=3"),
        ({"min.insync.replicas": "1"}, 3, "warn", "min.insync.replicas=1"),
        ({"min.insync.replicas": "1"}, 1, "ok", ""),
        ({"transaction.max.timeout.ms": "9999"}, 3, "fail", "transaction.max.timeout.ms"),
    ],
)
def test_settings_that_hurt_are_named_with_what_they_do(settings: dict[str, str], replication: int, state: str, named: str) -> None:
    """And on which brokers; with a single copy there is no second to elect or to wait for."""
    well = WELL if replication > 1 else WELL | {"min.insync.replicas": "1"}
    (found,) = broker_settings(
        facts(broker(1, WELL | {"min.insync.replicas": well["min.insync.replicas"]}), broker(2, well | settings)), replication
    )
    assert states([found]) == [("settings", state)]
    assert all(named in text for text in (found.en, found.zh))


def test_settings_that_are_not_told_are_not_judged() -> None:
    """Of a broker that did not answer, or did not want to."""
    assert states(broker_settings(facts(broker(1)), 3)) == []
