"""Names and what may stand in them."""

import pytest

from node.model.names import (
    TOPIC_LENGTH_MAX,
    Division,
    Topic,
    audit_topic,
    canary_topic,
    control_topic,
    department,
    department_of,
    division,
    division_of,
    inbox_topic,
    is_canary,
    is_view,
    progress_topic,
    quarantine_topic,
    resource,
    resource_of,
    view_topic,
)


@pytest.mark.parametrize("code", ["445102", "445102001", "445102001004"])
def test_divisions_have_6_9_or_12_digits(code: str) -> None:
    """Provinces to counties, towns, and villages of GB/T 2260 and its extensions."""
    assert division(code) == code


@pytest.mark.parametrize("code", ["", "4451", "44510a", "4451020", " 445102", "445102\n", "４４５１０２"])
def test_what_is_no_division_is_refused(code: str) -> None:
    """The error shows what a code looks like."""
    with pytest.raises(ValueError, match="445102"):
        division(code)


@pytest.mark.parametrize(
    "text", ["445102", "445102.", "445102.node", "445102.Civil", "445102.-a", "445102.a-", "1.a", "445102.a.b", "445102.a_b"]
)
def test_what_is_no_department_is_refused(text: str) -> None:
    """The node's own name is taken, capitals and odd signs do not stand in topics' names."""
    with pytest.raises(ValueError, match="civil-affairs"):
        department(text)


@pytest.mark.parametrize("text", ["445102.a", "445102.a.b.c", "445102.node.control", "445102.a.B", "445102.a." + "b" * 64, "x.a.b"])
def test_what_is_no_resource_is_refused(text: str) -> None:
    """A resource has three parts, and none of them is the node's."""
    with pytest.raises(ValueError, match=r"civil-affairs"):
        resource(text)


def test_a_name_tells_its_owner() -> None:
    """Division and department are read off a topic's name."""
    topic = resource("445102.civil-affairs.villages")
    assert (division_of(topic), department_of(topic)) == ("445102", "445102.civil-affairs")
    assert department(department_of(topic)) == "445102.civil-affairs"


def test_the_nodes_own_topics_stand_under_its_division() -> None:
    """Control log, progress and audit have fixed names on every cluster."""
    code = division("445102")
    assert control_topic(code) == Topic("445102.node.control")
    assert progress_topic(code) == Topic("445102.node.progress")
    assert audit_topic(code) == Topic("445102.node.audit")


def test_a_resource_has_an_inbox_and_a_quarantine() -> None:
    """Beside it and under its owner; neither is the name of another resource, and the longest name still fits Kafka's 249 characters."""
    villages = resource("445102.civil-affairs.villages")
    inbox, quarantine = inbox_topic(villages), quarantine_topic(villages)
    assert (inbox, quarantine) == ("445102.civil-affairs.villages.inbox", "445102.civil-affairs.villages.quarantine")
    assert resource_of(inbox) == resource_of(quarantine) == villages
    for topic in (inbox, quarantine):
        assert division_of(topic) == "445102"
        with pytest.raises(ValueError, match="no resource"):
            resource(topic)
    longest = resource(f"445102.{'a' * 63}.{'b' * 63}")
    assert max(len(quarantine_topic(longest)), TOPIC_LENGTH_MAX + len(".quarantine")) <= 249


def test_a_resource_has_views() -> None:
    """Each under a name of its own; a resource's name is none of them, and none is a resource's."""
    villages = resource("445102.civil-affairs.villages")
    view = view_topic(villages, "0123456789ab")
    assert view == "445102.civil-affairs.villages.v-0123456789ab"
    assert is_view(view)
    assert resource_of(view) == villages
    assert not any(map(is_view, (villages, inbox_topic(villages), quarantine_topic(villages), "445102.civil-affairs.v-villages", "a")))
    with pytest.raises(ValueError, match="no resource"):
        resource(view)
    longest = resource(f"445102.{'a' * 63}.{'b' * 63}")
    assert max(len(view_topic(longest, "0" * 12)), TOPIC_LENGTH_MAX + len(".v-") + 12) <= 249


def test_a_resource_is_no_part_of_itself() -> None:
    """Asked whose part it is, somebody is mistaken."""
    with pytest.raises(AssertionError):
        resource_of(Topic("445102.civil-affairs.villages"))


def test_a_canary_is_a_nodes_own_topic_of_that_name() -> None:
    """And none of a department's."""
    assert is_canary(canary_topic(Division("445102")))
    assert not any(is_canary(Topic(name)) for name in ("445102.node.control", "445102.tax.canary", "445102.node.canary.inbox"))
