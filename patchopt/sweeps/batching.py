"""Cells into jobs: long enough that giving them out costs little, short enough to share them.

References
----------
C. D. Polychronopoulos, D. J. Kuck, Guided Self-Scheduling: A Practical Scheduling Scheme for
Parallel Supercomputers, IEEE Transactions on Computers C-36 (1987) 1425-1439: each job takes
a share of what is left, so that no worker is still at a long one when the others have ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from patchopt.files.store.parts import PartCell
from patchopt.sweeps.rates import Rates
from patchopt.sweeps.work import CellWork, Job

#: Seconds that a job is to take, and those below which sharing does not pay.
_MOST_S: Final = 1.0
_LEAST_S: Final = 0.05

#: Jobs that each worker is still to have of what is left.
_ROUNDS: Final = 3

#: Replications of a job: bounds what a worker holds in memory.
_MOST_REPLICATIONS: Final = 262_144


class Batches:
    """Yields jobs of cells, in their order, sized by how long cells have taken so far.

    Only when rows are finished depends on these times, never what they are.

    Parameters
    ----------
    cells : iterable of CellWork
        To be done; taken a job at a time.
    replications : int
        Of all of them.
    workers : int
        Among which the last jobs are shared out.
    """

    def __init__(self, cells: Iterable[CellWork], replications: int, workers: int) -> None:
        self._cells = iter(cells)
        self._left = replications
        self._workers = workers
        self._rates = Rates()
        self._scenario_of: dict[str, str] = {}

    def seen(self, cell: PartCell) -> None:
        """Take in how long a cell has taken."""
        self._rates.add(cell.wall_time_s, cell.count, self._scenario_of.get(cell.run, "?"))

    def __iter__(self) -> Iterator[Job]:
        """Yield every cell once, in jobs."""
        waiting = next(self._cells, None)
        while waiting is not None:
            job = [waiting]
            most_s = self._most_s(waiting.scenario)
            spent_s, replications = 0.0, 0
            while True:
                self._scenario_of[waiting.run] = waiting.scenario
                spent_s += self._rates.seconds(waiting.count, waiting.scenario) or 0.0
                replications += waiting.count
                waiting = next(self._cells, None)
                if waiting is None or most_s is None:
                    break
                more_s = self._rates.seconds(waiting.count, waiting.scenario) or 0.0
                if spent_s + more_s > most_s or replications + waiting.count > _MOST_REPLICATIONS:
                    break
                job.append(waiting)
            self._left -= replications
            yield Job(cells=tuple(job))

    def _most_s(self, scenario: str) -> float | None:
        """Return how long a job may take; nothing while nothing is known of how long cells do."""
        left_s = self._rates.seconds(self._left, scenario)
        if left_s is None:
            return None
        return min(_MOST_S, max(_LEAST_S, left_s / (self._workers * _ROUNDS)))
