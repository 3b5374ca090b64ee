"""What people see of a grant."""

from node.cli.grant_shown import listed, whole
from node.cli.voice import Voice
from node.control.reach import Seen
from node.model.names import Division
from tests.cli.requested import given, lines

EN, ZH = Voice(lang="en"), Voice(lang="zh")
OWNER, CITY, PROVINCE = map(Division, ("445102", "445100", "440000"))
SUSPENDED = given(
    state="suspended",
    active=False,
    suspended=True,
    filed=(OWNER, 40),
    seen={
        OWNER: Seen("suspended", "2026-11-22T04:00:05.000Z"),
        CITY: Seen("flowing", "2026-11-22T04:00:01.000Z"),
        Division("445103"): Seen("ended", "2026-11-22T04:00:02.000Z", (given().value.resource,)),
    },
    awaited=(CITY, PROVINCE),
)


def test_each_node_is_shown_with_what_it_said_last() -> None:
    """Whoever has said nothing, or something that holds no more, is awaited; times are Shanghai's; what was removed is named."""
    told = lines(whole(SUSPENDED, EN))
    assert told[0] == "445102/4  suspended"
    assert "owner filed for its end: 445102/40" in told
    assert "passes: 445102 → 445100 → 440000" in told
    nodes = [" ".join(line.split()) for line in told if line.startswith("44") and "  " in line][1:]
    assert nodes == [
        "445102 suspended 2026-11-22 12:00:05",
        "445100 flowing, awaited 2026-11-22 12:00:01",
        "440000 nothing said yet",
        "445103 ended 2026-11-22 12:00:02 445102.civil-affairs.villages",
    ]
    assert told[-1].split() == ["2026-11-22", "12:00:00", "grant", "林海", "head", "445102.civil-affairs"]


def test_a_grant_is_shown_in_chinese() -> None:
    """States and nodes too."""
    told = lines(whole(SUSPENDED, ZH))
    assert told[0] == "445102/4  已暂停"
    assert any("有效，待确认" in line for line in told)
    assert any("尚无确认" in line for line in told)
    assert "已暂停" in lines(listed([SUSPENDED], ZH))[1]
