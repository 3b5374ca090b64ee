"""Answers for node/telemetry/log.py: events as lines of JSON, or as text for a person, on standard error."""

import json
import logging
import math
import subprocess
import sys
from collections.abc import Iterator

import pytest

from node.telemetry import configure, logger
from tests.telemetry.undoing import undone


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    """What is configured for the whole process is undone."""
    with undone():
        yield


def _fail() -> None:
    secret = "an inhabitant's name"  # noqa: F841, S105 - a local variable that no log may show
    raise ValueError("what went wrong")


def _failed() -> ValueError:
    with pytest.raises(ValueError, match="went wrong") as caught:
        _fail()
    return caught.value


def test_an_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With its fields, the division, level and time in UTC; Chinese as it is."""
    configure(division="445102", readable=False)
    logger().warning("route-stopped", topic="445102.civil-affairs.villages", reason="目标被重建")
    (line,) = capsys.readouterr().err.splitlines()
    assert "目标被重建" in line
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "route-stopped",
        "topic": "445102.civil-affairs.villages",
        "reason": "目标被重建",
        "division": "445102",
        "level": "warning",
    }


def test_debug_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what an operator may have to know is logged."""
    configure(division="445102", readable=False)
    logger().debug("detail")
    logger().info("started")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["started"]


@pytest.mark.parametrize("readable", [False, True])
def test_an_exception_shows_where_and_never_what_was_handled(capsys: pytest.CaptureFixture[str], *, readable: bool) -> None:
    """The traceback is there; the values of local variables, which may be records, are not."""
    configure(division="445102", readable=readable)
    logger().error("part-failed", exc_info=_failed())
    text = capsys.readouterr().err
    assert "ValueError" in text
    assert "_fail" in text
    assert "inhabitant" not in text.replace('secret = "an inhabitant\'s name"', "")
    assert readable or len(text.splitlines()) == 1


def test_identity_numbers_and_tokens_are_in_no_event(capsys: pytest.CaptureFixture[str]) -> None:
    """Not in a field, in a list, nor in what an exception says of itself; numbers are as they are."""
    configure(division="445102", readable=False)
    person, secret = "440102199001011234", "xn-" + "a1B2" * 11
    logger().error("failed", cause=f"of {person}", parts=[secret, 7], offset=123456789012345678, exc_info=ValueError(f"{person} {secret}"))
    text = capsys.readouterr().err
    assert person not in text
    assert secret not in text
    event = json.loads(text)
    deep: dict[str, object] = {}
    deep["self"] = deep
    logger().error("failed", by={person: [{"cause": (secret, person)}]}, error=ValueError(person), deep=deep)
    text = capsys.readouterr().err
    assert person not in text
    assert secret not in text
    assert json.loads(text)["by"] == {"***": [{"cause": ["***", "***"]}]}
    assert (event["cause"], event["parts"], event["offset"]) == ("of ***", ["***", 7], 123456789012345678)
    assert event["exception"].endswith("ValueError: *** ***")


def test_a_person_reads_text_without_colours(capsys: pytest.CaptureFixture[str]) -> None:
    """At a terminal the same event is a line of words."""
    configure(division="445102", readable=True)
    logger().info("started", parent="445100")
    text = capsys.readouterr().err
    assert "started" in text
    assert "parent=445100" in text
    assert "\x1b" not in text


def test_aiokafkas_own_words_are_silenced() -> None:
    """Each failed attempt of its clients would be an error line: a node beside a dead cluster logs its own events alone."""
    program = """
import logging
from node.telemetry import configure
configure(division="445102", readable=False)
logging.getLogger("aiokafka.conn").error("not this")
logging.getLogger("other").error("but this")
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (event,) = [json.loads(line) for line in found.stderr.splitlines()]
    assert (event["event"], event["level"], event["source"], event["text"]) == ("library", "error", "other", "but this")


def test_what_a_library_logs_has_the_form_of_events(capsys: pytest.CaptureFixture[str]) -> None:
    """From warnings on, with its traceback, and without identity numbers."""
    configure(division="445102", readable=False)
    logging.getLogger("asyncio").info("not this")
    logging.getLogger("asyncio").error("of %s", "440102199001011234", exc_info=_failed())
    (event,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (event["event"], event["source"], event["text"]) == ("library", "asyncio", "of ***")
    assert event["exception"].endswith("ValueError: what went wrong")


def test_a_storm_is_told_by_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten of a thing are shown; the others are counted, and told at the latest when the log ends: no event is lost from the count."""
    held: list[tuple[str, int]] = []
    sparing = configure(division="445102", readable=False, held=lambda event, many: held.append((event, many)))
    for number in range(4323):
        logger().warning("producer-lost", lane="gate", shard=1, cause=f"of 440102199001011234, {number}")
        if number < 3:
            logger().warning("producer-lost", lane="view", shard=1, cause="another")
    sparing.tell(math.inf)
    sparing.tell(math.inf)
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    gate = [one for one in events if one["lane"] == "gate"]
    assert len(events) - len(gate) == 3
    assert len(gate) == 11
    assert (gate[-1]["more"], gate[-1]["cause"]) == (4312, "of ***, 4322")
    assert held == [("producer-lost", 4312)]
