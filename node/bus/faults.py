"""What Kafka's error codes mean to a lane: try again, look at both sides, stop the route, or give the shard up."""

from node.errors import BusError, Fenced, RouteFault, TransactionLost, Unavailable
from node.lane import Stop

_NAMES = {
    -1: "UNKNOWN_SERVER_ERROR",
    0: "NONE",
    1: "OFFSET_OUT_OF_RANGE",
    2: "CORRUPT_MESSAGE",
    3: "UNKNOWN_TOPIC_OR_PARTITION",
    5: "LEADER_NOT_AVAILABLE",
    6: "NOT_LEADER_OR_FOLLOWER",
    7: "REQUEST_TIMED_OUT",
    8: "BROKER_NOT_AVAILABLE",
    9: "REPLICA_NOT_AVAILABLE",
    10: "MESSAGE_TOO_LARGE",
    13: "NETWORK_EXCEPTION",
    14: "COORDINATOR_LOAD_IN_PROGRESS",
    15: "COORDINATOR_NOT_AVAILABLE",
    16: "NOT_COORDINATOR",
    17: "INVALID_TOPIC_EXCEPTION",
    18: "RECORD_LIST_TOO_LARGE",
    19: "NOT_ENOUGH_REPLICAS",
    20: "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
    29: "TOPIC_AUTHORIZATION_FAILED",
    30: "GROUP_AUTHORIZATION_FAILED",
    31: "CLUSTER_AUTHORIZATION_FAILED",
    32: "INVALID_TIMESTAMP",
    35: "UNSUPPORTED_VERSION",
    36: "TOPIC_ALREADY_EXISTS",
    37: "INVALID_PARTITIONS",
    38: "INVALID_REPLICATION_FACTOR",
    40: "INVALID_CONFIG",
    41: "NOT_CONTROLLER",
    42: "INVALID_REQUEST",
    43: "UNSUPPORTED_FOR_MESSAGE_FORMAT",
    44: "POLICY_VIOLATION",
    45: "OUT_OF_ORDER_SEQUENCE_NUMBER",
    46: "DUPLICATE_SEQUENCE_NUMBER",
    47: "INVALID_PRODUCER_EPOCH",
    48: "INVALID_TXN_STATE",
    49: "INVALID_PRODUCER_ID_MAPPING",
    50: "INVALID_TRANSACTION_TIMEOUT",
    51: "CONCURRENT_TRANSACTIONS",
    53: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
    54: "SECURITY_DISABLED",
    55: "OPERATION_NOT_ATTEMPTED",
    56: "KAFKA_STORAGE_ERROR",
    58: "SASL_AUTHENTICATION_FAILED",
    59: "UNKNOWN_PRODUCER_ID",
    74: "FENCED_LEADER_EPOCH",
    75: "UNKNOWN_LEADER_EPOCH",
    76: "UNSUPPORTED_COMPRESSION_TYPE",
    78: "OFFSET_NOT_AVAILABLE",
    87: "INVALID_RECORD",
    90: "PRODUCER_FENCED",
    91: "RESOURCE_NOT_FOUND",
    92: "DUPLICATE_RESOURCE",
    93: "UNACCEPTABLE_CREDENTIAL",
    100: "UNKNOWN_TOPIC_ID",
    103: "INCONSISTENT_TOPIC_ID",
    120: "TRANSACTION_ABORTABLE",
}

RETRY_COORDINATOR = {14, 15, 16, 51}
"""A transaction request is sent again, to the coordinator looked up anew."""
RETRY_FIRST_BATCH = {19, 51}
"""The first batch of a partition in a transaction is sent again unchanged: nothing of it was appended."""
LEADER_MOVED = {5, 6, 8, 9, 13, 56, 74, 75, 78}
"""A Fetch goes to the leader looked up anew."""
UNAUTHORIZED = 29
LOOK_AGAIN = {1, 3, UNAUTHORIZED, 100, 103}
"""Only a look at both sides tells what became of the route. Rights follow the book, on each node when it hears of it: what the other side does not
let us see any more, or not yet, is waited for as if it were not there."""
FENCED = {47, 90}
MISSING = 3
ALREADY_EXISTS = 36

_STOPS = {
    2: Stop.CORRUPT,
    10: Stop.TOO_LARGE,
    17: Stop.REFUSED,
    18: Stop.TOO_LARGE,
    32: Stop.REFUSED,
    43: Stop.REFUSED,
    44: Stop.REFUSED,
    76: Stop.REFUSED,
    87: Stop.REFUSED,
}


def name_of(code: int) -> str:
    """Return Kafka's name of an error code."""
    return _NAMES.get(code, f"error code {code}")


def stop_of(code: int) -> Stop | None:
    """Return why a route must stop on this code, or None where the code does not speak against the route itself."""
    return _STOPS.get(code)


def speaks_of_route(code: int) -> bool:
    """Tell whether a produce error lies in its topic-partition rather than in the producer or its transaction."""
    return code in _STOPS or code in LOOK_AGAIN


def raised(code: int, what: str) -> BusError:
    """Return the exception for an error that lies in no single route."""
    text = f"{what}: {name_of(code)}"
    if code in FENCED:
        return Fenced(text)
    if code in LEADER_MOVED or code in RETRY_COORDINATOR or code in {7, 41}:
        return Unavailable(text)
    return TransactionLost(text)


def of_route(code: int, topic: str, partition: int) -> RouteFault:
    """Return the exception for an error that lies in one topic-partition."""
    return RouteFault(topic, partition, name_of(code))
