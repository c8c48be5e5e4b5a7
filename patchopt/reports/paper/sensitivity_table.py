"""What numbers that are assumed do to plans, if they are varied."""

from __future__ import annotations

from patchopt.reports.numbers.sensitivity import Sensitivity, best_of, sensitivities
from patchopt.reports.numbers.summary import Results
from patchopt.reports.paper.outcome_tables import PLAN
from patchopt.reports.paper.printed import Column, Number, Printed, Row


def sensitivity_table(results: Results) -> Printed | None:
    """Return elasticities and ranks; None where nothing was varied."""
    found = sensitivities(results)
    if not found:
        return None
    return Printed(
        name="T6_sensitivity",
        caption="Sensitivity of the mean total exposure, and of the order of plans.",
        columns=(
            PLAN,
            Column(key="elasticity", title="elasticity", decimals=3, interval=True),
            Column(key="ranks", title="ranks"),
        ),
        rows=tuple(row for one in found for row in _rows(one)),
        notes=(
            (
                "Elasticity: percent more exposure for each percent more of the parameter, by "
                "least squares of logarithms; its 95% limits are too wide, since runs under "
                "different values share their luck. Ranks under each value, of plans that keep "
                "the constraints."
            ),
            *map(_note, found),
        ),
    )


def _rows(found: Sensitivity) -> list[Row]:
    values = ", ".join(f"{value:g}" for value in found.values)
    group = f"{found.scenario}: {found.parameter} = {values}"
    return [
        Row(
            group=group,
            cells=[
                label,
                Number(
                    value=float(found.elasticity[at]),
                    low=float(found.low[at]),
                    high=float(found.high[at]),
                ),
                ", ".join(map(str, found.ranks[at].tolist())),
            ],
        )
        for at, label in enumerate(found.labels)
    ]


def _note(found: Sensitivity) -> str:
    best = best_of(found)
    if len(set(best)) == 1:
        who = f"{best[0]} is best under every value"
    else:
        who = "best: " + ", ".join(
            f"{label} at {value:g}" for label, value in zip(best, found.values, strict=True)
        )
    return f"{found.scenario}, {found.parameter}: least τ {found.tau:.2f}; {who}."
