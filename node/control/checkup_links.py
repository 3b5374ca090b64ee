"""What a look at the links below and above finds: those over which nothing comes, and those of which nothing is known."""

from collections.abc import Collection, Iterator
from datetime import datetime

from node.control.checkup import Finding, finding, listed
from node.control.events import SHANGHAI
from node.control.neighbourhood import NodeSeen


def links(tree: Collection[NodeSeen]) -> Iterator[Finding]:
    """Yield each direction over which no canary comes, by its ends and since when; then how many are well, and whose nobody tells."""
    directions = [
        (node, course, one)
        for node in tree
        for course, one in (("up", node.up), ("down", node.down))
        if node.parent is not None and one is not None
    ]
    for node, course, one in directions:
        if one.state == "late":
            start, end = (node.division, node.parent) if course == "up" else (node.parent, node.division)
            since = f"{datetime.fromtimestamp(one.since_ms / 1000, SHANGHAI):%Y-%m-%d %H:%M:%S}"
            said = (
                f"{start} → {end} ({course}): nothing has come since {since} ({one.age_s:.0f} s), and all that goes this way waits",
                f"{start} → {end}（{'上行' if course == 'up' else '下行'}）：自 {since} 起无记录到达（{one.age_s:.0f} 秒），该方向的数据均在等待",
            )
            todo = (
                f"on the node of {node.division}: `exchange-node status`, `exchange-node doctor`; the child runs the link, its log says why it cannot",
                f"在 {node.division} 的节点执行 `exchange-node status` 和 `exchange-node doctor`；链路由下级运行，原因见其日志",
            )
            yield finding("moving", "link", "fail", said, todo)
    unknown = sorted({node.division for node, _course, one in directions if one.state == "unknown"})
    if unknown:
        said = f"not known how the links of these are: {listed(unknown)}", f"以下节点的链路状况未知：{listed(unknown)}"
        todo = (
            "a link between here and there is late, or they run no node yet",
            "两地之间有链路迟到，或对方尚未运行节点",
        )
        yield finding("moving", "link", "warn", said, todo)
    well = sum(one.state in {"flowing", "stopped"} for _node, _course, one in directions)
    if directions and well == len(directions):
        yield finding(
            "moving", "link", "ok", (f"canaries come over all {well} directions of links", f"链路的全部 {well} 个方向均有记录到达")
        )
