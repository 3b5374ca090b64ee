"""Every error of the node, one tree.

    NodeError
    ├── ConfigError        the configuration is wrong; carries every problem found, each with file and line
    ├── CommandRefused     a command was understood and refused; carries a code and the reason in Chinese and English
    ├── CalendarError      a day of a year whose days off nobody has told this node; carries the year and the next step
    ├── DataError          bytes or rows that are not what they claim to be
    │   ├── BatchError     a Kafka record batch that is cut, damaged or of a kind we do not carry
    │   ├── SchemaError    an Avro schema we cannot use, with the place in it
    │   ├── RowError       a row that does not fit its schema, with field and reason
    │   └── EventError     a control event whose form or chain is broken
    └── BusError           Kafka could not do what was asked
        ├── Unavailable    no answer in time, connection lost, no leader: the same call may succeed later
        ├── RouteFault     one topic-partition is at fault; carries topic, partition and Kafka's error name
        ├── Fenced         another producer holds this transactional.id now (KIP-98)
        ├── TransactionLost  the transaction is gone; its producer must be thrown away and opened anew
        └── ProtocolError  an answer that Kafka's protocol does not allow

Expected outcomes are values, not exceptions (a route that waits, an event that is refused when folded).
"""


class NodeError(Exception):
    """The root of the tree: whatever the node raises on purpose."""


class ConfigError(NodeError):
    """The configuration cannot be used; `problems` has one line for each thing to mend, with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CommandRefused(NodeError):
    """A command that was understood and refused; nothing was written."""

    def __init__(self, code: str, en: str, zh: str) -> None:
        super().__init__(f"{en} / {zh}")
        self.code, self.en, self.zh = code, en, zh


class CalendarError(NodeError):
    """Whether a day is a working day cannot be known: its year's days off are in no calendar that this node has."""

    def __init__(self, year: int, en: str, zh: str) -> None:
        super().__init__(f"{en} / {zh}")
        self.year, self.en, self.zh = year, en, zh


class DataError(NodeError):
    """Bytes or rows that are not what they claim to be."""


class BatchError(DataError):
    """A Kafka record batch that is cut short, damaged, or of a kind that is not carried."""


class SchemaError(DataError):
    """An Avro schema that cannot be used; the message names the place in it."""


class RowError(DataError):
    """A row that does not fit its schema."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class EventError(DataError):
    """A control event whose form or chain is broken."""


class BusError(NodeError):
    """Kafka could not do what was asked."""


class Unavailable(BusError):
    """No answer in time, a lost connection, no leader: the same call may succeed later."""


class RouteFault(BusError):
    """One topic-partition is at fault; the others of the same lane are unharmed."""

    def __init__(self, topic: str, partition: int, name: str) -> None:
        super().__init__(f"{topic}-{partition}: {name}")
        self.topic, self.partition, self.name = topic, partition, name


class Fenced(BusError):
    """Another producer holds this transactional.id now (KIP-98): give the shard up, do not fight for it."""


class TransactionLost(BusError):
    """The transaction is gone or its outcome is unknown: throw the producer away and open a new one."""


class ProtocolError(BusError):
    """An answer that Kafka's protocol does not allow."""


def said(error: BaseException) -> str:
    """Return an error's class and text in a line; libraries put the class into the text themselves, or leave the text empty."""
    name, text = type(error).__name__, str(error)
    return text if text.startswith(name) else f"{name}: {text}" if text else name
