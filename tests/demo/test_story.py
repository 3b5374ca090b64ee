"""What the demo says and publishes; that it works as a whole is `test_run`'s matter."""

import csv
import json
from pathlib import Path

from node.demo.story import DEPARTMENTS, LICENCES, STREETS, TAKERS, VILLAGES, publications
from node.demo.world import TREE


def _rows(file: Path) -> int:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return sum(1 for _row in csv.DictReader(lines))


def test_the_files_hold_what_the_demo_promises(tmp_path: Path) -> None:
    """179 villages of Xiangqiao, 1,757 streets of Guangdong, and as many events as were asked for, always the same."""
    first = {one.resource: one.file for one in publications(tmp_path, 500)}
    assert (_rows(first[VILLAGES]), _rows(first[STREETS])) == (179, 1757)
    events = first[LICENCES].read_bytes()
    assert len(events.splitlines()) == 500
    again = {one.resource: one.file for one in publications(tmp_path, 500)}
    assert again[LICENCES].read_bytes() == events
    assert 160 < len({json.loads(line)["licence_no"] for line in events.splitlines()}) < 240  # two licences for five events


def test_every_resource_crosses_a_link_and_its_takers_are_departments() -> None:
    """Each level takes something, and nobody takes what its own node owns."""
    assert {taker[:6] for takers in TAKERS.values() for taker in takers} == set(TREE)
    for resource, takers in TAKERS.items():
        assert set(takers) <= set(DEPARTMENTS)
        assert all(taker[:6] != resource[:6] for taker in takers)
