"""Answers for node/control/checkup_links.py."""

from typing import Any

from node.control.checkup import Finding
from node.control.checkup_links import links
from node.control.neighbourhood import DirectionSeen, NodeSeen
from node.model.names import Division

ROOT, CITY, DISTRICT = Division("440000"), Division("445100"), Division("445102")
WELL, LATE, UNKNOWN = (
    DirectionSeen(state="flowing"),
    DirectionSeen(state="late", since_ms=1_770_000_062_000, age_s=42.4),
    DirectionSeen(state="unknown"),
)


def seen(code: Division, parent: Division | None, up: DirectionSeen | None = WELL, down: DirectionSeen | None = WELL) -> NodeSeen:
    """Return a node of the tree."""
    more: dict[str, Any] = {"name": "", "level": "city", "place": "below", "heard_s": 1.0, "ready": True, "software": "0.1.0"}
    return NodeSeen(division=code, parent=parent, up=up, down=down, **more)


def told(*nodes: NodeSeen) -> list[Finding]:
    """Return what is found of a tree."""
    return list(links(nodes))


def test_links_that_are_well_are_one_line() -> None:
    """However many there are; a root alone has none."""
    (one,) = told(seen(ROOT, None, None, None), seen(CITY, ROOT), seen(DISTRICT, CITY))
    assert (one.subject, one.check, one.state, one.en) == ("moving", "link", "ok", "canaries come over all 4 directions of links")
    assert told(seen(ROOT, None, None, None)) == []


def test_a_late_direction_is_named_with_since_when() -> None:
    """From where to where, which way, and on which node to look: the child runs the link."""
    up, down = told(seen(CITY, ROOT, LATE, LATE))
    assert up.en == "445100 → 440000 (up): nothing has come since 2026-02-02 10:41:02 (42 s), and all that goes this way waits"
    assert down.zh.startswith("440000 → 445100（下行）：自 2026-02-02 10:41:02 起无记录到达（42 秒）")
    assert {(one.state, one.do_en.partition(":")[0]) for one in (up, down)} == {("fail", "on the node of 445100")}


def test_what_is_not_known_is_no_green() -> None:
    """All below a broken link, and nodes that were never heard: named once each."""
    late, unknown = told(seen(CITY, ROOT, LATE, UNKNOWN), seen(DISTRICT, CITY, UNKNOWN, UNKNOWN))
    assert (late.state, unknown.state, unknown.en) == ("fail", "warn", "not known how the links of these are: 445100; 445102")
