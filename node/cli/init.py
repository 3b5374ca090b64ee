"""`init`: the folder of a new node."""

from pathlib import Path
from shlex import quote
from typing import Annotated

from cyclopts import Parameter

from node.cli.voice import VOICE, CliError, Exit, Voice
from node.config import read_bootstrap
from node.config.reading import Wrong
from node.model.names import division as read_division

Bootstrap = Annotated[str, Parameter(name="--bootstrap")]


def init(
    division: str,
    /,
    *,
    bootstrap: Bootstrap = "127.0.0.1:9092",
    listen: str = "127.0.0.1:8080",
    folder: Path | None = None,
    voice: Voice = VOICE,
) -> int:
    """生成新节点的文件夹：配置、密钥、封闭的 Kafka 集群配置 / Write the folder of a new node: configuration, secrets, and the properties of a closed Kafka cluster.

    文件夹仅本用户可读；已有节点时不做任何改动 / The folder is for this user alone; where there is a node already, nothing is touched.
    只要有 broker 不在本机，各监听器一律使用 TLS，由本集群自己的证书机构签发 / Unless every broker is on loopback all listeners speak TLS, under an authority of the cluster's own.
    每个 broker 占用其端口，及控制器端口（+1000）/ Each broker takes its port, and that + 1000 for its controller.

    例如 / For example:

        exchange-node init 440000
        exchange-node init 445102 --bootstrap k1.445102.example:9092,k2.445102.example:9092,k3.445102.example:9092

    Args:
        division: 节点的区划代码（GB/T 2260）/ Whose node it is: the division's code of GB/T 2260.
        bootstrap: 客户端访问各 broker 的地址 / How everybody reaches the brokers.
        listen: 节点 HTTP 的监听地址 / Where the node's HTTP listens.
        folder: 文件夹，默认为当前目录下以区划代码命名者 / The folder; one named after the division in the working directory if left out.
    """
    from node.bus.embedded import kafka_version  # noqa: PLC0415  # brings Kafka's client, which most commands do not need
    from node.setup.folder import found_node  # noqa: PLC0415  # brings X.509, which most commands do not need

    addresses = read_bootstrap(bootstrap)
    if isinstance(addresses, Wrong):
        raise CliError("usage", f"--bootstrap: {addresses.en}", f"--bootstrap：{addresses.zh}", Exit.WRONG)
    try:
        code = read_division(division)
    except ValueError as error:
        raise CliError("usage", str(error), f"{division!r} 不是行政区划代码：应为 GB/T 2260 的 6、9 或 12 位数字", Exit.WRONG) from error
    founded = found_node(folder or Path(code), code, addresses, listen)
    first = founded.brokers[0]
    steps = [
        voice.say(
            f"{founded.config} is written; secrets are in files of mode 0600 beside it", f"已生成 {founded.config}；各密钥文件权限为 0600"
        ),
        voice.say(
            f"on each broker's machine, with Apache Kafka {kafka_version()} and its own properties file:",
            f"在各 broker 所在机器上，用 Apache Kafka {kafka_version()} 及其各自的配置文件执行：",
        ),
        f"  kafka-storage.sh format --cluster-id {founded.cluster_id} --config {quote(first)}",
        f"  kafka-server-start.sh {quote(first)}",
        voice.say("then:", "然后："),
        f"  exchange-node run --config {quote(founded.config)}",
    ]
    voice.tell(founded, "\n".join(steps))
    return Exit.OK
