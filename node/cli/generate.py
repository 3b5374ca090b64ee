"""`generate`: invented records of a resource, valid or wrong in a known way, as a file that `publish` reads."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from node.cli.voice import VOICE, CliError, Exit, Voice, table

if TYPE_CHECKING:
    from rich.table import Table

    from node.demo.generate import Made

_SHOWN_EVERY = 1000
"""Records between two steps of the progress bar: a hundred a second at the least."""


class Generated(msgspec.Struct, frozen=True):
    """What was generated."""

    resource: str
    file: str
    records: int
    wrong: int
    faults: dict[str, int]
    """wrong records by field and rule, as in `holder_uscc cn-uscc`; the field is empty where a rule is about the whole record"""
    seconds: float


def generate(
    resource: str,
    /,
    *,
    count: Annotated[int, Parameter(validator=Number(gte=1))] = 1000,
    seed: int = 1,
    wrong: Annotated[float, Parameter(validator=Number(gte=0, lte=1))] = 0.0,
    form: Annotated[Literal["ndjson", "csv", "avro"] | None, Parameter(name="--format")] = None,
    out: Path | None = None,
    answers: Path | None = None,
    voice: Voice = VOICE,
) -> int:
    """为资源生成虚构记录，有效的，和有已知错误的 / Make up records of a resource, valid ones and ones wrong in a known way.

    身份号码、信用代码、日期等有效且相互一致；同一种子在任何机器上生成同样的记录 / Identity numbers, credit codes and dates are valid and
    agree with each other; the same seed gives the same records on every machine.

    例如 / For example:

        exchange-node generate licences --count 100000 --wrong 0.01 --out licences.ndjson --answers wrong.ndjson
        exchange-node generate schemas/population/population.yaml --count 3

    Args:
        resource: 目录条目 .yaml、模式 .avsc，或自带模式的名称 / A catalogue item (.yaml), a schema (.avsc), or the name of a shipped schema.
        count: 记录条数 / How many records.
        seed: 种子 / The seed.
        wrong: 错误记录的比例，每条恰好违反一条规则 / Share of wrong records; each breaks exactly one rule.
        form: 格式，默认依文件扩展名，否则为 ndjson / The format; the file's ending decides if left out, else ndjson.
        out: 输出文件，默认为标准输出 / The file to write; standard output if left out.
        answers: 把每条错误记录的行次、键、字段和规则写入此文件，每行一个 JSON / Write row, key, field and rule of each wrong record into this
            file, one JSON object a line.
    """
    from node.demo.generate import format_of, load, stream, writer  # noqa: PLC0415  # brings Avro, which most commands do not need

    if out is None and voice.json:
        en, zh = (
            "--json prints a summary, so the records need a file: name it with --out",
            "--json 输出汇总，记录应写入文件：请用 --out 指定",
        )
        raise CliError("no-file", en, zh, Exit.WRONG)
    source, began = load(resource), monotonic()
    made, faults = stream(source, count=count, seed=seed, wrong=wrong), dict[str, int]()
    with ExitStack() as stack:
        file = stack.enter_context(out.open("wb")) if out else sys.stdout.buffer
        told = stack.enter_context(answers.open("wb")) if answers else None
        put = stack.enter_context(writer(file, source, form or format_of(out)))
        for one in _shown(_counted(made, faults, told), count, source.name, voice) if out else _counted(made, faults, told):
            put(one.datum)
    if out:
        done = Generated(
            source.name, os.fspath(out), count, sum(faults.values()), dict(sorted(faults.items())), round(monotonic() - began, 3)
        )
        voice.tell(done, _summary(done, voice))
        if not voice.json and faults:
            voice.console().print(_table(done, voice))
    return Exit.OK


def _counted(made: Iterable["Made"], faults: dict[str, int], told: IO[bytes] | None) -> Iterator["Made"]:
    """Count what is wrong, and tell it, while the records go by."""
    for row, one in enumerate(made, 1):
        if one.wrong:
            field, rule = one.wrong
            faults[f"{field} {rule}"] = faults.get(f"{field} {rule}", 0) + 1
            if told:
                told.write(msgspec.json.encode({"row": row, "key": one.key, "field": field, "rule": rule}) + b"\n")
        yield one


def _shown(made: Iterable["Made"], count: int, name: str, voice: Voice) -> Iterator["Made"]:
    """Move a progress bar while the records go by."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=voice.console(), disable=voice.json) as bar:
        task = bar.add_task(name, total=count)
        for row, one in enumerate(made, 1):
            yield one
            if row % _SHOWN_EVERY == 0:
                bar.update(task, completed=row)
        bar.update(task, completed=count)


def _summary(done: Generated, voice: Voice) -> str:
    return voice.say(
        f"{done.records:,} records of {done.resource} in {done.file}, {done.wrong:,} of them wrong, in {done.seconds:.1f} s",
        f"{done.file}：{done.resource} {done.records:,} 条，其中错误 {done.wrong:,} 条，用时 {done.seconds:.1f} 秒",
    )


def _table(done: Generated, voice: Voice) -> "Table":
    number = voice.say("records", "条数")
    shown = table(voice.say("field", "字段"), voice.say("rule", "规则"), number, right=(number,))
    for fault, records in sorted(done.faults.items(), key=lambda pair: (-pair[1], pair[0])):
        field, _, rule = fault.partition(" ")
        shown.add_row(field or voice.say("(record)", "（整条记录）"), rule, f"{records:,}")
    return shown
