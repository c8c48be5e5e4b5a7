"""A study as its store knows it: which plans, of what, under which seeds, in which order."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from patchopt.files.store.keys import bound_key
from patchopt.files.store.whole import damaged, parsed, write_json


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """A plan of a study.

    Parameters
    ----------
    key : str
        Of the plan.
    scenario_key, scenario : str
        Of the scenario, and its name.
    strategy, label, parameters : str
        The strategy, how it is called in the study, and its parameters as JSON.
    seeds : tuple of int
        Each has replications of its own.
    """

    key: str
    scenario_key: str
    scenario: str
    strategy: str
    label: str
    parameters: str
    seeds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class StudyBounds:
    """Which replications of a study have wait-and-see bounds.

    Parameters
    ----------
    replications : int
        The first ones of every scenario and seed, or so many of a block.
    time_limit : float
        Deterministic seconds for each outcome.
    block : int, optional
        Replications that defects of releases are dealt out to; none where they are drawn.
    """

    replications: int
    time_limit: float
    block: int | None = None

    def key(self, scenario: str) -> str:
        """Return the key of the bounds of a scenario, of which this is the key."""
        dealt = None if self.block is None else (self.block, self.replications)
        return bound_key(scenario, self.time_limit, dealt)


class Luck(NamedTuple):
    """A scenario under a seed: what all plans meet."""

    scenario_key: str
    scenario: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Study:
    """All that a dataset is to hold.

    Parameters
    ----------
    metadata : dict of str to str
        Where it comes from: ``config``, ``config_sha256``, ``versions``, ``git_commit``.
    plans : tuple of StudyPlan
        By their numbers in the dataset.
    stratified : bool
        Whether defects of releases are dealt out.
    trace : bool
        Whether each plan has the events of its first replication.
    replications : int, optional
        Of every plan and seed; none if that depends on what comes of them.
    bounds : StudyBounds, optional
        None if it has none.
    """

    metadata: dict[str, str]
    plans: tuple[StudyPlan, ...]
    stratified: bool
    trace: bool
    replications: int | None
    bounds: StudyBounds | None = None

    @property
    def lucks(self) -> list[Luck]:
        """The scenarios under their seeds, in the order of the plans."""
        met = (
            Luck(plan.scenario_key, plan.scenario, seed)
            for plan in self.plans
            for seed in plan.seeds
        )
        return list(dict.fromkeys(met))

    @cached_property
    def by_key(self) -> dict[str, StudyPlan]:
        """The plans by their keys."""
        return {plan.key: plan for plan in self.plans}

    def write(self, path: Path) -> None:
        """Write it as a file.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path) -> Study:
        """Read it back.

        Raises
        ------
        DatasetError
            If the file is missing or damaged.
        """
        try:
            told: dict[str, Any] = parsed(path)
            plans = (StudyPlan(**{**plan, "seeds": tuple(plan["seeds"])}) for plan in told["plans"])
            bounds = None if told["bounds"] is None else StudyBounds(**told["bounds"])
            return cls(**{**told, "plans": tuple(plans), "bounds": bounds})
        except (KeyError, TypeError) as error:
            raise damaged(path, error) from None
