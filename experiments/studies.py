"""What the studies of this folder share: instances, one sweep, means, intervals, figures."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

EXPERIMENTS: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(EXPERIMENTS / "benchmarks")]

from tables import between_marks, machine

from patchopt.files.scenario_writing import scenario_text
from patchopt.model.scenario import Scenario
from patchopt.reports.figures.style import Look, as_text, looks, new_figure, printed_style
from patchopt.reports.figures.ticks import keep_labels_apart
from patchopt.reports.numbers.opening import open_study
from patchopt.sweeps import sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RESAMPLES: Final = 10_000


def results_of(name: str) -> Path:
    """Return the folder that all results of a study lie in."""
    return EXPERIMENTS.parent / "results" / name


def conduct(
    name: str, make: Callable[[], Iterable[Scenario]], table: Callable[[Path], str]
) -> Path:
    """Run a study as its command line says, and put its table into its README.md.

    Parameters
    ----------
    name : str
        Of its folder, and of its configuration there.
    make : callable
        Makes its instances.
    table : callable
        Makes its table, and its figures, from the dataset.

    Returns
    -------
    Path
        The dataset.
    """
    parser = argparse.ArgumentParser(description=f"Run the study '{name}'; see its README.md.")
    parser.add_argument("--table", action="store_true", help="make table and figures alone")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    dataset = results_of(name) / "dataset"
    if not given.table:
        write_instances(name, make())
        sweep(
            [f"experiment={name}", f"sweep.out={dataset}", f"parallel.n_jobs={given.workers}"],
            config_dir=EXPERIMENTS / name / "conf",
        )
    text = f"{table(dataset)}\nMade on {machine()}.\n"
    sys.stdout.write(text)
    between_marks(name, text, EXPERIMENTS / name)
    return dataset


def write_instances(name: str, scenarios: Iterable[Scenario]) -> None:
    """Write the instances of a study, and no others, to where its configuration looks for them."""
    folder = results_of(name) / "instances"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for made in scenarios:
        text = scenario_text(made, ["Made up."])
        (folder / f"{made.name}.yaml").write_text(text, encoding="utf-8")


def means_of(dataset: Path, *metrics: str) -> pd.DataFrame:
    """Return a row a plan: scenario, label, what is in the table of plans, weighted means."""
    with open_study(dataset) as study:
        if len(study.failed):
            raise SystemExit(study.failed.to_string())
        rows = []
        for plan in study.counts:
            weights = study.column(plan, "weight")
            told = {name: np.average(study.column(plan, name), weights=weights) for name in metrics}
            rows.append({"plan": plan} | told)
        plans = study.plans.drop(columns="plan").rename_axis("plan").reset_index()
        return pd.DataFrame(rows).merge(plans, on="plan")


def beside(frame: pd.DataFrame, metric: str, label: str = "optimal") -> pd.Series[float]:
    """Return a metric over that of a label on the same scenario, row by row."""
    best = frame[frame["label"] == label].set_index("scenario")[metric]
    return frame[metric] / frame["scenario"].map(best)


def geometric(ratios: ArrayLike, digits: int = 3) -> str:
    """Return a geometric mean over instances with its 95% interval (percentile bootstrap)."""
    middle, low, high = limits(np.log(np.asarray(ratios, float)))
    told = (f"{np.exp(each):.{digits}f}" for each in (middle, low, high))
    return "{} [{}, {}]".format(*told)


def mean(values: ArrayLike, digits: int = 2) -> str:
    """Return a mean over instances with its 95% interval (percentile bootstrap)."""
    return "{:.{d}f} [{:.{d}f}, {:.{d}f}]".format(*limits(values), d=digits)


def limits(values: ArrayLike) -> tuple[float, float, float]:
    """Return the mean over instances and its 95% limits by the percentile bootstrap."""
    given = np.asarray(values, float)
    given = given[np.isfinite(given)]
    drawn = np.random.default_rng(0).integers(0, len(given), (RESAMPLES, len(given)))
    low, high = np.quantile(given[drawn].mean(axis=1), (0.025, 0.975))
    return float(given.mean()), float(low), float(high)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table whose first column is text and whose others are numbers."""
    lines = [f"| {' | '.join(columns)} |", "| --- |" + " ---: |" * (len(columns) - 1)]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines) + "\n"


@contextmanager
def figure(name: str, file: str, width_in: float, height_in: float) -> Iterator[Figure]:
    """Draw a figure of a study as papers print it, and write it beside its README.md."""
    with printed_style():
        made = new_figure(width_in, height_in)
        yield made
        write_figure(made, name, file)


def write_figure(made: Figure, name: str, file: str) -> None:
    """Write a finished figure of a study beside its README.md."""
    keep_labels_apart(made)
    made.savefig(EXPERIMENTS / name / f"{file}.png", dpi=200, metadata={"Software": None})


def lines(
    axes: Axes,
    x: Sequence[float],
    series: Mapping[str, Sequence[ArrayLike]],
    *,
    ratios: bool = False,
    least: float = -np.inf,
    joined: bool = True,
    look_of: Mapping[str, Look] | None = None,
) -> NDArray[np.float64]:
    """Draw a line a label: means over instances, with 95% limits, one for each x.

    Parameters
    ----------
    axes : Axes
        Where.
    x : sequence of float
        What instances differ in.
    series : mapping of str to sequence
        Of each label, and of each x, the values of its instances.
    ratios : bool
        Whether means are geometric.
    least : float
        What is less is drawn there, on axes that have no place for 0.
    joined : bool
        Whether points are joined: not where x is no quantity.
    look_of : mapping of str to Look, optional
        Of each label; by default in their order.

    Returns
    -------
    ndarray of float64, shape (labels, x, 3)
        Mean, low, high as drawn.
    """
    drawn = []
    look_of = look_of or looks(list(series))
    for at, (label, columns) in enumerate(series.items()):
        if ratios:
            told = np.exp([limits(np.log(np.asarray(column, float))) for column in columns])
        else:
            told = np.array([limits(column) for column in columns])
        told = np.maximum(told, least)
        middle, low, high = told.T
        look = look_of[label]
        # Side by side, so that bars do not hide each other.
        aside = at - (len(series) - 1) / 2
        axes.errorbar(
            [
                each * 1.02**aside if axes.get_xscale() == "log" else each + 0.06 * aside
                for each in x
            ],
            middle,
            yerr=(middle - low, high - middle),
            color=look.colour,
            marker=look.marker,
            linestyle=look.line if joined else "none",
            capsize=1.5,
            label=as_text(label),
        )
        drawn.append(told)
    return np.array(drawn)
