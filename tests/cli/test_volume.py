"""`volume`."""

from collections.abc import Callable
from typing import Any

import msgspec

from node.telemetry.metrics import Volume
from tests.cli.test_status import WELL

BILLS, FEES = "445102.tax.bills", "445102.tax.fees"
MOVED = [
    Volume(department="445102.tax", resource=BILLS, direction="published", records=1000, bytes=50_000),
    Volume(department="445102.tax", resource=BILLS, direction="published", records=234, bytes=10_000),
    Volume(department="445102.tax", resource=FEES, direction="published", records=5, bytes=500),
    Volume(department="445102.tax", resource=BILLS, direction="up", records=1200, bytes=55_000),
    Volume(department="440000.police", resource="440000.police.ids", direction="down", records=7, bytes=70),
]


def test_departments_and_directions_are_told(cli: Callable[..., Any], node: Any) -> None:
    """Partitions and resources together."""
    node.answer("/v1/status", msgspec.structs.replace(WELL, volumes=MOVED))
    lines = [line.split() for line in cli("volume").out.splitlines()]
    assert lines == [
        ["department", "direction", "records", "bytes"],
        ["440000.police", "down", "7", "70"],
        ["445102.tax", "published", "1,239", "60,500"],
        ["445102.tax", "up", "1,200", "55,000"],
    ]


def test_resources_are_told_where_they_are_asked_for(cli: Callable[..., Any], node: Any) -> None:
    """In Chinese as well."""
    node.answer("/v1/status", msgspec.structs.replace(WELL, volumes=MOVED))
    lines = [line.split() for line in cli("volume", "--resources", "--lang", "zh").out.splitlines()]
    assert lines[0] == ["部门", "资源", "方向", "条数", "字节"]
    assert ["445102.tax", BILLS, "发布", "1,234", "60,000"] in lines
    assert ["445102.tax", FEES, "发布", "5", "500"] in lines


def test_programs_get_resources_with_their_partitions_together(cli: Callable[..., Any], node: Any) -> None:
    """One entry for each resource and direction."""
    node.answer("/v1/status", msgspec.structs.replace(WELL, volumes=MOVED))
    found = cli("volume", "--json").json
    assert [(one["resource"], one["direction"], one["records"]) for one in found] == [
        ("440000.police.ids", "down", 7),
        (BILLS, "published", 1234),
        (BILLS, "up", 1200),
        (FEES, "published", 5),
    ]
