"""The figures of a study, scenario by scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.model.quantities import format_duration
from patchopt.reports.figures.burn_down import BurnDown, burn_down_figure, is_logarithmic
from patchopt.reports.figures.gantt import Page, gantt_figure
from patchopt.reports.figures.pareto import pareto_figure
from patchopt.reports.figures.study_bands import StudyBands, seed_of
from patchopt.reports.figures.style import Look, save
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.trace.bars import bars
from patchopt.reports.trace.curves import availability
from patchopt.reports.trace.events import Event, completion_of, drawn_until, end_of, stops_of
from patchopt.reports.trace.outages import outages


@dataclass(frozen=True)
class Picture:
    """A figure that was written.

    Parameters
    ----------
    kind : str
        ``pareto``, ``burn-down`` or ``gantt``.
    png, pdf : Path
        Where it is.
    caption : str
        What it shows.
    """

    kind: str
    png: Path
    pdf: Path
    caption: str


def draw(
    study: Study,
    results: Results,
    scenario: str,
    looks: Mapping[str, Look],
    path: Path,
    bands: StudyBands,
) -> list[Picture]:
    """Draw what there is to see of a scenario.

    Parameters
    ----------
    study : Study
        The dataset.
    results : Results
        Its numbers.
    scenario : str
        Name of the scenario.
    looks : mapping of str to Look
        Of each label, the same in every figure.
    path : Path
        What the names of the files begin with.
    bands : StudyBands
        Of the plans of the study.

    Returns
    -------
    list of Picture
        Without the burn-down and the Gantt chart where no trace was kept.
    """
    rows = results.summary_of(scenario)
    rows = rows[rows["replications"] > 0]
    pictures = []

    def keep(kind: str, figure: Figure, caption: str) -> None:
        png, pdf = save(figure, path.with_name(f"{path.name}-{kind}"))
        pictures.append(Picture(kind, png, pdf, caption))

    if len(rows):
        keep(
            "pareto",
            pareto_figure(rows, looks, scenario),
            "Mean total exposure (exposure + residual) against downtime and completion time, "
            "with 95% intervals; filled: non-dominated among plans that break nothing, over all "
            "objectives in which they differ; grey: breaks constraints even when nothing fails.",
        )
    infrastructure = study.infrastructure(scenario)
    traced = [row for row in rows.to_dict("records") if study.trace(int(row["plan"]))]
    if not traced:
        return pictures
    seed = seed_of(study, traced)
    plans = [bands.of(infrastructure, row, seed) for row in traced]
    best = chosen(results, scenario, [int(row["plan"]) for row in traced])
    reference = next(str(row["label"]) for row in traced if row["plan"] == best)
    keep(
        "burn-down",
        burn_down_figure(plans, reference, scenario),
        _of_burn_down(plans),
    )
    keep(
        "gantt",
        _gantt(study, infrastructure, best, f"{scenario}: {reference}, seed {seed}"),
        f"The plan of {reference} in the first replication: work on every node, the crew at work, "
        "and the instances of every service that serve; crossed out where min_up is broken, "
        f"hatched where the plan gives it up. {_rest(study.trace(best))}",
    )
    return pictures


def chosen(results: Results, scenario: str, traced: list[int]) -> int:
    """Choose the plan for the Gantt chart: the nominal optimum, else one that breaks nothing."""
    for reference in results.references[scenario].values():
        if reference.plan in traced:
            return reference.plan
    rows = results.summary_of(scenario)
    rows = rows[rows["plan"].isin(traced)]
    # Those that break nothing come first.
    return int(rows.iloc[0]["plan"])


def _of_burn_down(plans: Sequence[BurnDown]) -> str:
    runs = sorted({plan.band.runs for plan in plans})
    count = f"{runs[0]}" if len(runs) == 1 else f"{runs[0]} to {runs[-1]}"
    area = (
        "time is on a logarithmic scale, so areas say nothing of exposure"
        if is_logarithmic(plans)
        else "the area under the line of one run, to the end of the observation, is its total "
        "exposure"
    )
    return (
        "Weight (criticality × severity) of the nodes still unpatched, over time: median and 5% to "
        f"95% of {count} replications, at each instant; {area}."
    )


def _gantt(study: Study, infrastructure: Infrastructure, number: int, title: str) -> Figure:
    plan = study.plan(number)
    assert plan is not None  # noqa: S101 - what has a trace was planned
    return gantt_of_run(infrastructure, plan, study.trace(number), title)


def gantt_of_run(
    infrastructure: Infrastructure,
    plan: Plan,
    events: Sequence[Event],
    title: str,
    page: Page | None = None,
) -> Figure:
    """Draw one run of a plan from its events; see `gantt_figure`."""
    return gantt_figure(
        infrastructure,
        bars(infrastructure, plan, events),
        availability(infrastructure, events),
        outages(infrastructure, plan, events),
        drawn_until(events),
        title,
        stops_of(events),
        page,
    )


def _rest(events: Sequence[Event]) -> str:
    """Say what is not drawn."""
    plan_s, end_s, drawn_s = completion_of(events), end_of(events), drawn_until(events)
    plan, end = format_duration(plan_s), format_duration(end_s)
    rest = "" if drawn_s == end_s else "; nothing changes after what is drawn"
    return f"The plan ends at {plan}, the observation at {end}{rest}."
