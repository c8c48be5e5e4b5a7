"""Progress of long work on standard error: a bar on a terminal, a line a minute in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from patchopt.cli import printing

#: Seconds between two lines of a log.
_LINE_S: Final = 60.0


@contextmanager
def progress(
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar for each stage on standard error; lines if that is no terminal.

    Parameters
    ----------
    clock : callable
        Tells seconds.

    Yields
    ------
    callable
        To be told of the stage, of what is done and of all that is to do.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        console=printing.console(error=True),
        disable=not sys.stderr.isatty(),
    )
    stages: dict[str, tuple[Any, Pace]] = {}

    def show(stage: str, done: int, total: int) -> None:
        now = clock()
        if stage not in stages:
            stages[stage] = bar.add_task(stage, total=total, pace=""), Pace(done, now)
        task, pace = stages[stage]
        told = pace.told(done, total, now)
        bar.update(task, completed=done, total=total, pace=told)
        # A log gets a line a minute, so that it shows a sign of life.
        if bar.disable and pace.is_due(done, total, now):
            printing.note(f"{stage}: {done:,} of {total:,}" + (f", {told}" if told else ""))

    with bar:
        yield show


class Pace:
    """How fast a stage goes on.

    Parameters
    ----------
    done : int
        What was done when it began.
    now_s : float
        When that was.
    """

    def __init__(self, done: int, now_s: float) -> None:
        self._begin = (done, now_s)
        self._next_line_s = now_s
        self._over = False

    def told(self, done: int, total: int, now_s: float) -> str:
        """Say how fast it goes and how long the rest takes, once that can be known."""
        from patchopt.model.quantities import format_duration

        since = now_s - self._begin[1]
        new = done - self._begin[0]
        if new <= 0 or since < 1:
            return ""
        rate = new / since
        shown = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"
        left = f", about {format_duration(max((total - done) / rate, 1))} left"
        return shown + (left if done < total else "")

    def is_due(self, done: int, total: int, now_s: float) -> bool:
        """Tell whether a log is to have a line: at the beginning, each minute, and at the end."""
        ended, self._over = done >= total and not self._over, done >= total
        if not ended and now_s < self._next_line_s:
            return False
        self._next_line_s = now_s + _LINE_S
        return True
