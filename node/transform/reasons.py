"""Why the gate refuses what no rule of a schema speaks of: a word to count by, and a sentence with what to do about it."""

from node.transform import kernel_gate as kernel
from node.transform.quarantine import Reason

REASONS: dict[int, Reason] = {
    kernel.G_GARBLED: Reason("garbled", "该记录不是有效的 Kafka 记录", "it is no record as Kafka lays them out"),
    kernel.G_FRAME: Reason(
        "no-frame",
        "值前缺少模式编号：请使用 Confluent 序列化器或写入 00 与 4 字节编号",
        "no schema id before the value: use a Confluent serializer, or write 00 and the id in 4 bytes",
    ),
    kernel.G_SCHEMA: Reason("schema", "模式编号不属于此资源", "the schema id is none of this resource's"),
    kernel.G_HEADER: Reason(
        "header", "只允许消息头 traceparent 与 tracestate", "headers other than traceparent and tracestate are not allowed"
    ),
    kernel.G_TIMESTAMP: Reason(
        "timestamp", "时间戳早于 1970 年或超前一小时以上", "its timestamp is before 1970 or more than an hour ahead"
    ),
    kernel.G_TOMBSTONE: Reason("no-value", "事实类资源的记录不得没有值", "a resource of facts takes no record without a value"),
    kernel.G_NO_KEY: Reason("no-key", "缺少主键", "it has no key"),
    kernel.G_KEY: Reason("key", "主键与值中的主键字段不一致", "its key is not the text of the value's key fields"),
    kernel.G_KEY_TEXT: Reason("key-text", "主键不是 UTF-8 文本", "its key is not UTF-8 text"),
    kernel.G_PARTITION: Reason(
        "partition",
        "分区与主键不符：请使用 murmur2 分区器",
        "it stands in another partition than murmur2 gives its key: librdkafka wants partitioner=murmur2_random",
    ),
    kernel.G_TOO_LARGE: Reason("too-large", "该记录单独成批后超过上限", "alone in a batch it is larger than the resource allows"),
}
"""of a record, by the kernel's verdict"""
UNREADABLE = Reason(
    "unreadable",
    "批次无法解开：压缩数据损坏，解压后过大，记录过多，或长度不实",
    "the batch cannot be opened: its compressed bytes are garbled or too large, its records too many, or its lengths lie",
)
"""of a whole batch"""
