"""Cells into jobs: long enough that giving them out costs little, short enough to share them.

References
----------
C. D. Polychronopoulos, D. J. Kuck, Guided Self-Scheduling: A Practical Scheduling Scheme for
Parallel Supercomputers, IEEE Transactions on Computers C-36 (1987) 1425-1439: each job takes
a share of what is left, so that no worker is still at a long one when the others have ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from patchopt.files.store.parts import PartCell
from patchopt.sweeps.work import CellWork, Job

#: Seconds that a job is to take, and those below which sharing does not pay.
_MOST_S: Final = 1.0
_LEAST_S: Final = 0.05

#: Jobs that each worker is still to have of what is left.
_ROUNDS: Final = 3

#: Replications of a job: bounds what a worker holds in memory.
_MOST_REPLICATIONS: Final = 262_144


class Batches:
    """Yields jobs of a list of cells, in its order, sized by how long cells have taken so far.

    Only when rows are finished depends on these times, never what they are.

    Parameters
    ----------
    cells : sequence of CellWork
        To be done.
    workers : int
        Among which the last jobs are shared out.
    """

    def __init__(self, cells: Sequence[CellWork], workers: int) -> None:
        self._cells = cells
        self._workers = workers
        self._spent: dict[str, tuple[float, int]] = {}
        self._scenario_of = {cell.run: cell.scenario for cell in cells}
        self._left = sum(cell.count for cell in cells)

    def seen(self, cell: PartCell) -> None:
        """Take in how long a cell has taken."""
        for of in (self._scenario_of[cell.run], ""):
            spent_s, count = self._spent.get(of, (0.0, 0))
            self._spent[of] = (spent_s + cell.wall_time_s, count + cell.count)

    def _estimated_s(self, scenario: str, count: int) -> float | None:
        """Return how long replications take, by those of their scenario or else by all."""
        spent_s, seen = self._spent.get(scenario, self._spent.get("", (0.0, 0)))
        return spent_s / seen * count if seen else None

    def __iter__(self) -> Iterator[Job]:
        """Yield every cell once, in jobs."""
        at = 0
        while at < len(self._cells):
            end = self._end(at)
            self._left -= sum(cell.count for cell in self._cells[at:end])
            yield Job(cells=tuple(self._cells[at:end]))
            at = end

    def _end(self, at: int) -> int:
        """Return where the job ends that begins at a cell; it has one at least."""
        left_s = self._estimated_s(self._cells[at].scenario, self._left)
        if left_s is None:
            return at + 1  # nothing is known yet
        most_s = min(_MOST_S, max(_LEAST_S, left_s / (self._workers * _ROUNDS)))
        spent_s, replications, end = 0.0, 0, at
        while end < len(self._cells):
            cell = self._cells[end]
            spent_s += self._estimated_s(cell.scenario, cell.count) or 0.0
            replications += cell.count
            if end > at and (spent_s > most_s or replications > _MOST_REPLICATIONS):
                break
            end += 1
        return end
