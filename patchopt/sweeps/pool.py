"""A pool of worker processes that outlives its workers, on joblib.

A worker can die of anything: a signal, the system's hunt for memory, a fault of a library. All of
its fellows are then gone too, for a pool that has lost one cannot be trusted. What they were at is
done again, one suspect after another and each alone, so that the one that kills its worker is told
from those that stood beside it; after the third time it counts as failed.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, suppress
from typing import Any

import joblib

from patchopt.files.store.ledger import Record
from patchopt.files.store.paths import Paths
from patchopt.guard import guard_of
from patchopt.sweeps.interrupts import unasked
from patchopt.sweeps.retrying import TRIES, Shared, again, given_up, what_of
from patchopt.sweeps.work import Job, marked
from patchopt.sweeps.worker import perform

Finished = list[Record]
Perform = Callable[[str, str, int | None], list[Record]]


class Pool:
    """Worker processes for the jobs of one dataset.

    Parameters
    ----------
    paths : Paths
        Of the dataset's store.
    n_jobs : int
        Workers, as joblib counts them; with one, jobs are done in this process.
    do : callable
        What a worker does: `worker.perform`, or what takes and gives the same.
    """

    def __init__(self, paths: Paths, n_jobs: int, do: Perform = perform) -> None:
        self._paths = paths
        self._do = do
        self.workers: int = joblib.effective_n_jobs(n_jobs)
        self._deaths: Counter[str] = Counter()

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Have the workers start, and load what they need, while the body does something else."""
        with unasked():
            started = self._parallel()(joblib.delayed(_load)() for _ in range(self.workers))
        try:
            yield
        finally:
            # Should one of them have died, whoever has jobs for it will see.
            with suppress(BrokenExecutor):
                list(started)

    def _parallel(self) -> joblib.Parallel:
        """Return what gives out work; it is always the same workers that do it."""
        # A worker that waits for its first task already must not outlive the sweep.
        guarded = {"initializer": _begin, "initargs": (os.getpid(),)} if self.workers > 1 else {}
        return joblib.Parallel(
            self.workers,
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch="2*n_jobs",
            **guarded,
        )

    def run(self, jobs: Iterable[Job]) -> Iterator[Finished]:
        """Do jobs, as they are taken from an iterable, a few ahead of what is finished.

        Yields
        ------
        list of dict
            As jobs finish, in any order: the records that the ledger is to have.

        Raises
        ------
        OutputError
            If a worker cannot write.
        """
        left = Shared(jobs)
        while True:
            broken = yield from self._together(left)
            if not broken:
                return
            innocent, suspects = self._sorted(broken)
            for suspect in suspects:
                yield from self._alone(suspect)
            left.back(innocent)

    def _together(self, jobs: Iterable[Job]) -> Generator[Finished, None, list[Job]]:
        """Do jobs side by side; return those that were lost when a worker died."""
        parent = os.getpid() if self.workers > 1 else None
        running: dict[str, Job] = {}

        def calls() -> Iterator[Any]:
            for job in jobs:
                job.write(self._paths)
                running[job.name] = job
                yield joblib.delayed(_named)(self._do, str(self._paths.folder), job.name, parent)

        with warnings.catch_warnings():
            # What nobody waits for any more is counted by joblib, and a worker that has died.
            warnings.filterwarnings("ignore", r"\d+ tasks (have been|which were)", UserWarning)
            warnings.filterwarnings("ignore", "A worker stopped while", UserWarning)
            try:
                with unasked():
                    results = self._parallel()(calls())
                for name, records in results:
                    job = running.pop(name)
                    job.remove(self._paths)
                    yield records
            except BrokenExecutor:
                return list(running.values())
        return []

    def _sorted(self, broken: list[Job]) -> tuple[list[Job], list[Job]]:
        """Part the jobs of dead workers into what none was at, and what one was at each."""
        innocent: list[Job] = []
        suspects: list[Job] = []
        for job in broken:
            at = marked(self._paths, job.name)
            job.remove(self._paths)
            if at is None:
                innocent.append(again(job))
            elif not job.cells:
                suspects.append(again(job))
            else:
                suspects.append(Job(cells=job.cells[at : at + 1]))
                rest = job.cells[:at] + job.cells[at + 1 :]
                innocent += [Job(cells=rest)] if rest else []
        for job in suspects:
            self._deaths[what_of(job)] += 1
        return innocent, suspects

    def _alone(self, job: Job) -> Iterator[Finished]:
        """Do a job that a worker has died of, perhaps, until it is done or has failed."""
        while self._deaths[what_of(job)] < TRIES:
            broken = yield from self._together([job])
            if not broken:
                return
            job.remove(self._paths)
            job = again(job)
            self._deaths[what_of(job)] += 1
        yield given_up(self._paths, job)


def _begin(parent: int) -> None:
    """Begin a worker's life: the guard looks after it."""
    with suppress(RuntimeError):  # no memory for a thread, perhaps later
        guard_of(parent)


def _load() -> None:
    """Do nothing: to be asked to, a worker has to have loaded what it needs."""


def _named(do: Perform, folder: str, name: str, parent: int | None) -> tuple[str, list[Record]]:
    return name, do(folder, name, parent)
