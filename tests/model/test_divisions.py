"""Answers for node/model/divisions.py."""

from node.model.divisions import known_divisions


def test_the_table_is_guangdongs() -> None:
    """One province, 21 cities, 122 counties and districts; each but the province below one of the table."""
    table = known_divisions()
    levels = [one.level for one in table.values()]
    assert (len(table), levels.count("province"), levels.count("city")) == (144, 1, 21)
    assert table["445102"].name == "湘桥区"
    assert table["445102"].parent == "445100"
    assert {one.parent for one in table.values()} - {None} <= table.keys()


def test_cities_without_counties_are_there() -> None:
    """Dongguan and Zhongshan have none: nothing may be concluded from digits."""
    table = known_divisions()
    assert {"441900", "442000"} <= table.keys()
    assert not any(one.parent in {"441900", "442000"} for one in table.values())
