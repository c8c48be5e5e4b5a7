"""Replications until means are precise: rounds of cells, each aimed by what came before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from patchopt.sweeps.config import SweepConfig
from patchopt.sweeps.precision import Precision
from patchopt.sweeps.stages import Ready, Stages, name_of

#: Replications after which precision is judged for the first time.
_FIRST: Final = 200


def until_precise(config: SweepConfig, stages: Stages) -> tuple[str, ...]:
    """Run replications until every mean is as precise as wanted, or the cap is reached.

    The plans of a scenario go on together, so pairs stay pairs. Which rounds there are follows
    from what the rounds before have found, so a sweep that was interrupted takes the same ones.

    Parameters
    ----------
    config : SweepConfig
        The study.
    stages : Stages
        Its plans made.

    Returns
    -------
    tuple of str
        Names of the plans that the cap came too early for.
    """
    return _Rounds(config, stages).run()


class _Rounds:
    def __init__(self, config: SweepConfig, stages: Stages) -> None:
        self.precision = config.sweep.precision
        self.block = config.simulator.block
        self.stages = stages
        self.imprecise: list[str] = []
        ready = stages.ready()
        self.found = {plan.number: Precision(self.precision.metrics) for plan in ready}
        self.together: dict[str, list[Ready]] = {}
        for plan in ready:
            name = stages.tasks[plan.number].scenario_name
            self.together.setdefault(name, []).append(plan)

    def run(self) -> tuple[str, ...]:
        target = {
            name: self._whole_blocks(plans[0], _FIRST) for name, plans in self.together.items()
        }
        done = dict.fromkeys(target, 0)
        while target:
            going = [(plan, name) for name in target for plan in self.together[name]]
            self.stages.finish({plan: target[name] for plan, name in going})
            broken = {
                plan.number
                for plan, name in going
                if not self._take_in(plan, done[name], target[name])
            }
            done |= target
            for name in target:
                self.together[name] = [
                    plan for plan in self.together[name] if plan.number not in broken
                ]
            aims = {name: self._aim(self.together[name], done[name]) for name in target}
            target = {name: aim for name, aim in aims.items() if aim > done[name]}
        return tuple(self.imprecise)

    def _take_in(self, plan: Ready, begin: int, end: int) -> bool:
        """Take in the cells of a round; tell whether the plan can go on."""
        whole = True
        for placed in self.stages.finished(plan):
            if begin <= placed.cell.first < end:
                if placed.cell.error is None:
                    self.found[plan.number].add(self.stages.store.contents.columns(placed))
                else:
                    whole = False
        return whole

    def _aim(self, plans: Sequence[Ready], done: int) -> int:
        """Return how many replications of every seed the plans of a scenario are to have next."""
        needed = {
            plan.number: self.found[plan.number].needed(self.precision.share) for plan in plans
        }
        short = [plan for plan in plans if needed[plan.number] > done * len(plan.runs)]
        if not short:
            return done
        # Not more than twice as many at once: the variance is an estimate too.
        seeds = len(plans[0].runs)
        aim = self._whole_blocks(plans[0], min(max(needed.values()), 2 * done * seeds))
        if aim <= done:
            self.imprecise += [name_of(self.stages.tasks[plan.number]) for plan in short]
        return aim

    def _whole_blocks(self, plan: Ready, total: int) -> int:
        """Return how many replications of every seed, in whole blocks, come to a total."""
        seeds = len(plan.runs)
        of_each = -(-total // seeds)
        return min(-(-of_each // self.block) * self.block, -(-self.precision.cap // seeds))
