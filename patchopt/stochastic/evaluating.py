"""What lists come to under failures: the simulator as evaluator, on the same luck for all.

A list says in which order tasks are placed and in which modes; the plan that follows from it is
the partial order of its schedule (MODEL 6). Sample average approximation (Kleywegt, Shapiro,
Homem-de-Mello, The sample average approximation method for stochastic discrete optimization, SIAM
J. Optimization 12, 2002): one sample of replications for all lists, so that their differences have
little noise, and other replications for the last word.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, PlanBuilder, ScenarioRef, StrategyRef
from patchopt.model.quantities import from_milli
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.list_scheduling import smith_ratio
from patchopt.optimizer.problem import Mode, Task
from patchopt.optimizer.schedule import Placement, Schedule, add_steps
from patchopt.simulator.running import Simulator

Risk = Literal["mean", "cvar95"]

#: Share of the worst replications that ``cvar95`` is the mean of.
_TAIL: Final = 0.05


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
            self._known[key] = from_milli(outcome.columns["total_exposure"].astype(np.float64))
            self.made += 1
        return self._known[key]

    def plan(self, schedule: Schedule) -> Plan:
        """Return the plan of a schedule."""
        builder = PlanBuilder()
        add_steps(builder, self.infrastructure, schedule, _reason)
        scenario = self.infrastructure.scenario
        about = ScenarioRef(name=scenario.name, sha256=self.infrastructure.sha256)
        return builder.build(about, StrategyRef(name="expected", parameters={}))


def _reason(task: Task, mode: Mode, _: Placement) -> str:
    how = "built beside" if mode.action == "build" else "in place"
    alone = "; breaks min_up, so alone in its service" if task.item.waives else ""
    ratio = from_milli(smith_ratio(task))
    return f"{ratio:.3g} weight per node and second, here in the best plan on average; {how}{alone}"


def risk_of(costs: Floats, risk: Risk) -> float:
    """Return what a sample is judged by.

    Parameters
    ----------
    costs : ndarray of float64, shape (n,)
        Of replications.
    risk : str
        ``mean``, or ``cvar95``: the mean of the worst twentieth (Rockafellar, Uryasev,
        Optimization of conditional value-at-risk, Journal of Risk 2, 2000), at least one.

    Examples
    --------
    >>> sample = np.arange(100.0)
    >>> risk_of(sample, "mean"), risk_of(sample, "cvar95")
    (49.5, 97.0)
    """
    if risk == "mean":
        return float(costs.mean())
    worst = max(1, round(_TAIL * len(costs)))
    return float(np.sort(costs)[-worst:].mean())
