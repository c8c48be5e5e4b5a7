"""A dataset only grows: a study goes on from another one if it contains what that has finished."""

from __future__ import annotations

from collections.abc import Iterator

from patchopt.errors import OutputError
from patchopt.files.store.contents import Contents
from patchopt.files.store.study import Study, StudyPlan


def check_grows(contents: Contents, old: Study, new: Study) -> None:
    """Refuse a study that would drop something that is finished.

    Parameters
    ----------
    contents : Contents
        What is finished.
    old, new : Study
        Of which study that is, and which one is to go on.

    Raises
    ------
    OutputError
        With what would be dropped, and what would do instead.
    """
    lost = next(_lost(contents, old, new), None)
    if lost is not None:
        raise OutputError(
            f"this study would drop what is finished there: {lost}",
            place=str(contents.paths.folder),
            remedy="ask for that too, give another folder, or begin anew with sweep.force=true",
        )


def _lost(contents: Contents, old: Study, new: Study) -> Iterator[str]:
    """Say one by one what is finished and no more asked for."""
    for plan in old.plans:
        made = contents.made(plan)
        if made is None:
            continue
        there = new.by_key.get(plan.key)
        name = f"{plan.label} on {plan.scenario}"
        if there is None:
            yield _why_other(name, plan, new)
            continue
        for seed, run in contents.runs_of(plan, made, stratified=old.stratified):
            cells = contents.cells(run)
            if not cells:
                continue
            reach = cells[-1].cell.first + cells[-1].cell.count
            if seed not in there.seeds:
                yield f"{name}, seed {seed}"
            elif old.stratified != new.stratified:
                yield f"{name}, {'with' if old.stratified else 'without'} sweep.stratify"
            elif new.replications is not None and reach > new.replications:
                yield f"{name}, {reach} replications where {new.replications} are asked for"


def _why_other(name: str, plan: StudyPlan, new: Study) -> str:
    """Say of a plan that is no more asked for what has changed, as far as can be seen."""
    called = (plan.scenario, plan.label)
    same = [other for other in new.plans if (other.scenario, other.label) == called]
    if not same:
        return name
    if same[0].scenario_key != plan.scenario_key:
        return f"{name}, where the scenario or its failures were other ones"
    return f"{name}, with other parameters or by another version of patchopt"
