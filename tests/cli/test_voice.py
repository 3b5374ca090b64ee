"""How commands speak."""

import json

import pytest

from node.cli.voice import Exit, Voice, language, print_json, table


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
    ],
)
def test_language_follows_the_environment_as_posix_orders_it(environ: dict[str, str], expected: str) -> None:
    """LC_ALL decides before LC_MESSAGES and that before LANG; what is empty does not count."""
    assert language(environ) == expected


def test_option_decides_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a language gets it."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert Voice().say("yes", "是") == "是"
    assert Voice(lang="en").say("yes", "是") == "yes"


def test_json_is_one_line_of_utf8(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Programs read UTF-8, whatever the terminal speaks."""
    print_json({"name": "湘桥区"})
    out = capsysbinary.readouterr().out
    assert out == '{"name":"湘桥区"}\n'.encode()
    assert json.loads(out) == {"name": "湘桥区"}


def test_names_are_never_markup_and_lines_never_cut_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """What other nodes wrote is shown as it is; a table that is piped on keeps its lines whole."""
    shown = table("name")
    shown.add_row("[red]" + "x" * 300 + ":smile:")
    Voice().tell({}, shown)
    assert "[red]" + "x" * 300 + ":smile:" in capsys.readouterr().out.splitlines()[1]


def test_outcome_is_told_once_in_one_form(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON for programs or words for people, on standard output; complaints stand on standard error."""
    Voice(json=True).tell({"a": 1}, "words")
    Voice().tell({"a": 1}, "words")
    Voice().complain("oh")
    captured = capsys.readouterr()
    assert captured.out == '{"a":1}\nwords\n'
    assert captured.err == "oh\n"


def test_exit_statuses_are_those_promised() -> None:
    """Scripts rest on these numbers."""
    assert [*map(int, Exit)] == [0, 1, 2, 3, 130]
