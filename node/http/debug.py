"""What the node is doing right now: for operators, and only where the configuration lets it (`http: {debug: true}`)."""

from litestar import get
from litestar.di import NamedDependency

from node.errors import CommandRefused
from node.runtime import Node
from node.runtime.dumping import Dump, dump


@get("/v1/debug", act="show-debug", roles=("operator",))
async def debug(node: NamedDependency[Node]) -> Dump:
    """Tell of all tasks where they wait, and of all lanes how they stand: what SIGUSR1 writes to a file. Not there unless the configuration says so."""
    if not node.settings.debug:
        en = "the node's configuration does not let this be asked: `http: {debug: true}` does; SIGUSR1 writes the same into its data_dir"
        raise CommandRefused("not-found", en, "节点配置未开放此路径：可设置 `http: {debug: true}`；或向进程发送 SIGUSR1，写入 data_dir")
    return dump(node)


HANDLERS = [debug]
