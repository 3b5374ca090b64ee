"""What a look at a cluster's topics finds: copies that are missing, and settings that are not as the book wants them."""

from collections.abc import Iterator, Mapping

from node.control.checkup import Finding, Subject, finding, listed
from node.control.checkup_cluster import ClusterFacts, Copies
from node.control.routes import TopicSpec
from node.model.names import Topic, division_of, progress_topic

_DATED_BY = "message.timestamp.type"


def copies(subject: Subject, facts: ClusterFacts) -> Iterator[Finding]:
    """Yield which partitions have no leader, and which have fewer copies in sync than they should."""
    if not facts.copies:
        return
    leaderless = [_place(one) for one in facts.copies if one.leader < 0]
    behind = [f"{_place(one)} ({len(one.in_sync)} of {len(one.replicas)})" for one in facts.copies if one.leader >= 0 and _lacks(one)]
    if leaderless:
        en = f"{len(leaderless)} partitions have no leader, nothing can be read from them or written: {listed(leaderless)}"
        zh = f"{len(leaderless)} 个分区没有首领，无法读写：{listed(leaderless)}"
        yield finding(subject, "partitions", "fail", (en, zh), ("start the brokers that have them", "请启动持有它们的 broker"))
    if behind:
        en = f"{len(behind)} partitions have copies that are not in sync: {listed(behind)}. One more broker less, and they may stand still"
        zh = f"{len(behind)} 个分区有副本未同步：{listed(behind)}。若再停一个 broker，可能无法写入"
        do = (
            "start the brokers that are away, and look at the disk and network of those that lag",
            "请启动停止的 broker，并检查落后者的磁盘与网络",
        )
        yield finding(subject, "partitions", "warn", (en, zh), do)
    if not leaderless and not behind:
        many = len(facts.copies)
        yield finding(
            subject, "partitions", "ok", (f"all {many} partitions have a leader and all copies", f"全部 {many} 个分区均有首领，副本齐全")
        )


def topic_settings(facts: ClusterFacts, specs: Mapping[Topic, TopicSpec], replication: int) -> Iterator[Finding]:
    """Yield which topics of the own cluster are not as the book wants them."""
    if not facts.copies and not facts.missing:
        return
    counts, fewest = _counted(facts)
    absent = [topic for topic in facts.missing if topic in specs]
    parted = [
        f"{topic}: {counts[topic]}, not {spec.partitions}"
        for topic, spec in specs.items()
        if counts.get(topic, spec.partitions) != spec.partitions
    ]
    differ, undated = _settings(facts, specs)
    thin = [f"{topic} ({few})" for topic, few in fewest.items() if topic in specs and few < replication]
    yield from _absent(absent)
    yield from _parted(parted)
    yield from _differ(differ)
    yield from _undated(undated)
    yield from _thin(thin, replication)
    if facts.topic_settings and not (absent or parted or differ or undated or thin):
        many = len(facts.topic_settings.keys() & specs.keys())
        yield finding("cluster", "topics", "ok", (f"{many} topics, set as they should be", f"{many} 个主题，设置正确"))


def _absent(topics: list[Topic]) -> Iterator[Finding]:
    if topics:
        do = "the node makes them within 5 s; if this stays, its log says why it cannot", "节点会在 5 秒内建立；若一直如此，请查看节点日志"
        yield finding("cluster", "topics", "fail", (f"not there: {listed(topics)}", f"缺少主题：{listed(topics)}"), do)


def _parted(topics: list[str]) -> Iterator[Finding]:
    if topics:
        en = f"another number of partitions than the book says: {listed(topics)}. Order within a key is lost, and routes stand still"
        zh = f"分区数与账本不符：{listed(topics)}。同一主键的顺序已不可靠，路由停止"
        do = "find out who altered it; a topic is made anew with what it holds carried again: `exchange-node route resume`"
        yield finding("cluster", "topics", "fail", (en, zh), (do, "请查明是谁改动的；重建主题后，用 `exchange-node route resume` 重新搬运"))


def _differ(settings: list[str]) -> Iterator[Finding]:
    if settings:
        en = f"settings that are not as they should be: {listed(settings)}. Records may be lost, refused, or stop a link"
        zh = f"主题设置不正确：{listed(settings)}。可能造成记录丢失、被拒或链路停止"
        do = "set them as told: `kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config NAME=VALUE`"
        yield finding("cluster", "topics", "fail", (en, zh), (do, f"请改为所示值：{do.partition(': ')[2]}"))


def _undated(topics: list[Topic]) -> Iterator[Finding]:
    """Yield which progress topics were made before the node had their broker date them: it alters no topic."""
    if topics:
        name = f"{_DATED_BY}=LogAppendTime"
        en = f"made without {name} by an earlier release: {listed(topics)}. Nothing is lost, but how far clocks differ cannot be told of their writers"
        zh = f"由早期版本建立，缺少 {name}：{listed(topics)}。数据不受影响，但无法得知写入方与本集群的时钟偏差"
        do = f"`kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config {name}`"
        todo = f"the node alters no topic; once, for each: {do}", f"节点不会更改已有主题；请对每个主题执行一次：{do}"
        yield finding("cluster", "topics", "warn", (en, zh), todo)


def _thin(topics: list[str], replication: int) -> Iterator[Finding]:
    if topics:
        en = f"fewer copies than kafka.replication, {replication}: {listed(topics)}. They are lost with fewer brokers than the others"
        zh = f"副本数少于 kafka.replication（{replication}）：{listed(topics)}。更少的 broker 故障即会丢失"
        do = "give them more copies: `kafka-reassign-partitions.sh`, or lower `kafka.replication`"
        yield finding(
            "cluster", "topics", "warn", (en, zh), (do, "请用 `kafka-reassign-partitions.sh` 增加副本，或调低 `kafka.replication`")
        )


def _settings(facts: ClusterFacts, specs: Mapping[Topic, TopicSpec]) -> tuple[list[str], list[Topic]]:
    """Return what differs of topics' settings, and which progress topics differ in who dates their records."""
    differ, undated = list[str](), list[Topic]()
    for topic, there in facts.topic_settings.items():
        for name, value in specs[topic].settings.items() if topic in specs else ():
            if there.get(name) == value:
                continue
            if name == _DATED_BY and topic == progress_topic(division_of(topic)):
                undated.append(topic)
            else:
                differ.append(f"{topic}: {name}={there.get(name, '')}, not {value}")
    return differ, undated


def _counted(facts: ClusterFacts) -> tuple[dict[Topic, int], dict[Topic, int]]:
    """Return by topic how many partitions it has, and the least number of copies of one."""
    counts: dict[Topic, int] = {}
    fewest: dict[Topic, int] = {}
    for one in facts.copies:
        counts[one.topic] = counts.get(one.topic, 0) + 1
        fewest[one.topic] = min(fewest.get(one.topic, len(one.replicas)), len(one.replicas))
    return counts, fewest


def _lacks(one: Copies) -> bool:
    return len(one.in_sync) < len(one.replicas)


def _place(one: Copies) -> str:
    return f"{one.topic}-{one.partition}"
