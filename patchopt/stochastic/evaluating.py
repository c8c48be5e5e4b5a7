"""What lists come to under failures: the simulator as evaluator, on the same luck for all.

A list says in which order tasks are placed and in which modes; the plan that follows from it is
the partial order of its schedule (MODEL 6). Sample average approximation (Kleywegt, Shapiro,
Homem-de-Mello, The sample average approximation method for stochastic discrete optimization, SIAM
J. Optimization 12, 2002): one sample of replications for all lists, so that their differences have
little noise, and other replications for the last word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.model.expectation import Risk, Sample
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.metrics import TOTAL_EXPOSURE
from patchopt.model.plan import Gate, Plan, Step, StrategyRef
from patchopt.model.risk import cvar
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.schedule import Schedule
from patchopt.optimizer.solve import plan_of
from patchopt.simulator.running import Simulator

#: ``cvar95`` is the mean of the replications beyond this share.
TAIL_FROM: Final = 0.95


class Ending(NamedTuple):
    """How the end of a plan is watched: pauses one after another, each with a gate.

    A gate stops a plan once; the next one sees to what is bad after that, so that its pause has to
    be long enough for what the stop has brought.
    """

    times: int
    duration_s: int


UNWATCHED: Final = Ending(0, 0)
#: What a watch is chosen from.
TIMES: Final = (0, 1, 2, 4, 8)
DURATIONS_S: Final = (0, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800)

_EXPECTED: Final = StrategyRef(name="expected")


class Evaluator:
    """Tells what lists cost on a sample of replications.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    decoder : Decoder
        Of its problem.
    sample : Sample
        Which.
    """

    def __init__(self, infrastructure: Infrastructure, decoder: Decoder, sample: Sample) -> None:
        self.infrastructure, self.decoder, self.sample = infrastructure, decoder, sample
        self._known: dict[bytes, Floats] = {}
        #: How many plans have been simulated.
        self.made = 0
        #: Told of that whenever it grows.
        self.watch: Callable[[int], None] = lambda _: None

    def costs(self, order: Ints, wanted: Ints, ending: Ending = UNWATCHED) -> Floats:
        """Return the total exposure of a list in each replication.

        Parameters
        ----------
        order, wanted : ndarray of int64, shape (n,)
            As the decoder takes them.
        ending : Ending
            How the end is watched.

        Returns
        -------
        ndarray of float64, shape (replications,)
            Weight-seconds.
        """
        key = b"%d,%d," % ending + order.tobytes() + wanted.tobytes()
        if key not in self._known:
            plan = self.plan(self.decoder.schedule(order, wanted), ending)
            simulator = Simulator(self.infrastructure, plan)
            outcome = simulator.run(self.sample.seed, self.sample.replications)
            self._known[key] = outcome.values(TOTAL_EXPOSURE)
            self.made += 1
            self.watch(self.made)
        return self._known[key]

    def plan(self, schedule: Schedule, ending: Ending = UNWATCHED) -> Plan:
        """Return the plan of a schedule, its end watched."""
        plan = plan_of(self.infrastructure, schedule, _EXPECTED, "the best plan on average")
        steps = list(plan.steps)
        for _ in range(ending.times):
            count = len(steps)
            # The first waits for all the work, the others each for the one before.
            after = tuple(range(count)) if count == len(plan.steps) else (count - 1,)
            pause = Step(
                id=count,
                action="pause",
                after=after,
                duration=ending.duration_s,
                gate=Gate(max_failures=0),
                reason="watch the end: any bad node stops the plan, which then goes on with it",
            )
            steps.append(pause)
        return plan.model_copy(update={"steps": tuple(steps)})

    @property
    def can_watch(self) -> bool:
        """Whether there is any use in stopping at the end.

        By a review bad nodes have an attempt more, by a respin defective releases are replaced
        (MODEL 13); without either a stop is for good.
        """
        around = self.infrastructure.surroundings
        return around.review_s >= 0 or around.respin_s >= 0


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
