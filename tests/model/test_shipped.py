"""Where the program's own data is found."""

from pathlib import Path

import pytest

from node.errors import ConfigError
from node.model.shipped import shipped, shipped_root


def test_a_checkout_has_its_data_at_the_root() -> None:
    """In a checkout `schemas` and `deploy` are found beside the package."""
    assert shipped("deploy/kafka/pom.xml") == Path(__file__).parents[2] / "deploy/kafka/pom.xml"


def test_a_wheel_has_its_data_inside_the_package(tmp_path: Path) -> None:
    """An installed package uses its own folder and never a neighbour's of the same name."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "node/_shipped/schemas").mkdir(parents=True)
    root = shipped_root(tmp_path / "node")
    assert shipped("schemas", root) == tmp_path / "node/_shipped/schemas"


def test_what_is_absent_is_named_with_the_remedy(tmp_path: Path) -> None:
    """A file that is not there is an error that names it, the folder, and what to do."""
    with pytest.raises(ConfigError, match=r"deploy/nothing.yaml: not in .*install it again"):
        shipped("deploy/nothing.yaml", tmp_path)
