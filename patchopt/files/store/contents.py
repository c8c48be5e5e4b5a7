"""What a store holds: plans, traces and the finished cells of every run, as its ledger tells it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from patchopt.errors import DatasetError
from patchopt.files.store.file_parts import SUFFIX, FilePart
from patchopt.files.store.keys import run_key
from patchopt.files.store.known_bounds import KnownBounds
from patchopt.files.store.ledger import Record, read_ledger
from patchopt.files.store.made import MadePlan
from patchopt.files.store.parts import Part, PartCell
from patchopt.files.store.paths import Paths
from patchopt.files.store.study import StudyPlan

#: Parts that are kept open: those of neighbouring cells are mostly the same.
_OPEN: Final = 32

#: Version of the store's own layout; a reader refuses every other.
STORE_VERSION: Final = 2


@dataclass(frozen=True)
class Placed:
    """A finished cell, and where its rows are.

    Parameters
    ----------
    cell : PartCell
        The cell.
    part : str
        Name of the part that holds it.
    at : int
        Its place in the part.
    """

    cell: PartCell
    part: str
    at: int

    def __lt__(self, other: Placed) -> bool:
        """Order by replications; of two that begin alike, the longer one comes first."""
        return self._order() < other._order()

    def failed_as(self, cell: PartCell) -> bool:
        """Tell whether this is the same cell, of which nothing came."""
        same = (self.cell.first, self.cell.count) == (cell.first, cell.count)
        return same and self.cell.error is not None

    def _order(self) -> tuple[int, int]:
        return self.cell.first, -self.cell.count


class Contents:
    """What is finished, gathered from a ledger's records.

    Parameters
    ----------
    paths : Paths
        Of the store.
    records : list of dict
        Of its ledger.

    Attributes
    ----------
    plans : set of str
        Keys of the plans that are made, or failed for good.
    traces : set of (str, int)
        Plan and seed of the traces that are there.
    bounds : KnownBounds
        Wait-and-see bounds.
    parts : list of str
        Names of the parts.
    complete : str or None
        ``config_sha256`` of the study whose files were written last, if nothing came since.
    begun : bool
        Whether a study is written down.
    forced : bool
        Whether what was there before is being replaced.

    Raises
    ------
    DatasetError
        If the store is of another version, or a part that the ledger names is not there.
    """

    def __init__(self, paths: Paths, records: list[Record]) -> None:
        self.paths = paths
        self.plans: set[str] = set()
        self.traces: set[tuple[str, int]] = set()
        self.bounds = KnownBounds()
        self.parts: list[str] = []
        self.complete: str | None = None
        self.begun = self.forced = False
        self._runs: dict[str, list[Placed]] = {}
        self._part = lru_cache(_OPEN)(self._open)
        for record in records:
            self.take(record)

    @classmethod
    def read(cls, folder: Path) -> Contents:
        """Read what the store of a dataset holds, without a lock."""
        paths = Paths(folder)
        return cls(paths, read_ledger(paths.ledger))

    def take(self, record: Record) -> list[PartCell]:
        """Take in a record of the ledger; return the cells that it says are finished."""
        match record:
            case {"kind": "store", "version": version}:
                _check_version(version, self.paths)
                self.forced = bool(record.get("forced"))
            case {"kind": "study", "config_sha256": str(config)}:
                self.begun = True
                self.complete = self.complete if self.complete == config else None
            case {"kind": "complete", "config_sha256": str(config)}:
                self.complete = config
            case {"kind": "plan", "key": str(key)}:
                self.plans.add(key)
            case {"kind": "trace", "key": str(key), "seed": int(seed)}:
                self.traces.add((key, seed))
            case {"kind": "bounds"}:
                self.bounds.take(record)
                self.complete = None
            case {"kind": "part", "name": str(name)}:
                return self._add(name)
        return []

    def _add(self, name: str) -> list[PartCell]:
        cells = self._part(name).cells
        self.parts.append(name)
        self.complete = None
        for at, cell in enumerate(cells):
            known, placed = self._runs.setdefault(cell.run, []), Placed(cell, name, at)
            place = bisect_left(known, placed)
            if place < len(known) and known[place].failed_as(cell):
                # It was done again.
                known[place] = placed
            else:
                insort(known, placed)
        return cells

    def forget_failures(self) -> None:
        """Take what has failed for what was never tried, until the ledger is read again."""
        for run, known in self._runs.items():
            kept = [placed for placed in known if placed.cell.error is None]
            if len(kept) < len(known):
                self._runs[run], self.complete = kept, None
        for key in list(self.plans):
            if MadePlan.read(self.paths.plan(key)).error is not None:
                self.plans.discard(key)
                self.complete = None
        if self.bounds.forget_failures():
            self.complete = None

    def _open(self, name: str) -> Part | FilePart:
        path = self.paths.parts / name
        return FilePart(path) if path.suffix == SUFFIX else Part(path)

    def made(self, plan: StudyPlan) -> MadePlan | None:
        """Return what came of a plan, if anything has yet."""
        return MadePlan.read(self.paths.plan(plan.key)) if plan.key in self.plans else None

    def runs_of(
        self, plan: StudyPlan, made: MadePlan | None, *, stratified: bool
    ) -> list[tuple[int, str]]:
        """Return each seed of a plan and the key of its run; nothing while there is no plan."""
        if made is None or made.plan_json is None:
            return []
        json = made.plan_json
        return [(seed, run_key(plan.key, json, seed, stratified=stratified)) for seed in plan.seeds]

    def columns(self, placed: Placed, cells: int = 1) -> dict[str, NDArray[Any]]:
        """Return the columns of some cells of a part from one on, each of shape (rows,)."""
        return self._part(placed.part).columns(placed.at, cells)

    @property
    def runs(self) -> set[str]:
        """Keys of the runs of which anything is finished."""
        return set(self._runs)

    def cells(self, run: str) -> list[Placed]:
        """Return the finished cells of a run, by their replications.

        Of cells that overlap, as those of strata do whose last block has grown, the one that
        reaches further counts.
        """
        found: list[Placed] = []
        end = 0
        for placed in self._runs.get(run, []):
            reach = placed.cell.first + placed.cell.count
            if reach > end:
                found.append(placed)
                end = reach
        return found

    def missing(
        self, run: str, total: int, block: int, *, whole: bool
    ) -> Iterator[tuple[int, int]]:
        """Yield what a run lacks of its first replications, as cells: (first, count) each.

        What is finished meanwhile changes nothing.

        Parameters
        ----------
        run : str
            Key of the run.
        total : int
            Replications that it is to have, numbered from 0.
        block : int
            Most replications of a cell.
        whole : bool
            Whether only a finished cell of exactly the same replications will do, as with
            strata; otherwise any will that covers them.
        """
        if whole:
            done = {(placed.cell.first, placed.cell.count) for placed in self._runs.get(run, [])}
            yield from (cell for cell in _chopped(0, total, block) if cell not in done)
            return
        at = 0
        for placed in self.cells(run):
            yield from _chopped(at, min(placed.cell.first, total), block)
            at = placed.cell.first + placed.cell.count
        yield from _chopped(at, total, block)

    def covered(self, run: str, total: int, block: int, *, whole: bool) -> int:
        """Return how many of its first replications a run has, as `missing` counts them."""
        if whole:
            # A study that has a plan under two names has its cells twice.
            done = {(placed.cell.first, placed.cell.count) for placed in self._runs.get(run, [])}
            return sum(
                count
                for first, count in done
                if first % block == 0 and count == min(block, total - first)
            )
        cells = (placed.cell for placed in self.cells(run))
        return sum(max(min(cell.first + cell.count, total) - cell.first, 0) for cell in cells)


def _chopped(first: int, end: int, block: int) -> Iterator[tuple[int, int]]:
    return ((at, min(block, end - at)) for at in range(first, end, block))


def _check_version(version: Any, paths: Paths) -> None:
    if version != STORE_VERSION:
        raise DatasetError(
            f"the unfinished dataset is of version {version}, not {STORE_VERSION}",
            place=str(paths.store),
            remedy="finish it with the patchopt that began it, or begin anew with sweep.force=true",
        )
