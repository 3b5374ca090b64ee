"""`volume`: what moved today, as platforms publish it."""

from collections import Counter

from node.cli.answered import VolumeInfo
from node.cli.client import open_node
from node.cli.voice import SESSION, Exit, Flag, Session, table

_DIRECTIONS = {"published": "发布", "up": "上行", "down": "下行", "view": "视图"}


def volume(*, resources: Flag = False, session: Session = SESSION) -> int:
    """本日交换量：自零点（北京时间）起各部门各方向的条数与字节数 / What moved since midnight (Asia/Shanghai): records and bytes by department and direction.

    由进度数据得出，重启不影响；发布为通过网关的记录，上行、下行为经本节点链路搬运的记录，视图为在本节点裁剪的记录 /
    From progress figures, exact over restarts: published is what passed the gate here, up and down what this node's link carried, view what was cut here.

    例如 / For example:

        exchange-node volume
        exchange-node volume --resources
        exchange-node volume --json | jq 'map(.records) | add'

    Args:
        resources: 逐个资源显示 / Show each resource.
    """
    with open_node(session) as node:
        found = node.status().volumes
    records, size = session.say("records", "条数"), session.say("bytes", "字节")
    headings = [
        session.say("department", "部门"),
        *([session.say("resource", "资源")] if resources else []),
        session.say("direction", "方向"),
    ]
    shown = table(*headings, records, size, right=(records, size))
    for key, (count, weight) in sorted(_summed(found, resources=resources).items()):
        *names, direction = key
        shown.add_row(*names, session.say(direction, _DIRECTIONS.get(direction, direction)), f"{count:,}", f"{weight:,}")
    session.tell(_merged(found), shown)
    return Exit.OK


def _summed(found: list[VolumeInfo], *, resources: bool) -> dict[tuple[str, ...], tuple[int, int]]:
    """Return records and bytes by department, resource if they are told apart, and direction."""
    records: Counter[tuple[str, ...]] = Counter()
    size: Counter[tuple[str, ...]] = Counter()
    for one in found:
        key = (one.department, *([one.resource] if resources else []), one.direction)
        records[key] += one.records
        size[key] += one.bytes
    return {key: (count, size[key]) for key, count in records.items()}


def _merged(found: list[VolumeInfo]) -> list[VolumeInfo]:
    """Return partitions of one resource together."""
    whole = {(one.department, one.resource, one.direction): one for one in found}
    summed = _summed(found, resources=True)
    return [
        VolumeInfo(department=whole[key].department, resource=key[1], direction=key[2], records=summed[key][0], bytes=summed[key][1])
        for key in sorted(whole)
    ]
