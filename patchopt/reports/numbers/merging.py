"""Several datasets as one study: what is the same in them is pooled, what differs is named."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patchopt.reports.numbers.beside_bound import pooled
from patchopt.reports.numbers.study import LUCK, Study

#: Differences of configurations that name nothing: they say which rows there are.
_GRID: Final = ("sweep.scenarios", "sweep.strategies", "sweep.seed")


class Part(NamedTuple):
    """The replications of a plan that one dataset has.

    Parameters
    ----------
    study : Study
        The dataset's.
    plan : int
        Its number there.
    kept : ndarray of int64, optional
        Where those are that no dataset before has; None: all.
    """

    study: Study
    plan: int
    kept: NDArray[np.int64] | None

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of them."""
        found = self.study.column(self.plan, name)
        return found if self.kept is None else found[self.kept]


class Pooled:
    """Replications of several datasets, by plan and column.

    Parameters
    ----------
    parts : mapping of int to sequence of Part
        Of each plan, by its new number.
    """

    def __init__(self, parts: Mapping[int, Sequence[Part]]) -> None:
        self._parts = parts
        lengths = {
            plan: sum(
                each.study.counts[each.plan] if each.kept is None else len(each.kept)
                for each in some
            )
            for plan, some in parts.items()
        }
        self.counts: Mapping[int, int] = {plan: count for plan, count in lengths.items() if count}

    def column(self, plan: int, name: str) -> NDArray[Any]:
        """Return a numeric column of a plan's replications, dataset by dataset."""
        pieces = [part.column(name) for part in self._parts.get(plan, ())]
        return np.concatenate(pieces) if pieces else np.zeros(0)


def merged(studies: Sequence[Study]) -> Study:
    """Take several datasets for one study.

    Parameters
    ----------
    studies : sequence of Study
        One a dataset, each with one source; at least one.

    Returns
    -------
    Study
        Plans that are the same in several datasets are one, with the replications of all,
        each seed and number once. Scenarios that share a name and not their content, and
        strategies that share a label and not their plan, are told apart by what differs in
        the configurations of their datasets, or by their folders if nothing does.
    """
    if len(studies) == 1:
        return studies[0]
    configs = [_flat(json.loads(study.sources[0].metadata["config"])) for study in studies]
    folders = [study.sources[0].folder for study in studies]
    every = pd.concat(
        [
            _rows(study, at, config)
            for at, (study, config) in enumerate(zip(studies, configs, strict=True))
        ],
        ignore_index=True,
    )
    every["scenario"] = _told_apart(every, ["scenario"], "content", configs, folders)
    every["label"] = _told_apart(every, ["scenario", "label"], "made", configs, folders)
    scenarios = {name: at for at, name in enumerate(every["scenario"].unique())}
    labels = {name: at for at, name in enumerate(every["label"].unique())}
    places = list(zip(every["scenario"].map(scenarios), every["label"].map(labels), strict=True))
    numbers = {place: number for number, place in enumerate(sorted(set(places)))}
    every["number"] = [numbers[place] for place in places]
    return _study(studies, every)


def _rows(study: Study, at: int, config: Mapping[str, str]) -> pd.DataFrame:
    """Return the plans of a dataset with what makes them the same as others."""
    dealt = config.get("sweep.stratify") == "true"
    plans = study.plans
    return pd.DataFrame(
        {
            "dataset": at,
            "plan": plans["plan"].to_numpy(),
            "scenario": plans["scenario"].to_numpy(),
            "label": plans["label"].to_numpy(),
            # Defects that are dealt out are dealt to that many: other luck.
            "content": [
                (text, config.get("sweep.replications") if dealt else None)
                for text in plans["scenario_json"]
            ],
            "made": list(
                zip(
                    plans["strategy"],
                    plans["parameters"],
                    plans["plan_json"].fillna(""),
                    strict=True,
                )
            ),
        }
    )


def _flat(config: Any, before: str = "") -> dict[str, str]:
    """Return every value of a configuration as text, by its dotted key."""
    if not isinstance(config, dict) or not config:
        return {before: json.dumps(config, sort_keys=True).replace('"', "")}
    found: dict[str, str] = {}
    for key, value in config.items():
        found |= _flat(value, f"{before}.{key}" if before else str(key))
    return found


def _told_apart(
    every: pd.DataFrame,
    names: list[str],
    content: str,
    configs: Sequence[Mapping[str, str]],
    folders: Sequence[str],
) -> list[str]:
    """Return the last of some names, with what differs added where it stands for several things."""
    found = every[names[-1]].tolist()
    for _, rows in every.groupby(names, sort=False):
        groups: dict[Hashable, list[int]] = {}
        for at, key in zip(rows.index, rows[content], strict=True):
            groups.setdefault(key, []).append(at)
        if len(groups) == 1:
            continue
        datasets = [
            {int(dataset) for dataset in every["dataset"].iloc[some]} for some in groups.values()
        ]
        for some, told in zip(
            groups.values(), _differences(datasets, configs, folders), strict=True
        ):
            for at in some:
                found[at] = f"{found[at]} ({told})"
    return found


def _differences(
    groups: Sequence[Iterable[int]],
    configs: Sequence[Mapping[str, str]],
    folders: Sequence[str],
) -> list[str]:
    """Say of each group of datasets what it has in common and no other has."""
    keys = dict.fromkeys(key for config in configs for key in config if key not in _GRID)
    told = []
    for key in keys:
        values = [{configs[at].get(key, "none") for at in group} for group in groups]
        if all(len(some) == 1 for some in values) and len(set.union(*values)) > 1:
            told.append((key, [some.pop() for some in values]))
    names = [", ".join(f"{key}={values[at]}" for key, values in told) for at in range(len(groups))]
    if len(set(names)) == len(names):
        return names
    return [folders[min(group)] for group in groups]


def _study(studies: Sequence[Study], every: pd.DataFrame) -> Study:
    parts: dict[int, list[Part]] = {}
    plans, events, failed = [], [], []
    for number, rows in every.groupby("number"):
        some = parts.setdefault(int(str(number)), [])
        new = {"plan": number, "scenario": rows["scenario"].iloc[0], "label": rows["label"].iloc[0]}
        for at, plan in zip(rows["dataset"].tolist(), rows["plan"].tolist(), strict=True):
            study = studies[at]
            failed.append(study.failed[study.failed["plan"] == plan].assign(**new))
            if plan in study.counts:
                some.append(Part(study, plan, _new(study, plan, some)))
        first, its_plan = studies[rows["dataset"].iloc[0]], rows["plan"].iloc[0]
        plans.append(first.plans.loc[[its_plan]].assign(**new))
        events.append(first.events[first.events["plan"] == its_plan].assign(plan=number))
    table = pd.concat(plans)
    table = table.set_index(table["plan"].rename("number"), drop=False)
    return Study(
        cells=table[["plan", "scenario", "strategy", "label"]].reset_index(drop=True),
        measured=Pooled(parts),
        failed=pd.concat(failed).drop_duplicates().reset_index(drop=True),
        plans=table,
        events=pd.concat(events, ignore_index=True),
        bounds=_bounds(studies, every),
        sources=tuple(source for study in studies for source in study.sources),
    )


def _bounds(studies: Sequence[Study], every: pd.DataFrame) -> pd.DataFrame:
    """Return the bounds of all datasets, under the names that their scenarios have here."""
    found = []
    for at, study in enumerate(studies):
        rows = every[every["dataset"] == at]
        before = study.plans["scenario"].loc[rows["plan"]]
        names = dict(zip(before, rows["scenario"], strict=True))
        found.append(study.bounds.assign(scenario=study.bounds["scenario"].map(names)))
    return pooled(found)


def _new(study: Study, plan: int, before: Sequence[Part]) -> NDArray[np.int64] | None:
    """Return where the replications are that no dataset before has; None: all."""
    seeds = study.column(plan, "seed")
    if not any(np.isin(part.column("seed"), seeds).any() for part in before):
        return None
    mine = pd.MultiIndex.from_arrays([study.column(plan, name) for name in LUCK])
    seen = pd.MultiIndex.from_arrays(
        [np.concatenate([part.column(name) for part in before]) for name in LUCK]
    )
    return np.flatnonzero(~mine.isin(seen))
