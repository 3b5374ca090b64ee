"""The tree of errors."""

import inspect

import pytest

from node import errors


def test_every_error_is_in_one_tree_and_in_the_modules_list() -> None:
    """Who catches NodeError catches all of them, and the module's docstring names each."""
    found = [one for _name, one in inspect.getmembers(errors, inspect.isclass)]
    assert all(issubclass(one, errors.NodeError) for one in found)
    assert not [one.__name__ for one in found if one.__name__ not in (errors.__doc__ or "")]


def test_errors_carry_what_faces_need() -> None:
    """Problems one by one, a refusal and a missing year in both languages, the route at fault."""
    assert errors.ConfigError(["a", "b"]).problems == ["a", "b"]
    refused = errors.CommandRefused("code", "no", "不")
    assert (refused.code, refused.en, refused.zh, str(refused)) == ("code", "no", "不", "no / 不")
    unknown = errors.CalendarError(2031, "none", "无")
    assert (unknown.year, unknown.en, unknown.zh, str(unknown)) == (2031, "none", "无", "none / 无")
    fault = errors.RouteFault("t", 1, "MESSAGE_TOO_LARGE")
    assert (fault.topic, fault.partition, str(fault)) == ("t", 1, "t-1: MESSAGE_TOO_LARGE")
    with pytest.raises(errors.DataError, match="code: expected 6 digits"):
        raise errors.RowError("code", "expected 6 digits")


def test_an_error_is_said_once() -> None:
    """Class and text, neither doubled nor missing."""
    assert errors.said(TimeoutError()) == "TimeoutError"
    assert errors.said(OSError("gone")) == "OSError: gone"
    assert errors.said(errors.Unavailable("Unavailable: gone")) == "Unavailable: gone"
