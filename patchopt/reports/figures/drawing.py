"""The figures of all scenarios of a study, in processes where there are enough of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from patchopt.files.output import file_names
from patchopt.processes import side_by_side
from patchopt.reports.figures.burn_down import BurnDown
from patchopt.reports.figures.scenario_figures import Picture, draw
from patchopt.reports.figures.study_bands import StudyBands
from patchopt.reports.figures.style import Look, looks, style
from patchopt.reports.numbers.merging import Pooled
from patchopt.reports.numbers.study import Study, Watcher
from patchopt.reports.numbers.summary import Results

#: Scenarios that are worth another process: less than half a minute is not.
_WORTH: Final = 3


def draw_scenarios(
    study: Study,
    results: Results,
    folder: Path,
    bands: StudyBands,
    *,
    workers: int = 1,
    watch: Watcher | None = None,
) -> dict[str, list[Picture]]:
    """Draw what there is to see of every scenario; the same bytes with any number of workers.

    Parameters
    ----------
    study : Study
        The dataset.
    results : Results
        Its numbers.
    folder : Path
        Where figures go to; it is there.
    bands : StudyBands
        Given those that are found on the way, for other figures.
    workers : int
        Processes at most.
    watch : callable, optional
        Told how many scenarios are done.

    Returns
    -------
    dict of str to list of Picture
        By scenario, in the order of the study.
    """
    do = partial(_drawn, results, looks(study.labels), folder)
    named = zip(study.scenarios, file_names(study.scenarios), strict=True)
    works = ((_runs_of(study, scenario), scenario, name) for scenario, name in named)
    pictures: dict[str, list[Picture]] = {}
    with side_by_side(do, works, min(workers, len(study.scenarios) // _WORTH)) as drawn:
        for scenario, (made, found) in zip(study.scenarios, drawn, strict=True):
            pictures[scenario] = made
            bands.keep(found)
            if watch is not None:
                watch("figures", len(pictures), len(study.scenarios))
    return pictures


def _runs_of(study: Study, scenario: str) -> Study:
    """Return the plans and traces of a scenario alone, in memory: what its figures need."""
    plans = study.plans[study.plans["scenario"] == scenario]
    return replace(
        study,
        cells=study.cells_of(scenario),
        measured=Pooled({}),
        plans=plans,
        events=study.events[study.events["plan"].isin(plans["plan"])],
        bounds=study.bounds_of(scenario),
    )


def _drawn(
    results: Results, look_of: Mapping[str, Look], folder: Path, work: tuple[Study, str, str]
) -> tuple[list[Picture], dict[int, BurnDown]]:
    """Draw a scenario; return what was drawn, and the bands that were found for it, by plan."""
    study, scenario, name = work
    bands = StudyBands(study)
    with style():
        made = draw(study, results, scenario, look_of, folder / name, bands)
    return made, bands.found
