"""What the node's own look at itself and its cluster finds."""

from datetime import UTC, datetime

from litestar import get
from litestar.di import NamedDependency

from node.bus.acls import NoAuthorizer, list_acls
from node.bus.client import open_client
from node.bus.users import mechanisms_of
from node.control import day_of
from node.control.checkup import Finding, compared, logins, open_cluster, users_of
from node.control.entitled import entitled
from node.errors import BusError
from node.runtime import Node


@get("/v1/doctor", act="show-doctor", roles=("operator", "inspector"))
async def doctor(node: NamedDependency[Node]) -> list[Finding]:
    """Compare what the cluster lets others do with what the book says, and tell what the node does not do."""
    s, book = node.settings, node.ledger.book
    found = [Finding(check="node", state="fail", en=reason, zh=reason) for reason in node.reasons]
    found = found or [Finding(check="node", state="ok", en="the node does all it is there for", zh="节点运行正常")]
    if not node.folded:
        return found
    try:
        async with open_client(s.bootstrap, client_id=f"{s.division}.doctor", security=s.security) as client:
            there = await list_acls(client)
            users = users_of(book, s.division)
            has = await mechanisms_of(client, users) if users else {}
    except NoAuthorizer:
        return [*found, open_cluster()]
    except BusError as error:
        return [*found, Finding(check="closed", state="fail", en=str(error), zh=f"集群无法查看：{error}")]
    wanted = entitled(book, s.division, s.parent, day_of(datetime.now(UTC)))
    return [*found, *compared(there, wanted, s.other_users), logins(users, has)]


HANDLERS = [doctor]
