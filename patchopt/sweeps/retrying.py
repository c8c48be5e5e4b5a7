"""What is done about jobs whose workers die: again, in smaller pieces, and then never again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from patchopt.files.store.known_bounds import FAILED, bounds_record
from patchopt.files.store.ledger import Record
from patchopt.files.store.made import MadePlan
from patchopt.files.store.parts import PartCell, write_part
from patchopt.files.store.paths import Paths
from patchopt.sweeps.work import Job

#: How often a cell or plan whose worker dies is tried.
TRIES: Final = 3

_KILLED: Final = f"its worker process died {TRIES} times (out of memory, killed or crashed)"


class Shared:
    """An iterator of jobs that threads take from one at a time, and that takes jobs back."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = iter(jobs)
        self._returned: list[Job] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Job]:
        """Take from it one job after another."""
        return self

    def __next__(self) -> Job:
        """Take a job that was given back, or else a new one."""
        with self._lock:
            return self._returned.pop(0) if self._returned else next(self._jobs)

    def back(self, jobs: list[Job]) -> None:
        """Take jobs back, to be given out again first."""
        with self._lock:
            self._returned = jobs + self._returned


def again(job: Job) -> Job:
    """Return the same job under a name of its own: the old one's files may come yet."""
    return replace(job, name=Job().name)


def what_of(job: Job) -> str:
    """Say what a job of one plan, some bounds or one cell is about."""
    if job.plan is not None:
        return job.plan.key
    if job.bounds is not None:
        return f"{job.bounds.key}/{job.bounds.seed}/{job.bounds.outcomes[0][0]}"
    cell = job.cells[0]
    return f"{cell.run}/{cell.first}"


def halves_of(job: Job) -> list[Job]:
    """Part a job of several cells into two, so that in the end one cell is to blame."""
    middle = len(job.cells) // 2
    return [Job(cells=job.cells[:middle]), Job(cells=job.cells[middle:])]


def given_up(paths: Paths, job: Job) -> list[Record]:
    """Write down that a job has failed.

    Returns
    -------
    list of dict
        The records that the ledger is to have.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    if job.plan is not None:
        MadePlan(error=_KILLED).write(paths.plan(job.plan.key))
        return [{"kind": "plan", "key": job.plan.key}]
    if job.bounds is not None:
        work = job.bounds
        lost = [(FAILED, numbers) for numbers in work.outcomes]
        return [bounds_record(work.key, work.seed, lost, _KILLED)]
    cells = [
        PartCell(run=cell.run, first=cell.first, count=cell.count, wall_time_s=0.0, error=_KILLED)
        for cell in job.cells
    ]
    name = f"{job.name}.arrow"
    write_part(paths.parts / name, cells, [])
    return [{"kind": "part", "name": name}]
