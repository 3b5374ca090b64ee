"""Real Apache Kafka for the demo and the tests: KRaft brokers from the fetched jars, small, on loopback, gone with us.

The road of `open_cluster`: `distribution` finds Java and the jars; `seed` makes, once, the formatted storage and the
archive of classes; `ports` holds free ports; `settings` says what each broker is told; `process` starts each under
`tether`; `readiness` asks the brokers until they answer; `cable` can stand between them and a link.

Bounds: three brokers; 60 s to be ready; 5 s to end, then SIGKILL; a broker has 256 MiB of heap (about 145 MB of memory).

Failure modes
- Java or jars missing: ConfigError before anything is started.
- A broker that ends while it is waited for, or is not ready in time: Unavailable with the end of its log.
- We are killed: the kernel kills the brokers (see `tether`, also for the one condition: open clusters from a thread that
  lives as long as they, the main thread).
- Cancelled or failed inside: brokers are asked to end, killed if they do not, and reaped in any case.
- The data of a folder is never deleted here, nor mended if it is damaged.
"""

from node.bus.embedded.cable import Cable, open_cable
from node.bus.embedded.cluster import Cluster, open_cluster
from node.bus.embedded.distribution import find_distribution, kafka_version

__all__ = ["Cable", "Cluster", "find_distribution", "kafka_version", "open_cable", "open_cluster"]
