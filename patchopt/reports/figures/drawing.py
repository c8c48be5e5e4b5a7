"""The figures of all scenarios of a study, in processes where there are enough of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from patchopt.files.output import file_names
from patchopt.processes import processes
from patchopt.reports.figures.burn_down import BurnDown
from patchopt.reports.figures.scenario_figures import Picture, draw
from patchopt.reports.figures.study_bands import StudyBands
from patchopt.reports.figures.style import Look, looks, style
from patchopt.reports.numbers.study import Study, Watcher
from patchopt.reports.numbers.summary import Results

#: Scenarios that are worth another process: less than half a minute is not.
_WORTH: Final = 3

#: What is drawn of a scenario, and the bands that were found for it, by plan.
_Drawn = tuple[list[Picture], dict[int, BurnDown]]


@dataclass(frozen=True, eq=False)
class _Shared:
    """What is the same for all scenarios."""

    results: Results
    look_of: dict[str, Look]
    folder: Path


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
    shared = _Shared(results, looks(study.labels), folder)
    named = zip(study.scenarios, file_names(study.scenarios), strict=True)
    pictures: dict[str, list[Picture]] = {}
    works = ((study.runs_of(scenario), scenario, name) for scenario, name in named)
    count = min(workers, len(study.scenarios) // _WORTH)
    with _drawing(shared, count, works) as drawn:
        for scenario, (made, found) in zip(study.scenarios, drawn, strict=True):
            pictures[scenario] = made
            bands.keep(found)
            if watch is not None:
                watch("figures", len(pictures), len(study.scenarios))
    return pictures


_Work = tuple[Study, str, str]


@contextmanager
def _drawing(shared: _Shared, count: int, works: Iterator[_Work]) -> Iterator[Iterator[_Drawn]]:
    if count < 2:
        yield map(partial(_draw, shared), works)
        return
    with processes(count, _begin, (shared,)) as pool:
        yield pool.map(_draw_apart, works)


def _draw(shared: _Shared, work: _Work) -> _Drawn:
    study, scenario, name = work
    bands = StudyBands(study)
    with style():
        made = draw(study, shared.results, scenario, shared.look_of, shared.folder / name, bands)
    return made, bands.found


_shared: _Shared


def _begin(shared: _Shared) -> None:
    global _shared  # noqa: PLW0603 - what a process is given once
    _shared = shared


def _draw_apart(work: _Work) -> _Drawn:
    return _draw(_shared, work)
