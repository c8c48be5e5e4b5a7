"""Wait-and-see bounds in a sweep: which outcomes are known, and what is left for workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from patchopt.files.store.known_bounds import FAILED, Bound, bounds_record
from patchopt.files.store.ledger import Record
from patchopt.files.store.store import Store
from patchopt.files.store.study import Luck
from patchopt.sweeps.cells import PlanTask
from patchopt.sweeps.selecting import Selection
from patchopt.sweeps.work import BoundWork, Job
from patchopt.sweeps.worker import build

if TYPE_CHECKING:
    from patchopt.stochastic.bounding import Defects

#: Outcomes of one job: some seconds, which is what a killed worker costs.
_TOGETHER: Final = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class Left:
    """What there is to do of a scenario under a seed.

    Parameters
    ----------
    done : int
        Replications whose outcome is known.
    alike : list of dict
        Records of replications that share their outcome with one that has a bound.
    jobs : list of Job
        For all others.
    """

    done: int
    alike: list[Record]
    jobs: list[Job]


class Bounding:
    """The wait-and-see bounds of a study.

    Parameters
    ----------
    store : Store
        Where they go.
    tasks : sequence of PlanTask
        Its plans, in the order of the store's study.
    selection : Selection
        Which plans and seeds are to be finished this time: a scenario is if one of its plans is.
    """

    def __init__(self, store: Store, tasks: Sequence[PlanTask], selection: Selection) -> None:
        self._store, self._wanted = store, store.study.bounds
        plans = zip(tasks, store.study.plans, strict=True)
        self._content = {plan.scenario_key: task.scenario_json for task, plan in plans}
        self._chosen_of: dict[Luck, Mapping[int, Defects]] = {}
        self._chosen = {
            (plan.scenario_key, seed)
            for task, plan in zip(tasks, store.study.plans, strict=True)
            if selection.has(task)
            for seed in plan.seeds
            if selection.has_seed(seed)
        }

    @property
    def total(self) -> int:
        """How many replications are to have a bound this time."""
        return sum(len(self._dealt(luck)) for luck in self._lucks())

    def _dealt(self, luck: Luck) -> Mapping[int, Defects]:
        """Return the replications that are to have a bound, with their defects if dealt out."""
        wanted = self._wanted
        if wanted is None:
            return {}
        if wanted.block is None:
            return dict.fromkeys(range(wanted.replications))
        if luck not in self._chosen_of:
            from patchopt.stochastic.bounding import dealt_replications  # takes its time to load

            infrastructure = build(self._content[luck.scenario_key])
            self._chosen_of[luck] = dealt_replications(
                infrastructure, luck.seed, wanted.block, wanted.replications
            )
        return self._chosen_of[luck]

    def _lucks(self) -> Iterator[Luck]:
        for luck in self._store.study.lucks:
            if (luck.scenario_key, luck.seed) in self._chosen:
                yield luck

    def _known(self, luck: Luck) -> tuple[str, dict[int, Bound]]:
        assert self._wanted is not None  # noqa: S101 - asked for only where there are any
        key = self._wanted.key(luck.scenario_key)
        return key, self._store.contents.bounds.of(key, luck.seed)

    def complete(self) -> bool:
        """Tell whether every bound of the study is there."""
        return self._wanted is None or all(
            number in self._known(luck)[1]
            for luck in self._store.study.lucks
            for number in self._dealt(luck)
        )

    def errors(self) -> dict[str, str]:
        """Return why bounds could not be found, by the names of their scenarios."""
        found = {}
        for luck in self._store.study.lucks if self._wanted is not None else ():
            error = self._store.contents.bounds.error(self._known(luck)[0], luck.seed)
            if error is not None:
                found[f"{luck.scenario} / wait-and-see bounds"] = error
        return found

    def left(self) -> Iterator[Left]:
        """Yield what there is to do, one scenario and seed after another."""
        if self._wanted is None:
            return
        for luck in self._lucks():
            key, known = self._known(luck)
            wanted = self._dealt(luck)
            if all(number in known for number in wanted):
                yield Left(done=len(wanted), alike=[], jobs=[])
            else:
                yield self._sorted(luck, key, known)

    def _sorted(self, luck: Luck, key: str, known: dict[int, Bound]) -> Left:
        from patchopt.stochastic.bounding import outcomes_of  # takes its time to load

        assert self._wanted is not None  # noqa: S101 - as above
        infrastructure = build(self._content[luck.scenario_key])
        shared: list[tuple[Bound, tuple[int, ...]]] = []
        new: list[tuple[int, ...]] = []
        done = 0
        dealt = self._dealt(luck)
        for numbers in outcomes_of(infrastructure, luck.seed, dealt).values():
            lacking = tuple(number for number in numbers if number not in known)
            done += len(numbers) - len(lacking)
            bound = next((known[number] for number in numbers if number in known), FAILED)
            if lacking and bound != FAILED:
                shared.append((bound, lacking))
                done += len(lacking)
            elif lacking:
                new.append(lacking)
        jobs = [
            Job(
                bounds=BoundWork(
                    key=key,
                    scenario=luck.scenario_key,
                    seed=luck.seed,
                    time_limit=self._wanted.time_limit,
                    outcomes=tuple(new[at : at + _TOGETHER]),
                    defects=tuple(dealt[numbers[0]] for numbers in new[at : at + _TOGETHER]),
                )
            )
            for at in range(0, len(new), _TOGETHER)
        ]
        alike = [bounds_record(key, luck.seed, shared)] if shared else []
        return Left(done=done, alike=alike, jobs=jobs)
