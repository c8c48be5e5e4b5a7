"""The figures of a paper: at the widths of a venue, without titles, in one look throughout."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from patchopt.model.metrics import TOTAL_EXPOSURE
from patchopt.reports.figures.best_maps import best_maps_figure
from patchopt.reports.figures.curves import Tail, profile_figure, tail_figure
from patchopt.reports.figures.dots import Dot, dot_figure
from patchopt.reports.figures.ranks import rank_figure
from patchopt.reports.figures.study_bands import StudyBands
from patchopt.reports.figures.style import looks, printed_style, save_printed
from patchopt.reports.numbers.across import Across, costs_of, performance
from patchopt.reports.numbers.best_maps import best_maps
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.paper.outcome_tables import done_rows
from patchopt.reports.paper.printed import Drawn
from patchopt.reports.paper.run_figures import Made, run_figures
from patchopt.reports.paper.venues import Venue

#: Fewer scenarios than that have no profile to speak of.
_PROFILED: Final = 5


def draw_paper(
    study: Study,
    results: Results,
    across: Across | str,
    venue: Venue,
    folder: Path,
    bands: StudyBands,
) -> list[Drawn]:
    """Draw every figure that a study has the numbers for; return what was drawn."""
    drawn = []
    with printed_style():
        for name, wide, caption, figure in chain(
            _figures(study, results, across, venue),
            run_figures(study, results, venue, bands),
            _maps(study, results, venue),
        ):
            save_printed(figure, folder / name)
            drawn.append(Drawn(name=name, caption=caption, wide=wide))
    return drawn


def _figures(study: Study, results: Results, across: Across | str, venue: Venue) -> Iterator[Made]:
    look_of = looks(study.labels)
    bounded = [dot for dot in _over_bound(results) if np.isfinite(dot.ratio)]
    if bounded:
        yield (
            "F1_over_bound",
            True,
            "Mean total exposure over the mean wait-and-see bound, with 95% intervals.",
            dot_figure(bounded, look_of, "bound", venue.page_in),
        )
    beside = [dot for dot in _beside_optimum(study, results) if np.isfinite(dot.ratio)]
    if beside:
        yield (
            "F2_beside_optimum",
            True,
            (
                "Mean total exposure over that of the nominal optimum under the same luck, with "
                "95% intervals; hollow: breaks constraints."
            ),
            dot_figure(beside, look_of, "nominal optimum", venue.page_in),
        )
    tails = list(_tails(study, results))
    if tails:
        yield (
            "F3_tails",
            True,
            "Share of replications with more total exposure, of plans that keep the constraints.",
            tail_figure(tails, look_of, venue.page_in),
        )
    labels, _, costs = costs_of(results)
    if len(costs) >= _PROFILED and len(labels) > 1:
        yield (
            "F4_profile",
            False,
            (
                f"Performance profile over {len(costs)} scenarios: share of them in which a "
                "strategy is within a factor of the best."
            ),
            profile_figure(labels, performance(costs), look_of, venue.column_in),
        )
    if isinstance(across, Across):
        yield (
            "F5_ranks",
            False,
            (
                f"Mean ranks over {len(across.costs)} scenarios; a bar joins strategies that do "
                "not differ significantly (Wilcoxon, Holm, 5%)."
            ),
            rank_figure(across.labels, across.ranks, across.cliques, look_of, venue.column_in),
        )


def _maps(study: Study, results: Results, venue: Venue) -> Iterator[Made]:
    maps = best_maps(study, results)
    if maps:
        wide = len(maps) > 1
        yield (
            "F9_best",
            wide,
            (
                "The plan of least mean total exposure under each value of what is assumed (up) "
                "and of what is chosen (right). Numbers: how much more exposure the best plan "
                "with that choice has than the best without; ≈: the 95% interval of the "
                "difference holds 0. Line: where the two are even."
            ),
            best_maps_figure(maps, looks(study.labels), venue.page_in if wide else venue.column_in),
        )


def _over_bound(results: Results) -> Iterator[Dot]:
    for row in results.summary.to_dict("records"):
        if row["bounded_replications"] and not row["breaks"]:
            yield Dot(
                scenario=row["scenario"],
                label=row["label"],
                ratio=1 + row["over_wait_and_see"],
                # The true ratio is no less than 1, whatever a symmetric interval says.
                low=max(1.0, 1 + row["over_wait_and_see_low"]),
                high=1 + row["over_wait_and_see_high"],
            )


def _beside_optimum(study: Study, results: Results) -> Iterator[Dot]:
    for scenario in study.scenarios:
        for row in done_rows(results, scenario):
            if row["nominal_optimum"] != row["plan"]:
                yield Dot(
                    scenario=row["scenario"],
                    label=row["label"],
                    ratio=1 + row["relative_to_nominal_optimum"],
                    low=1 + row["relative_to_nominal_optimum_low"],
                    high=1 + row["relative_to_nominal_optimum_high"],
                    apart=bool(row["breaks"]),
                )


def _tails(study: Study, results: Results) -> Iterator[Tail]:
    for scenario in study.scenarios:
        for row in done_rows(results, scenario):
            if not row["breaks"]:
                plan = int(row["plan"])
                values = study.column(plan, TOTAL_EXPOSURE.name).astype(float)
                yield Tail.of(scenario, row["label"], values, study.column(plan, "weight"))
