"""What lists come to under failures: the simulator as evaluator, on the same luck for all.

A list says in which order tasks are placed and in which modes; the plan that follows from it is
the partial order of its schedule (MODEL 6). Sample average approximation (Kleywegt, Shapiro,
Homem-de-Mello, The sample average approximation method for stochastic discrete optimization, SIAM
J. Optimization 12, 2002): one sample of replications for all lists, so that their differences have
little noise, and other replications for the last word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.model.expectation import Risk
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.metrics import TOTAL_EXPOSURE
from patchopt.model.plan import Plan, StrategyRef
from patchopt.model.risk import cvar
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.schedule import Schedule
from patchopt.optimizer.solve import plan_of
from patchopt.simulator.running import Simulator

#: ``cvar95`` is the mean of the replications beyond this share.
TAIL_FROM: Final = 0.95
_EXPECTED: Final = StrategyRef(name="expected")


class Evaluator:
    """Tells what lists cost on a sample of replications.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    decoder : Decoder
        Of its problem.
    seed : int
        Of the sample.
    replications : int
        How many.
    """

    def __init__(
        self, infrastructure: Infrastructure, decoder: Decoder, seed: int, replications: int
    ) -> None:
        self.infrastructure, self.decoder = infrastructure, decoder
        self._seed, self._replications = seed, replications
        self._known: dict[bytes, Floats] = {}
        #: How many plans have been simulated.
        self.made = 0
        #: Told of that whenever it grows.
        self.watch: Callable[[int], None] = lambda _: None

    def costs(self, order: Ints, wanted: Ints) -> Floats:
        """Return the total exposure of a list in each replication.

        Returns
        -------
        ndarray of float64, shape (replications,)
            Weight-seconds.
        """
        key = order.tobytes() + wanted.tobytes()
        if key not in self._known:
            plan = self.plan(self.decoder.schedule(order, wanted))
            outcome = Simulator(self.infrastructure, plan).run(self._seed, self._replications)
            self._known[key] = outcome.values(TOTAL_EXPOSURE)
            self.made += 1
            self.watch(self.made)
        return self._known[key]

    def plan(self, schedule: Schedule) -> Plan:
        """Return the plan of a schedule."""
        return plan_of(self.infrastructure, schedule, _EXPECTED, "the best plan on average")


def risk_of(costs: Floats, risk: Risk) -> float:
    """Return what a sample is judged by.

    Parameters
    ----------
    costs : ndarray of float64, shape (n,)
        Of replications.
    risk : str
        ``mean``, or ``cvar95``: the mean of the worst twentieth, as in reports.

    Examples
    --------
    >>> sample = np.arange(100.0)
    >>> risk_of(sample, "mean"), risk_of(sample, "cvar95")
    (49.5, 97.0)
    """
    return float(costs.mean()) if risk == "mean" else cvar(costs, np.ones(len(costs)), TAIL_FROM)
