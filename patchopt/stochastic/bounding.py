"""Wait-and-see bounds of many replications, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from patchopt.model.base import Flags, Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.quantities import from_milli
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.processes import side_by_side
from patchopt.simulator.loop.streams import replication_keys
from patchopt.simulator.strata import stratify, thinned
from patchopt.stochastic.hindsight import Hindsight, Hindsights
from patchopt.stochastic.outcomes import Oracle
from patchopt.stochastic.wait_and_see import Solved, WaitAndSee

if TYPE_CHECKING:
    import pandas as pd

#: Told of how many outcomes are solved, and of how many there are.
Watch = Callable[[int, int], None]

#: Outcomes that are worth another process.
_WORTH: Final = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class Bounds:
    """Bounds of some replications.

    Parameters
    ----------
    scenario : str
        Its name.
    seed : int
        Of all replications.
    replications : ndarray of int64, shape (n,)
        Their numbers.
    bound_milli, incumbent_milli : ndarray of int64, shape (n,)
        Milli-weight-seconds: below which no total exposure is, and what one who sees ahead can
        have.
    outcomes : int
        How many differ.
    """

    scenario: str
    seed: int
    replications: Ints
    bound_milli: Ints
    incumbent_milli: Ints
    outcomes: int

    @property
    def proven(self) -> Flags:
        """Where the bound is what one who sees ahead can have, shape (n,)."""
        return np.equal(self.bound_milli, self.incumbent_milli)

    def frame(self) -> pd.DataFrame:
        """Return a table, a row a replication, exposures in weight·s."""
        import pandas as pd  # takes its time to load

        return pd.DataFrame(
            {
                "scenario": self.scenario,
                "seed": self.seed,
                "replication": self.replications,
                "bound": from_milli(self.bound_milli),
                "incumbent": from_milli(self.incumbent_milli),
                "status": np.where(self.proven, "proven", "bound"),
            }
        )


def bounds(
    infrastructure: Infrastructure,
    seed: int,
    replications: int,
    parameters: OptimizerParameters,
    *,
    workers: int = 1,
    watch: Watch | None = None,
) -> Bounds:
    """Bound the total exposure of replications, whatever the plan.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    seed : int
        Of all replications.
    replications : int
        How many, from 0 on.
    parameters : OptimizerParameters
        Of the solve of each outcome.
    workers : int
        Processes; the result does not depend on it where time is deterministic.
    watch : callable, optional
        Told of progress.

    Returns
    -------
    Bounds
    """
    alike = outcomes_of(infrastructure, seed, replications)
    bound_milli, incumbent_milli = np.zeros((2, replications), np.int64)
    solver = WaitAndSee(infrastructure, parameters)
    count = min(workers, len(alike) // _WORTH)
    with side_by_side(solver.solve, alike, count) as solved:
        for done, (which, found) in enumerate(zip(alike.values(), solved, strict=True), 1):
            bound_milli[list(which)] = found.bound_milli
            incumbent_milli[list(which)] = found.incumbent_milli
            if watch is not None:
                watch(done, len(alike))
    return Bounds(
        scenario=infrastructure.scenario.name,
        seed=seed,
        replications=np.arange(replications, dtype=np.int64),
        bound_milli=bound_milli,
        incumbent_milli=incumbent_milli,
        outcomes=len(alike),
    )


#: Releases that are defective in a replication; none where that is drawn.
Defects = tuple[int, ...] | None


def outcomes_of(
    infrastructure: Infrastructure, seed: int, replications: int | Mapping[int, Defects]
) -> dict[Hindsight, tuple[int, ...]]:
    """Return the outcomes of replications that differ, and the numbers of those that have each.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    seed : int
        Of all replications.
    replications : int or mapping
        How many, from 0 on; or the defects of each that counts.

    Returns
    -------
    dict of Hindsight to tuple of int
        In the order of their first replications. O(replications x nodes x attempts).
    """
    oracle, hindsights = Oracle(infrastructure), Hindsights(infrastructure)
    dealt: Mapping[int, Defects]
    dealt = dict.fromkeys(range(replications)) if isinstance(replications, int) else replications
    keys = replication_keys(infrastructure.luck, seed, 0, max(dealt, default=-1) + 1)
    found: dict[Hindsight, list[int]] = {}
    for number, defects in dealt.items():
        outcome = oracle.outcome(keys[number], defects)
        found.setdefault(hindsights.of(outcome), []).append(number)
    return {outcome: tuple(numbers) for outcome, numbers in found.items()}


def dealt_replications(
    infrastructure: Infrastructure, seed: int, block: int, count: int
) -> dict[int, Defects]:
    """Choose replications of a block whose defects are dealt out, as many of each stratum as due.

    Parameters
    ----------
    infrastructure : Infrastructure
        Whose releases.
    seed : int
        Of all replications.
    block : int
        How many the defects are dealt out to, from 0 on.
    count : int
        How many to choose, about.

    Returns
    -------
    dict of int to tuple of int
        Of each its defective releases.
    """
    sample = stratify(infrastructure, replication_keys(infrastructure.luck, seed, 0, block))
    return {
        number: tuple(np.flatnonzero(sample.defects[number]).tolist())
        for number in thinned(sample.strata, count).tolist()
    }


class Bounder:
    """Bounds one replication at a time.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    parameters : OptimizerParameters
        Of each solve.
    """

    def __init__(self, infrastructure: Infrastructure, parameters: OptimizerParameters) -> None:
        self._luck = infrastructure.luck
        self._oracle = Oracle(infrastructure)
        self._solver = WaitAndSee(infrastructure, parameters)

    def solve(self, seed: int, replication: int, defects: Defects = None) -> Solved:
        """Bound the total exposure in a replication of a seed."""
        (key,) = replication_keys(self._luck, seed, replication, 1)
        return self._solver.solve(self._solver.hindsight(self._oracle.outcome(key, defects)))
