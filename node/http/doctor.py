"""What the node's own look at itself and what stands around it finds."""

from litestar import get
from litestar.di import NamedDependency

from node.control.checkup import Finding
from node.control.neighbourhood import software_of
from node.runtime import Node
from node.runtime.examination import examine


@get("/v1/doctor", act="show-doctor", roles=("operator", "inspector"))
async def doctor(node: NamedDependency[Node]) -> list[Finding]:
    """Look at the node, its cluster and the parent's, disks, certificates, and what moves."""
    return await examine(node, node.shown.skews, software_of(node.shown.tree(), node.settings.division))


HANDLERS = [doctor]
