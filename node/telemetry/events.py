"""Every event that a node logs: its name, which stays, its levels and fields, what happened, and what there is to do.

A test holds this list against each `logger()` call under `node/`. Whatever is logged also has `event`, `level`, `timestamp` and `division`; within an
HTTP request `request_id`; and `more` where others like it were held back (`limiting`).
"""

from typing import NamedTuple


class Told(NamedTuple):
    """What there is to know of one event; `do_en` and `do_zh` are empty where nothing is to be done."""

    levels: str
    fields: str
    en: str
    zh: str
    do_en: str = ""
    do_zh: str = ""


EVENTS: dict[str, Told] = {
    # the process
    "listening": Told("info", "http probes", "HTTP is served at these addresses", "HTTP 已在这些地址上提供服务"),
    "started": Told("info", "parent bootstrap control", "the node has begun its work", "节点已开始工作"),
    "stopping": Told("info", "signal", "a signal asks the node to end", "节点收到结束信号"),
    "stopped": Told("info", "", "the node has ended in order", "节点已有序结束"),
    "not-started": Told("error", "cause", "the node cannot start", "节点无法启动", "mend the cause", "排除所述原因"),
    "nobody-has-a-token": Told(
        "warning",
        "next_step",
        "nobody can ask this node anything",
        "尚无人持有令牌",
        "`exchange-node access add`",
        "`exchange-node access add`",
    ),
    "not-ready": Told(
        "warning",
        "part cause next_attempt_s",
        "a part of the node does not do its work; it is tried again by itself",
        "节点的某部分未在工作；将自动重试",
        "`exchange-node status`; mend the cause if it stays",
        "`exchange-node status`；若持续存在，排除所述原因",
    ),
    "ready": Told("info", "part", "that part works again", "该部分恢复工作"),
    "part-failed": Told(
        "error",
        "part exception",
        "a defect of the program ended a part of the node, which begins anew",
        "程序缺陷使节点的某部分中断，并已重新开始",
        "report it with this line",
        "附此行日志上报",
    ),
    "canary-unreadable": Told(
        "warning",
        "division cause",
        "what stands in a node's canary topic is none; it counts as not heard",
        "某节点的金丝雀记录无法读取，视为未收到",
        "see which software its node runs",
        "检查该节点的软件版本",
    ),
    "level-changed": Told("warning", "to for_s", "an operator changed the log's level for a while", "运维临时更改了日志级别"),
    "level-restored": Told("warning", "to", "the log has the configured level again", "日志恢复为配置的级别"),
    "library": Told(
        "warning error",
        "source text exception",
        "a library of the program warns",
        "程序所用的库发出警告",
        "report it where it stays",
        "若持续存在，请上报",
    ),
    "dumped": Told(
        "warning", "file tasks", "what the node was doing was written to a file, as SIGUSR1 asked", "应 SIGUSR1 请求，节点现状已写入文件"
    ),
    "not-dumped": Told("error", "cause", "that file could not be written", "该文件无法写入", "look at data_dir", "检查 data_dir"),
    # HTTP
    "http-answered": Told("debug", "path status took_s", "a request was answered; `path` is the pattern, without values", "已答复一个请求"),
    "http-failed": Told(
        "error",
        "exception",
        "a defect of the program ended a request",
        "程序缺陷使一个请求中断",
        "report it with this line",
        "附此行日志上报",
    ),
    "command-done": Told(
        "info",
        "act events",
        "a command was carried out; `events` are those that it made in the control log",
        "命令已执行，events 为其产生的事件",
    ),
    "act-not-audited": Told(
        "warning", "act token code cause", "an act, or its refusal, could not be put into the audit", "一项操作或其拒绝未能写入审计"
    ),
    "access-unreadable": Told(
        "error",
        "cause",
        "the file of tokens cannot be used: nobody is let in",
        "令牌文件无法使用：无人可以访问",
        "as the cause says",
        "按所述原因处理",
    ),
    # routes and lanes
    "route-stopped": Told(
        "error",
        "lane shard topic partition reason detail next_step",
        "source or target of a route are not what was carried: it stands until it is resumed",
        "路由的源或目标与已搬运的不符：路由停止，须人工恢复",
        "find out why, then `exchange-node route resume`",
        "查明原因后执行 `exchange-node route resume`",
    ),
    "route-resumed": Told("warning", "topic mode partitions", "an operator let stopped routes go on", "运维已恢复停止的路由"),
    "producer-lost": Told(
        "warning", "lane shard cause", "a transaction was lost; the shard opens a new producer by itself", "事务丢失；分片将自动重建生产者"
    ),
    "shard-given-up": Told(
        "error",
        "lane shard cause",
        "another process runs under this node's name and took the shard over",
        "另一进程以本节点之名运行，并接管了分片",
        "stop one of the two, restart the other",
        "停止其中之一并重启另一个",
    ),
    "transaction-ended": Told(
        "info", "lane shard outcome", "how an open transaction ended when the node stopped", "节点停止时未完成事务的结局"
    ),
    "transform-failed": Told(
        "error",
        "lane topic partition offset routes cause",
        "a defect of the program: a batch could not be worked on, its route stops",
        "程序缺陷：某批次无法处理，路由停止",
        "report it with this line",
        "附此行日志上报",
    ),
    "gate-closed": Told(
        "error", "resource cause", "a resource's gate cannot be opened", "资源的闸口无法打开", "as the cause says", "按所述原因处理"
    ),
    "views-closed": Told(
        "error", "resource cause", "a resource's views cannot be cut", "资源的视图无法生成", "as the cause says", "按所述原因处理"
    ),
    "rates-unreadable": Told(
        "warning",
        "lane cause next_step",
        "the limits that were set by command cannot be read: those of the configuration count",
        "通过命令设置的限速无法读取：以配置为准",
        "restore the file, or remove it and set them anew by `exchange-node link rate`",
        "恢复该文件，或将其删除后用 `exchange-node link rate` 重新设置",
    ),
    "completeness-not-kept": Told(
        "warning",
        "cause",
        "up to when flows are complete could not be written down: after a restart their lag counts from then on",
        "各流的完整时刻未能保存：重启后其延迟从启动时算起",
        "look at data_dir",
        "检查 data_dir",
    ),
    # the book
    "event-refused": Told(
        "warning", "author sequence kind reason", "an event of a control log counts for nothing", "控制日志中的某事件无效"
    ),
    "control-log-alarm": Told(
        "error",
        "author sequence reason detail",
        "a control log does not chain, or is not signed as it must be: no more of it is taken",
        "控制日志的链或签名不符：不再采纳其后内容",
        "section Keys of the README",
        "见 README“Keys”一节",
    ),
    "control-log-alarm-over": Told("info", "author", "the alarm is over", "告警解除"),
    "control-log-broken": Told(
        "error", "author reason", "a control log cannot be read on", "控制日志无法继续读取", "update the node", "升级节点"
    ),
    "control-log-stuck": Told(
        "error",
        "author",
        "a control log waits for what does not come",
        "控制日志在等待未到达的内容",
        "`exchange-node status`",
        "`exchange-node status`",
    ),
    "control-log-restored": Told(
        "warning", "events last", "the own log took what it lacked from its parent's cluster", "本节点日志已由上级集群补齐"
    ),
    "mark-not-kept": Told(
        "error", "cause", "how far the log reaches could not be kept", "日志进度标记未能保存", "look at data_dir", "检查 data_dir"
    ),
    "key-rotated": Told("info", "key", "the node signs with its new key", "节点已改用新密钥签名", "make a backup", "进行备份"),
    "calendar-lacks-year": Told(
        "warning",
        "clocks cause",
        "legal terms cannot be told",
        "法定期限无法计算",
        "`calendar:` in the configuration",
        "在配置中补充 `calendar:`",
    ),
    "clock-soon": Told(
        "warning", "kind request resource item started due article", "a legal term is over soon", "法定期限将至", "act on it", "及时处理"
    ),
    "clock-overdue": Told(
        "warning", "kind request resource item started due article", "a legal term is over", "法定期限已过", "act on it", "立即处理"
    ),
    # the own cluster
    "topics-made": Told("info", "topics", "topics were made", "已创建主题"),
    "copy-disposed": Told("info warning", "topic grant state", "a copy was removed that no grant lets flow any more", "已处置无授权的副本"),
    "rights-changed": Told(
        "info", "added removed stranger", "access control lists were changed as the book says", "已按账本更改访问控制列表"
    ),
    "strange-rights-removed": Told(
        "warning",
        "count first",
        "rights that nobody here gave were found and removed",
        "发现并撤销了非本节点授予的权限",
        "find out who gave them",
        "查明由谁授予",
    ),
    "cluster-open": Told(
        "error", "cause next_step", "the cluster lets anybody in", "集群未设防", "close it, as next_step says", "按 next_step 关闭"
    ),
    "own-login-made": Told("info", "user", "the node made its own login", "节点已创建自己的登录"),
    "login-given": Told("info", "user mechanism grace_s", "a user got a password", "已为用户签发口令"),
    "login-removed": Told("info", "user", "a user was taken away", "已撤销用户"),
    "login-ended": Told("info", "user mechanism", "a former password ended", "旧口令已失效"),
    "quarantine-replayed": Told(
        "info", "resource partition records forced", "refused records were put into the inbox again", "已重放隔离记录"
    ),
    "quarantine-discarded": Told("info", "resource partition records forced", "refused records were discarded", "已丢弃隔离记录"),
}
