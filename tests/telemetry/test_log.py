"""Log events."""

import json
import subprocess
import sys


def _logged(readable: bool) -> str:  # noqa: FBT001
    code = f"from node.telemetry import configure, logger; configure(division='445102', readable={readable}); logger().info('made', 主题='村居')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr


def test_an_event_is_one_json_line_on_standard_error() -> None:
    """Collectors read a line: event, level, time in UTC, the node's division, the fields as they are."""
    event = json.loads(_logged(readable=False))
    assert (event["event"], event["level"], event["division"], event["主题"]) == ("made", "info", "445102", "村居")
    assert event["timestamp"].endswith("Z")


def test_a_person_at_a_terminal_reads_text() -> None:
    """The same event as a line for the eye."""
    line = _logged(readable=True)
    assert "made" in line
    assert "村居" in line
    assert "{" not in line
