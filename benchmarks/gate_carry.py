"""Our side of `gate`: a process that checks one inbox, inside transactions, until SIGTERM.

`python -m benchmarks.gate_carry BOOTSTRAP RESOURCE PARTITIONS PROGRESS_TOPIC`. It is the gate lane of a node without the node.
"""

import asyncio
import sys

from benchmarks.carry import NODE, until_told
from benchmarks.flat import SCHEMA
from node.avro import canonical, schema_id
from node.bus.client import open_client
from node.bus.security import Security
from node.model.limits import MESSAGE_BYTES_DEFAULT
from node.model.names import Topic, inbox_topic
from node.runtime.lane import LaneSpec, open_lane
from node.telemetry import Metrics, configure
from node.transform import Care
from node.transform.gate import open_gate, warm


async def carry(bootstrap: str, resource: Topic, partitions: int, progress: str) -> None:
    """Check an inbox until SIGTERM, as a node does."""
    told = until_told()
    warm()
    gate = open_gate(
        resource=resource,
        schemas={schema_id(SCHEMA): canonical(SCHEMA)},
        partitions=partitions,
        is_state=False,
        batch_bytes_max=MESSAGE_BYTES_DEFAULT,
    )
    spec = LaneSpec(node=NODE, lane="gate", progress_topic=progress, care=lambda _topic: Care.OPENED, transform=lambda _topic: gate)
    async with (
        open_client(bootstrap, client_id=f"{NODE}.gate", security=Security()) as client,
        open_lane(spec, client, client, Metrics()) as lane,
    ):
        lane.route([(inbox_topic(resource), partitions)])
        await told.wait()


if __name__ == "__main__":
    configure(division=NODE, readable=False)
    asyncio.run(carry(sys.argv[1], Topic(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
