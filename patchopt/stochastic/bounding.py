"""Wait-and-see bounds of many replications, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

import numpy as np

from patchopt.model.base import Flags, Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.simulator.loop.streams import replication_keys
from patchopt.stochastic.hindsight import Hindsight
from patchopt.stochastic.outcomes import Oracle
from patchopt.stochastic.wait_and_see import Solved, WaitAndSee

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
    solver, oracle = WaitAndSee(infrastructure, parameters), Oracle(infrastructure)
    keys = replication_keys(infrastructure.luck, seed, 0, replications)
    met = [solver.hindsight(oracle.outcome(key)) for key in keys]
    distinct = list(dict.fromkeys(met))
    known: dict[Hindsight, Solved] = {}
    with _solving(solver, distinct, workers) as solved:
        for one, result in zip(distinct, solved, strict=True):
            known[one] = result
            if watch is not None:
                watch(len(known), len(distinct))
    found = [known[one] for one in met]
    return Bounds(
        scenario=infrastructure.scenario.name,
        seed=seed,
        replications=np.arange(replications, dtype=np.int64),
        bound_milli=np.array([one.bound_milli for one in found], np.int64),
        incumbent_milli=np.array([one.incumbent_milli for one in found], np.int64),
        outcomes=len(distinct),
    )


@contextmanager
def _solving(
    solver: WaitAndSee, outcomes: Sequence[Hindsight], workers: int
) -> Iterator[Iterable[Solved]]:
    """Solve outcomes in their order, in processes if there are enough of them."""
    count = min(workers, len(outcomes) // _WORTH)
    if count < 2:
        yield map(solver.solve, outcomes)
        return
    # Processes of their own, that share no thread with this one.
    with ProcessPoolExecutor(count, get_context("spawn"), _begin, (solver,)) as pool:
        try:
            yield pool.map(_solve, outcomes)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_solver: WaitAndSee


def _begin(solver: WaitAndSee) -> None:
    global _solver  # noqa: PLW0603 - what a process is given once
    _solver = solver


def _solve(outcome: Hindsight) -> Solved:
    return _solver.solve(outcome)
