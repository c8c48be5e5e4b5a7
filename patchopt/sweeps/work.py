"""What a worker is given to do, as a file: nothing large goes through a pipe."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from patchopt.files.store.paths import Paths
from patchopt.files.store.whole import whole_file


@dataclass(frozen=True, kw_only=True)
class PlanWork:
    """A plan to make, with its run without failures and its trace.

    Parameters
    ----------
    key, scenario : str
        Keys of the plan and of its scenario.
    strategy : str
        Name of the strategy.
    parameters : dict
        That it is made with.
    trace : int, optional
        Seed whose first replication is to be traced.
    made : bool
        Whether the plan is there already, so that only the trace is missing.
    """

    key: str
    scenario: str
    strategy: str
    parameters: dict[str, Any]
    trace: int | None
    made: bool = False


@dataclass(frozen=True, kw_only=True)
class CellWork:
    """Consecutive replications of one run to simulate.

    Parameters
    ----------
    run, plan, scenario : str
        Keys of the run, of its plan and of its scenario.
    seed, first, count : int
        Which replications.
    stratified : bool
        Whether defects of releases are dealt out instead of drawn.
    plain : bool
        Whether there is so little to do in all that the loop need not be compiled.
    """

    run: str
    plan: str
    scenario: str
    seed: int
    first: int
    count: int
    stratified: bool
    plain: bool = False


@dataclass(frozen=True, kw_only=True)
class BoundWork:
    """Outcomes to bound.

    Parameters
    ----------
    key, scenario : str
        Keys of the bounds and of the scenario.
    seed : int
        Of all replications.
    time_limit : float
        Deterministic seconds for each outcome.
    outcomes : tuple of tuple of int
        Replications that have the same outcome, for each.
    defects : tuple of tuple of int
        Defective releases of the first replication of each; None where they are drawn.
    """

    key: str
    scenario: str
    seed: int
    time_limit: float
    outcomes: tuple[tuple[int, ...], ...]
    defects: tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one worker does at a time: a plan, or bounds, or some cells that become one part.

    Parameters
    ----------
    plan : PlanWork, optional
        The plan.
    bounds : BoundWork, optional
        Or the bounds.
    cells : tuple of CellWork
        Or the cells.
    name : str
        Used by no other job.
    """

    plan: PlanWork | None = None
    bounds: BoundWork | None = None
    cells: tuple[CellWork, ...] = ()
    name: str = field(default_factory=lambda: uuid.uuid4().hex)

    def write(self, paths: Paths) -> None:
        """Write the job where its worker finds it.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        with whole_file(paths.jobs / f"{self.name}.json") as file:
            file.write(self.as_json())

    def as_json(self) -> bytes:
        """Return what stands in its file."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, paths: Paths, name: str) -> Job:
        """Read it back."""
        return cls.from_json((paths.jobs / f"{name}.json").read_bytes())

    @classmethod
    def from_json(cls, text: bytes) -> Job:
        """Take it from the content of such a file."""
        told: dict[str, Any] = json.loads(text)
        plan = None if told["plan"] is None else PlanWork(**told["plan"])
        bounds = told["bounds"]
        if bounds is not None:
            outcomes = tuple(map(tuple, bounds["outcomes"]))
            defects = tuple(None if each is None else tuple(each) for each in bounds["defects"])
            bounds = BoundWork(**{**bounds, "outcomes": outcomes, "defects": defects})
        cells = tuple(CellWork(**cell) for cell in told["cells"])
        return cls(name=told["name"], plan=plan, bounds=bounds, cells=cells)

    def remove(self, paths: Paths) -> None:
        """Remove its files."""
        for path in (paths.jobs / f"{self.name}.json", marker(paths, self.name)):
            path.unlink(missing_ok=True)


def marker(paths: Paths, name: str) -> Path:
    """Return the file in which a worker says which cell of a job it is at."""
    return paths.jobs / f"{name}.at"


def marked(paths: Paths, name: str) -> int | None:
    """Return the cell that a worker was at, if it had begun."""
    try:
        return int(marker(paths, name).read_bytes())
    except (OSError, ValueError):
        return None
