"""Some cells of a study: which of its plans and seeds a run is to finish this time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from patchopt.errors import ConfigError, nearest
from patchopt.sweeps.cells import PlanTask

_PLACE: Final = "sweep.only"

#: What can be chosen by, and what a plan says of it.
_OF_PLAN: Final[dict[str, Callable[[PlanTask], str]]] = {
    "scenario": lambda task: task.scenario_name,
    "strategy": lambda task: task.strategy,
    "label": lambda task: task.label,
}
_KEYS: Final = (*_OF_PLAN, "seed")


class Selection:
    """Which plans and seeds are chosen; all of them if nothing is said.

    Parameters
    ----------
    only : sequence of str
        Each ``key=value``: of one key any of its values will do, of several keys all must.
    tasks : sequence of PlanTask
        The plans of the study.
    together : bool
        Whether plans of a scenario have to go on together, as they do until they are precise.

    Raises
    ------
    ConfigError
        For a key that there is not, or a value that no plan has.
    """

    def __init__(
        self, only: Sequence[str], tasks: Sequence[PlanTask], *, together: bool = False
    ) -> None:
        self._wanted: dict[str, set[str]] = {}
        for entry in only:
            key, equals, value = entry.partition("=")
            if not equals:
                _refuse(f"'{entry}' is no key=value", "write for example strategy=rolling")
            if key not in _KEYS:
                _refuse(f"there is no key '{key}'", nearest(key, _KEYS))
            known = _known(key, tasks)
            if value not in known:
                _refuse(f"no plan of the study has {key} '{value}'", nearest(value, known))
            if together and key != "scenario":
                _refuse(
                    f"with sweep.replications=auto plans go on together, so {key} cannot be chosen",
                    "choose scenarios, or give a number of replications",
                )
            self._wanted.setdefault(key, set()).add(value)

    def has(self, task: PlanTask) -> bool:
        """Tell whether a plan is chosen, under any of its seeds."""
        return all(
            of(task) in self._wanted[key] for key, of in _OF_PLAN.items() if key in self._wanted
        ) and any(self.has_seed(seed) for seed in task.seeds)

    def has_seed(self, seed: int) -> bool:
        """Tell whether a seed is chosen."""
        return "seed" not in self._wanted or str(seed) in self._wanted["seed"]


def _known(key: str, tasks: Sequence[PlanTask]) -> list[str]:
    """Return the values that a key has in a study, each once."""
    if key == "seed":
        return list(dict.fromkeys(str(seed) for task in tasks for seed in task.seeds))
    return list(dict.fromkeys(_OF_PLAN[key](task) for task in tasks))


def _refuse(message: str, remedy: str) -> None:
    raise ConfigError(message, place=_PLACE, remedy=remedy)
