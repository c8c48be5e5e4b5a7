"""Figures of many scenarios, in processes and in one: the same files, the same bands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from patchopt.model.scenario import Scenario
from patchopt.reports.figures import drawing
from patchopt.reports.figures.study_bands import StudyBands
from patchopt.reports.numbers.opening import open_study
from patchopt.reports.numbers.summary import results_of
from patchopt.sweeps import comparison, run_sweep
from support.examples import small

NAMES = ("first", "second")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sweep") / "dataset"
    made = small({"a": {}, "b": {"criticality": 2}}, max_parallel=1)
    config = comparison(
        scenarios=NAMES,
        strategies=["rolling", "exposure_greedy"],
        replications=3,
        bounded=0,
        seed=1,
        time_limit=0.1,
        out=out,
        workers=1,
    )
    traced = config.simulator.model_copy(update={"trace": True})
    run_sweep(
        config.model_copy(update={"simulator": traced}),
        scenarios=[Scenario.model_validate(made | {"name": name}).as_sound() for name in NAMES],
    )
    return out


@pytest.mark.slow
def test_any_number_of_processes_draws_the_same(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "_WORTH", 1)
    told: list[tuple[str, int, int]] = []
    with open_study(dataset) as study:
        results, every = results_of(study), []
        for workers in (1, 2):
            folder, bands = tmp_path / str(workers), StudyBands(study)
            folder.mkdir()
            pictures = drawing.draw_scenarios(
                study,
                results,
                folder,
                bands,
                workers=workers,
                watch=lambda *each: told.append(each),
            )
            every.append((folder, bands.found, pictures))
    (here, bands_here, pictures_here), (apart, bands_apart, pictures_apart) = every
    assert told == [("figures", 1, 2), ("figures", 2, 2)] * 2

    files = sorted(path.name for path in here.iterdir())
    # Pareto, burn-down and Gantt chart, as PNG and PDF.
    assert len(files) == len(NAMES) * 3 * 2
    assert files == sorted(path.name for path in apart.iterdir())
    for name in files:
        assert (here / name).read_bytes() == (apart / name).read_bytes(), name

    captions = [[(one.kind, one.caption) for one in pictures_here[name]] for name in NAMES]
    assert captions == [[(one.kind, one.caption) for one in pictures_apart[name]] for name in NAMES]
    # Two plans on each scenario, for whoever draws them again.
    assert list(bands_here) == list(bands_apart) == [0, 1, 2, 3]
    for mine, other in zip(bands_here.values(), bands_apart.values(), strict=True):
        assert (mine.label, mine.apart) == (other.label, other.apart)
        np.testing.assert_array_equal(mine.band.median, other.band.median)
