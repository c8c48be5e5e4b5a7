"""A pool of workers on other machines, which come and go.

The scheduler does again, elsewhere, what a dead worker was at; what it gives up comes back here, is
parted until one cell is to blame, and that one is a failed row.
"""

from __future__ import annotations

import math
import time
import uuid
from collections import Counter
from collections.abc import Generator, Iterable
from concurrent.futures import CancelledError, Future
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Final

from patchopt.errors import ClusterError, as_line
from patchopt.files.store.ledger import Record
from patchopt.files.store.paths import Paths
from patchopt.files.store.whole import whole_file
from patchopt.sweeps.clusters import Cluster
from patchopt.sweeps.errands import Errand, Report, needs
from patchopt.sweeps.retrying import TRIES, Shared, again, given_up, halves_of, what_of
from patchopt.sweeps.work import Job

#: Errands that are given out ahead, for each worker.
_AHEAD: Final = 2

#: Seconds between two looks at whether there are workers.
_LOOK_S: Final = 1.0


class RemotePool:
    """Workers of a cluster for the jobs of one dataset.

    Parameters
    ----------
    paths : Paths
        Of the dataset's store.
    cluster : Cluster
        Connected.
    most : int, optional
        Of its workers are used at a time.
    wait_s : float
        How long a cluster may be without any worker.
    """

    def __init__(
        self, paths: Paths, cluster: Cluster, *, most: int | None = None, wait_s: float = 60.0
    ) -> None:
        self._paths = paths
        self._cluster = cluster
        self._most = most
        self._wait_s = wait_s
        self._sweep = uuid.uuid4().hex
        self._deaths: Counter[str] = Counter()
        self._there, self._counted_at = 0, -math.inf

    @property
    def workers(self) -> int:
        """Workers that are used now; the scheduler is asked once in a while."""
        if time.monotonic() - self._counted_at > _LOOK_S:
            self._there, self._counted_at = self._cluster.workers(), time.monotonic()
        return max(1, self._there if self._most is None else min(self._there, self._most))

    def run(self, jobs: Iterable[Job]) -> Generator[list[Record]]:
        """Do jobs, as they are taken from an iterable, a few ahead of what is finished.

        Yields
        ------
        list of dict
            As jobs finish, in any order: the records that the ledger is to have.

        Raises
        ------
        ClusterError
            If there are no workers any more, or they cannot work.
        OSError
            If what they have found cannot be written.
        """
        left = Shared(jobs)
        landed: SimpleQueue[Future[Report]] = SimpleQueue()
        flying: dict[Future[Report], Job] = {}

        def send(job: Job, *, laden: bool = False) -> None:
            promised = self._cluster.submit(self._errand(job, laden=laden))
            flying[promised] = job
            promised.add_done_callback(landed.put)

        try:
            while True:
                for job in islice(left, max(0, self._ahead() - len(flying))):
                    send(job)
                if not flying:
                    return
                promised = self._next(landed)
                job = flying.pop(promised)
                report = self._report(promised)
                match report.outcome:
                    case "done":
                        self._keep(report)
                        yield report.records
                    case "lacks":
                        send(job, laden=True)
                    case _:
                        tries = TRIES if report.outcome == "died" else 1
                        left.back(self._smaller(job, tries))
                        if self._deaths[what_of(job)] >= TRIES:
                            yield given_up(self._paths, job)
        finally:
            for promised in flying:
                promised.cancel()

    def _ahead(self) -> int:
        # What waits at a worker begins at once, so where they are limited none may wait.
        return self.workers * (_AHEAD if self._most is None else 1)

    def _errand(self, job: Job, *, laden: bool) -> Errand:
        paths = needs(self._paths, job) if laden else []
        files = {
            path.relative_to(self._paths.store).as_posix(): path.read_bytes() for path in paths
        }
        return Errand(sweep=self._sweep, job=job.as_json(), files=files)

    def _next(self, landed: SimpleQueue[Future[Report]]) -> Future[Report]:
        """Wait for a promise to be kept or broken, as long as there is anybody to keep it."""
        without_s = 0.0
        while True:
            try:
                return landed.get(timeout=_LOOK_S)
            except Empty:
                without_s = 0.0 if self._cluster.workers() else without_s + _LOOK_S
            if without_s > self._wait_s:
                raise ClusterError(
                    f"there has been no worker for {self._wait_s:g} s",
                    remedy="start some and give the same command: what is finished is kept",
                )

    def _report(self, promised: Future[Report]) -> Report:
        """Return what came of an errand."""
        try:
            report = promised.result()
        except self._cluster.deaths:
            return Report(outcome="died")
        except CancelledError:
            why = "the scheduler has ended"
        except Exception as error:  # noqa: BLE001 - whatever another machine could not do
            why = f"a worker failed ({as_line(error)})"
        else:
            if report.outcome != "refused":
                return report
            why = report.why
        raise ClusterError(
            why, remedy="mend it and give the same command: what is finished is kept"
        )

    def _smaller(self, job: Job, tries: int) -> list[Job]:
        """Return what is to be done instead of a job whose worker died of it."""
        if len(job.cells) > 1:
            return halves_of(job)
        what = what_of(job)
        self._deaths[what] += tries
        return [again(job)] if self._deaths[what] < TRIES else []

    def _keep(self, report: Report) -> None:
        """Write what a worker has found where one on this machine would have written it."""
        for name, content in report.files.items():
            with whole_file(self._paths.store / name) as file:
                file.write(content)
