"""A progress bar that moves while an answer in lines comes."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from node.cli.voice import Session
from node.control.quarantine import Advanced

L = TypeVar("L")


def moving(lines: Iterable[L], name: str, session: Session) -> Iterator[L]:
    """Yield the lines of an answer as they come, and move the bar by those that tell how far it has come."""
    console = session.console()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=session.json or not console.is_terminal, transient=True) as bar:
        task = bar.add_task(name, total=None)
        for line in lines:
            if isinstance(line, Advanced):
                bar.update(task, completed=line.done, total=line.total)
            yield line
