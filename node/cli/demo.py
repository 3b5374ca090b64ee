"""`demo`: a province, a city and a district on this machine."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from node.cli.voice import VOICE, Exit, Flag, Voice


def build() -> App:
    """Return the family."""
    app = App(name="demo")
    app.default(demo)
    app.command(cut, name="break")
    app.command(mend)
    return app


def demo(
    *,
    once: Flag = False,
    records: Annotated[int, Parameter(validator=Number(gte=1))] = 100_000,
    prometheus: Flag = False,
    voice: Voice = VOICE,
) -> int:
    """演示：省、市、区三级节点交换真实记录 / See a province, a city and a district exchange real records.

    在本机启动三个 Kafka 集群和三个节点，发布村居、街道和电子证照，按 Ctrl-C 结束 / Starts three Kafka clusters and three nodes
    on this machine, publishes villages, streets and licences, and stays until Ctrl-C.

    例如 / For example:

        exchange-node demo
        exchange-node demo --once --records 20000
        exchange-node demo --prometheus

    Args:
        once: 全部送达并核对后自行结束 / End when all has arrived and is compared; status 0 only if all is equal.
        records: 电子证照事件的条数 / How many events of electronic licences.
        prometheus: 同时启动 Prometheus，带本项目的告警规则；断开一条链路，30 秒内告警 / Start Prometheus beside it, with the project's
            alerts: it tells of a link that is cut within 30 s.
    """
    from node.demo import run  # noqa: PLC0415  # slow to import, and only the demo needs it

    return run.run(once=once, records=records, lang=voice.language, watched=prometheus)


def cut(division: str, *, voice: Voice = VOICE) -> int:
    """断开演示中一个节点与上级的链路 / Cut the link of a running demo's node to its parent.

    例如 / For example:

        exchange-node demo break 445100

    Args:
        division: 下级节点的区划代码 / Division of the node below the link.
    """
    from node.demo import run  # noqa: PLC0415

    run.cut(division)
    voice.tell(
        {"division": division, "link": "cut"},
        voice.say(
            f"the link of {division} is cut; `exchange-node demo mend {division}` restores it",
            f"{division} 的链路已断开；`exchange-node demo mend {division}` 可恢复",
        ),
    )
    return Exit.OK


def mend(division: str, *, voice: Voice = VOICE) -> int:
    """恢复演示中断开的链路 / Restore a link that `demo break` cut.

    例如 / For example:

        exchange-node demo mend 445100

    Args:
        division: 下级节点的区划代码 / Division of the node below the link.
    """
    from node.demo import run  # noqa: PLC0415

    run.mend(division)
    voice.tell({"division": division, "link": "mended"}, voice.say(f"the link of {division} is restored", f"{division} 的链路已恢复"))
    return Exit.OK
