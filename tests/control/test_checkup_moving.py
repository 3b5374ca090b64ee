"""Answers for node/control/checkup_moving.py: routes that stand, wait or lag, and refused records that nobody repairs."""

from datetime import UTC, datetime, timedelta

from node.control.checkup_moving import Moving, Waits, moving, quarantined
from node.model.names import Topic
from tests.control.checked import states

TOPIC = Topic("445102.civil-affairs.villages")
NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


def route(state: str = "flowing", *, number: int = 0, why: str = "", lag: float = 0.0) -> Moving:
    """A resource on the way up."""
    return Moving(lane="link-up", topic=f"{TOPIC}-{number}", state=state, why=why, lag_seconds=lag)


def ago(days: float) -> int:
    """A moment (ms)."""
    return int((NOW - timedelta(days=days)).timestamp() * 1000)


def test_routes_that_flow_are_well() -> None:
    """With how far the worst is behind; none at all is well too."""
    (found,) = moving([route(), route(number=1, lag=29)])
    assert (states([found]), found.en) == ([("lag", "ok")], "resources: 2; 29 s behind at most")
    assert states(moving([])) == [("lag", "ok")]


def test_stopped_routes_come_with_their_command() -> None:
    """A resource may be stopped on two lanes: once for each topic."""
    stopped, lag = moving([route("stopped", why="topic-recreated: other id"), route("stopped", why="truncated")])
    assert states([stopped, lag]) == [("stopped", "fail"), ("lag", "ok")]
    assert stopped.do_en.count(f"exchange-node route resume {TOPIC}-0 --from-start") == 1
    assert all(f"link-up {TOPIC}-0: topic-recreated: other id" in text for text in (stopped.en, stopped.zh))


def test_routes_that_wait_or_are_given_up_are_told_apart() -> None:
    """A topic that is not there yet is no error; another process of the same name is."""
    found = list(moving([route("waiting"), route("waiting", number=1, why="445103 has to dispose"), route("given-up", number=2, lag=500)]))
    assert states(found) == [("given-up", "fail"), ("waiting", "warn"), ("lag", "ok")]
    assert "not there yet" in found[1].en
    assert "445103 has to dispose" in found[1].en


def test_the_worst_three_that_lag_are_named() -> None:
    """With what is known of why."""
    (late,) = moving(
        [route(number=number, lag=30.0 + number, why="k1 is away" if number == 9 else "") for number in range(10)] + [route(number=10)]
    )
    assert states([late]) == [("lag", "warn")]
    assert late.en == (
        f"10 of 11 are more than 30 s behind; the worst: link-up {TOPIC}-9: 39 s (k1 is away); link-up {TOPIC}-8: 38 s; link-up {TOPIC}-7: 37 s"
    )


def test_refused_records_that_wait_are_a_warning_until_they_are_about_to_go() -> None:
    """By resource, with how many and since when; what is not known is left out."""
    assert states(quarantined({}, NOW)) == states(quarantined(None, NOW)) == [("quarantine", "ok")]
    (young,) = quarantined({TOPIC: Waits(12, ago(70)), Topic("445102.tax.fees"): Waits(1, None)}, NOW)
    assert states([young]) == [("quarantine", "warn")]
    assert young.en == f"13 refused records wait: {TOPIC}: 12, since 2026-09-17; 445102.tax.fees: 1"
    (old,) = quarantined({TOPIC: Waits(1, ago(77))}, NOW)
    assert states([old]) == [("quarantine", "fail")]
    assert "within two weeks" in old.en


def test_what_cannot_be_counted_is_told_beside_what_was() -> None:
    """A note that cannot be read is mended by a newer node."""
    found = list(quarantined({}, NOW, "a note cannot be read"))
    assert states(found) == [("quarantine", "warn"), ("quarantine", "ok")]
    assert "a note cannot be read" in found[0].en
