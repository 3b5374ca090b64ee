"""Prometheus' programs, for the tests that need them."""

import os

import pytest

from node.demo.prometheus import find


def program(name: str) -> str:
    """Return the path of `prometheus` or `promtool`; the test is skipped without it, and fails where NODE_TEST_PROMETHEUS says `required`."""
    found = find(name)
    if found is None:
        assert os.environ.get("NODE_TEST_PROMETHEUS") != "required", f"{name} is not here: `make prometheus` gets it"
        pytest.skip(f"{name} is not installed: `make prometheus`, or install prometheus")
    return found
